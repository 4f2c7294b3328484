"""What leaders and administrators change in the roster, each change audited.

Whether the person may do so is decided before; each runs in the caller's transaction.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.duty import refusals, watches
from ioc.duty.roster import LONGEST_EXCEPTION, Shift, find_clash
from ioc.people import Access, Role, audit
from ioc.people.accounts import load_areas
from ioc.people.audit import Deed
from ioc.store import journal
from ioc.store.tables import users

_ON_DUTY = frozenset({Role.OPERATOR, Role.HAMLET_HEAD, Role.LEADER, Role.ADMIN})
_SUBJECT_ID = "roster"


async def add(connection: AsyncConnection, shift: Shift, *, by: Access, at: datetime) -> int:
    """Enter a shift; return its number.

    Raises:
        Refusal: it has no days or nobody, meets another one, or names who cannot be on duty.
    """
    await _check(connection, shift)
    number = await watches.add_shift(connection, shift)
    await _note(connection, shift, "roster_add", by=by, at=at)
    return number


async def remove(connection: AsyncConnection, number: int, *, by: Access, at: datetime) -> None:
    """Take a shift out.

    Raises:
        Refusal: there is none with this number in the person's areas.
    """
    shift = await watches.find_shift(connection, number)
    if shift is None or not by.may_see(shift.area_id):
        raise refusals.shift_unknown()
    await watches.remove_shift(connection, number)
    await _note(connection, shift, "roster_remove", by=by, at=at)


async def people_for(connection: AsyncConnection, area_id: str) -> dict[str, str]:
    """Return who may be on duty for an area: logins with names, by name."""
    tree = await load_areas(connection)
    found = await connection.execute(
        select(users.c.login, users.c.name)
        .where(
            users.c.area_id.in_(tree.path(area_id)),
            users.c.role.in_([str(role) for role in _ON_DUTY]),
            users.c.disabled.is_(False),
        )
        .order_by(users.c.name, users.c.login)
    )
    return {row.login: row.name for row in found}


async def _check(connection: AsyncConnection, shift: Shift) -> None:
    if not _days_make_sense(shift):
        raise refusals.days_wrong()
    logins = shift.crew.logins
    if not logins and not shift.is_dated:
        raise refusals.nobody_named()
    if len(set(logins)) != len(logins):
        raise refusals.named_twice()
    known = await people_for(connection, shift.area_id)
    for login in logins:
        if login not in known:
            raise refusals.cannot_be_on_duty(login)
    shifts = await watches.load_shifts(connection, area_ids=frozenset({shift.area_id}))
    clash = find_clash(shifts, shift)
    if clash is not None:
        raise refusals.shift_clashes(f"{clash.begins:%H:%M}", f"{clash.ends:%H:%M}")


def _days_make_sense(shift: Shift) -> bool:
    if shift.first_day is None or shift.last_day is None:
        return bool(shift.days) and shift.first_day is None and shift.last_day is None
    return (
        not shift.days and shift.first_day <= shift.last_day <= shift.first_day + LONGEST_EXCEPTION
    )


async def _note(
    connection: AsyncConnection, shift: Shift, action: str, *, by: Access, at: datetime
) -> None:
    when = (
        f"{shift.first_day}..{shift.last_day}"
        if shift.is_dated
        else ",".join(str(day) for day in sorted(shift.days))
    )
    crew = shift.crew
    who = " ".join(
        f"{rank}={getattr(crew, rank) or '-'}" for rank in ("person", "deputy", "leader")
    )
    detail = f"{when} {shift.begins:%H:%M}-{shift.ends:%H:%M} {who}"
    deed = Deed(login=by.login, action=action, subject=shift.area_id, detail=detail)
    await audit.write(connection, deed, at=at)
    await journal.write(
        connection, subject="duty", subject_id=_SUBJECT_ID, area_id=shift.area_id, at=at
    )
