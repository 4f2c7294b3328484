"""Whether a talk-down is spoken at a sighting, and which words; pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self

from contracts.commands import Audio, Cause, TalkDown
from contracts.events import WithheldReason
from edge_agent.cameras.hours import Hours
from edge_agent.timekeeping import Moment

LATE_S = 10.0
"""What was told so long after it was certain is no answer to anybody any more."""


@dataclass(frozen=True, kw_only=True)
class Incident:
    """A sighting that talk-downs may answer."""

    cause: Cause
    camera_id: str
    zone: str
    object_id: str
    moment: Moment
    """When it was certain."""
    is_in_sight: bool
    """Whether the person is there to be spoken to, as far as is known."""


@dataclass(frozen=True, kw_only=True)
class History:
    """What one talk-down has said so far."""

    last: Moment | None = None
    day: date | None = None
    count: int = 0
    """On `day`."""

    def on(self, day: date) -> int:
        """Return how often it was said on a day."""
        return self.count if day == self.day else 0

    def spoken(self, moment: Moment, day: date | None) -> Self:
        """Return the history with one more; with an unknown day it counts for the last one."""
        day = self.day if day is None else day
        count = self.on(day) if day is not None else self.count
        return replace(self, last=moment, day=day, count=count + 1)


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """What is said, and how loud."""

    audio: Audio
    gain_db: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Present:
    """The present, on the machine's clocks and on the wall's."""

    moment: Moment
    local: datetime | None
    """In the gateway's time zone; None: nobody knows the time."""


def find_answers(talk_downs: Iterable[TalkDown], incident: Incident) -> tuple[TalkDown, ...]:
    """Return the talk-downs that answer an incident: those of its zone before the camera's."""
    of_camera = [
        one
        for one in talk_downs
        if one.camera_id == incident.camera_id and incident.cause in one.causes
    ]
    of_zone = tuple(one for one in of_camera if one.zone == incident.zone)
    return of_zone or tuple(one for one in of_camera if one.zone is None)


def decide(
    talk_down: TalkDown, incident: Incident, history: History, present: Present
) -> Utterance | WithheldReason:
    """Return what is said, or why nothing is."""
    if present.moment.monotonic_s - incident.moment.monotonic_s > LATE_S:
        return WithheldReason.TOO_LATE
    if present.local is None:
        return WithheldReason.CLOCK_UNKNOWN
    objection = _object(talk_down, history, present.moment, present.local)
    if objection is not None:
        return objection
    if is_within((talk_down.night,), present.local):
        audio = talk_down.night_audio or talk_down.audio
        return Utterance(audio=audio, gain_db=talk_down.night_volume_db)
    return Utterance(audio=talk_down.audio)


def _object(
    talk_down: TalkDown, history: History, now: Moment, local: datetime
) -> WithheldReason | None:
    if talk_down.hours and not is_within(talk_down.hours, local):
        return WithheldReason.HOURS
    if history.on(local.date()) >= talk_down.daily_limit:
        return WithheldReason.DAILY_LIMIT
    if _rested_s(history, now) < talk_down.cool_down_s:
        return WithheldReason.COOL_DOWN
    return None


def is_within(hours: Iterable[str], local: datetime) -> bool:
    """Tell whether a local time is within one of the hours.

    Raises:
        ValueError: they are no hours.
    """
    minute = local.hour * 60 + local.minute
    return any(Hours.parse(text).contains(minute) for text in hours)


def _rested_s(history: History, now: Moment) -> float:
    """Seconds since it was said last; a wall clock that went back since then says nothing."""
    last = history.last
    if last is None:
        return float("inf")
    if last.boot_id == now.boot_id:
        return now.monotonic_s - last.monotonic_s
    rested_s = (now.occurred_at - last.occurred_at).total_seconds()
    return rested_s if rested_s >= 0 else float("inf")
