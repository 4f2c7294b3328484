"""The roster in the store, and who it says is on duty; every function runs in the caller's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.duty.roster import Crew, OnWatch, Shift, find_watch
from ioc.people.accounts import load_areas
from ioc.store.tables import duty_shifts


@dataclass(frozen=True, kw_only=True)
class DutyRoster:
    """Says who is on duty; hours are those of `zone`, the commune's."""

    zone: tzinfo

    async def __call__(self, connection: AsyncConnection, *, area_id: str, at: datetime) -> OnWatch:
        """Return who is on duty for an area; nobody where no roster names anybody."""
        tree = await load_areas(connection)
        path = tree.path(area_id) or (area_id,)
        shifts = await load_shifts(connection, area_ids=frozenset(path))
        return find_watch(shifts, path, at=at, zone=self.zone)


async def load_shifts(
    connection: AsyncConnection, *, area_ids: frozenset[str]
) -> tuple[Shift, ...]:
    """Return the shifts of some areas: weekly ones first, by hour, then dated ones by date."""
    found = await connection.execute(select(duty_shifts).where(duty_shifts.c.area_id.in_(area_ids)))
    shifts = (_shift(row) for row in found.mappings())
    return tuple(sorted(shifts, key=_order))


async def find_shift(connection: AsyncConnection, number: int) -> Shift | None:
    """Return a shift by its number."""
    found = await connection.execute(select(duty_shifts).where(duty_shifts.c.number == number))
    row = found.mappings().first()
    return None if row is None else _shift(row)


async def add_shift(connection: AsyncConnection, shift: Shift) -> int:
    """Enter a shift; return its number."""
    result = await connection.execute(insert(duty_shifts).values(_columns(shift)))
    (number,) = result.inserted_primary_key or (0,)
    return int(number)


async def remove_shift(connection: AsyncConnection, number: int) -> None:
    """Take a shift out."""
    await connection.execute(delete(duty_shifts).where(duty_shifts.c.number == number))


def _columns(shift: Shift) -> Mapping[str, Any]:
    return {
        "area_id": shift.area_id,
        "days": sorted(shift.days),
        "first_day": shift.first_day.isoformat() if shift.first_day else None,
        "last_day": shift.last_day.isoformat() if shift.last_day else None,
        "begins": f"{shift.begins:%H:%M}",
        "ends": f"{shift.ends:%H:%M}",
        "person": shift.crew.person,
        "deputy": shift.crew.deputy,
        "leader": shift.crew.leader,
    }


def _shift(row: RowMapping) -> Shift:
    return Shift(
        area_id=row["area_id"],
        begins=time.fromisoformat(row["begins"]),
        ends=time.fromisoformat(row["ends"]),
        crew=Crew(person=row["person"], deputy=row["deputy"], leader=row["leader"]),
        days=frozenset(row["days"]),
        first_day=_day(row["first_day"]),
        last_day=_day(row["last_day"]),
        number=row["number"],
    )


def _day(written: str | None) -> date | None:
    return None if written is None else date.fromisoformat(written)


def _order(shift: Shift) -> tuple[str, date, tuple[int, ...], time, int]:
    dated = shift.first_day or date.min
    return shift.area_id, dated, tuple(sorted(shift.days)), shift.begins, shift.number
