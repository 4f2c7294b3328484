"""Questions and answers with one device over HTTP or RTSP, bounded in size and in time."""

import re
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from drivers.line.account import Account
from drivers.line.address import Address
from drivers.loudspeaker import SinkUnusable, Unreachable, WrongPassword

Protocol = Literal["HTTP/1.1", "HTTP/1.0", "RTSP/1.0"]

LARGEST_HEAD_BYTES = 16_000
LARGEST_BODY_BYTES = 200_000
_STATUS_LINE = re.compile(r"(?:HTTP|RTSP)/\d\.\d (\d{3})(?: |$)")
_BODILESS = frozenset({204, 304})


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question; `uri` is the path (HTTP) or the whole address (RTSP)."""

    method: str
    uri: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    protocol: Protocol = "HTTP/1.1"


@dataclass(frozen=True, kw_only=True)
class Response:
    """One answer; header names are in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str:
        """The first value of a header, or nothing."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header."""
        return tuple(value for key, value in self.headers if key == name)


class Exchange:
    """One conversation; close it, or hand its socket on. Use from one thread."""

    def __init__(
        self,
        address: Address,
        account: Account,
        *,
        timeout_s: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Connects to nothing yet. `timeout_s` bounds everything that follows, together."""
        self._address = address
        self._account = account
        self._tls = tls
        self._deadline_s = time.monotonic() + timeout_s
        self._socket: socket.socket | None = None
        self._ends = False
        self._heard = b""

    def ask(self, request: Request) -> Response:
        """Ask, logging in where the device wants it, and return the answer.

        Raises:
            Unreachable: No answer in time.
            WrongPassword: The device refuses the account; it was tried once with its challenge.
            SinkUnusable: What answers speaks another language, or its certificate is not trusted.
        """
        response = self._ask_again_if_closed(request)
        if response.status == 401:
            if not self._account.take(response.all("www-authenticate")):
                raise WrongPassword(
                    f"{self._address.authority} asks for an account that is not configured,"
                    " or for a way to log in that is not known here"
                )
            response = self._ask_again_if_closed(request)
        if response.status == 401:
            raise WrongPassword(f"{self._address.authority} refuses the user name or password")
        return response

    def say(self, request: Request) -> None:
        """Send a request without waiting for the answer."""
        self._send(self._head(request) + request.body)

    def listen(self, *, patience_s: float) -> Response | None:
        """An answer that comes within `patience_s`; None when none does.

        Raises:
            Unreachable: The device ended the connection.
        """
        deadline_s = self._deadline_s
        self._deadline_s = time.monotonic() + patience_s
        try:
            return self._read()
        except _TooLate:
            return None
        finally:
            self._deadline_s = deadline_s

    def hand_over(self) -> tuple[socket.socket, bytes]:
        """The open socket and what was heard beyond the last answer; whoever takes it closes it."""
        if self._socket is None:
            raise Unreachable(f"{self._address.authority} ended the connection")
        taken, self._socket = self._socket, None
        return taken, self._heard

    def close(self) -> None:
        """Hang up; closing twice does no harm."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._heard, self._ends = b"", False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask_again_if_closed(self, request: Request) -> Response:
        """Ask; a connection that was open already may have been closed by the device meanwhile."""
        is_used = self._socket is not None and not self._ends
        try:
            return self._ask_once(request)
        except _Closed:
            if not is_used:
                raise
            self.close()
            return self._ask_once(request)

    def _ask_once(self, request: Request) -> Response:
        if self._ends:
            self.close()
        self.say(request)
        response = self._read()
        self._ends = response.header("connection").lower() == "close"
        return response

    def _head(self, request: Request) -> bytes:
        headers = {"Host": self._address.authority, "User-Agent": "commune-ioc", **request.headers}
        authorization = self._account.authorization(request.method, request.uri)
        if authorization is not None:
            headers["Authorization"] = authorization
        if request.body or request.method in {"PUT", "POST"}:
            headers.setdefault("Content-Length", str(len(request.body)))
        lines = [f"{request.method} {request.uri} {request.protocol}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    def _send(self, octets: bytes) -> None:
        if self._socket is None:
            self._socket = self._connect()
        self._socket.settimeout(self._remaining_s())
        try:
            self._socket.sendall(octets)
        except TimeoutError as error:
            raise _TooLate(f"{self._address.authority} does not take a request in time") from error
        except OSError as error:
            raise _Closed(f"{self._address.authority} ended the connection: {error}") from error

    def _connect(self) -> socket.socket:
        where = self._address.authority
        plain: socket.socket | None = None
        try:
            plain = socket.create_connection(
                (self._address.host, self._address.port), timeout=self._remaining_s()
            )
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is None:
                return plain
            return self._tls.wrap_socket(plain, server_hostname=self._address.host)
        except ssl.SSLCertVerificationError as error:
            _close(plain)
            raise SinkUnusable(
                f"the certificate of {where} is not trusted ({error.verify_message});"
                " give it as ca_file"
            ) from error
        except (OSError, UnicodeError) as error:  # a name with an empty label is no OSError
            _close(plain)
            raise Unreachable(f"{where} cannot be reached: {error}") from error

    def _read(self) -> Response:
        head = self._read_head()
        first, *lines = head.decode("utf-8", "replace").splitlines() or [""]
        status = _STATUS_LINE.match(first)
        if status is None:
            raise SinkUnusable(f"{self._address.authority} does not speak the expected protocol")
        pairs = (line.partition(":") for line in lines if ":" in line)
        headers = tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
        if status[1] == "100":
            return self._read()
        bare = Response(status=int(status[1]), headers=headers)
        body = b"" if bare.status in _BODILESS else self._read_body(bare, first)
        return Response(status=bare.status, headers=headers, body=body)

    def _read_head(self) -> bytes:
        while True:
            if self._heard.startswith(b"$"):  # RFC 2326 §10.12: a packet between two answers
                self._take(4 + int.from_bytes(self._take(4, keep=True)[2:]))
                continue
            head, end, rest = self._heard.partition(b"\r\n\r\n")
            if end:
                self._heard = rest
                return head.lstrip(b"\r\n")
            if len(self._heard) > LARGEST_HEAD_BYTES:
                raise SinkUnusable(f"an answer of {self._address.authority} has no end")
            self._hear_more()

    def _read_body(self, response: Response, first_line: str) -> bytes:
        length = response.header("content-length")
        if length.isdecimal():
            return self._take(self._bounded(int(length)))
        if response.header("transfer-encoding").lower() == "chunked":
            return self._read_chunks()
        if first_line.startswith("RTSP"):
            return b""
        try:
            while True:
                self._bounded(len(self._heard))
                self._hear_more()
        except _Closed:
            body, self._heard, self._ends = self._heard, b"", True
            return body

    def _read_chunks(self) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in self._heard:
                self._bounded(len(self._heard))
                self._hear_more()
            line, _, self._heard = self._heard.partition(b"\r\n")
            try:
                length = self._bounded(int(line.partition(b";")[0], 16) + len(body)) - len(body)
            except ValueError as error:
                raise SinkUnusable(f"{self._address.authority} breaks HTTP's chunks") from error
            body += self._take(length)
            self._take(2)
            if not length:
                return body

    def _bounded(self, length: int) -> int:
        if length > LARGEST_BODY_BYTES:
            raise SinkUnusable(f"an answer of {self._address.authority} has no end")
        return length

    def _take(self, length: int, *, keep: bool = False) -> bytes:
        while len(self._heard) < length:
            self._hear_more()
        taken = self._heard[:length]
        if not keep:
            self._heard = self._heard[length:]
        return taken

    def _hear_more(self) -> None:
        if self._socket is None:
            raise _Closed(f"{self._address.authority} ended the connection")
        self._socket.settimeout(self._remaining_s())
        try:
            heard = self._socket.recv(65536)
        except TimeoutError as error:
            raise _TooLate(f"{self._address.authority} does not answer in time") from error
        except OSError as error:
            raise _Closed(f"{self._address.authority} ended the connection: {error}") from error
        if not heard:
            raise _Closed(f"{self._address.authority} ended the connection")
        self._heard += heard

    def _remaining_s(self) -> float:
        remaining_s = self._deadline_s - time.monotonic()
        if remaining_s <= 0:
            raise _TooLate(f"{self._address.authority} does not answer in time")
        return remaining_s


class _Closed(Unreachable):
    """The device ended the connection."""


class _TooLate(Unreachable):
    """The device does not answer in time."""


def _close(opened: socket.socket | None) -> None:
    if opened is not None:
        opened.close()
