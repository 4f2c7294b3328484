"""The store: one writer, snapshots for readers, waiters woken, tables as declared."""

import asyncio
import sqlite3
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, insert, select
from sqlalchemy.exc import IntegrityError

from ioc.store import journal
from ioc.store.engine import database_file, open_store
from ioc.store.migrate import DatabaseTooNew, initialise, upgrade
from ioc.store.tables import Instant, areas, meta, metadata
from tests.ioc.commune import AREAS, open_commune

AT = datetime(2026, 1, 5, tzinfo=UTC)


def test_the_revisions_make_exactly_the_declared_tables(tmp_path):
    """Alembic finds nothing to add, remove or change."""
    initialise(tmp_path, AREAS)
    engine = create_engine(f"sqlite:///{database_file(tmp_path)}")

    def compare_type(_context, _column, _declared, existing, wanted) -> bool | None:
        return False if isinstance(wanted, Instant) and "BIGINT" in str(existing) else None

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": compare_type})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_database_of_the_first_release_is_brought_up_with_what_it_holds(tmp_path):
    """Old alarms know their sightings and old pictures their object, so that a clip finds them."""
    path = database_file(tmp_path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        upgrade(connection, "0001")
        for statement in _FIRST_RELEASE:
            connection.exec_driver_sql(statement)
        connection.commit()
    engine.dispose()
    initialise(tmp_path, AREAS)
    database = sqlite3.connect(path)
    assert database.execute("SELECT alarm_id, part_id FROM alarm_parts").fetchall() == [
        ("a-1", "bag-1"),
        ("a-1", "bag-2"),
    ]
    kept = "SELECT event_id, object_id, state, duration_s FROM evidence ORDER BY event_id"
    assert database.execute(kept).fetchall() == [
        ("e-1", "bag-1", "stored", None),
        ("e-gone", None, "announced", None),
    ]
    assert database.execute("SELECT command_id, alarm_id FROM commands").fetchall() == [
        ("c-1", None)
    ]
    database.close()


_FIRST_RELEASE = (
    """INSERT INTO alarms VALUES ('a-1', 'littering', 'tu-1', 'cam-1', 'cam-1', 'ban-chuong', 'high',
    'normal', 1, 0, 1, 1, 1, NULL, NULL, 2, 2, 0,
    '{"parts": {"bag-1": "cleared", "bag-2": "present"}}')""",
    """INSERT INTO alarms VALUES ('a-2', 'device_down', 'tu-1', 'cam-1', 'cam-1', 'ban-chuong',
    'medium', 'normal', 1, 0, 1, 1, 1, NULL, NULL, 2, 1, 0, '{"parts": {}}')""",
    """INSERT INTO events VALUES ('e-1', 'thu', 'tu-1', 'cam-1', 'littering.confirmed.v1', 'x', 1, 1,
    0, 1, 1, 0, 0, '{"data": {"object_id": "bag-1"}}')""",
    """INSERT INTO evidence VALUES ('e-1', 'after', 'aa', 'tu-1', 'a-1', 'image/jpeg', 1, 1, 1, 1,
    'stored', 1)""",
    """INSERT INTO evidence VALUES ('e-gone', 'after', 'bb', 'tu-1', 'a-1', 'image/jpeg', 1, 1, 1, 1,
    'announced', NULL)""",
    """INSERT INTO commands VALUES ('c-1', 'tu-1', 1, 'stop.v1', NULL, x'00', 1, 2, 'done', '', 1,
    1)""",
)


async def test_initialising_again_keeps_name_and_areas(tmp_path):
    """`ioc init` may be repeated; an area that left the settings stays for its alarms."""
    async with open_commune(tmp_path) as store:
        first = store.store_id
    initialise(tmp_path, AREAS[:1])
    async with open_store(tmp_path) as store, store.read() as connection:
        assert store.store_id == first
        assert len((await connection.execute(select(areas))).all()) == len(AREAS)


def test_a_database_of_a_later_release_is_refused(tmp_path):
    """Better no centre than a damaged one."""
    initialise(tmp_path, AREAS)
    with sqlite3.connect(database_file(tmp_path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(DatabaseTooNew, match="9999"):
        initialise(tmp_path, AREAS)


def test_the_database_is_private(tmp_path):
    """It holds password hashes."""
    initialise(tmp_path, AREAS)
    assert database_file(tmp_path).stat().st_mode & 0o077 == 0


async def test_a_failed_transaction_leaves_nothing(tmp_path):
    """All or nothing."""
    async with open_commune(tmp_path) as store:
        with pytest.raises(IntegrityError):
            await _write_twice(store)
        async with store.read() as connection:
            found = await connection.execute(select(meta).where(meta.c.key == "a"))
            assert found.all() == []


async def test_waiters_learn_of_a_change_when_it_is_committed(tmp_path):
    """Not before: what they read then is there."""
    async with open_commune(tmp_path) as store:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(store.changed(0))
            async with store.begin() as connection:
                number = await journal.write(
                    connection, subject="alarm", subject_id="x", area_id="xa", at=AT
                )
                await asyncio.sleep(0.01)
                assert not waiting.done()
        assert waiting.result() == number
    async with open_store(tmp_path) as reopened:
        assert await reopened.changed(0) == number


async def test_an_undone_change_wakes_nobody(tmp_path):
    """A journal line that was rolled back never was."""
    async with open_commune(tmp_path) as store:
        with pytest.raises(IntegrityError):
            await _write_twice(store)
        async with store.begin() as connection:
            await connection.execute(insert(meta).values(key="a", value="1"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(store.changed(0), 0.05)


async def test_readers_cannot_write_and_do_not_wait_for_writers(tmp_path):
    """A page is shown while a transaction is open, as it was before it."""
    async with open_commune(tmp_path) as store, store.begin() as writing:
        await writing.execute(insert(meta).values(key="a", value="1"))
        async with store.read() as reading:
            rows = await reading.execute(select(meta).where(meta.c.key == "a"))
            assert rows.all() == []
            with pytest.raises(Exception, match="readonly"):
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


async def test_writers_take_turns(tmp_path):
    """Fifty tasks that count upwards never read the same number."""
    async with open_commune(tmp_path) as store:

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


async def test_a_cancelled_writer_frees_its_turn(tmp_path):
    """A browser that goes away in the middle of a request blocks nobody."""
    async with open_commune(tmp_path) as store:
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
