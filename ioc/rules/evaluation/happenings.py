"""What goes into the evaluation of rules and what comes out of it; pure."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from ioc.rules.language.document import RuleShape, Same

_LONGEST_OBJECT = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where something happened; `device_id` empty: at the gateway itself."""

    gateway_id: str
    device_id: str = ""
    area_id: str

    def subject(self, same: Same) -> str:
        """Return what a rule counts as one: this device, gateway, area, or the commune ("")."""
        match same:
            case "device":
                return f"{self.gateway_id}/{self.device_id}"
            case "gateway":
                return self.gateway_id
            case "area":
                return self.area_id
            case "commune":
                return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One event, or one firing of a rule, as rules see it."""

    event_id: str
    kind: str
    occurred_at: datetime
    place: Place
    fields: object
    """Has the event's fields as attributes."""
    late: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Why:
    """Why a rule has fired, for people."""

    vi: str
    en: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Firing:
    """A rule's condition is there."""

    rule: RuleShape
    subject: str
    happening: Happening
    """What completed it."""
    why: Why
    behind: tuple[str, ...] = ()
    """The events that may have pictures among those that made it, the oldest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """A rule's condition is over, if it was there."""

    rule: RuleShape
    subject: str
    happening: Happening


def object_id(rule_id: str, subject: str) -> str:
    """Return the object of a rule's alarm: this rule at this subject, ≤80 characters."""
    plain = f"{rule_id}/{subject}"
    if len(plain) <= _LONGEST_OBJECT:
        return plain
    return f"{rule_id}/{hashlib.sha256(subject.encode()).hexdigest()[:16]}"
