"""Moves calls and notifications that wait along when the centre's clock was set."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.clock_steps import is_before
from ioc.notify.sending.rows import ENDED
from ioc.store.tables import calls, notifications


async def rearm(connection: AsyncConnection, step: timedelta, *, now: datetime) -> None:
    """Move open calls and unsent notifications by `step`; `now` is by the clock as it was set.

    What waits for an hour of the day, or for a digest, goes on waiting for that hour.
    """
    await _rearm_calls(connection, step, now)
    await _rearm_notifications(connection, step, now)


async def _rearm_calls(connection: AsyncConnection, step: timedelta, now: datetime) -> None:
    waiting = select(calls.c.call_id, calls.c.passes_on_at).where(
        calls.c.state == "open", calls.c.passes_on_at.is_not(None)
    )
    for row in (await connection.execute(waiting)).all():
        if is_before(row.passes_on_at, now=now, step=step):
            await connection.execute(
                update(calls)
                .where(calls.c.call_id == row.call_id)
                .values(passes_on_at=row.passes_on_at + step)
            )


async def _rearm_notifications(connection: AsyncConnection, step: timedelta, now: datetime) -> None:
    unsent = select(
        notifications.c.notification_id,
        notifications.c.attempts,
        notifications.c.next_attempt_at,
        notifications.c.expires_at,
    ).where(notifications.c.state.not_in(ENDED))
    for row in (await connection.execute(unsent)).all():
        next_attempt_at = row.next_attempt_at
        was_due = next_attempt_at <= now - step
        if was_due or (row.attempts and is_before(next_attempt_at, now=now, step=step)):
            next_attempt_at += step
        await connection.execute(
            update(notifications)
            .where(notifications.c.notification_id == row.notification_id)
            .values(next_attempt_at=next_attempt_at, expires_at=row.expires_at + step)
        )
