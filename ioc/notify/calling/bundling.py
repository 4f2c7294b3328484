"""Notifications that were held for a contact go out together, without what has been answered."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.notify.calling.composing import Composer
from ioc.notify.sending import rows
from ioc.store.tables import alarms, notifications

AT_ONCE, WITHIN = 10, timedelta(minutes=10)
"""More than this one person cannot answer (ISA-18.2): what follows is told of together."""
COLLECTED = timedelta(minutes=2)


class Pace:
    """How many notifications each contact has been sent of late; forgotten on restart.

    One gateway gone mad, or taken over, could else send a person ten thousand text messages.
    """

    def __init__(self) -> None:
        self._sent: dict[str, deque[datetime]] = {}

    def held_until(self, contact_id: str, now: datetime) -> datetime | None:
        """Return until when another notification waits for its like; None: it goes at once."""
        sent = self._sent.setdefault(contact_id, deque(maxlen=AT_ONCE))
        if len(sent) == AT_ONCE and timedelta(0) <= now - sent[0] < WITHIN:
            return now + COLLECTED
        sent.append(now)
        return None


async def has_held(connection: AsyncConnection, *, now: datetime) -> bool:
    """Tell whether something held is to go out."""
    found = await connection.scalar(
        select(notifications.c.notification_id)
        .where(notifications.c.state == "held", notifications.c.next_attempt_at <= now)
        .limit(1)
    )
    return found is not None


async def held_until(connection: AsyncConnection, contact_id: str) -> datetime | None:
    """Return when what is held for a contact goes out; None where nothing is held."""
    row = (
        await connection.execute(
            select(notifications.c.next_attempt_at)
            .where(notifications.c.state == "held", notifications.c.contact_id == contact_id)
            .order_by(notifications.c.next_attempt_at)
            .limit(1)
        )
    ).first()
    return None if row is None else row.next_attempt_at


async def bundle(connection: AsyncConnection, composer: Composer, *, now: datetime) -> None:
    """Put one notification in place of all that are held for each contact whose time has come."""
    due = await connection.scalars(
        select(notifications.c.contact_id)
        .where(notifications.c.state == "held", notifications.c.next_attempt_at <= now)
        .distinct()
    )
    for contact_id in due.all():
        held = await _held(connection, contact_id)
        current = [each for each in held if not rows.no_longer_wanted(each)]
        for each in held:
            state = "bundled" if each in current else "superseded"
            await rows.end(connection, each, state=state, code="", at=now)
        if current:
            await rows.enqueue(connection, composer.digest(current, at=now))


async def _held(connection: AsyncConnection, contact_id: str | None) -> Sequence[Row[Any]]:
    found = await connection.execute(
        select(
            *[
                *notifications.c,
                alarms.c.state.label("alarm_state"),
                alarms.c.assigned_to,
                alarms.c.assigned_at,
            ]
        )
        .join(alarms, alarms.c.alarm_id == notifications.c.alarm_id, isouter=True)
        .where(notifications.c.state == "held", notifications.c.contact_id == contact_id)
        .order_by(notifications.c.created_at)
    )
    return found.all()
