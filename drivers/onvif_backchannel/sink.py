"""The settings, the sink and the reading of one ONVIF backchannel."""

import asyncio
from dataclasses import dataclass, field
from functools import partial

from drivers.line import Account, Address, Exchange, Line, parse_address
from drivers.line.address import RTSP_PORTS
from drivers.line.line import SAMPLE_RATE_HZ
from drivers.loudspeaker import LoudspeakerStatus
from drivers.onvif_backchannel.conversation import DIAL_S, describe, dial


@dataclass(frozen=True, kw_only=True)
class OnvifBackchannelConfig:
    """Where the device serves its stream, and the account on it."""

    url: str
    """RTSP address without the account, as for the device's pictures."""
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def sample_rate_hz(self) -> int:
        """What a sink of these settings takes, known before it is open."""
        return SAMPLE_RATE_HZ


class OnvifBackchannelSink(Line):
    """One device's backchannel; `prepare` opens it in a thread of its own."""

    def __init__(self, config: OnvifBackchannelConfig) -> None:
        """Read the address and connect to nothing yet; `close` it.

        Raises:
            SinkUnusable: The address cannot be one.
        """
        address, account = _read(config)
        super().__init__(address.authority, partial(dial, address, account))


async def read_status(config: OnvifBackchannelConfig) -> LoudspeakerStatus:
    """Ask for the stream's description; nothing is opened. RTSP tells neither model nor volume.

    Raises:
        LoudspeakerError: The device does not answer, refuses the account, or has no backchannel.
    """
    await asyncio.to_thread(_describe, config)
    return LoudspeakerStatus()


def _describe(config: OnvifBackchannelConfig) -> None:
    address, account = _read(config)
    with Exchange(address, account, timeout_s=DIAL_S) as exchange:
        describe(exchange, address)


def _read(config: OnvifBackchannelConfig) -> tuple[Address, Account]:
    address = parse_address(config.url, ports=RTSP_PORTS)
    return address, Account(config.username, config.password)
