"""A clock that wakes up in another year deletes nothing."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from ioc.clock_doubt import ClockDoubt
from ioc.evidence import EvidenceStore
from ioc.keeping.retention import Retention
from ioc.keeping.settings import RetentionSettings
from ioc.store import journal
from ioc.store.tables import alarms
from tests.ioc.commune import open_commune

HOUR_S = 3_600.0


@pytest.fixture
async def store(tmp_path):
    async with open_commune(tmp_path) as opened:
        yield opened


async def _something_happens(store, clock) -> None:
    async with store.begin() as connection:
        await journal.write(
            connection, subject="alarm", subject_id="x", area_id="xa", at=clock.now()
        )


async def test_a_centre_that_runs_on_is_believed(store, clock):
    """Also after a few days without power."""
    assert not await ClockDoubt(store=store, clock=clock).is_doubted()
    await _something_happens(store, clock)
    clock.advance(timedelta(days=3).total_seconds())
    doubt = ClockDoubt(store=store, clock=clock)
    for _ in range(50):
        assert not await doubt.is_doubted()
        clock.advance(HOUR_S)


async def test_a_clock_that_leaps_ahead_is_doubted_for_a_day(store, clock):
    """Then somebody has had time to set it, or it is right."""
    doubt = ClockDoubt(store=store, clock=clock)
    assert not await doubt.is_doubted()
    clock.set_wall_clock(clock.now() + timedelta(days=40))
    for _ in range(24):
        assert await doubt.is_doubted()
        clock.advance(HOUR_S)
    assert not await doubt.is_doubted()


async def test_a_clock_that_is_set_right_again_is_believed_at_once(store, clock):
    """Its leap back shows that it was wrong before."""
    doubt = ClockDoubt(store=store, clock=clock)
    right = clock.now()
    assert not await doubt.is_doubted()
    clock.set_wall_clock(datetime(2038, 1, 19, tzinfo=UTC))
    assert await doubt.is_doubted()
    clock.set_wall_clock(right)
    assert not await doubt.is_doubted()


async def test_a_machine_that_wakes_in_another_year_deletes_no_alarm(store, clock, tmp_path):
    """Whatever this start has written already by the wrong clock."""
    now = clock.now()
    row = {"alarm_id": "a", "kind": "intrusion", "gateway_id": "tu-1", "object_id": "x"}
    row |= {"area_id": "xa", "priority": "high", "state": "normal", "annunciate": True}
    row |= {"late": False, "occurred_at": now, "last_occurred_at": now, "raised_at": now}
    async with store.begin() as connection:
        await connection.execute(insert(alarms).values(**row))
    await _something_happens(store, clock)
    clock.set_wall_clock(datetime(2038, 1, 19, tzinfo=UTC))
    await _something_happens(store, clock)
    retention = Retention(
        store=store,
        evidence=EvidenceStore(folder=tmp_path / "evidence", store=store, clock=clock),
        settings=RetentionSettings(),
        clock=clock,
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(retention.run(), name="retention")
        for _ in range(3):
            await asyncio.sleep(0.05)
            clock.advance(HOUR_S)
        running.cancel()
    async with store.read() as connection:
        assert list(await connection.scalars(select(alarms.c.alarm_id))) == ["a"]
    await retention.run_once()  # what it would have done
    async with store.read() as connection:
        assert not list(await connection.scalars(select(alarms.c.alarm_id)))
