"""What the centre cannot know it says, and what reached it while it could store nothing is kept."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from ioc.ingest import intake as intake_module
from ioc.ingest.listening import Listening
from ioc.ingest.watch import look_once
from ioc.store import database as database_module
from ioc.store.engine import database_file
from ioc.store.tables import alarms, events, gateways
from tests.ioc.sender import Sender, motion

MINUTE = timedelta(minutes=1)


@pytest.fixture
def database_url() -> None:
    """The embedded database: what a server does is tested with the store."""


@pytest.fixture
def impatient(monkeypatch) -> None:
    """A database that is held is given up at once, and tried again soon."""
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_MS", 20)
    monkeypatch.setattr(intake_module, "AWAY_RETRY_S", 0)


def test_nothing_is_known_since_the_last_word(clock):
    """A broker that hangs is noticed long after it has said the last one."""
    listening = Listening(clock)
    assert listening.connected_at is None
    listening.freed("broker")
    assert (listening.deafness, listening.connected_at) == (None, clock.now())
    clock.advance(30)
    listening.heard()
    last_word = clock.now()
    clock.advance(40)
    listening.hindered("broker", reason="keep-alive")
    assert (listening.deafness.since, listening.deafness.why) == (last_word, "broker")


def test_a_broker_helps_nobody_while_nothing_can_be_stored(clock):
    """What stands in the way of both is told first, and the time of the one that began first."""
    listening = Listening(clock)
    began = clock.now()
    clock.advance(10)
    listening.hindered("store", reason="full")
    assert (listening.deafness.since, listening.deafness.why) == (began, "store")
    listening.freed("broker")
    assert listening.connected_at is None
    listening.freed("store")
    assert listening.deafness is None


def test_what_can_be_written_can_be_read(clock):
    """Whoever has found the database away may have gone meanwhile."""
    listening = Listening(clock)
    listening.freed("broker")
    listening.hindered("database", reason="gone")
    assert listening.deafness.why == "database"
    listening.freed("store")
    assert listening.deafness is None


async def until(listening: Listening, *, deaf: bool) -> None:
    async with asyncio.timeout(10):
        while (listening.deafness is not None) is not deaf:
            await asyncio.sleep(0.01)


async def test_a_birth_waits_while_another_program_holds_the_database(
    impatient, centre, clock, tmp_path
):
    """Nobody repeats it; it is stored once the other has let go."""
    centre.intake._listening.freed("broker")
    with closing(sqlite3.connect(database_file(tmp_path))) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.TaskGroup() as group:
            group.create_task(centre.take(Sender(clock).birth()), name="birth")
            await until(centre.intake._listening, deaf=True)
            assert centre.intake._listening.deafness.why == "store"
            assert not (await centre.row(gateways))["online"]
            other.rollback()
    assert centre.intake._listening.deafness is None
    assert (await centre.row(gateways))["online"]


async def test_a_full_disk_acknowledges_nothing_and_loses_nothing(impatient, centre, sender):
    """What came meanwhile is committed once when there is room again."""
    centre.intake._listening.freed("broker")
    pages = await allow_pages(centre, None)
    batch = sender.batch(*(sender.event(motion()) for _ in range(500)))
    async with asyncio.TaskGroup() as group:
        group.create_task(centre.take(batch), name="batch")
        await until(centre.intake._listening, deaf=True)
        assert (await centre.ack(sender)).committed == ()
        await allow_pages(centre, pages * 100)
    assert (await centre.ack(sender)).committed == ((1, 500),)
    await centre.take(batch)
    assert len(await centre.rows(events)) == 500


async def allow_pages(centre, most: int | None) -> int:
    """Let the database grow to so many pages and no further; None: not at all. Return its size."""
    async with centre.store.begin() as connection:
        pages = int((await connection.exec_driver_sql("PRAGMA page_count")).scalar())
        await connection.exec_driver_sql(f"PRAGMA max_page_count = {most or pages}")
    return pages


async def test_a_centre_that_could_store_nothing_calls_nobody_silent(centre, sender, clock):
    """Their signs of life were not kept: that is no fault of theirs."""
    listening = Listening(clock)
    listening.freed("broker")
    listening.hindered("store", reason="full")
    clock.advance(10 * MINUTE.total_seconds())
    assert await look_once(store=centre.store, listener=listening, clock=clock) == 0
    listening.freed("store")
    assert await look_once(store=centre.store, listener=listening, clock=clock) == 0
    clock.advance(2 * MINUTE.total_seconds())
    assert await look_once(store=centre.store, listener=listening, clock=clock) == 1
    assert (await centre.row(alarms))["kind"] == "gateway_down"
