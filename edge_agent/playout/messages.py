"""What the agent and its player child say to each other, one JSON object per line; pure."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from edge_agent.loudspeakers.settings import SinkSettings


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Install(_Line):
    """Make a loudspeaker known under its id, or change it."""

    do: Literal["install"] = "install"
    loudspeaker_id: str
    sink: SinkSettings
    password: str | None = Field(default=None, repr=False)
    """Of the account that `sink` names; travels through a pipe only, and is never logged."""
    volume_db: float = 0.0
    emergency_volume_db: float = 0.0
    loudness_lufs: float = -16.0
    """How loud every audio is made before the volume (EBU R128)."""


class _Broadcast(_Line):
    """What a file and a live stream have in common; progress follows as `Progress`."""

    broadcast_id: str
    loudspeaker_id: str
    priority: Literal["routine", "priority", "emergency"]
    level: Literal["hamlet", "commune", "province", "central"] = "commune"
    """Whose it is: of two that wait with one priority the higher authority speaks first."""
    kind: Literal["broadcast", "talk_down", "self_test"] = "broadcast"
    """A self-test gives way to everything, whatever its priority."""
    when_interrupted: Literal["drop", "resume"] = "drop"
    start_at_s: float | None = None
    """Instant of the machine's monotonic clock to start at; None: at once."""
    expires_at_s: float | None = None
    """Monotonic instant after which it must not start any more."""
    gain_db: float = 0.0
    """Added to the loudspeaker's volume."""


class Play(_Broadcast):
    """Play one audio file on one loudspeaker."""

    do: Literal["play"] = "play"
    audio_path: str
    """A complete, verified file (Opus in Ogg, 48 kHz mono)."""


class Relay(_Broadcast):
    """Pass a live stream on to one loudspeaker for a while."""

    do: Literal["relay"] = "relay"
    stream_url: Annotated[str, Field(pattern=r"^https?://", repr=False)]
    """May hold an account of the stream's server: it is never logged."""
    duration_s: Annotated[float, Field(gt=0)]
    """From `start_at_s` on, interruptions included."""


class Stop(_Line):
    """Stop a broadcast, on one loudspeaker or on all of them (None)."""

    do: Literal["stop"] = "stop"
    broadcast_id: str | None = None
    loudspeaker_id: str | None = None


Order = Annotated[Install | Play | Relay | Stop, Field(discriminator="do")]


class Progress(_Line):
    """One step of one broadcast on one loudspeaker.

    `started`, then `interrupted` and `resumed` in turn, then exactly one of `finished`, `failed`,
    `preempted`, `stopped`, `expired`; the last two and `failed` also without `started`.
    """

    say: Literal["progress"] = "progress"
    broadcast_id: str
    loudspeaker_id: str
    state: Literal[
        "started",
        "interrupted",
        "resumed",
        "finished",
        "failed",
        "preempted",
        "stopped",
        "expired",
    ]
    at_s: float
    """Seconds of `time.monotonic`."""
    seconds_sent: float = 0.0
    """Audio really handed to the loudspeaker so far, interruptions left out."""
    underruns: int = 0
    """Frames sent more than 20 ms late, or silent because a stream gave nothing."""
    lateness_p99_ms: float = 0.0
    detail: str = ""
    """Why it failed, or what was lost of it, for the technician."""


FaultReason = Literal["unreachable", "auth_failed", "busy", "configuration"]


class SinkFault(_Line):
    """A loudspeaker's sink cannot be used (`fault`) or works again (None)."""

    say: Literal["sink_fault"] = "sink_fault"
    loudspeaker_id: str
    at_s: float
    fault: str | None
    reason: FaultReason = "unreachable"
    """Who must act; without meaning where `fault` is None."""


Report = Annotated[Progress | SinkFault, Field(discriminator="say")]

ORDER: TypeAdapter[Install | Play | Relay | Stop] = TypeAdapter(Order)
REPORT: TypeAdapter[Progress | SinkFault] = TypeAdapter(Report)
