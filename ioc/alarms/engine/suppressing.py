"""Weighs what speaks against calling people for an alarm; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ioc.alarms.engine.policy import Policies
from ioc.alarms.engine.standing import Suppression
from ioc.alarms.rules import AlarmKind, Priority


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What speaks against a call, and what slows it."""

    suppression: Suppression = Suppression.NONE
    until: datetime | None = None
    cause_id: str | None = None
    note: str = ""
    """For the log: which kind of alarm, schedule or flood it was."""
    unreachable: bool = False
    """Its gateway is away: the service clocks stand still."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The alarm that would call."""

    alarm_id: str
    kind: AlarmKind
    priority: Priority
    gateway_id: str
    object_id: str
    device_id: str | None
    area_id: str


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """What a person has put aside or taken out of service; None: whichever."""

    suppression: Suppression
    until: datetime
    kind: str | None
    object_id: str | None
    device_id: str | None

    def covers(self, subject: Subject) -> bool:
        """Tell whether it holds for an alarm of its gateway."""
        if self.suppression is Suppression.OUT_OF_SERVICE:
            return self.device_id is None or self.device_id == subject.device_id
        return (self.kind, self.object_id) == (subject.kind, subject.object_id)


@dataclass(frozen=True, kw_only=True)
class OpenCause:
    """An active alarm that may explain others."""

    alarm_id: str
    kind: AlarmKind
    place: str


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the centre knows at the moment of a call."""

    shelves: Sequence[Shelf] = ()
    causes: Sequence[OpenCause] = ()
    recent_calls: int = 0
    """In the last ten minutes, before this one."""
    head_id: str | None = None
    """The alarm that stands for a flood of the like in this area."""


def is_flood(recent_calls: int, policies: Policies) -> bool:
    """Tell whether more alarms call than one person can answer: ten in ten minutes by ISA-18.2."""
    return recent_calls >= policies.limits.flood_calls


def weigh(
    subject: Subject, surroundings: Surroundings, *, at: datetime, policies: Policies
) -> Circumstances:
    """Return what speaks against the call; what a person has decided weighs most."""
    unreachable = any(cause.place == subject.gateway_id for cause in surroundings.causes)
    circumstances = (
        _put_aside(subject, surroundings.shelves, at)
        or _explained(subject, surroundings.causes, policies)
        or _expected(subject, at, policies)
        or _gathered(subject, surroundings, policies)
        or Circumstances()
    )
    waits = unreachable and waits_for_gateway(subject.kind, subject.priority)
    return replace(circumstances, unreachable=waits)


def waits_for_gateway(kind: AlarmKind, priority: Priority) -> bool:
    """Tell whether the service clocks of an alarm stand still while its gateway is away.

    Not those of its absence, and not of emergencies and intruders: whoever cuts a gateway's line
    must not thereby keep the next person from being called.
    """
    return priority is not Priority.CRITICAL and kind not in _SEEN_TO_ANYHOW


_SEEN_TO_ANYHOW = (AlarmKind.GATEWAY_DOWN, AlarmKind.POWER_CUT, AlarmKind.INTRUSION)


def _put_aside(subject: Subject, shelves: Sequence[Shelf], at: datetime) -> Circumstances | None:
    holding = [shelf for shelf in shelves if shelf.until > at and shelf.covers(subject)]
    if not holding:
        return None
    strongest = max(holding, key=lambda s: (s.suppression is Suppression.OUT_OF_SERVICE, s.until))
    return Circumstances(suppression=strongest.suppression, until=strongest.until)


def _explained(
    subject: Subject, causes: Sequence[OpenCause], policies: Policies
) -> Circumstances | None:
    """The farthest cause stands for all: one power cut, not one row per gateway."""
    places = policies.causes.explains(
        subject.kind,
        gateway_id=subject.gateway_id,
        object_id=subject.object_id,
        device_id=subject.device_id,
    )
    by_place = {cause.place: cause for cause in causes if cause.alarm_id != subject.alarm_id}
    for place in reversed(places):
        if cause := by_place.get(place):
            return Circumstances(
                suppression=Suppression.BY_DESIGN, cause_id=cause.alarm_id, note=str(cause.kind)
            )
    return None


def _expected(subject: Subject, at: datetime, policies: Policies) -> Circumstances | None:
    if subject.priority is Priority.CRITICAL:
        return None
    for schedule in policies.schedules:
        if not schedule.expects(subject.kind, area_id=subject.area_id, device_id=subject.device_id):
            continue
        if until := schedule.holds_until(at, policies.zone):
            return Circumstances(suppression=Suppression.BY_DESIGN, until=until, note=schedule.name)
    return None


def _gathered(
    subject: Subject, surroundings: Surroundings, policies: Policies
) -> Circumstances | None:
    """In a flood equipment of one kind in one area is one row; what people do always calls."""
    if not policies.of(subject.kind).grouped or subject.priority is Priority.CRITICAL:
        return None
    if surroundings.head_id is None or not is_flood(surroundings.recent_calls, policies):
        return None
    return Circumstances(
        suppression=Suppression.BY_DESIGN, cause_id=surroundings.head_id, note="flood"
    )
