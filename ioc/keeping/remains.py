"""Rows that belong to nothing any more, or to nobody: traces that nobody could miss, so uncounted."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.keeping.aging import AT_ONCE
from ioc.keeping.settings import RetentionSettings
from ioc.store.engine import Store
from ioc.store.tables import (
    alarms,
    committed_ranges,
    deletions,
    deliveries,
    devices,
    events,
    evidence,
    gateways,
    hearings,
    loudspeaker_tests,
    notification_attempts,
    notifications,
    rule_standings,
    suppressions,
    talk_downs,
)


async def forget_remains(store: Store, settings: RetentionSettings, *, now: datetime) -> None:
    """Delete what remains of what is gone."""
    trace = now - timedelta(days=settings.events_days)
    await _forget_notifications(store, before=trace)
    await _forget_unshown(store, before=trace)
    async with store.begin() as connection:
        await _forget_few(connection, settings, now=now)


async def _forget_notifications(store: Store, *, before: datetime) -> None:
    """Forget tests and digests: what was told of an alarm goes with it."""
    wanted = (
        select(notifications.c.notification_id)
        .where(notifications.c.alarm_id.is_(None), notifications.c.expires_at < before)
        .limit(AT_ONCE)
    )
    found: list[str] | None = None
    while found is None or len(found) == AT_ONCE:
        async with store.begin() as connection:
            found = list(await connection.scalars(wanted))
            for table in (notification_attempts, notifications):
                await connection.execute(delete(table).where(table.c.notification_id.in_(found)))


async def _forget_unshown(store: Store, *, before: datetime) -> None:
    """Forget the announcements of pictures that no alarm shows, once their event is gone."""
    loose: Select[Any] = (
        select(evidence.c.event_id)
        .where(evidence.c.alarm_id.is_(None), evidence.c.state != "stored")
        .where(evidence.c.taken_at < before)
        .where(~exists().where(events.c.event_id == evidence.c.event_id))
        .distinct()
        .limit(AT_ONCE)
    )
    found: list[str] | None = None
    while found is None or len(found) == AT_ONCE:
        async with store.begin() as connection:
            found = list(await connection.scalars(loose))
            await connection.execute(
                delete(evidence)
                .where(evidence.c.event_id.in_(found), evidence.c.alarm_id.is_(None))
                .where(evidence.c.state != "stored")
            )


async def _forget_few(
    connection: AsyncConnection, settings: RetentionSettings, *, now: datetime
) -> None:
    """Forget what comes by the dozen a day at most."""
    trace = now - timedelta(days=settings.events_days)
    told = now - timedelta(days=settings.alarms_days)
    tested = now - timedelta(days=settings.broadcasts_days)
    for wanted in (
        delete(suppressions).where(suppressions.c.until < told),
        delete(deletions).where(deletions.c.at < told),
        delete(loudspeaker_tests).where(loudspeaker_tests.c.occurred_at < tested),
        # One that nobody answered has only the instant of its order.
        delete(loudspeaker_tests).where(
            loudspeaker_tests.c.occurred_at.is_(None), loudspeaker_tests.c.ordered_at < tested
        ),
        delete(rule_standings).where(
            rule_standings.c.active.is_(False),
            rule_standings.c.turning_since.is_(None),
            rule_standings.c.fired_at < trace,
        ),
        delete(committed_ranges).where(_counts_nothing()),
        delete(devices).where(_is_gone(trace)),
    ):
        await connection.execute(wanted)


def _counts_nothing() -> ColumnElement[bool]:
    """Tell of a range whether its gateway counts by another epoch and nothing of it is kept."""
    is_former = exists().where(
        gateways.c.gateway_id == committed_ranges.c.gateway_id,
        gateways.c.epoch != committed_ranges.c.epoch,
    )
    is_kept = exists().where(
        events.c.gateway_id == committed_ranges.c.gateway_id,
        events.c.epoch == committed_ranges.c.epoch,
    )
    return and_(is_former, ~is_kept)


def _is_gone(before: datetime) -> ColumnElement[bool]:
    """Tell of a device whether its gateway has it no longer and nothing names it."""
    named = [
        exists().where(
            table.c.gateway_id == devices.c.gateway_id, table.c.device_id == devices.c.device_id
        )
        for table in (alarms, deliveries, hearings, loudspeaker_tests)
    ]
    # What a gateway says by itself names several loudspeakers in one value.
    named.append(exists().where(talk_downs.c.gateway_id == devices.c.gateway_id))
    return and_(
        devices.c.present.is_(False), devices.c.state_since < before, *(~each for each in named)
    )
