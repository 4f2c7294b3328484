"""Which events make, feed and end which alarms: the rules as data and one decision; pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from contracts.envelope import Event
from contracts.events import (
    BroadcastProgress,
    BroadcastState,
    CameraDegraded,
    CameraRecovered,
    CrowdingEnded,
    CrowdingStarted,
    DeviceDown,
    DeviceUp,
    EventData,
    IntrusionEnded,
    IntrusionStarted,
    LitteringCleared,
    LitteringConfirmed,
    LitteringFixture,
    LitteringReclaimed,
    LoiteringEnded,
    LoiteringStarted,
    OutboxGap,
)

Facts = dict[str, Any]
"""What the page shows beside the alarm; JSON values."""


class AlarmKind(StrEnum):
    """What may need a person's answer."""

    LITTERING = "littering"
    INTRUSION = "intrusion"
    LOITERING = "loitering"
    CROWDING = "crowding"
    CAMERA_DEGRADED = "camera_degraded"
    DEVICE_DOWN = "device_down"
    BROADCAST_FAILED = "broadcast_failed"
    OUTBOX_GAP = "outbox_gap"
    GATEWAY_DOWN = "gateway_down"
    GATEWAY_FORKED = "gateway_forked"
    """Two devices send under one gateway's name, or one was put back to an earlier state."""
    GATEWAY_FLOODING = "gateway_flooding"
    """A gateway has so many open alarms that no more of it are opened; facts: see `ceiling`."""
    POWER_CUT = "power_cut"
    """Most gateways of one supply of electricity are away at once."""
    BACKUP_FAILED = "backup_failed"
    """The centre has no backup of the last day; facts: `backup_fault`, `folder`, `last_good_at`."""
    RULE = "rule"
    """A rule of the commune's own; facts: `rule_id`, `name`; its raise brings the priority."""


class Priority(StrEnum):
    """How soon a person must answer."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How one kind of alarm behaves."""

    priority: Priority
    latched: bool = False
    """Ends only by an operator: its condition cannot be seen to end."""
    mistakable: bool = False
    """A machine judged what it saw: an operator may call it a false alarm."""


RULES: Mapping[AlarmKind, Rule] = MappingProxyType(
    {
        AlarmKind.LITTERING: Rule(priority=Priority.HIGH, mistakable=True),
        AlarmKind.INTRUSION: Rule(priority=Priority.HIGH, mistakable=True),
        AlarmKind.LOITERING: Rule(priority=Priority.MEDIUM, mistakable=True),
        AlarmKind.CROWDING: Rule(priority=Priority.MEDIUM, mistakable=True),
        AlarmKind.CAMERA_DEGRADED: Rule(priority=Priority.MEDIUM, mistakable=True),
        AlarmKind.DEVICE_DOWN: Rule(priority=Priority.MEDIUM),
        AlarmKind.BROADCAST_FAILED: Rule(priority=Priority.HIGH),
        AlarmKind.OUTBOX_GAP: Rule(priority=Priority.MEDIUM, latched=True),
        AlarmKind.GATEWAY_DOWN: Rule(priority=Priority.HIGH),
        AlarmKind.GATEWAY_FORKED: Rule(priority=Priority.HIGH, latched=True),
        AlarmKind.GATEWAY_FLOODING: Rule(priority=Priority.HIGH),
        AlarmKind.POWER_CUT: Rule(priority=Priority.HIGH),
        AlarmKind.BACKUP_FAILED: Rule(priority=Priority.MEDIUM),
        AlarmKind.RULE: Rule(priority=Priority.MEDIUM),
    }
)


@dataclass(frozen=True, kw_only=True)
class Raise:
    """A condition is there: one alarm per kind, gateway and object."""

    kind: AlarmKind
    object_id: str
    device_id: str | None
    part_id: str = ""
    """What within the object: another part calls again, the same one adds evidence."""
    facts: Facts = field(default_factory=dict)
    priority: Priority | None = None
    """None: as its kind."""


@dataclass(frozen=True, kw_only=True)
class Return:
    """A condition, or one part of it, is over."""

    kind: AlarmKind
    object_id: str
    part_id: str = ""
    outcome: str = ""
    """How it ended, for the log."""


Effect = Raise | Return


def decide_effect(event: Event) -> Effect | None:
    """Return what an event does to alarms, None for nothing.

    Broadcast progress needs the broadcast's text: see `decide_broadcast_effect`.
    """
    device_id = event.device_id or ""
    match event.data:
        case DeviceDown() as down:
            return _down(device_id, down)
        case DeviceUp():
            return Return(kind=AlarmKind.DEVICE_DOWN, object_id=device_id, outcome="up")
        case OutboxGap() as gap:
            return _gap(event.event_id, gap)
        case CameraDegraded() as worse:
            return _degraded(device_id, worse)
        case CameraRecovered(condition=condition):
            return Return(
                kind=AlarmKind.CAMERA_DEGRADED,
                object_id=device_id,
                part_id=str(condition),
                outcome="recovered",
            )
        case _:
            return _littering(device_id, event.data) or _presence(device_id, event.data)


def decide_broadcast_effect(
    progress: BroadcastProgress, *, device_id: str, text: str
) -> Effect | None:
    """Return what one loudspeaker's progress with a broadcast of `text` does to alarms.

    A repeat is another broadcast of the same text, so the alarm hangs on loudspeaker and text.
    """
    if progress.state in (BroadcastState.FAILED, BroadcastState.EXPIRED):
        return broadcast_failed(
            device_id=device_id,
            broadcast_id=progress.broadcast_id,
            text=text,
            reason=str(progress.state),
            detail=progress.detail,
        )
    if progress.state is BroadcastState.FINISHED:
        return Return(
            kind=AlarmKind.BROADCAST_FAILED,
            object_id=broadcast_object_id(device_id, text),
            outcome="repeated",
        )
    return None


def broadcast_failed(
    *, device_id: str, broadcast_id: str, text: str, reason: str, detail: str = ""
) -> Raise:
    """Return the alarm that a loudspeaker did not speak a text; `reason`: failed or expired."""
    return Raise(
        kind=AlarmKind.BROADCAST_FAILED,
        object_id=broadcast_object_id(device_id, text),
        device_id=device_id,
        part_id=broadcast_id,
        facts={
            "broadcast_id": broadcast_id,
            "text": text,
            "reason": reason,
            "detail": detail,
        },
    )


def broadcast_object_id(device_id: str, text: str) -> str:
    """Return the object of a failed broadcast: this text on this loudspeaker, ≤80 characters."""
    return f"{device_id}/{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def presence_object_id(device_id: str, zone: str) -> str:
    """Return the object of presence in a zone: this zone of this camera, ≤80 characters."""
    return f"{device_id}/{hashlib.sha256(zone.encode()).hexdigest()[:16]}"


def _littering(device_id: str, sighting: EventData) -> Effect | None:
    match sighting:
        case LitteringConfirmed() as left:
            return Raise(
                kind=AlarmKind.LITTERING,
                object_id=device_id,
                device_id=device_id,
                part_id=left.object_id,
                # The path is long, and lists do not show it: it stays with the event.
                facts=left.model_dump(mode="json", exclude={"pictures", "object_id", "path"}),
            )
        case LitteringCleared(object_id=part_id):
            return _gone(device_id, part_id, "cleared")
        case LitteringReclaimed(object_id=part_id):
            return _gone(device_id, part_id, "reclaimed")
        case LitteringFixture(object_id=part_id, fixture_id=None):
            return _gone(device_id, part_id, "fixture")
        case _:
            return None


def _presence(device_id: str, sighting: EventData) -> Effect | None:
    match sighting:
        case IntrusionStarted() | IntrusionEnded():
            kind = AlarmKind.INTRUSION
        case LoiteringStarted() | LoiteringEnded():
            kind = AlarmKind.LOITERING
        case CrowdingStarted() | CrowdingEnded():
            kind = AlarmKind.CROWDING
        case _:
            return None
    object_id = presence_object_id(device_id, sighting.zone)
    if isinstance(sighting, IntrusionEnded | LoiteringEnded | CrowdingEnded):
        return Return(kind=kind, object_id=object_id, part_id=sighting.object_id, outcome="left")
    return Raise(
        kind=kind,
        object_id=object_id,
        device_id=device_id,
        part_id=sighting.object_id,
        facts=sighting.model_dump(mode="json", exclude={"pictures", "object_id"}),
    )


def _degraded(device_id: str, worse: CameraDegraded) -> Raise:
    condition = str(worse.condition)
    return Raise(
        kind=AlarmKind.CAMERA_DEGRADED,
        object_id=device_id,
        device_id=device_id,
        part_id=condition,
        facts={f"detail_{condition}": worse.detail},
    )


def _gone(device_id: str, part_id: str, outcome: str) -> Return:
    return Return(kind=AlarmKind.LITTERING, object_id=device_id, part_id=part_id, outcome=outcome)


def _down(device_id: str, down: DeviceDown) -> Raise:
    return Raise(
        kind=AlarmKind.DEVICE_DOWN,
        object_id=device_id,
        device_id=device_id,
        facts=down.model_dump(mode="json"),
    )


def _gap(event_id: str, gap: OutboxGap) -> Raise:
    # Each gap is another loss, so each is a part of its own and calls again.
    return Raise(
        kind=AlarmKind.OUTBOX_GAP,
        object_id="outbox",
        device_id=None,
        part_id=event_id,
        facts=gap.model_dump(mode="json", exclude={"ranges", "epoch"}),
    )
