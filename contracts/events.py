"""What a gateway reports: one model per event kind, and the registry of kinds; pure."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from contracts.codec import (
    Count,
    Instant,
    Name,
    Seconds,
    Sequence,
    Sha256,
    Share,
    UuidText,
    Wire,
)


class EventData(Wire):
    """The `data` of an event."""


class Picture(Wire):
    """An evidence picture that the gateway will upload under its hash."""

    role: Literal["before", "depositing", "after"]
    sha256: Sha256
    media_type: Literal["image/jpeg"] = "image/jpeg"
    width_px: Annotated[int, Field(gt=0, le=16_384)]
    height_px: Annotated[int, Field(gt=0, le=16_384)]
    size_bytes: Annotated[int, Field(gt=0, le=20_000_000)]
    taken_at: Instant


Pictures = Annotated[tuple[Picture, ...], Field(max_length=12)]
Box = tuple[Share, Share, Share, Share]


class MotionStarted(EventData):
    """Something moves in a zone."""

    zone: Name
    share: Share


class MotionEnded(EventData):
    """Nothing moves in the zone any more."""

    zone: Name
    duration_s: Seconds


class LitteringConfirmed(EventData):
    """An object was left in a no-dumping zone."""

    object_id: UuidText
    zone: Name
    box: Box
    """Left, top, width, height as shares of the picture."""
    deposited_at: Instant
    left_at: Instant | None
    unattended_s: Seconds
    score: Share
    reasons: Annotated[tuple[Name, ...], Field(max_length=20)]
    pictures: Pictures


class LitteringCleared(EventData):
    """Somebody else took the object away."""

    object_id: UuidText
    zone: Name
    pictures: Pictures = ()


class LitteringReclaimed(EventData):
    """Who left the object took it away."""

    object_id: UuidText
    zone: Name
    pictures: Pictures = ()


class DeviceKind(StrEnum):
    """What a device is."""

    CAMERA = "camera"
    LOUDSPEAKER = "loudspeaker"


class DownReason(StrEnum):
    """Why a device cannot be used."""

    UNREACHABLE = "unreachable"
    AUTH_FAILED = "auth_failed"
    STALLED = "stalled"
    UNDECODABLE = "undecodable"
    ENDED = "ended"
    CONFIGURATION = "configuration"


class DeviceDown(EventData):
    """A device cannot be used since `occurred_at`."""

    device_kind: DeviceKind
    reason: DownReason
    detail: Name = ""


class DeviceUp(EventData):
    """A device can be used: for the first time in a run of the gateway, or again."""

    device_kind: DeviceKind
    down_s: Seconds
    """0 the first time."""


class BroadcastState(StrEnum):
    """How far one loudspeaker has come with one broadcast."""

    ACCEPTED = "accepted"
    CACHED = "cached"
    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    PREEMPTED = "preempted"
    STOPPED = "stopped"
    EXPIRED = "expired"


class BroadcastProgress(EventData):
    """One step of one broadcast on the loudspeaker that the event's subject names."""

    broadcast_id: UuidText
    state: BroadcastState
    seconds_sent: Seconds = 0.0
    underruns: Count = 0
    detail: Name = ""


class CommandOutcome(StrEnum):
    """What became of a command."""

    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"


class CommandResult(EventData):
    """The gateway's answer to a command; `command_id` is the topic's where none is readable."""

    command_id: Name
    command_number: Annotated[int, Field(ge=0, lt=2**63)] = 0
    outcome: CommandOutcome
    reason: Name = ""


class OutboxGap(EventData):
    """Events were dropped and will never arrive; the ranges count as committed."""

    epoch: UuidText
    ranges: Annotated[tuple[tuple[Sequence, Sequence], ...], Field(max_length=1_000)]
    events: Count
    telemetry_rows: Count = 0
    reason: Literal["full", "disk_full", "unreadable"]


class EvidenceLost(EventData):
    """A picture announced earlier cannot be delivered."""

    sha256: Sha256
    reason: Name


EVENT_KINDS: dict[str, type[EventData]] = {
    "motion.started.v1": MotionStarted,
    "motion.ended.v1": MotionEnded,
    "littering.confirmed.v1": LitteringConfirmed,
    "littering.cleared.v1": LitteringCleared,
    "littering.reclaimed.v1": LitteringReclaimed,
    "device.down.v1": DeviceDown,
    "device.up.v1": DeviceUp,
    "broadcast.progress.v1": BroadcastProgress,
    "command.result.v1": CommandResult,
    "outbox.gap.v1": OutboxGap,
    "evidence.lost.v1": EvidenceLost,
}
KIND_OF = {model: kind for kind, model in EVENT_KINDS.items()}
