"""A fence around what a relay fetches: names, redirects and playlists lead no further inwards.

libav opens whatever a station's answers name. It is told to go through this proxy on loopback, which
connects to no address nearer than the one that was ordered: a station of the world reaches nothing in
the commune's network, one in that network nothing on this machine (CWE-918).
"""

import contextlib
import ipaddress
import select
import socket
import threading
from collections.abc import Iterator
from enum import IntEnum
from urllib.parse import urlsplit

import structlog

log = structlog.get_logger(__name__)

_LARGEST_HEAD_BYTES = 16_384
_WITHIN_S = 5.0
_PIECE_BYTES = 65_536
_PORTS = {"http": 80, "https": 443}
_END_OF_HEAD = b"\r\n\r\n"


class Near(IntEnum):
    """How near an address is to this machine."""

    WORLD = 0
    NETWORK = 1
    MACHINE = 2


class FenceClosed(Exception):
    """This address is nearer than the ordered one."""


def nearness(address: str) -> Near:
    """Return how near an IP address is; link-local counts as this machine's own services."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    if parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified or parsed.is_multicast:
        return Near.MACHINE
    return Near.WORLD if parsed.is_global else Near.NETWORK


class Fence:
    """The proxy; it serves until the process ends."""

    def __init__(self, ordered_url: str) -> None:
        """Listen on loopback, for one stream's fetching."""
        self._host = urlsplit(ordered_url).hostname or ""
        self.refusal = ""
        """What was refused last; empty: nothing."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, name="fence", daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                inner, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(inner,), daemon=True).start()

    def _serve(self, inner: socket.socket) -> None:
        with inner, contextlib.suppress(OSError, ValueError):
            inner.settimeout(_WITHIN_S)
            head, body = _read_head(inner)
            method, target, *_ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
            is_tunnel = method == "CONNECT"
            parts = urlsplit(f"//{target}" if is_tunnel else target)
            port = parts.port or _PORTS.get(parts.scheme, 443)
            try:
                outer = self._connect(parts.hostname or "", port)
            except FenceClosed as closed:
                self.refusal = str(closed)
                log.warning("stream_leads_inwards", reason=self.refusal)
                inner.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            except (OSError, UnicodeError):
                inner.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                return
            with outer:
                if is_tunnel:
                    inner.sendall(b"HTTP/1.1 200 Connected" + _END_OF_HEAD)
                else:
                    path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
                    outer.sendall(_asked_directly(head, method, path) + body)
                inner.settimeout(None)
                _join(inner, outer)

    def _connect(self, host: str, port: int) -> socket.socket:
        limit = self._limit()
        error: Exception = OSError("no address")
        for address in _addresses(host, port):
            if nearness(address) > limit:
                error = FenceClosed(f"it leads into this network ({host}: {address})")
                continue
            try:
                # The very address that was looked at: asked again, a name may give another.
                return socket.create_connection((address, port), timeout=_WITHIN_S)
            except OSError as failure:
                error = failure
        raise error

    def _limit(self) -> Near:
        """Return how near it may lead: onto this machine only where the order says so in figures."""
        with contextlib.suppress(ValueError):
            return nearness(self._host)
        ordered = [nearness(address) for address in _addresses(self._host, 0)]
        return min(min(ordered, default=Near.WORLD), Near.NETWORK)


def _addresses(host: str, port: int) -> Iterator[str]:
    for *_, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        yield str(where[0])


def _read_head(inner: socket.socket) -> tuple[bytes, bytes]:
    got = b""
    while _END_OF_HEAD not in got:
        piece = inner.recv(_PIECE_BYTES)
        if not piece or len(got) > _LARGEST_HEAD_BYTES:
            raise ValueError("no request")
        got += piece
    head, _, body = got.partition(_END_OF_HEAD)
    return head, body


def _asked_directly(head: bytes, method: str, path: str) -> bytes:
    """Return the request as the station itself expects it, one to a connection."""
    kept = [
        line
        for line in head.split(b"\r\n")[1:]
        if line.partition(b":")[0].strip().lower() not in {b"connection", b"proxy-connection"}
    ]
    first = f"{method} {path} HTTP/1.1".encode("latin-1")
    return b"\r\n".join([first, *kept, b"Connection: close"]) + _END_OF_HEAD


def _join(inner: socket.socket, outer: socket.socket) -> None:
    """Pass bytes on both ways until either side ends."""
    outer.settimeout(None)
    other = {inner: outer, outer: inner}
    while True:
        readable, _, _ = select.select([inner, outer], [], [])
        for one in readable:
            piece = one.recv(_PIECE_BYTES)
            if not piece:
                return
            other[one].sendall(piece)
