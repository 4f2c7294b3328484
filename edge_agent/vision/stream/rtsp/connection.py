"""Reads one RTSP stream over its TCP connection, a few pictures at a time.

libav wakes for every packet of the network and asks the kernel six times for each; a gateway with
many quiet cameras pays more for that than for looking at them. Until its first pictures have come
a thread waits for a connection; then one may take from many what has come, and waits for none.
Knows H.264 and H.265 over TCP; what needs more is left to libav.
"""

import socket
import time
from collections import deque
from collections.abc import Iterator

from edge_agent.vision.stream.lost import SourceLost
from edge_agent.vision.stream.rtsp.assembly import AccessUnit, Assembly
from edge_agent.vision.stream.rtsp.words import (
    Address,
    Answer,
    Description,
    NotOurs,
    authorization,
    control_uri,
    length_of,
    parse_description,
    parse_head,
    whole_number,
)

OPEN_TIMEOUT_S, READ_TIMEOUT_S = 5.0, 5.0
KEEP_ALIVE_S = 25.0
"""Servers forget a session after 60 s unless they say another time."""
LONGEST_PAUSE_S = 5.0
"""At rest, a connection may not be visited for so long."""
READ_BYTES = 262_144
"""Taken at once: no camera holds up the others for longer than that takes to be understood."""
_MOST_HEAD_BYTES = _MOST_BODY_BYTES = 65_536
_GONE = "the connection broke"


class Connection:
    """One RTSP session on one socket, for one thread; close it."""

    def __init__(self, uri: str) -> None:
        """Connect.

        Raises:
            NotOurs: libav must try.
            OSError: nobody answers there.
        """
        self._address = Address.parse(uri)
        place = (self._address.host, self._address.port)
        self._socket = socket.create_connection(place, timeout=OPEN_TIMEOUT_S)
        self._waiting = b""
        self._answers: deque[Answer] = deque()
        self._units: deque[AccessUnit] = deque()
        self._assembly: Assembly | None = None
        self._channel = 0
        self._count = 0
        self.came_bytes = 0
        """With the last read."""
        self._broken: OSError | SourceLost | None = None
        """What ended the connection after the last pictures."""
        self._challenges: list[str] = []
        self._session = ""
        self._keep_alive_s, self._spoke_s = KEEP_ALIVE_S, time.monotonic()
        self._until_s = 0.0

    def close(self) -> None:
        """Hang up; the server notices by itself."""
        self._socket.close()

    def play(self) -> Description:
        """Have the first video sent.

        Raises:
            NotOurs: libav must try.
            SourceLost: the camera refuses, or does not speak RTSP.
            OSError: the connection broke.
        """
        described = self._ask("DESCRIBE", self._address.uri, "Accept: application/sdp")
        try:
            video = parse_description(described.body.decode("utf-8", "replace"))
        except LookupError as error:
            raise SourceLost("undecodable", str(error)) from error
        self._assembly = Assembly(video.codec)
        base = described.field("content-base") or described.field("content-location")
        base = base or self._address.uri
        transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
        setup = self._ask("SETUP", control_uri(base, video.control), transport)
        self._note_session(setup)
        self._ask("PLAY", base, "Range: npt=0.000-")
        self._base = base
        return video

    def _note_session(self, setup: Answer) -> None:
        self._session, _, rest = setup.field("session").partition(";")
        _, _, timeout = rest.partition("timeout=")
        timeout_s = whole_number(timeout.strip())
        if timeout_s is not None:
            latest_s = min(0.4 * timeout_s, timeout_s - LONGEST_PAUSE_S)
            self._keep_alive_s = max(1.0, min(KEEP_ALIVE_S, latest_s))
        _, _, channels = setup.field("transport").partition("interleaved=")
        first = channels.partition(";")[0].partition("-")[0].strip()
        self._channel = whole_number(first) or 0

    def _ask(self, method: str, uri: str, *fields: str) -> Answer:
        answer = self._ask_once(method, uri, *fields)
        if answer.status == 401 and self._address.username is not None:
            self._challenges = answer.all("www-authenticate")
            answer = self._ask_once(method, uri, *fields)
        match answer.status:
            case 200:
                return answer
            case 401 | 403:
                raise SourceLost("auth_failed", "the camera refused the user or password")
            case 301 | 302 | 305 | 461 | 551:
                raise NotOurs(f"the camera answers {answer.status} to {method}")
            case status:
                raise SourceLost("unreachable", f"the camera answers {status} to {method}")

    def _ask_once(self, method: str, uri: str, *fields: str) -> Answer:
        self._say(method, uri, *fields)
        until_s = time.monotonic() + READ_TIMEOUT_S
        while not self._answers:
            self._read(until_s)
        return self._answers.popleft()

    def _say(self, method: str, uri: str, *fields: str) -> None:
        self._count += 1
        lines = [f"{method} {uri} RTSP/1.0", f"CSeq: {self._count}", "User-Agent: edge-agent"]
        if proof := authorization(self._challenges, self._address, method, uri):
            lines.append(f"Authorization: {proof}")
        if self._session:
            lines.append(f"Session: {self._session}")
        self._socket.sendall("\r\n".join((*lines, *fields, "", "")).encode())
        self._spoke_s = time.monotonic()

    def units(self) -> Iterator[AccessUnit]:
        """Yield pictures as they come.

        Raises:
            SourceLost: the stream ended, stalled, or is no RTSP.
            OSError: the connection broke.
        """
        until_s = time.monotonic() + READ_TIMEOUT_S
        while True:
            if self._units:
                yield from self._taken()
                until_s = time.monotonic() + READ_TIMEOUT_S
            if time.monotonic() - self._spoke_s > self._keep_alive_s:
                self._say("GET_PARAMETER", self._base)
            self._read(until_s)
            self._answers.clear()

    def take(self, buffer: memoryview) -> list[AccessUnit]:
        """Return the pictures that have come, without waiting; from now on nobody may wait for it.

        `buffer` is written over; one for all connections stays in the cache.

        Raises:
            SourceLost: the stream ended, or is no RTSP.
            TimeoutError: for too long no picture came.
            OSError: the connection broke.
        """
        now_s = time.monotonic()
        if self._socket.gettimeout() != 0.0:
            self._socket.settimeout(0.0)
            self._until_s = now_s + READ_TIMEOUT_S
        self.came_bytes = 0
        if not self._units:  # those that came with the opening are not lost if the camera hangs up
            self._read_all(buffer)
            self._answers.clear()
        if self._units:
            self._until_s = now_s + READ_TIMEOUT_S
        elif now_s > self._until_s:
            raise TimeoutError("nothing came")
        self._keep_alive(now_s)
        taken = list(self._units)
        self._units.clear()
        return taken

    @property
    def damaged(self) -> int:
        """How often pictures, or parts of them, did not come that the camera has counted."""
        return self._assembly.damaged if self._assembly is not None else 0

    @property
    def over(self) -> bool:
        """Whether nothing more can come; the next `take` raises why."""
        return self._broken is not None

    def _read_all(self, buffer: memoryview) -> None:
        """Understand what has come, `READ_BYTES` at most, piece by piece: a piece stays in the cache.

        Up to the end, if there is one: it is not left for the next visit, which may be far off.
        """
        if self._broken is not None:
            raise self._broken
        while self.came_bytes < READ_BYTES:
            try:
                self._read_piece(buffer)
            except BlockingIOError:
                return
            except (OSError, SourceLost) as error:
                self._break(error)
                return

    def _read_piece(self, buffer: memoryview) -> None:
        """Read behind what waits for its other half: then they need not be put together."""
        before, kept = b"", len(self._waiting)
        if 2 * kept > len(buffer):
            before, kept = self._waiting, 0
        else:
            buffer[:kept] = self._waiting
        piece_bytes = self._socket.recv_into(buffer[kept:])
        self.came_bytes += piece_bytes
        if not piece_bytes:
            raise _closed()
        self._understand(before + bytes(buffer[: kept + piece_bytes]))

    def _keep_alive(self, now_s: float) -> None:
        if self._broken is not None or now_s - self._spoke_s <= self._keep_alive_s:
            return
        try:
            self._say("GET_PARAMETER", self._base)
        except BlockingIOError as error:  # it does not listen, and has half a request now
            self._break(error)
        except OSError:
            return  # the next reading says what is wrong, after what has come until then

    def _break(self, error: OSError | SourceLost) -> None:
        """Raise it, but not before the pictures that came until then are taken."""
        if not self._units:
            raise error
        self._broken = error

    def _taken(self) -> Iterator[AccessUnit]:
        while self._units:
            yield self._units.popleft()

    def _read(self, until_s: float) -> None:
        """Wait for more and understand it."""
        left_s = until_s - time.monotonic()
        if left_s <= 0.0:
            raise TimeoutError("nothing came")
        self._socket.settimeout(left_s)
        came = self._socket.recv(READ_BYTES)
        self.came_bytes = len(came)
        if not came:
            raise _closed()
        self._understand(self._waiting + came)

    def _understand(self, wire: bytes) -> None:
        at, size = 0, len(wire)
        while at + 4 <= size:
            if wire[at] != 0x24:  # "$": RFC 2326 §10.12
                begin, at = at, self._understand_words(wire, at)
                if at == begin:
                    break
                continue
            end = at + 4 + (wire[at + 2] << 8 | wire[at + 3])
            if end > size:
                break
            if self._assembly is None:
                at = end
            else:
                at, units = self._assembly.take_interleaved(wire, at, self._channel)
                self._units += units
        self._waiting = wire[at:]

    def _understand_words(self, wire: bytes, at: int) -> int:
        """Take an answer; return where it ends, or `at` if it is not complete."""
        head_end = wire.find(b"\r\n\r\n", at, at + _MOST_HEAD_BYTES)
        if head_end < 0:
            if len(wire) - at > _MOST_HEAD_BYTES or not wire[at : at + 1].isalpha():
                raise SourceLost("undecodable", "the camera sends what is no RTSP")
            return at
        answer = parse_head(wire[at:head_end])
        if length_of(answer) > _MOST_BODY_BYTES:
            raise SourceLost("undecodable", "the camera sends an answer without end")
        end = head_end + 4 + length_of(answer)
        if end > len(wire):
            return at
        if answer.status:
            body = wire[head_end + 4 : end]
            self._answers.append(Answer(status=answer.status, fields=answer.fields, body=body))
        return end


def _closed() -> SourceLost:
    return SourceLost("ended", "the camera has closed the connection")
