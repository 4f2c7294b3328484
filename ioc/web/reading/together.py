"""Open alarms that may be answered at once, as a person has narrowed them down."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms.handling.together import MOST, is_pressing, newest_line, of_intrusions
from ioc.people import Access
from ioc.store.tables import alarms
from ioc.web.reading.alarms import AWAITING, AlarmView, Tab, belongs_to, in_order, view_of, visible

_HEADS = 6
_LOOKED_AT = 4 * MOST
"""The narrowing by words is done here, not in the database, over no more than this many."""


@dataclass(frozen=True, kw_only=True)
class Narrowing:
    """What the list is narrowed to; empty: not by this."""

    tab: Tab = "attention"
    kind: str = ""
    gateway_id: str = ""
    device_id: str = ""
    head_id: str = ""
    """With all that this alarm explains or gathers, whatever the tab."""
    words: str = ""
    """In the row's heading, accents not needed."""

    @property
    def chosen(self) -> bool:
        """Whether the person has said more than the tab."""
        return bool(self.kind or self.gateway_id or self.device_id or self.head_id or self.words)


@dataclass(frozen=True, kw_only=True)
class Source:
    """How many alarms of one kind come from one device, or from a gateway itself."""

    kind: str
    gateway_id: str
    device_id: str | None
    number: int


@dataclass(frozen=True, kw_only=True)
class Answerable:
    """What a person may answer at once, and what not."""

    alarms: tuple[AlarmView, ...]
    """At most `MOST`."""
    more: int
    """Of the same, beyond those."""
    cut: bool
    """There were too many to look at: more and pressing are at least so many."""
    pressing: int
    """Emergencies and intrusions among what was looked at."""
    as_of: int
    sources: tuple[Source, ...]
    """Of everything on the tab, most first."""
    heads: tuple[tuple[AlarmView, int], ...]
    """What explains or gathers others that wait for an answer, and how many; most first."""


async def read_answerable(
    connection: AsyncConnection,
    access: Access,
    narrowing: Narrowing,
    *,
    heading: Callable[[AlarmView], str],
) -> Answerable:
    """Return the open alarms that a person could answer, most severe first."""
    as_of = await newest_line(connection)
    query = visible(access).where(*_conditions(narrowing)).order_by(*in_order())
    rows = (await connection.execute(query.limit(_LOOKED_AT))).all()
    found = [view for row in rows if access.may_acknowledge((view := view_of(row)).area_id)]
    if narrowing.words:
        wanted = plain(narrowing.words)
        found = [view for view in found if wanted in plain(heading(view))]
    intrusions = await of_intrusions(connection, [v.alarm_id for v in found if v.kind == "rule"])
    free = [
        view
        for view in found
        if not is_pressing(view.kind, view.priority) and view.alarm_id not in intrusions
    ]
    return Answerable(
        alarms=tuple(free[:MOST]),
        more=max(0, len(free) - MOST),
        cut=len(rows) == _LOOKED_AT,
        pressing=len(found) - len(free),
        as_of=as_of,
        sources=await _sources(connection, access, narrowing.tab),
        heads=await _heads(connection, access),
    )


def plain(text: str) -> str:
    """Return text as a search compares it: without accents, đ as d, small letters."""
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return bare.replace("đ", "d").replace("Đ", "d").casefold().strip()


def _open() -> ColumnElement[bool]:
    """Something is left for a person to do: to answer, or to close what does not end by itself."""
    return or_(
        alarms.c.state.in_(AWAITING), and_(alarms.c.latched.is_(True), alarms.c.state != "normal")
    )


def _conditions(narrowing: Narrowing) -> list[ColumnElement[bool]]:
    conditions: list[Any] = [_open()]
    if narrowing.head_id:
        head = narrowing.head_id
        conditions.append((alarms.c.cause_id == head) | (alarms.c.alarm_id == head))
    else:
        conditions.append(belongs_to(narrowing.tab))
    for column, value in (
        (alarms.c.kind, narrowing.kind),
        (alarms.c.gateway_id, narrowing.gateway_id),
        (alarms.c.device_id, narrowing.device_id),
    ):
        if value:
            conditions.append(column == value)
    return conditions


async def _heads(connection: AsyncConnection, access: Access) -> tuple[tuple[AlarmView, int], ...]:
    number = func.count().label("number")
    rows = await connection.execute(
        select(alarms.c.cause_id, number)
        .where(alarms.c.area_id.in_(access.area_ids), alarms.c.state.in_(AWAITING))
        .where(alarms.c.cause_id.is_not(None))
        .group_by(alarms.c.cause_id)
        .order_by(number.desc(), alarms.c.cause_id)
        .limit(_HEADS)
    )
    counted = {row.cause_id: row.number for row in rows}
    found = await connection.execute(visible(access).where(alarms.c.alarm_id.in_(counted)))
    heads = {row.alarm_id: view_of(row) for row in found}
    return tuple((heads[each], number) for each, number in counted.items() if each in heads)


async def _sources(connection: AsyncConnection, access: Access, tab: Tab) -> tuple[Source, ...]:
    number = func.count().label("number")
    by = (alarms.c.kind, alarms.c.gateway_id, alarms.c.device_id)
    rows = await connection.execute(
        select(*by, number)
        .where(alarms.c.area_id.in_(access.area_ids), belongs_to(tab), _open())
        .group_by(*by)
        .order_by(number.desc(), *by)
    )
    return tuple(
        Source(
            kind=row.kind,
            gateway_id=row.gateway_id,
            device_id=row.device_id,
            number=row.number,
        )
        for row in rows
    )
