"""The UDP socket that one call, or one question, speaks SIP through; it knows nothing of calls."""

import errno
import select
import socket
from collections.abc import Iterable
from typing import Self

import structlog

from drivers.loudspeaker import SinkUnusable, Unreachable
from drivers.sip.calling.retransmission import Destination, Letter
from drivers.sip.calling.syntax import Request, Response, SipSyntaxError, parse_datagram
from drivers.sip.settings import SipConfig

_IP_RECVERR = 11
"""Linux: ICMP refusals also reach a socket that is bound and not connected (ip(7))."""
_MOST_AT_ONCE = 50
_LARGEST_DATAGRAM = 65_535

log = structlog.get_logger(__name__)


class Endpoint:
    """An open socket; `close` it, or use it as a context manager."""

    def __init__(self, config: SipConfig) -> None:
        """Find the device and bind to the interface towards it; looking a name up may take seconds.

        Raises:
            SinkUnusable: `local_address` is not of this machine.
            Unreachable: The name is unknown, or no way leads there.
        """
        self.peer = _look_up(config)
        self.local_host = config.local_address or _address_towards(self.peer)
        self._socket = open_udp(self.local_host)
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        self._has_complained = False

    @property
    def local(self) -> Destination:
        """Where it is bound."""
        return self.local_host, self._socket.getsockname()[1]

    def fileno(self) -> int:
        """For `select`."""
        return self._socket.fileno()

    def send(self, letters: Iterable[Letter]) -> None:
        """Hand datagrams to the network.

        Raises:
            Unreachable: The network takes none for this device.
        """
        for datagram, destination in letters:
            try:
                self._socket.sendto(datagram, destination)
            except OSError as error:
                raise _translate(error) from error

    def receive(self) -> list[tuple[Request | Response, Destination]]:
        """What has come, without waiting; what cannot be read is left out and logged once.

        Raises:
            Unreachable: The device's machine says that nothing listens there.
        """
        came = []
        for _ in range(_MOST_AT_ONCE):
            try:
                datagram, source = self._socket.recvfrom(_LARGEST_DATAGRAM)
            except BlockingIOError:
                break
            except OSError as error:
                raise _translate(error) from error
            try:
                came.append((parse_datagram(datagram), source))
            except SipSyntaxError as error:
                self._complain(error, source)
        return came

    def close(self) -> None:
        """Release the socket; closing twice does no harm."""
        self._socket.close()

    def _complain(self, error: SipSyntaxError, source: Destination) -> None:
        if not self._has_complained:
            self._has_complained = True
            log.warning("sip_datagram_unreadable", source=source[0], fault=str(error))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def wait_readable(*places: int, timeout_s: float | None) -> None:
    """Wait until one of these file descriptors has something to read; None: for ever."""
    poll = select.poll()  # unlike `select`, at home with more than 1024 of them
    for place in places:
        poll.register(place, select.POLLIN)
    poll.poll(None if timeout_s is None else max(0.0, timeout_s) * 1000)


def open_udp(host: str, *, is_even: bool = False) -> socket.socket:
    """Bind a socket that never waits to any port, an even one where RTP wants it (RFC 3550 §11).

    Raises:
        SinkUnusable: The address is not of this machine.
    """
    while True:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            opened.setblocking(False)  # noqa: FBT003 -- the name of the socket module
            opened.bind((host, 0))
        except OSError as error:
            opened.close()
            raise SinkUnusable(f"cannot call from {host}: {error.strerror}") from error
        if not is_even or opened.getsockname()[1] % 2 == 0:
            return opened
        opened.close()


def _look_up(config: SipConfig) -> Destination:
    try:
        found = socket.getaddrinfo(
            config.address, config.port, family=socket.AF_INET, type=socket.SOCK_DGRAM
        )
    except OSError as error:
        raise Unreachable(f"{config.address} is not known: {error.strerror}") from error
    host, port = found[0][4][:2]
    return str(host), int(port)


def _address_towards(peer: Destination) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(peer)
        except OSError as error:
            raise _translate(error) from error
        return str(probe.getsockname()[0])


def _translate(error: OSError) -> Unreachable:
    if error.errno == errno.ECONNREFUSED:
        return Unreachable("the device is there and takes no SIP on this port")
    return Unreachable(f"no way to the device: {error.strerror}")
