"""Handing over and taking over a shift: records that are only ever added to, never changed.

Whether the person may do so is decided before; each runs in the caller's transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.duty import refusals
from ioc.duty.standing import Changes, Standing, compare, from_json
from ioc.people import Access, audit
from ioc.people.audit import Deed
from ioc.store import journal
from ioc.store.tables import handovers, takeovers

LONGEST_NOTE = 4_000
MOST_OF_A_SPAN = 400


@dataclass(frozen=True, kw_only=True)
class Takeover:
    """Who has accepted a shift, and what stood by then."""

    at: datetime
    login: str
    name: str
    note: str
    standing: Standing


@dataclass(frozen=True, kw_only=True)
class Handover:
    """One page of the duty log: what stood when somebody left, and who came."""

    number: int
    area_id: str
    at: datetime
    login: str
    name: str
    note: str
    standing: Standing
    takeover: Takeover | None

    @property
    def changes(self) -> Changes | None:
        """What came and went until it was taken over; None: it has not been."""
        return None if self.takeover is None else compare(self.standing, self.takeover.standing)


async def offer(
    connection: AsyncConnection,
    standing: Standing,
    *,
    area_id: str,
    note: str,
    by: Access,
    at: datetime,
) -> int:
    """Hand over the shift of an area to whoever comes; return the record's number.

    An earlier one that nobody has taken over stays as it is and cannot be taken over any more.
    """
    row = {
        "area_id": area_id,
        "at": at,
        "login": by.login,
        "name": by.name,
        "note": note,
        "standing": standing.to_json(),
    }
    result = await connection.execute(insert(handovers).values(row))
    (number,) = result.inserted_primary_key or (0,)
    detail = f"{standing.count} {note}".strip()
    deed = Deed(login=by.login, action="handover", subject=str(number), detail=detail)
    await _note(connection, deed, area_id=area_id, at=at)
    return int(number)


async def accept(
    connection: AsyncConnection,
    number: int,
    standing: Standing,
    *,
    note: str,
    by: Access,
    at: datetime,
) -> None:
    """Take over a shift; what stands by now is kept beside what stood.

    Raises:
        Refusal: it does not exist here, is one's own, has been taken over, or is not the newest.
    """
    offered = await find(connection, number)
    if offered is None or not by.may_see(offered.area_id):
        raise refusals.handover_unknown()
    if offered.takeover is not None:
        raise refusals.taken_over_already(offered.takeover.name)
    if offered.login == by.login:
        raise refusals.own_handover()
    newest = await find_newest(connection, offered.area_id)
    if newest is not None and newest.number != number:
        raise refusals.handover_replaced()
    row = {
        "handover": number,
        "at": at,
        "login": by.login,
        "name": by.name,
        "note": note,
        "standing": standing.to_json(),
    }
    await connection.execute(insert(takeovers).values(row))
    deed = Deed(login=by.login, action="takeover", subject=str(number), detail=note)
    await _note(connection, deed, area_id=offered.area_id, at=at)


async def find(connection: AsyncConnection, number: int) -> Handover | None:
    """Return one record."""
    return await _first(connection, _records().where(handovers.c.number == number))


async def find_newest(connection: AsyncConnection, area_id: str) -> Handover | None:
    """Return the last hand-over of an area, taken over or not."""
    query = _records().where(handovers.c.area_id == area_id)
    return await _first(connection, query.order_by(handovers.c.number.desc()).limit(1))


async def find_waiting(connection: AsyncConnection, area_id: str) -> int | None:
    """Return the number of the last hand-over of an area if nobody has taken it over."""
    query = (
        select(handovers.c.number, takeovers.c.handover)
        .join(takeovers, takeovers.c.handover == handovers.c.number, isouter=True)
        .where(handovers.c.area_id == area_id)
        .order_by(handovers.c.number.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    return None if row is None or row.handover is not None else int(row.number)


async def find_between(
    connection: AsyncConnection, *, area_ids: frozenset[str], since: datetime, until: datetime
) -> tuple[Handover, ...]:
    """Return the records of a span, oldest first; at most the last 400."""
    query = (
        _records()
        .where(handovers.c.area_id.in_(area_ids))
        .where(handovers.c.at >= since, handovers.c.at < until)
        .order_by(handovers.c.number.desc())
        .limit(MOST_OF_A_SPAN)
    )
    found = (await connection.execute(query)).mappings().all()
    return tuple(_handover(row) for row in reversed(found))


async def _first(connection: AsyncConnection, query: Select[Any]) -> Handover | None:
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else _handover(row)


def _records() -> Select[Any]:
    taken = [column.label(f"taken_{column.name}") for column in takeovers.c]
    return select(handovers, *taken).join(
        takeovers, takeovers.c.handover == handovers.c.number, isouter=True
    )


def _handover(row: RowMapping) -> Handover:
    takeover = None
    if row["taken_handover"] is not None:
        takeover = Takeover(
            at=row["taken_at"],
            login=row["taken_login"],
            name=row["taken_name"],
            note=row["taken_note"],
            standing=from_json(row["taken_standing"]),
        )
    return Handover(
        number=row["number"],
        area_id=row["area_id"],
        at=row["at"],
        login=row["login"],
        name=row["name"],
        note=row["note"],
        standing=from_json(row["standing"]),
        takeover=takeover,
    )


async def _note(connection: AsyncConnection, deed: Deed, *, area_id: str, at: datetime) -> None:
    await audit.write(connection, deed, at=at)
    await journal.write(connection, subject="duty", subject_id=deed.subject, area_id=area_id, at=at)
