"""What a rules document may hold: the shape of every part, ranges and defaults; pure."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ioc.alarms.rules import Priority

Number = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Operand = bool | float | str
Days = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Same = Literal["device", "gateway", "area", "commune"]
RULE_ID = r"^[a-z0-9][a-z0-9-]{0,39}$"
DAY_S = 86_400.0
LONGEST_S = 7 * DAY_S
"""Of delays and absences; windows are held in memory and end after a day."""

RuleId = Annotated[str, Field(pattern=RULE_ID)]
_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Names = Annotated[tuple[_Name, ...], Field(max_length=500)]
_Delay = Annotated[float, Field(ge=0, le=LONGEST_S)]
_Window = Annotated[float, Field(ge=1, le=DAY_S)]


class Part(BaseModel):
    """A part of the document: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def _spelled_out(written: object) -> object:
    """Take `zone: Cổng` for `{is: Cổng}` and `reason: [a, b]` for `{in: [a, b]}`."""
    if isinstance(written, dict):
        return written
    return {"in": written} if isinstance(written, list) else {"is": written}


class Comparison(Part):
    """What a field of an event must be; several must all hold."""

    equal: Operand | None = Field(default=None, alias="is")
    differs: Operand | None = Field(default=None, alias="is_not")
    among: Annotated[tuple[Operand, ...], Field(max_length=200)] | None = Field(
        default=None, alias="in"
    )
    not_among: Annotated[tuple[Operand, ...], Field(max_length=200)] | None = Field(
        default=None, alias="not_in"
    )
    above: Number | None = None
    below: Number | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    contains: _Name | None = None
    """In a text, whatever its case, or as an item of a list."""


class EventTest(Part):
    """Which events are meant; empty lists mean all."""

    kind: str
    """As contracts call it; its version may be left out."""
    where: dict[str, Annotated[Comparison, BeforeValidator(_spelled_out)]] = {}
    gateways: _Names = ()
    devices: _Names = ()


class Step(Part):
    """One thing of a sequence: an event, or another rule's firing."""

    event: EventTest | None = None
    rule: str | None = None


class Sequence(Part):
    """Steps that happen in their order within a window, at the same place."""

    steps: Annotated[tuple[Step, ...], Field(min_length=2, max_length=5)]
    within_s: _Window
    same: Same = "area"


class SeriesTest(Part):
    """Which series are watched, each for itself; empty lists mean all."""

    metric: str
    gateways: _Names = ()
    devices: _Names = ()


class Band(Part):
    """A limit with a dead-band: the condition begins beyond the limit and ends at `clear_at`."""

    above: Number | None = None
    below: Number | None = None
    clear_at: Number | None = None
    """None: at the limit itself."""


class Rate(Band):
    """How fast a value changes, over the last `over_s`."""

    per: Literal["second", "minute", "hour"] = "minute"
    over_s: Annotated[float, Field(ge=10, le=DAY_S)] = 600.0


class Change(Band):
    """The mean of the last `over_s` against the same hours a week ago, in percent: 50 is half more."""

    over_s: Annotated[float, Field(ge=60, le=DAY_S)] = 3_600.0


class Absence(Part):
    """Nothing was measured for so long, of a series that was measured before."""

    for_s: Annotated[float, Field(ge=30, le=LONGEST_S)]


class RuleShape(Part):
    """One rule: exactly one of `event`, `sequence` and `series`."""

    rule_id: RuleId = Field(alias="id")
    name: _Name
    advice: Annotated[str, Field(max_length=500)] = ""
    """What to do; shown with the alarm."""
    enabled: bool = True
    priority: Priority = Priority.MEDIUM
    areas: _Names = ()
    """With all areas below them; empty: the whole commune."""
    hours: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    """`22:00-05:00`, in the commune's time; empty: always."""
    days: Annotated[tuple[Days, ...], Field(max_length=7)] = ()
    """On which a span of hours begins; empty: every day."""

    event: EventTest | None = None
    times: Annotated[int, Field(ge=1, le=1_000)] = 1
    """So many matching events within `within_s`, at the `same` place."""
    within_s: _Window | None = None
    same: Same = "device"
    sequence: Sequence | None = None
    ends: EventTest | None = None
    """The event, at the same place, that ends what an event or a sequence began."""
    ends_after_s: Annotated[float, Field(ge=10, le=LONGEST_S)] | None = None
    """Or so long without another; where neither is given: `QUIET_S`."""

    series: SeriesTest | None = None
    value: Band | None = None
    rate: Rate | None = None
    change: Change | None = None
    absence: Absence | None = None
    on_delay_s: _Delay = 0.0
    off_delay_s: _Delay = 0.0


QUIET_S = 900.0

MEASURES = ("value", "rate", "change", "absence")
FORMS = ("event", "sequence", "series")
BELONGS = {
    "event": frozenset({"times", "within_s", "same", "ends", "ends_after_s"}),
    "sequence": frozenset({"ends", "ends_after_s"}),
    "series": frozenset({*MEASURES, "on_delay_s", "off_delay_s"}),
}
"""The keys that mean something in one form of rule only."""


class Document(Part):
    """All rules of a commune."""

    rules: Annotated[tuple[RuleShape, ...], Field(max_length=500)] = ()
