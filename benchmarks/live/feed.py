"""Serves one drawn stream at many RTSP addresses, each at its own place in the loop; TCP only.

`python -m live.feed VIDEO STREAMS LOOPS` says its port, then for every line on standard input how late
it was and what it cost; it ends with its input. Orders: `report`, or `hang N` to fall silent.
"""

import heapq
import json
import selectors
import socket
import sys
import time
from pathlib import Path

from live.rtp import Media, pack

FPS, GOP_S, LOOP_S = 15, 2, 60
WAITING_BYTES = 65_536
"""Of the kernel's buffer: who does not read is noticed soon."""
HOPELESS_S = 5.0
"""A viewer so far behind gets no more."""
TOGETHER_S = 0.004
"""What is due within so short a time is sent in one go."""


def phase_of(stream: int, streams: int) -> int:
    """Return at which picture of the loop a stream begins: all evenly apart, whole GOPs and less."""
    return round(stream * FPS * LOOP_S / streams)


class Viewer:
    """One connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.asked = bytearray()
        self.stream = 0
        self.playing = False
        self.started = False
        self.writing = False
        self.waiting: list[tuple[float, memoryview]] = []

    def feed(self, wire: bytes, now_s: float) -> None:
        """Send, or keep what the connection does not take."""
        self.waiting.append((now_s, memoryview(wire)))
        self.flush()

    def flush(self) -> None:
        """Send what it takes now."""
        while self.waiting:
            due_s, wire = self.waiting[0]
            try:
                sent = self.connection.send(wire)
            except BlockingIOError:
                return
            if sent < len(wire):
                self.waiting[0] = (due_s, wire[sent:])
                return
            self.waiting.pop(0)

    def late_s(self, now_s: float) -> float:
        """How old the oldest picture is that it has not taken."""
        return now_s - self.waiting[0][0] if self.waiting else 0.0


class Feed:
    """The server: one thread, one loop."""

    def __init__(self, media: Media, streams: int) -> None:
        self._media = media
        self._streams = streams
        self._selector = selectors.DefaultSelector()
        self._viewers: list[Viewer] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listener.settimeout(0)
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._selector.register(sys.stdin, selectors.EVENT_READ, None)
        self._hung: set[int] = set()
        self._late_s = 0.0
        self._begun_s = time.monotonic()
        # The streams do not all send in the same instant.
        self._due = [(self._begun_s + k / streams / FPS, k, 0) for k in range(streams)]

    def run(self) -> None:
        """Serve until standard input ends."""
        self._say(port=self._listener.getsockname()[1], begun_s=self._begun_s)
        while True:
            wait_s = max(0.0, self._due[0][0] - time.monotonic())
            for key, events in self._selector.select(wait_s):
                if key.fileobj is sys.stdin:
                    if not self._obey(sys.stdin.readline()):
                        return
                elif key.data is None:
                    self._accept()
                else:
                    self._serve(key.data, events)
            self._send_due()

    def _say(self, **report: object) -> None:
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()

    def _obey(self, order: str) -> bool:
        if order.startswith("hang"):
            self._hung.add(int(order.split()[1]))
        elif order:
            playing = sum(viewer.playing for viewer in self._viewers)
            self._say(late_s=self._late_s, playing=playing, cpu_s=time.process_time())
            self._late_s = 0.0
        return bool(order)

    def _send_due(self) -> None:
        now_s = time.monotonic()
        playing: dict[int, list[Viewer]] = {}
        for viewer in self._viewers:
            if viewer.playing:
                playing.setdefault(viewer.stream, []).append(viewer)
        while self._due[0][0] <= now_s + TOGETHER_S:
            due_s, stream, number = self._due[0]
            heapq.heapreplace(self._due, (due_s + 1.0 / FPS, stream, number + 1))
            if stream not in self._hung:
                self._send(playing.get(stream, []), stream, number, now_s)

    def _send(self, viewers: list[Viewer], stream: int, number: int, now_s: float) -> None:
        units = self._media.units
        unit = units[(number + phase_of(stream, self._streams)) % len(units)]
        for viewer in viewers:
            viewer.started |= unit.keyframe
            late_s = viewer.late_s(now_s)
            self._late_s = max(self._late_s, late_s)
            if not viewer.started or late_s > HOPELESS_S:
                continue
            try:
                viewer.feed(unit.wire, now_s)
            except OSError:
                self._drop(viewer)
            else:
                self._listen(viewer)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, WAITING_BYTES)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        viewer = Viewer(connection)
        self._viewers.append(viewer)
        self._selector.register(connection, selectors.EVENT_READ, viewer)

    def _listen(self, viewer: Viewer) -> None:
        """Wait for room in the connection only while something waits for it."""
        writing = bool(viewer.waiting)
        if writing != viewer.writing:
            viewer.writing = writing
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
            self._selector.modify(viewer.connection, events, viewer)

    def _drop(self, viewer: Viewer) -> None:
        if viewer in self._viewers:
            self._viewers.remove(viewer)
            self._selector.unregister(viewer.connection)
            viewer.connection.close()

    def _serve(self, viewer: Viewer, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                viewer.flush()
                self._listen(viewer)
            if not events & selectors.EVENT_READ:
                return
            asked = viewer.connection.recv(65_536)
            if not asked:
                self._drop(viewer)
                return
            viewer.asked += asked
            while answered := take_request(viewer.asked):
                self._answer(viewer, answered)
        except OSError:
            self._drop(viewer)

    def _answer(self, viewer: Viewer, request: str) -> None:
        method, uri, *_ = request.split(" ", 2)
        fields = dict(line.split(": ", 1) for line in request.split("\r\n")[1:] if ": " in line)
        head = [f"CSeq: {fields.get('CSeq', '0')}", "Session: 1;timeout=60"]
        body = b""
        match method:
            case "OPTIONS":
                head.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
            case "DESCRIBE":
                body = self._media.sdp
                head += ["Content-Type: application/sdp", f"Content-Base: {uri}/"]
            case "SETUP":
                viewer.stream = int(uri.split("/cam")[1].split("/")[0])
                head.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
            case "PLAY":
                viewer.playing = True
        head.append(f"Content-Length: {len(body)}")
        text = "RTSP/1.0 200 OK\r\n" + "\r\n".join(head) + "\r\n\r\n"
        viewer.feed(text.encode() + body, time.monotonic())


def take_request(asked: bytearray) -> str:
    """Take one whole request out of what came; RTCP reports in between are passed over."""
    while asked[:1] == b"$":
        length = 4 + int.from_bytes(asked[2:4], "big")
        if len(asked) < max(4, length):
            return ""
        del asked[:length]
    end = asked.find(b"\r\n\r\n")
    if end < 0:
        return ""
    request = asked[:end].decode("ascii", "replace")
    del asked[: end + 4]
    return request


def main() -> None:
    """Serve the file named on the command line."""
    video, streams, loops = sys.argv[1:4]
    Feed(pack(Path(video), fps=FPS, loops=int(loops)), int(streams)).run()


if __name__ == "__main__":
    main()
