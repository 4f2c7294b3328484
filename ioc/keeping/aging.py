"""Rows that go because of their age, with all that belongs to them; each batch is counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Column, Row, Select, delete, exists, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms import AlarmState
from ioc.keeping.decisions import End, tables_of
from ioc.keeping.holds import held
from ioc.keeping.needs import is_needed_event, needed_alarms, shows_something
from ioc.keeping.settings import RetentionSettings
from ioc.store.engine import Store
from ioc.store.tables import (
    alarms,
    broadcasts,
    commands,
    deletions,
    events,
    handovers,
    notification_attempts,
    notifications,
    takeovers,
)

AT_ONCE = 500
"""So many are deleted in one transaction, so that an alarm behind it waits under a second."""

Found = Sequence[Row[*tuple[Any, ...]]]
Rows = Literal["events", "broadcasts", "alarms", "handovers"]
What = Literal["evidence"] | Rows
Reason = Literal["age", "disk"]


@dataclass(frozen=True, kw_only=True)
class Past:
    """Rows that are past their keeping."""

    what: Rows
    wanted: Select[Any]
    """Their key, and `at`: how old they are; oldest first."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one transaction deletes: rows with `at`, files also with `size_bytes`."""

    what: What
    reason: Reason
    found: Found


def rows_past(settings: RetentionSettings, *, now: datetime) -> list[Past]:
    """Return what is past its keeping now, in the order in which it is to go."""
    return [
        Past(what="events", wanted=_events(now - timedelta(days=settings.events_days))),
        Past(what="broadcasts", wanted=_broadcasts(now - timedelta(days=settings.broadcasts_days))),
        Past(what="alarms", wanted=_alarms(now - timedelta(days=settings.alarms_days))),
        Past(what="handovers", wanted=_handovers(now - timedelta(days=settings.duty_log_days))),
    ]


async def delete_rows(store: Store, past: Past, *, at: datetime) -> int:
    """Delete and count them, some at a time; return how many that were."""
    deleted = 0
    while True:
        async with store.begin() as connection:
            found = (await connection.execute(past.wanted.limit(AT_ONCE))).all()
            if found:
                await _delete(connection, past.what, [row[0] for row in found])
                await count(connection, Batch(what=past.what, reason="age", found=found), at=at)
        deleted += len(found)
        if len(found) < AT_ONCE:
            return deleted


async def count(connection: AsyncConnection, batch: Batch, *, at: datetime) -> None:
    """Write into the book of deletions what the caller's transaction deletes."""
    row = {
        "at": at,
        "what": batch.what,
        "reason": batch.reason,
        "count": len(batch.found),
        "size_bytes": sum(getattr(each, "size_bytes", 0) for each in batch.found),
        "oldest": min(each.at for each in batch.found),
        "newest": max(each.at for each in batch.found),
    }
    await connection.execute(insert(deletions).values(row))


def _events(before: datetime) -> Select[Any]:
    return (
        select(events.c.event_id, events.c.received_at.label("at"))
        # Nothing is received before it has happened; only that is indexed.
        .where(events.c.occurred_at < before, events.c.received_at < before)
        .where(~is_needed_event())
        .order_by(events.c.occurred_at)
    )


def _alarms(before: datetime) -> Select[Any]:
    return (
        select(alarms.c.alarm_id, alarms.c.raised_at.label("at"))
        .where(alarms.c.raised_at < before, alarms.c.state == AlarmState.NORMAL)
        .where(alarms.c.alarm_id.not_in(held()), ~shows_something())
        .order_by(alarms.c.raised_at)
    )


def _broadcasts(before: datetime) -> Select[Any]:
    repeats = broadcasts.alias()
    is_repeated_since = exists().where(
        repeats.c.repeat_of == broadcasts.c.broadcast_id, repeats.c.expires_at >= before
    )
    is_on_its_way = exists().where(
        commands.c.broadcast_id == broadcasts.c.broadcast_id, commands.c.state == "pending"
    )
    answers_nothing_needed = or_(
        broadcasts.c.alarm_id.is_(None), broadcasts.c.alarm_id.not_in(needed_alarms())
    )
    return (
        select(broadcasts.c.broadcast_id, broadcasts.c.created_at.label("at"))
        .where(broadcasts.c.expires_at < before, answers_nothing_needed)
        .where(~is_repeated_since, ~is_on_its_way)
        .order_by(broadcasts.c.expires_at)
    )


def _handovers(before: datetime) -> Select[Any]:
    return (
        select(handovers.c.number, handovers.c.at)
        .where(handovers.c.at < before)
        .order_by(handovers.c.at)
    )


async def _delete(connection: AsyncConnection, what: Rows, ids: Sequence[Any]) -> None:
    match what:
        case "events":
            await _delete_of(connection, events.c.event_id, ids)
        case "broadcasts":
            for table in (*tables_of(End.BROADCAST), commands, broadcasts):
                await _delete_of(connection, table.c.broadcast_id, ids)
        case "handovers":
            await _delete_of(connection, takeovers.c.handover, ids)
            await _delete_of(connection, handovers.c.number, ids)
        case "alarms":
            await _delete_alarms(connection, ids)


async def _delete_alarms(connection: AsyncConnection, ids: Sequence[str]) -> None:
    told = select(notifications.c.notification_id).where(notifications.c.alarm_id.in_(ids))
    await connection.execute(
        delete(notification_attempts).where(notification_attempts.c.notification_id.in_(told))
    )
    for table in (*tables_of(End.ALARM), alarms):
        await _delete_of(connection, table.c.alarm_id, ids)


async def _delete_of(connection: AsyncConnection, column: Column[Any], ids: Sequence[Any]) -> None:
    await connection.execute(delete(column.table).where(column.in_(ids)))
