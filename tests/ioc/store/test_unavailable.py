"""A database that is locked, full or gone: a clear sentence, and nothing that was not committed."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from ioc.store import database as database_module
from ioc.store.engine import database_file, open_store
from ioc.store.faults import StoreUnavailable
from ioc.store.migrate import initialise
from ioc.store.tables import meta
from tests.fakes.postgres import open_postgres
from tests.ioc.commune import AREAS, open_commune


async def test_a_file_that_another_program_holds_is_said_to_be_locked(tmp_path, monkeypatch):
    """Who waits too long is told what to do; afterwards everything goes on."""
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_MS", 50)
    async with open_commune(tmp_path) as store:
        with closing(sqlite3.connect(database_file(tmp_path))) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable, match="end that program"):
                async with store.begin():
                    pytest.fail("it cannot have begun")
            other.rollback()
        async with store.begin() as connection:
            await connection.execute(insert(meta).values(key="a", value="1"))


async def test_a_full_disk_commits_nothing(tmp_path):
    """And says which disk has no room."""
    async with open_commune(tmp_path) as store:

        async def overfill() -> None:
            async with store.begin() as connection:
                pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar()
                await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
                await connection.execute(insert(meta).values(key="a", value="x" * 1_000_000))

        with pytest.raises(StoreUnavailable, match="free some space"):
            await overfill()
        async with store.read() as connection:
            assert (await connection.scalars(select(meta.c.key))).all() == ["store_id"]


async def test_a_damaged_file_is_said_to_be_unusable(tmp_path):
    """Not a traceback."""
    database_file(tmp_path).write_bytes(b"not a database" * 1_000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        async with open_store(tmp_path):
            pass


async def test_a_statement_with_too_many_values_is_no_fault_of_the_database(tmp_path, database_url):
    """It fails alone: whoever waits until the database can be used would wait for ever."""
    many = [str(number) for number in range(33_000 if database_url else 260_000)]
    async with open_commune(tmp_path, database_url) as store:
        with pytest.raises(DBAPIError):
            async with store.read() as connection:
                await connection.execute(select(meta).where(meta.c.key.in_(many)))


async def test_a_server_that_is_not_there_is_said_to_be_away(tmp_path):
    """Before anything was opened."""
    with pytest.raises(StoreUnavailable, match="look whether its server runs"):
        async with open_store(tmp_path, url=f"postgresql://centre@/x?host={tmp_path}"):
            pass


async def test_a_server_that_dies_takes_only_what_was_not_committed(tmp_path):
    """What was committed is there when it is back, also to a store that was open meanwhile."""
    with open_postgres(fsync="on", full_page_writes="on") as postgres:
        url = postgres.url()
        await asyncio.to_thread(initialise, tmp_path, AREAS, url=url)
        async with open_store(tmp_path, url=url) as store:
            async with store.begin() as connection:
                await connection.execute(insert(meta).values(key="committed", value="1"))

            async def write_while_it_dies() -> None:
                async with store.begin() as connection:
                    await connection.execute(insert(meta).values(key="lost", value="1"))
                    await asyncio.to_thread(postgres.kill)

            with pytest.raises(StoreUnavailable):
                await write_while_it_dies()
            with pytest.raises(StoreUnavailable):
                async with store.read() as connection:
                    await connection.execute(select(meta))
            await asyncio.to_thread(postgres.start)
            async with store.begin() as connection:
                await connection.execute(insert(meta).values(key="after", value="1"))
            async with store.read() as connection:
                keys = set((await connection.scalars(select(meta.c.key))).all())
    assert keys == {"store_id", "committed", "after"}
