"""Roster, hand-overs and assignments as the JSON interface takes and answers them."""

import re
from datetime import date, datetime, time
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from ioc.alarms.handling.commenting import LONGEST_COMMENT
from ioc.duty.handovers import LONGEST_NOTE, Handover, Takeover
from ioc.duty.roster import Crew, Shift
from ioc.duty.standing import KINDS, Changes, Line, Standing
from ioc.web.api.shapes import Shape, Text
from ioc.web.reading.duty import DutyNow, Named

DayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[DayName, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = re.compile(r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")

Hour = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Login = Annotated[Text, Field(min_length=1, max_length=63)]
AreaId = Annotated[Text, Field(min_length=1, max_length=63)]
Note = Annotated[Text, StringConstraints(strip_whitespace=True, max_length=LONGEST_NOTE)]


def _read_day(written: object) -> object:
    if not isinstance(written, str) or not _DAY.fullmatch(written):
        raise PydanticCustomError("day", "write it as 2026-11-22, 2000 to 2099")
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise PydanticCustomError("day", "there is no such day") from error


Day = Annotated[
    date,
    BeforeValidator(_read_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": _DAY.pattern}),
]


class NewShift(Shape):
    """Hours of an area: on `days` of every week, or from `first_day` to `last_day`."""

    area_id: AreaId
    begins: Hour
    ends: Hour
    """Not after `begins`: on the next day."""
    days: Annotated[tuple[DayName, ...], Field(max_length=7)] = ()
    first_day: Day | None = None
    last_day: Day | None = None
    person: Login | None = None
    deputy: Login | None = None
    leader: Login | None = None

    @property
    def shift(self) -> Shift:
        """The shift as the roster takes it."""
        return Shift(
            area_id=self.area_id,
            begins=time.fromisoformat(self.begins),
            ends=time.fromisoformat(self.ends),
            days=frozenset(DAYS.index(day) for day in self.days),
            first_day=self.first_day,
            last_day=self.last_day,
            crew=Crew(person=self.person, deputy=self.deputy, leader=self.leader),
        )


class ShiftShape(Shape):
    """A shift of the roster; a dated one stands instead of the weekly ones in its hours."""

    number: int
    area_id: str
    begins: str
    ends: str
    days: list[DayName]
    first_day: date | None
    last_day: date | None
    person: str | None
    deputy: str | None
    leader: str | None

    @classmethod
    def of(cls, shift: Shift) -> Self:
        """Return the shift as answered."""
        return cls(
            number=shift.number,
            area_id=shift.area_id,
            begins=f"{shift.begins:%H:%M}",
            ends=f"{shift.ends:%H:%M}",
            days=[DAYS[day] for day in sorted(shift.days)],
            first_day=shift.first_day,
            last_day=shift.last_day,
            person=shift.crew.person,
            deputy=shift.crew.deputy,
            leader=shift.crew.leader,
        )


class NamedShape(Shape):
    """A person."""

    login: str
    name: str

    @classmethod
    def of(cls, named: Named | None) -> Self | None:
        """Return the person as answered."""
        return None if named is None else cls(login=named.login, name=named.name)


class DutyShape(Shape):
    """Who is on duty for an area now; nobody at all: everybody who may answer is called."""

    area_id: str
    person: NamedShape | None
    deputy: NamedShape | None
    leader: NamedShape | None
    until: datetime | None
    """When the first of their hours end."""
    waiting_for: int | None
    """The hand-over that nobody has taken over yet."""

    @classmethod
    def of(cls, duty: DutyNow) -> Self:
        """Return it as answered."""
        return cls(
            area_id=duty.area_id,
            person=NamedShape.of(duty.person),
            deputy=NamedShape.of(duty.deputy),
            leader=NamedShape.of(duty.leader),
            until=duty.until,
            waiting_for=duty.waiting_for,
        )


class LineShape(Shape):
    """One thing of which the next shift must know."""

    subject_id: str
    vi: str
    en: str
    priority: str

    @classmethod
    def of(cls, line: Line) -> Self:
        """Return it as answered."""
        return cls.model_validate(line)


class PileShape(Shape):
    """Things of one kind; `more` were counted and not written down."""

    lines: list[LineShape]
    more: int


Piles = dict[str, PileShape]


def piles_of(standing: Standing) -> Piles:
    """Return a standing as answered: open, shelved, out_of_service, broken, undelivered."""
    return {
        kind: PileShape(
            lines=[LineShape.of(line) for line in standing.lines[kind]], more=standing.more[kind]
        )
        for kind in KINDS
    }


class NewHandover(Shape):
    """What the one who leaves, or the one who comes, writes down."""

    note: Note = ""


class ChangesShape(Shape):
    """What came and went between handing over and taking over, by kind."""

    come: dict[str, list[LineShape]]
    gone: dict[str, list[LineShape]]

    @classmethod
    def of(cls, changes: Changes) -> Self:
        """Return them as answered."""
        return cls(
            come={kind: [LineShape.of(each) for each in changes.come[kind]] for kind in KINDS},
            gone={kind: [LineShape.of(each) for each in changes.gone[kind]] for kind in KINDS},
        )


class TakeoverShape(Shape):
    """Who has accepted a shift, and what stood by then."""

    at: datetime
    login: str
    name: str
    note: str
    standing: Piles
    changes: ChangesShape

    @classmethod
    def of(cls, takeover: Takeover, changes: Changes) -> Self:
        """Return it as answered."""
        return cls(
            at=takeover.at,
            login=takeover.login,
            name=takeover.name,
            note=takeover.note,
            standing=piles_of(takeover.standing),
            changes=ChangesShape.of(changes),
        )


class HandoverShape(Shape):
    """One page of the duty log."""

    number: int
    area_id: str
    at: datetime
    login: str
    name: str
    note: str
    standing: Piles
    takeover: TakeoverShape | None

    @classmethod
    def of(cls, handover: Handover) -> Self:
        """Return it as answered."""
        takeover, changes = handover.takeover, handover.changes
        return cls(
            number=handover.number,
            area_id=handover.area_id,
            at=handover.at,
            login=handover.login,
            name=handover.name,
            note=handover.note,
            standing=piles_of(handover.standing),
            takeover=TakeoverShape.of(takeover, changes) if takeover and changes else None,
        )


class Taking(Shape):
    """From whom an alarm is taken; null: nobody has it in hand."""

    instead_of: Login | None = None


class Assignment(Taking):
    """To whom an alarm is given; null: to nobody."""

    login: Login | None


class NewComment(Shape):
    """What somebody writes about an alarm."""

    text: Annotated[
        Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_COMMENT)
    ]


class CandidateShape(NamedShape):
    """Somebody who may have an alarm in hand."""

    role: str
