"""What may be set for loudspeakers: how each driver reaches its device, and how each one is used.

Holds no secret and opens nothing. A `…Sink` is what the player child is told; a `…Loudspeaker` is
the same together with what the gateway needs beside it.
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, model_validator

from contracts.codec import Id, Name
from edge_agent.secret_files import SecretFile
from edge_agent.strict_yaml import StrictSettings

_TIME_OF_DAY = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)


def _ipv4(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError as error:
        raise ValueError("must be an IPv4 address, like 192.168.1.10") from error


def _address_of(*schemes: str) -> AfterValidator:
    def check(url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must begin with {' or '.join(f'{one}://' for one in schemes)}")
        if "@" in parts.netloc:
            raise ValueError("give username and password_file; an address holds no credentials")
        return url

    return AfterValidator(check)


def _time_of_day(written: object) -> object:
    # Without quotes YAML takes 13:00 for the number 780.
    if written is not None and not _TIME_OF_DAY.fullmatch(str(written)):
        raise ValueError(f"{written!r} is no time of day; write it in quotes, like '03:00'")
    return written


Port = Annotated[int, Field(ge=1, le=65_535)]
Ipv4 = Annotated[str, AfterValidator(_ipv4)]
HttpUrl = Annotated[str, Field(max_length=500), _address_of("http", "https")]
Account = Annotated[str, Field(min_length=1, max_length=200)]
Gain = Annotated[float, Field(ge=-40, le=6)]
"""Decibels."""


class RtpMulticastSink(StrictSettings):
    """Listens to RTP on a multicast group, or on an address of its own."""

    driver: Literal["rtp_multicast"] = "rtp_multicast"
    address: Ipv4
    port: Port
    codec: Literal["pcmu", "pcma", "g722", "opus"] = "pcmu"
    interface: Ipv4 | None = None
    """Address of the local interface to send from; None: the system's choice."""
    ttl: Annotated[int, Field(ge=0, le=255)] = 1


class SipSink(StrictSettings):
    """Is called by SIP and answers by itself."""

    driver: Literal["sip"] = "sip"
    address: Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$")]
    """IPv4 address or host name of the loudspeaker, or of the exchange before it; no `sip:` address."""
    port: Port = 5_060
    user: Name = ""
    """The extension; empty: the device itself."""
    codecs: Annotated[tuple[Literal["pcma", "pcmu"], ...], Field(min_length=1, max_length=2)] = (
        "pcma",
        "pcmu",
    )
    """The preferred one first."""
    username: Name = ""
    local_address: Ipv4 | None = None
    """None: the system's choice."""
    auto_answer: Literal["call_info", "alert_info", "answer_mode", "none"] = "call_info"
    """How the device is asked to pick up by itself."""


class AlsaSink(StrictSettings):
    """Is an amplifier at this machine's own line out."""

    driver: Literal["alsa"] = "alsa"
    device: Annotated[Name, Field(min_length=1)] = "default"
    """As `aplay -L` names it."""
    sample_rate_hz: Literal[8_000, 16_000, 32_000, 44_100, 48_000] = 48_000


class OnvifBackchannelSink(StrictSettings):
    """Is the loudspeaker of a camera, spoken to through its RTSP address."""

    driver: Literal["onvif_backchannel"] = "onvif_backchannel"
    url: Annotated[str, Field(max_length=500), _address_of("rtsp")]
    username: Name = ""


class HttpPullSink(StrictSettings):
    """Fetches an endless stream from this gateway."""

    driver: Literal["http_pull"] = "http_pull"
    bind_address: Ipv4
    """The gateway's address in the loudspeakers' network."""
    port: Port
    path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9._/-]{1,100}$")] = "/loa.mp3"
    """What the loudspeaker is told to fetch: http://BIND_ADDRESS:PORT/PATH."""
    format: Literal["mp3", "opus"] = "mp3"


class AxisVapixSink(StrictSettings):
    """Is a network speaker of Axis."""

    driver: Literal["axis_vapix"] = "axis_vapix"
    url: HttpUrl
    username: Account
    ca_file: SecretFile | None = None
    """None: the system's authorities."""


class HikvisionIsapiSink(StrictSettings):
    """Is a loudspeaker, or a camera with one, of Hikvision."""

    driver: Literal["hikvision_isapi"] = "hikvision_isapi"
    url: HttpUrl
    channel: Annotated[int, Field(ge=1, le=64)] = 1
    username: Account
    ca_file: SecretFile | None = None
    """None: the system's authorities."""


Sink = (
    RtpMulticastSink
    | SipSink
    | AlsaSink
    | OnvifBackchannelSink
    | HttpPullSink
    | AxisVapixSink
    | HikvisionIsapiSink
)
SinkSettings = Annotated[Sink, Field(discriminator="driver")]
SINK: TypeAdapter[Sink] = TypeAdapter(SinkSettings)


class Loudspeaker(StrictSettings):
    """How one loudspeaker is used, whatever its driver."""

    id: Id
    name: Name
    area: Id
    password_file: SecretFile | None = None
    """Belongs to `username`."""
    volume_db: Gain = -6.0
    emergency_volume_db: Gain = 0.0
    cluster: Name | None = None
    """Neighbours that are heard at the same place; clusters may take turns."""
    near_cameras: Annotated[tuple[Id, ...], Field(max_length=50)] | None = None
    """Whose microphones can hear it; None: the cameras that name this loudspeaker."""
    self_test_at: Annotated[str | None, BeforeValidator(_time_of_day)] = None
    """When a short tone is played every night, in the gateway's time zone; None: only on order."""

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        faults = list(self._faults())
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterable[str]:
        username = getattr(self, "username", None)
        if username is None and self.password_file is not None:
            yield "this driver knows no account; leave password_file out"
        if username is not None and bool(username) != (self.password_file is not None):
            yield "username and password_file belong together"
        if self.emergency_volume_db < self.volume_db:
            yield "emergency_volume_db is below volume_db: an emergency would be the quieter one"

    @property
    def sink(self) -> Sink:
        """What the driver needs to know, the password left out."""
        own = {name: value for name, value in self if name not in Loudspeaker.model_fields}
        return SINK.validate_python(own)


class RtpMulticastLoudspeaker(Loudspeaker, RtpMulticastSink):
    """Reached by `rtp_multicast`."""


class SipLoudspeaker(Loudspeaker, SipSink):
    """Reached by `sip`."""


class AlsaLoudspeaker(Loudspeaker, AlsaSink):
    """Reached by `alsa`."""


class OnvifBackchannelLoudspeaker(Loudspeaker, OnvifBackchannelSink):
    """Reached by `onvif_backchannel`."""


class HttpPullLoudspeaker(Loudspeaker, HttpPullSink):
    """Reached by `http_pull`."""


class AxisVapixLoudspeaker(Loudspeaker, AxisVapixSink):
    """Reached by `axis_vapix`."""


class HikvisionIsapiLoudspeaker(Loudspeaker, HikvisionIsapiSink):
    """Reached by `hikvision_isapi`."""


LoudspeakerSettings = Annotated[
    RtpMulticastLoudspeaker
    | SipLoudspeaker
    | AlsaLoudspeaker
    | OnvifBackchannelLoudspeaker
    | HttpPullLoudspeaker
    | AxisVapixLoudspeaker
    | HikvisionIsapiLoudspeaker,
    Field(discriminator="driver"),
]
"""One loudspeaker of gateway.yaml; `driver` decides which keys it has."""
