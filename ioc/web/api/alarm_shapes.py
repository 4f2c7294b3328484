"""Alarms as the JSON interface answers them; the values' meaning is the store's."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from ioc.alarms.answers import FalseReason
from ioc.alarms.handling.together import LONGEST_REASON, MOST, Deed, Left, Together
from ioc.alarms.suppression.spans import Span
from ioc.web.api.shapes import Instant, Shape, Text, not_text
from ioc.web.reading.alarms import AlarmView, Transition
from ioc.web.reading.evidence import Clip, Picture

_GIVEN: JsonValue = {"type": "string"}
_LEFT_OUT: JsonValue = {"type": "null"}
_GREATEST_NUMBER = 2**63 - 1


class PictureShape(Shape):
    """An evidence picture; fetch it at `/api/evidence/{sha256}` once it is stored."""

    sha256: str
    event_id: str
    object_id: str | None
    role: str
    taken_at: datetime
    state: str
    width_px: int
    height_px: int

    @classmethod
    def of(cls, picture: Picture) -> Self:
        """Return the picture as answered."""
        return cls.model_validate(picture)


class ClipShape(Shape):
    """An evidence clip; fetch it at `/api/evidence/{sha256}` once it is stored."""

    sha256: str
    object_id: str | None
    begins_at: datetime
    duration_s: float
    codec: str
    encoded_again: bool
    size_bytes: int
    width_px: int
    height_px: int
    state: str

    @classmethod
    def of(cls, clip: Clip) -> Self:
        """Return the clip as answered."""
        return cls.model_validate(clip)


class FalseMark(Shape):
    """Why an alarm is called false."""

    reason: FalseReason


class FixtureMark(Shape):
    """Which object belongs there, or does no more: a part of the alarm's facts."""

    object_id: Annotated[Text, Field(max_length=36)]


_ONE_OF_BOTH: list[JsonValue] = [
    {"required": ["span"], "properties": {"span": _GIVEN, "until": _LEFT_OUT}},
    {"required": ["until"], "properties": {"until": _GIVEN, "span": _LEFT_OUT}},
]


class PutAside(Shape):
    """Why something is not to call, and how long: a `span`, or an instant with its offset."""

    model_config = ConfigDict(json_schema_extra={"oneOf": _ONE_OF_BOTH})

    reason: Annotated[Text, Field(min_length=1, max_length=300)]
    span: Span | None = None
    until: Instant | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.span is None) == (self.until is None):
            raise ValueError("give either span or until")
        return self


class AlarmShape(Shape):
    """An alarm."""

    alarm_id: str
    kind: str
    gateway_id: str
    device_id: str | None
    object_id: str
    area_id: str
    priority: str
    state: str
    annunciate: bool
    late: bool
    occurred_at: datetime
    last_occurred_at: datetime
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    returned_at: datetime | None
    repeats: int
    latched: bool
    suppression: str
    suppressed_until: datetime | None
    cause_id: str | None
    explains: int
    chattering: bool
    stale: bool
    acknowledge_by: datetime | None
    resolve_by: datetime | None
    paused_at: datetime | None
    escalation_step: int
    assigned_to: str | None
    assigned_name: str | None
    assigned_at: datetime | None
    facts: dict[str, Any]
    pictures: list[PictureShape]
    clips: list[ClipShape]
    spoken: bool

    @classmethod
    def of(cls, alarm: AlarmView) -> Self:
        """Return the alarm as answered."""
        return cls.model_validate(alarm)


class TransitionShape(Shape):
    """One line of an alarm's log."""

    number: int
    at: datetime
    from_state: str | None
    to_state: str
    cause: str
    who: str | None
    note: str | None
    together: int | None

    @classmethod
    def of(cls, step: Transition) -> Self:
        """Return the line as answered."""
        return cls.model_validate(step)


class AlarmList(Shape):
    """Alarms, and how many are not normal per priority; `as_of` for answering them together."""

    alarms: list[AlarmShape]
    counts: dict[str, int]
    as_of: int


_REASON_TO_CLOSE: list[JsonValue] = [
    {"properties": {"deed": {"const": "acknowledge"}}},
    {"properties": {"reason": {"minLength": 1}}, "required": ["reason"]},
]


class AnswerTogether(Shape):
    """Which alarms to answer at once; to close them takes a reason.

    `as_of` of the list that the person saw: what has called anew since is left as it is.
    """

    model_config = ConfigDict(json_schema_extra={"anyOf": _REASON_TO_CLOSE})

    deed: Deed
    alarm_ids: Annotated[
        list[Annotated[Text, Field(max_length=36)]], Field(min_length=1, max_length=MOST)
    ]
    as_of: Annotated[int, Field(ge=0, le=_GREATEST_NUMBER), not_text]
    reason: Annotated[Text, Field(max_length=LONGEST_REASON)] = ""

    @model_validator(mode="after")
    def _closed_for_a_reason(self) -> Self:
        if self.deed == "close" and not self.reason:
            raise ValueError("write why they are closed")
        return self


class LeftAlarm(Shape):
    """An alarm that was left as it is, and why.

    `not_found`, `forbidden`, `pressing` (an emergency or an intrusion: one by one only), `changed`
    (it has called anew), `done` (answered already, or over), `lasts` (it ends by itself).
    """

    alarm_id: str
    why: Left


class AnsweredTogether(Shape):
    """What has become of alarms that were to be answered at once."""

    answered: list[str]
    left: list[LeftAlarm]

    @classmethod
    def of(cls, outcome: Together) -> Self:
        """Return the outcome as answered."""
        left = [LeftAlarm(alarm_id=alarm_id, why=why) for alarm_id, why in outcome.left.items()]
        return cls(answered=list(outcome.answered), left=left)


class AlarmDetail(Shape):
    """An alarm with its log, oldest first."""

    alarm: AlarmShape
    occurred_at_corrected: bool
    history: list[TransitionShape]
