"""The loudspeaker drivers, by hand: from settings to an open sink, or to what a device says of itself.

A driver is imported when its first loudspeaker needs it: a library that this machine lacks silences
no other driver.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from drivers.loudspeaker import LoudspeakerSink, LoudspeakerStatus, SinkUnusable
from edge_agent.loudspeakers.settings import AlsaSink, HttpPullSink, RtpMulticastSink, Sink

_NAMES = {
    "rtp_multicast": ("RtpMulticastConfig", "RtpMulticastSink"),
    "sip": ("SipConfig", "SipSink"),
    "alsa": ("AlsaConfig", "AlsaSink"),
    "onvif_backchannel": ("OnvifBackchannelConfig", "OnvifBackchannelSink"),
    "http_pull": ("HttpPullConfig", "HttpPullSink"),
    "axis_vapix": ("AxisVapixConfig", "AxisVapixSink"),
    "hikvision_isapi": ("HikvisionIsapiConfig", "HikvisionIsapiSink"),
}
"""Of each driver's folder: its settings, its sink."""
_WIDE_BAND_HZ = {"pcmu": 8_000, "pcma": 8_000, "g722": 16_000, "opus": 48_000}


OpenSink = Callable[[Sink, str | None], LoudspeakerSink]


@dataclass(frozen=True, kw_only=True)
class _Driver:
    """What a driver's folder offers; its settings differ from driver to driver."""

    make_config: Callable[..., Any]
    open_sink: Callable[[Any], LoudspeakerSink]
    read_status: Callable[[Any], Awaitable[LoudspeakerStatus]]


def open_sink(sink: Sink, password: str | None = None) -> LoudspeakerSink:
    """Open the loudspeaker; the caller closes it.

    Raises:
        LoudspeakerError: The settings cannot work here.
    """
    driver = _load(sink.driver)
    return driver.open_sink(_config(driver, sink, password))


async def read_status(sink: Sink, *, password: str | None = None) -> LoudspeakerStatus:
    """Ask the device how it fares; a playback goes on undisturbed.

    Raises:
        LoudspeakerError: It does not answer as it should.
    """
    driver = _load(sink.driver)
    return await driver.read_status(_config(driver, sink, password))


def sample_rate_of(sink: Sink) -> int:
    """The rate of the frames a loudspeaker takes, in Hz, known before it is open."""
    match sink:
        case RtpMulticastSink():
            return _WIDE_BAND_HZ[sink.codec]
        case AlsaSink():
            return sink.sample_rate_hz
        case HttpPullSink():
            return 48_000
        case _:
            return 8_000


def _load(name: str) -> _Driver:
    config, sink = _NAMES[name]
    try:
        module = import_module(f"drivers.{name}")
    except ImportError as error:
        raise SinkUnusable(f"the driver {name} cannot be used on this machine: {error}") from error
    return _Driver(
        make_config=getattr(module, config),
        open_sink=getattr(module, sink),
        read_status=module.read_status,
    )


def _config(driver: _Driver, sink: Sink, password: str | None) -> Any:  # noqa: ANN401 -- see _Driver
    fields = sink.model_dump(exclude={"driver"})
    if "username" in fields:
        fields["password"] = password or ""
    if fields.get("ca_file") is not None:
        fields["ca_file"] = str(fields["ca_file"])
    return driver.make_config(**fields)
