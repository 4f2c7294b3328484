"""The settings, the sink and the reading of one ISAPI loudspeaker."""

import asyncio
from dataclasses import dataclass, field

from drivers.hikvision_isapi.conversation import Channel
from drivers.line import Account, Line, parse_address, trust
from drivers.line.address import HTTP_PORTS
from drivers.line.line import SAMPLE_RATE_HZ
from drivers.loudspeaker import LoudspeakerStatus


@dataclass(frozen=True, kw_only=True)
class HikvisionIsapiConfig:
    """Where the device listens, and the account on it."""

    url: str
    """http(s)://host, without the account."""
    channel: int = 1
    """Number of the two-way audio channel; devices with one loudspeaker have number 1."""
    username: str
    password: str = field(repr=False)
    ca_file: str | None = None
    """The device's certificate or its signer's (PEM), for https."""

    @property
    def sample_rate_hz(self) -> int:
        """What a sink of these settings takes, known before it is open."""
        return SAMPLE_RATE_HZ


class HikvisionIsapiSink(Line):
    """One channel of one device; `prepare` opens it in a thread of its own."""

    def __init__(self, config: HikvisionIsapiConfig) -> None:
        """Read the settings and connect to nothing yet; `close` it.

        Raises:
            SinkUnusable: The address cannot be one, or the certificate cannot be read.
        """
        name = parse_address(config.url, ports=HTTP_PORTS).authority
        super().__init__(name, _channel(config).dial)


async def read_status(config: HikvisionIsapiConfig) -> LoudspeakerStatus:
    """Ask the device what it is, over a connection of its own, within 5 s.

    Raises:
        LoudspeakerError: The device does not answer or refuses the account.
    """
    return await asyncio.to_thread(_channel(config).read_status)


def _channel(config: HikvisionIsapiConfig) -> Channel:
    address = parse_address(config.url, ports=HTTP_PORTS)
    return Channel(
        address,
        Account(config.username, config.password),
        channel_number=config.channel,
        tls=trust(address, config.ca_file),
    )
