"""Who has an alarm in hand: taken, given to somebody, given back; the alarm's state stays as it is.

Whether the person who decides may do so is decided before; each runs in the caller's transaction.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms import rows
from ioc.alarms.answers import AlarmUnknown
from ioc.alarms.rows import Entry
from ioc.alarms.states import AlarmState, Cause
from ioc.people.access import Role
from ioc.people.accounts import load_areas
from ioc.people.errors import Refusal
from ioc.store.tables import alarm_transitions, alarms, annunciations, users

REASON = "assign"
"""Of the annunciation that tells the person."""
_HANDLES = frozenset(set(Role) - {Role.VIEWER})
IS_TAKEN = exists().where(
    alarm_transitions.c.alarm_id == alarms.c.alarm_id,
    alarm_transitions.c.cause == Cause.TAKE,
    alarm_transitions.c.login == alarms.c.assigned_to,
    alarm_transitions.c.at >= alarms.c.assigned_at,
)
"""Of a row of `alarms`: who has it said so, and was not only given it."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Somebody who may have an alarm in hand."""

    login: str
    name: str
    role: Role


async def candidates(connection: AsyncConnection, area_id: str) -> tuple[Candidate, ...]:
    """Return whom an alarm of this area may be given to, by name."""
    tree = await load_areas(connection)
    found = await connection.execute(
        select(users.c.login, users.c.name, users.c.role)
        .where(
            users.c.area_id.in_(tree.path(area_id)),
            users.c.role.in_([str(role) for role in _HANDLES]),
            users.c.disabled.is_(False),
        )
        .order_by(users.c.name, users.c.login)
    )
    return tuple(Candidate(login=r.login, name=r.name, role=Role(r.role)) for r in found)


async def assign(
    connection: AsyncConnection,
    alarm_id: str,
    *,
    to: str | None,
    instead_of: str | None,
    by: str,
    at: datetime,
) -> None:
    """Put an alarm into somebody's hands; who gets it from another is told.

    Who was given it and takes it is logged once: until then nobody has said that it is in hand.

    Args:
        connection: of the caller's transaction.
        alarm_id: the alarm.
        to: login of who has it from now on; None: nobody.
        instead_of: login of who the page says has it, None for nobody: it is not taken from
            somebody whom nobody has asked about.
        by: login of who decides.
        at: now.

    Raises:
        AlarmUnknown: there is no such alarm.
        Refusal: it is over, another has it, or the person may not have it.
    """
    alarm = await rows.find(connection, alarm_id)
    if alarm is None:
        raise AlarmUnknown(alarm_id)
    if alarm["state"] == AlarmState.NORMAL:
        raise _over()
    if alarm["assigned_to"] == to:
        if to is not None and to == by and not await _is_taken(connection, alarm_id):
            await rows.change(connection, alarm, {}, Entry(cause=Cause.TAKE, at=at, login=by))
        return
    if alarm["assigned_to"] != instead_of:
        raise await _in_other_hands(connection, alarm)
    known = {each.login: each for each in await candidates(connection, alarm["area_id"])}
    if to is not None and to not in known:
        raise _cannot_have_it(to)
    name = known[to].name if to is not None else None
    changes = {"assigned_to": to, "assigned_at": None if to is None else at}
    entry = Entry(cause=_cause(to, by), at=at, login=by, note=None if to == by else name)
    await rows.change(connection, alarm, changes, entry)
    if to is not None and to != by:
        await _tell(connection, alarm, to, at)


async def _is_taken(connection: AsyncConnection, alarm_id: str) -> bool:
    query = select(alarms.c.alarm_id).where(alarms.c.alarm_id == alarm_id, IS_TAKEN)
    return await connection.scalar(query) is not None


def _cause(to: str | None, by: str) -> Cause:
    if to is None:
        return Cause.UNASSIGN
    return Cause.TAKE if to == by else Cause.ASSIGN


async def _tell(connection: AsyncConnection, alarm: RowMapping, login: str, at: datetime) -> None:
    await connection.execute(
        insert(annunciations).values(
            alarm_id=alarm["alarm_id"],
            at=at,
            step=0,
            reason=REASON,
            priority=alarm["priority"],
            area_id=alarm["area_id"],
            login=login,
            taken=False,
        )
    )


async def _in_other_hands(connection: AsyncConnection, alarm: RowMapping) -> Refusal:
    login = alarm["assigned_to"]
    if login is None:
        return Refusal(
            "given_back",
            vi="Không còn ai đang xử lý cảnh báo này. Chưa có gì thay đổi. Hãy tải lại trang.",
            en="Nobody has this alarm in hand any more. Nothing has changed. Reload the page.",
        )
    name = await connection.scalar(select(users.c.name).where(users.c.login == login)) or login
    return Refusal(
        "in_other_hands",
        vi=f"{name} đang xử lý cảnh báo này. Chưa có gì thay đổi. Bấm Nhận thay nếu muốn làm thay.",
        en=f"{name} has this alarm in hand. Nothing has changed. Choose to take over if you will.",
    )


def _over() -> Refusal:
    return Refusal(
        "nothing_to_handle",
        vi="Cảnh báo này đã hết, không cần giao ai xử lý.",
        en="This alarm is over; nobody needs to take it in hand.",
    )


def _cannot_have_it(login: str) -> Refusal:
    return Refusal(
        "cannot_be_assigned",
        vi=f"Không giao được cho {login}: tài khoản đã đóng, không thuộc địa bàn của cảnh báo, "
        "hoặc chỉ được xem. Chưa có gì thay đổi. Hãy chọn người khác.",
        en=f"It cannot be given to {login}: the account is closed, of another area, or may only "
        "look. Nothing has changed. Choose somebody else.",
    )
