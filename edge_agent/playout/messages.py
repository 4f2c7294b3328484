"""What the agent and its player child say to each other, one JSON object per line; pure."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RtpMulticastSink(_Line):
    """A loudspeaker that listens to G.711 RTP on a multicast (or unicast) address."""

    driver: Literal["rtp_multicast"] = "rtp_multicast"
    address: str
    port: Annotated[int, Field(ge=1, le=65535)]
    codec: Literal["pcmu", "pcma"] = "pcmu"
    interface: str | None = None
    """Address of the local interface to send from; None: the system's choice."""
    ttl: Annotated[int, Field(ge=0, le=255)] = 1


Sink = RtpMulticastSink


class Install(_Line):
    """Make a loudspeaker known under its id, or change it."""

    do: Literal["install"] = "install"
    loudspeaker_id: str
    sink: Sink


class Play(_Line):
    """Play one audio file on one loudspeaker; progress follows as `Progress`."""

    do: Literal["play"] = "play"
    broadcast_id: str
    loudspeaker_id: str
    audio_path: str
    """A complete, verified file (Opus in Ogg, 48 kHz mono)."""
    priority: Literal["routine", "priority", "emergency"]
    start_at_s: float | None = None
    """Instant of the machine's monotonic clock to start at; None: at once."""
    expires_at_s: float | None = None
    """Monotonic instant after which it must not start any more."""


class Stop(_Line):
    """Stop a broadcast, on one loudspeaker or on all of them (None)."""

    do: Literal["stop"] = "stop"
    broadcast_id: str | None = None
    loudspeaker_id: str | None = None


Order = Annotated[Install | Play | Stop, Field(discriminator="do")]


class Progress(_Line):
    """One step of one broadcast on one loudspeaker.

    `started`, then exactly one of `finished`, `failed`, `preempted`, `stopped`, `expired`;
    the last two and `failed` also without `started`.
    """

    say: Literal["progress"] = "progress"
    broadcast_id: str
    loudspeaker_id: str
    state: Literal["started", "finished", "failed", "preempted", "stopped", "expired"]
    at_s: float
    """Seconds of `time.monotonic`."""
    seconds_sent: float = 0.0
    """Audio really handed to the network."""
    underruns: int = 0
    """Frames sent more than 20 ms late."""
    lateness_p99_ms: float = 0.0
    detail: str = ""
    """Why it failed, for the technician."""


class SinkFault(_Line):
    """A loudspeaker's sink cannot be used (`fault`) or works again (None)."""

    say: Literal["sink_fault"] = "sink_fault"
    loudspeaker_id: str
    at_s: float
    fault: str | None


Report = Annotated[Progress | SinkFault, Field(discriminator="say")]

ORDER: TypeAdapter[Install | Play | Stop] = TypeAdapter(Order)
REPORT: TypeAdapter[Progress | SinkFault] = TypeAdapter(Report)
