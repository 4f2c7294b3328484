"""The store: one writer, snapshots for readers, waiters woken; the same on either database."""

import asyncio
import sqlite3
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from ioc.store import journal
from ioc.store.engine import database_file, open_store
from ioc.store.faults import StoreUnavailable
from ioc.store.migrate import initialise
from ioc.store.tables import areas, devices, meta
from tests.ioc.commune import AREAS, open_commune

AT = datetime(2026, 1, 5, tzinfo=UTC)


async def test_initialising_again_keeps_name_and_areas(tmp_path, database_url):
    """`ioc init` may be repeated; an area that left the settings stays for its alarms."""
    async with open_commune(tmp_path, database_url) as store:
        first = store.store_id
    initialise(tmp_path, AREAS[:1], url=database_url)
    async with open_store(tmp_path, url=database_url) as store, store.read() as connection:
        assert store.store_id == first
        assert len((await connection.execute(select(areas))).all()) == len(AREAS)


def test_the_database_is_private(tmp_path):
    """It holds password hashes."""
    initialise(tmp_path, AREAS)
    assert database_file(tmp_path).stat().st_mode & 0o077 == 0


async def test_a_failed_transaction_leaves_nothing(tmp_path, database_url):
    """All or nothing."""
    async with open_commune(tmp_path, database_url) as store:
        with pytest.raises(IntegrityError):
            await _write_twice(store)
        async with store.read() as connection:
            found = await connection.execute(select(meta).where(meta.c.key == "a"))
            assert found.all() == []


async def test_waiters_learn_of_a_change_when_it_is_committed(tmp_path, database_url):
    """Not before: what they read then is there."""
    async with open_commune(tmp_path, database_url) as store:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(store.changed(0))
            async with store.begin() as connection:
                number = await journal.write(
                    connection, subject="alarm", subject_id="x", area_id="xa", at=AT
                )
                await asyncio.sleep(0.01)
                assert not waiting.done()
        assert waiting.result() == number
    async with open_store(tmp_path, url=database_url) as reopened:
        assert await reopened.changed(0) == number


async def test_an_undone_change_wakes_nobody(tmp_path, database_url):
    """A journal line that was rolled back never was."""
    async with open_commune(tmp_path, database_url) as store:
        with pytest.raises(IntegrityError):
            await _write_twice(store)
        async with store.begin() as connection:
            await connection.execute(insert(meta).values(key="a", value="1"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(store.changed(0), 0.05)


async def test_readers_cannot_write_and_do_not_wait_for_writers(tmp_path, database_url):
    """A page is shown while a transaction is open, as it was before it."""
    async with open_commune(tmp_path, database_url) as store, store.begin() as writing:
        await writing.execute(insert(meta).values(key="a", value="1"))
        async with store.read() as reading:
            rows = await reading.execute(select(meta).where(meta.c.key == "a"))
            assert rows.all() == []
        with pytest.raises((DBAPIError, StoreUnavailable), match=r"read-?only"):
            async with store.read() as reading:
                await reading.execute(insert(meta).values(key="b", value="1"))


async def test_what_is_committed_is_on_the_disk(tmp_path):
    """The acknowledgement promises that a power cut takes nothing back."""
    async with open_commune(tmp_path) as store, store.begin() as writing:
        assert (await writing.exec_driver_sql("PRAGMA synchronous")).scalar() == 2  # FULL
        assert (await writing.exec_driver_sql("PRAGMA journal_mode")).scalar() == "wal"


async def test_a_write_transaction_excludes_other_processes_from_its_first_moment(tmp_path):
    """What it has read is still true when it writes: `ioc user add` beside `ioc serve` waits."""
    async with open_commune(tmp_path) as store, store.begin() as connection:
        await connection.execute(select(meta))
        other = sqlite3.connect(database_file(tmp_path), timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO meta VALUES ('other', '1')")
        other.close()


async def test_writers_take_turns(tmp_path, database_url):
    """Fifty tasks that count upwards never read the same number."""
    async with open_commune(tmp_path, database_url) as store:

        async def count() -> None:
            async with store.begin() as connection:
                known = await connection.scalar(select(meta.c.value).where(meta.c.key == "n"))
                await connection.execute(meta.delete().where(meta.c.key == "n"))
                await asyncio.sleep(0)
                value = str(int(known or 0) + 1)
                await connection.execute(insert(meta).values(key="n", value=value))

        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(count())
        async with store.read() as connection:
            value = await connection.scalar(select(meta.c.value).where(meta.c.key == "n"))
        assert value == "50"


async def test_a_cancelled_writer_frees_its_turn(tmp_path, database_url):
    """A browser that goes away in the middle of a request blocks nobody."""
    async with open_commune(tmp_path, database_url) as store:
        entered = asyncio.Event()

        async def hang() -> None:
            async with store.begin() as connection:
                await connection.execute(insert(meta).values(key="hung", value="1"))
                entered.set()
                await asyncio.sleep(60)

        async with asyncio.TaskGroup() as group:
            hanging = group.create_task(hang())
            await entered.wait()
            hanging.cancel()
        async with store.begin() as connection:
            await connection.execute(insert(meta).values(key="next", value="1"))
        async with store.read() as connection:
            keys = (await connection.scalars(select(meta.c.key))).all()
        assert sorted(keys) == ["next", "store_id"]


async def _write_twice(store) -> None:
    """Write a journal line and one key twice, which fails."""
    async with store.begin() as connection:
        await journal.write(connection, subject="alarm", subject_id="x", area_id="xa", at=AT)
        await connection.execute(insert(meta).values(key="a", value="1"))
        await connection.execute(insert(meta).values(key="a", value="2"))


async def test_a_letter_that_one_database_cannot_hold_stops_nothing(tmp_path, database_url):
    """A device whose name holds the character NUL is entered all the same."""
    async with open_commune(tmp_path, database_url) as store:
        async with store.begin() as connection:
            row = {"gateway_id": "tu-1", "device_id": "c", "device_kind": "camera", "area_id": "xa"}
            await connection.execute(insert(devices).values(**row, name="a\0b"))
        async with store.read() as connection:
            name = await connection.scalar(select(devices.c.name))
    assert name in {"a\0b", "a�b"}


async def test_a_writer_of_another_process_waits_its_turn(tmp_path, database_url):
    """What a transaction has read is still true when it writes, whoever else writes."""
    async with (
        open_commune(tmp_path, database_url) as one,
        open_store(tmp_path, url=database_url) as other,
        asyncio.TaskGroup() as group,
    ):
        done: list[str] = []

        async def write() -> None:
            async with other.begin() as connection:
                await connection.execute(insert(meta).values(key="other", value="1"))
            done.append("other")

        async with one.begin() as connection:
            await connection.execute(select(meta))
            group.create_task(write())
            await asyncio.sleep(0.1)
            done.append("one")
    assert done == ["one", "other"]
