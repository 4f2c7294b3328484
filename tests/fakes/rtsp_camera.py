"""A small RTSP server on the loopback that sends given pictures and then behaves as told."""

import base64
import hashlib
import re
import socket
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal, Self

Ending = Literal["hang", "close", "reset", "rubbish"]
TICKS = 6000
"""Between two pictures: 15 per second of a clock of 90 kHz."""


def packets_of(units: Sequence[bytes], *, most: int = 1400, sequence: int = 0) -> bytes:
    """Return one H.264 picture, given as NAL units, as interleaved RTP packets of time zero."""
    payloads: list[bytes] = []
    for nal in units:
        if len(nal) <= most:
            payloads.append(nal)
            continue
        indicator, kind = nal[0] & 0xE0 | 28, nal[0] & 0x1F
        parts = [nal[at : at + most] for at in range(1, len(nal), most)]
        for number, part in enumerate(parts):
            edge = 0x80 * (number == 0) | 0x40 * (number == len(parts) - 1)
            payloads.append(bytes((indicator, edge | kind)) + part)
    wire = b""
    for number, payload in enumerate(payloads):
        marked = 0x80 if number == len(payloads) - 1 else 0
        head = struct.pack(">BBHII", 0x80, marked | 96, (sequence + number) & 0xFFFF, 0, 7)
        wire += b"$\0" + struct.pack(">H", 12 + len(payload)) + head + payload
    return wire


def stamped(wire: bytes, ticks: int) -> bytes:
    """Return interleaved packets with this RTP time."""
    out, at = bytearray(wire), 0
    while at < len(out):
        out[at + 8 : at + 12] = struct.pack(">I", ticks & 0xFFFFFFFF)
        at += 4 + int.from_bytes(out[at + 2 : at + 4], "big")
    return bytes(out)


class RtspCamera:
    """Serves connections one after the other; use it as a context manager."""

    def __init__(
        self,
        pictures: Sequence[Sequence[bytes]],
        *,
        ending: Ending = "hang",
        paced: bool = False,
        password: str | None = None,
        algorithm: str = "MD5",
        session_s: int = 60,
        video: str = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n",
    ) -> None:
        self._pictures = pictures
        self._ending = ending
        self._paced = paced
        self._password = password
        self._algorithm = algorithm
        self._video = video
        self._session_s = session_s
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.requests: list[str] = []
        self.left = threading.Event()
        """Set when somebody has hung up."""
        self._thread = threading.Thread(target=self._run)

    @property
    def uri(self) -> str:
        """Its address; the password, if any, is in it."""
        place = f"127.0.0.1:{self._listener.getsockname()[1]}"
        user = "" if self._password is None else f"viewer:{self._password}@"
        return f"rtsp://{user}{place}/live?channel=1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        for connection in self._open:
            connection.close()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                # What was sent before a reset has come.
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.append(connection)
                with suppress(OSError):
                    self._serve(connection)
                self.left.set()

    def _serve(self, connection: socket.socket) -> None:
        asked = b""
        while came := connection.recv(4096):
            asked += came
            while b"\r\n\r\n" in asked:
                head, _, asked = asked.partition(b"\r\n\r\n")
                request = head.decode()
                self.requests.append(request)
                connection.sendall(self._answer(request))
                if request.startswith("PLAY"):
                    self._play(connection)

    def _answer(self, request: str) -> bytes:
        status, body, more = "200 OK", b"", []
        if self._password is not None and not self._is_allowed(request):
            status = "401 Unauthorized"
            challenge = (
                f'Digest realm="camera", nonce="n1", qop="auth", algorithm={self._algorithm}'
            )
            more = ['WWW-Authenticate: Basic realm="camera"', f"WWW-Authenticate: {challenge}"]
        elif request.startswith("DESCRIBE"):
            audio = "m=audio 0 RTP/AVP 0\r\na=control:track0\r\n"
            body = ("v=0\r\na=control:*\r\n" + audio + self._video).encode()
        elif request.startswith("SETUP"):
            more = [
                f"Session: 77;timeout={self._session_s}",
                "Transport: RTP/AVP/TCP;interleaved=0-1",
            ]
        sequence = re.search(r"CSeq: (\d+)", request)
        assert sequence is not None
        lines = [f"RTSP/1.0 {status}", f"CSeq: {sequence[1]}", *more]
        lines += [f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode() + body

    def _is_allowed(self, request: str) -> bool:
        given = dict(re.findall(r'(\w+)="?([^",\s]+)"?', request.partition("Digest ")[2]))
        if not given:
            return False
        hashed = hashlib.sha256 if self._algorithm == "SHA-256" else hashlib.md5
        method, uri = request.split(" ")[:2]
        secret = hashed(f"viewer:camera:{self._password}".encode()).hexdigest()
        asked = hashed(f"{method}:{uri}".encode()).hexdigest()
        proof = f"{secret}:n1:{given['nc']}:{given['cnonce']}:auth:{asked}"
        return given["uri"] == uri and given["response"] == hashed(proof.encode()).hexdigest()

    def _play(self, connection: socket.socket) -> None:
        for number, units in enumerate(self._pictures):
            connection.sendall(stamped(packets_of(units), number * TICKS))
            if self._paced:
                time.sleep(TICKS / 90_000)
            # A report and an answer between the pictures, as keep-alives bring them.
            connection.sendall(b"$\1\0\4abcd")
            connection.sendall(b"RTSP/1.0 200 OK\r\nCSeq: 99\r\nContent-Length: 2\r\n\r\nok")
        if self._ending == "rubbish":
            connection.sendall(bytes(range(1, 30)) * 40)
        if self._ending == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        elif self._ending != "hang":
            connection.shutdown(socket.SHUT_RDWR)


def sprop(units: Sequence[bytes]) -> str:
    """Return the description of a video whose parameter sets do not come with the pictures."""
    sets = ",".join(base64.b64encode(nal).decode() for nal in units)
    fmtp = f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sets}\r\n"
    return "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n" + fmtp
