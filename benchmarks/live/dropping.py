"""An RTSP server that sends a few pictures at once and hangs up, in threads of this process."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from live.feed import FPS, take_request
from live.rtp import Media, pack

SENT = 8
"""Pictures before it hangs up; every third time it hangs up in the middle of one."""


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    media: Media


class _Visit(socketserver.BaseRequestHandler):
    """One connection."""

    server: _Server

    def handle(self) -> None:
        """Answer until something is to be played, play it, hang up."""
        asked = bytearray()
        with suppress(OSError):
            while came := self.request.recv(65_536):
                asked += came
                while request := take_request(asked):
                    self.request.sendall(self._answer(request))
                    if request.startswith("PLAY"):
                        self._play()
                        return

    def _answer(self, request: str) -> bytes:
        fields = dict(line.split(": ", 1) for line in request.split("\r\n")[1:] if ": " in line)
        body = self.server.media.sdp if request.startswith("DESCRIBE") else b""
        head = ["RTSP/1.0 200 OK", f"CSeq: {fields['CSeq']}", "Session: 1"]
        head += ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1"]
        head += ["Content-Type: application/sdp", f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(head).encode() + body

    def _play(self) -> None:
        wire = b"".join(unit.wire for unit in self.server.media.units[:SENT])
        whole = self.client_address[1] % 3
        self.request.sendall(wire if whole else wire[:-700])


@contextmanager
def dropping(video: Path) -> Iterator[str]:
    """Serve until the end of the block; gives the address without a path."""
    with _Server(("127.0.0.1", 0), _Visit) as server:
        server.media = pack(video, fps=FPS, loops=1)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"rtsp://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
