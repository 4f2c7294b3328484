"""The settings, the sink and the reading of one VAPIX loudspeaker."""

import asyncio
import ssl
from dataclasses import dataclass, field
from functools import partial

from drivers.axis_vapix import status, transmission
from drivers.line import Account, Address, Line, parse_address, trust
from drivers.line.address import HTTP_PORTS
from drivers.line.line import SAMPLE_RATE_HZ
from drivers.loudspeaker import LoudspeakerStatus


@dataclass(frozen=True, kw_only=True)
class AxisVapixConfig:
    """Where the device listens, and the account on it."""

    url: str
    """http(s)://host, without the account."""
    username: str
    password: str = field(repr=False)
    ca_file: str | None = None
    """The device's certificate or its signer's (PEM), for https."""

    @property
    def sample_rate_hz(self) -> int:
        """What a sink of these settings takes, known before it is open."""
        return SAMPLE_RATE_HZ


class AxisVapixSink(Line):
    """One device's audio; `prepare` opens it in a thread of its own."""

    def __init__(self, config: AxisVapixConfig) -> None:
        """Read the settings and connect to nothing yet; `close` it.

        Raises:
            SinkUnusable: The address cannot be one, or the certificate cannot be read.
        """
        address, account, tls = _read(config)
        super().__init__(address.authority, partial(transmission.dial, address, account, tls))


async def read_status(config: AxisVapixConfig) -> LoudspeakerStatus:
    """Ask the device what it is, over a connection of its own, within 5 s.

    Raises:
        LoudspeakerError: The device does not answer or refuses the account.
    """
    address, account, tls = _read(config)
    return await asyncio.to_thread(status.read, address, account, tls)


def _read(config: AxisVapixConfig) -> tuple[Address, Account, ssl.SSLContext | None]:
    address = parse_address(config.url, ports=HTTP_PORTS)
    tls = trust(address, config.ca_file)
    return address, Account(config.username, config.password), tls
