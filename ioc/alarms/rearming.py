"""Moves the running timers of alarms along when the centre's clock was set."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms.engine import timers
from ioc.alarms.engine.standing import Standing, Timer, running
from ioc.alarms.standings import columns_of, standing_of
from ioc.alarms.states import AlarmState, Cause
from ioc.clock_steps import is_before
from ioc.store.tables import alarm_transitions, alarms

_LONGEST = timedelta(days=31)
"""No timer of an alarm takes longer, whatever the settings say."""
_ARMING = (Cause.RAISE, Cause.ANNUNCIATE, Cause.RELEASE, Cause.SHELF_EXPIRED)
"""Lines with which the timers of an alarm begin anew."""
_MOVED = (
    "annunciates_at",
    "returns_at",
    "calms_at",
    "acknowledge_by",
    "resolve_by",
    "escalates_at",
    "reminds_at",
    "stales_at",
    "paused_at",
    "next_due_at",
    "toggles",
)
_MOVE = (
    update(alarms)
    .where(alarms.c.alarm_id == bindparam("of_alarm"))
    .values({name: bindparam(f"new_{name}") for name in _MOVED})
)


async def last_line(connection: AsyncConnection) -> int:
    """Return the number of the newest line in the log of alarms."""
    return int(await connection.scalar(select(func.max(alarm_transitions.c.number))) or 0)


async def rearm(
    connection: AsyncConnection, step: timedelta, *, since_line: int, now: datetime
) -> int:
    """Move the timers of every open alarm by `step`; return how many alarms that were.

    Args:
        connection: of a writing transaction.
        step: by how much the clock was set.
        since_line: the newest line when the clock was last seen right; an alarm that was raised
            after it was set has its timers right already.
        now: by the clock as it was set.
    """
    set_since = await _armed_since(connection, step, since_line=since_line, now=now)
    open_alarms = select(alarms).where(alarms.c.state != AlarmState.NORMAL)
    found = (await connection.execute(open_alarms)).mappings().all()
    moved = [
        {"of_alarm": alarm["alarm_id"]}
        | {f"new_{name}": value for name, value in columns.items() if name in _MOVED}
        for alarm in found
        if alarm["alarm_id"] not in set_since
        for standing in (standing_of(alarm),)
        if not _is_of_another_clock(standing, now - step)
        for columns in (columns_of(timers.moved(standing, step)),)
    ]
    if moved:
        await connection.execute(_MOVE, moved)
    return len(moved)


def _is_of_another_clock(standing: Standing, old_now: datetime) -> bool:
    """Tell whether timers were begun by a right clock, before the machine began with a wrong one."""
    return any(due - old_now > _LONGEST for due, name in running(standing) if name != Timer.SHELF)


async def _armed_since(
    connection: AsyncConnection, step: timedelta, *, since_line: int, now: datetime
) -> set[str]:
    query = select(alarm_transitions.c.alarm_id, alarm_transitions.c.at).where(
        alarm_transitions.c.number > since_line, alarm_transitions.c.cause.in_(_ARMING)
    )
    return {
        alarm_id
        for alarm_id, at in await connection.execute(query)
        if not is_before(at, now=now, step=step)
    }
