"""The settings, the sink and the reading of a stream that loudspeakers fetch."""

import asyncio
import json
import socket
import time
from dataclasses import dataclass

from drivers.http_pull.formats import FRAME_SAMPLES, SAMPLE_RATE_HZ, Format
from drivers.http_pull.server import STATUS_PATH, StreamServer
from drivers.line import Account, Exchange, Request, parse_address
from drivers.line.address import HTTP_PORTS
from drivers.loudspeaker import LoudspeakerStatus, Samples, SinkUnusable, Unreachable

_COMES_WITHIN_S = 0.5
"""After this nobody's absence is told; who comes later is welcome all the same."""
_STATUS_S = 5.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - these are compared with, not bound


@dataclass(frozen=True, kw_only=True)
class HttpPullConfig:
    """Where the stream is served; the loudspeakers are told http://gateway:port/path."""

    bind_address: str
    """This machine's address in the loudspeakers' network, or 0.0.0.0 for all."""
    port: int
    path: str = "/loa.mp3"
    format: Format = "mp3"

    @property
    def sample_rate_hz(self) -> int:
        """What a sink of these settings takes, known before it is open."""
        return SAMPLE_RATE_HZ


class HttpPullSink:
    """The stream, served as long as the sink is open; silence when nothing is said."""

    sample_rate_hz = SAMPLE_RATE_HZ
    frame_samples = FRAME_SAMPLES

    def __init__(self, config: HttpPullConfig) -> None:
        """Serve; `close` ends it.

        Raises:
            SinkUnusable: The address or the port cannot be used here.
        """
        if not config.path.startswith("/") or config.path == STATUS_PATH:
            raise SinkUnusable(f"the path {config.path} must begin with / and not be {STATUS_PATH}")
        self._where = f"{config.bind_address}:{config.port}{config.path}"
        listener = _listen(config)
        self.port: int = listener.getsockname()[1]
        """Where it listens; settings may leave the choice to the system (0)."""
        self._server = StreamServer(listener, path=config.path, format_=config.format)
        self._missed_since_s: float | None = None

    def prepare(self) -> None:
        """Nothing is dialled: the loudspeakers come by themselves."""
        self._missed_since_s = self._missed_since_s or time.monotonic()

    @property
    def is_ready(self) -> bool:
        """Whether a loudspeaker fetches the stream now.

        Raises:
            Unreachable: None did for a while after `prepare`.
        """
        if self._server.pullers:
            self._missed_since_s = None
            return True
        if self._missed_since_s and time.monotonic() - self._missed_since_s > _COMES_WITHIN_S:
            self._missed_since_s = None
            raise Unreachable(f"no loudspeaker has fetched the stream {self._where}")
        return False

    def begin(self, *, silent_s: float = 0.0) -> None:
        """Nothing marks a beginning."""

    def send(self, frame: Samples) -> None:
        """Hand one frame, `(960,) int16` at 48 kHz, to the server's thread.

        Raises:
            Unreachable: No loudspeaker fetches the stream, so nobody hears it.
        """
        if not self._server.pullers:
            raise Unreachable(f"no loudspeaker fetches the stream {self._where}")
        self._server.say(frame)

    def finish(self) -> None:
        """Nothing is hung up: silence follows."""

    def close(self) -> None:
        """End the stream; closing twice does no harm."""
        self._server.close()


async def read_status(config: HttpPullConfig) -> LoudspeakerStatus:
    """Ask the stream's server, from any process of this machine, whether it is fetched.

    Raises:
        Unreachable: No loudspeaker fetches the stream, or nobody serves it.
    """
    if not await asyncio.to_thread(_pullers, config):
        raise Unreachable(f"no loudspeaker fetches the stream on port {config.port}")
    return LoudspeakerStatus()


def _pullers(config: HttpPullConfig) -> int:
    host = _ANY.get(config.bind_address, config.bind_address)
    host = f"[{host}]" if ":" in host else host
    address = parse_address(f"http://{host}:{config.port}", ports=HTTP_PORTS)
    with Exchange(address, Account("", ""), timeout_s=_STATUS_S) as exchange:
        response = exchange.ask(Request(method="GET", uri=STATUS_PATH))
    try:
        return int(json.loads(response.body)["pullers"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SinkUnusable(f"something else listens on port {config.port}") from error


def _listen(config: HttpPullConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.bind_address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((config.bind_address, config.port))
        listener.listen(16)
    except OSError as error:
        listener.close()
        raise SinkUnusable(
            f"cannot serve on {config.bind_address}:{config.port}: {error.strerror or error}"
        ) from error
    return listener
