"""The store: opens the database, serialises its writers, and tells waiters what was committed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, event, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ioc.store.journal import LAST_NUMBER
from ioc.store.tables import journal, meta

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for another process, such as `ioc user add` beside `ioc serve`."""


class _Cursor(Protocol):
    def execute(self, operation: str) -> object: ...

    def close(self) -> None: ...


class _DbapiConnection(Protocol):
    isolation_level: str | None

    def cursor(self) -> _Cursor: ...


class Store:
    """The centre's memory. Writers of this process queue; readers see committed snapshots."""

    def __init__(self, *, writer: AsyncEngine, readers: AsyncEngine, store_id: str) -> None:
        self.store_id = store_id
        """New with every database, also after a restore from backup."""
        self._writer = writer
        self._readers = readers
        self._turn = asyncio.Lock()
        self._committed = asyncio.Condition()
        self._journal_number = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Give one write transaction: committed and on disk on leaving, undone by an exception."""
        async with self._turn, self._writer.connect() as connection:
            connection.info.pop(LAST_NUMBER, None)
            async with connection.begin():
                yield connection
            number = connection.info.pop(LAST_NUMBER, None)
        if number is not None:
            await self._announce(number)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a read-only transaction: one snapshot, however long it lasts."""
        async with self._readers.connect() as connection, connection.begin():
            yield connection

    async def changed(self, after: int) -> int:
        """Wait until the journal has a number above `after`; return its highest."""
        async with self._committed:
            await self._committed.wait_for(lambda: self._journal_number > after)
            return self._journal_number

    async def close(self) -> None:
        """Close every connection; the store cannot be used afterwards."""
        await self._writer.dispose()
        await self._readers.dispose()

    async def _announce(self, number: int) -> None:
        async with self._committed:
            self._journal_number = max(self._journal_number, number)
            self._committed.notify_all()

    async def _remember_journal(self) -> None:
        async with self.read() as connection:
            number = await connection.scalar(select(func.max(journal.c.number)))
        await self._announce(number or 0)


def database_file(data_dir: Path) -> Path:
    """Return where the embedded database lies."""
    return data_dir / "ioc.db"


@asynccontextmanager
async def open_store(data_dir: Path) -> AsyncIterator[Store]:
    """Open the store of an initialised data directory; close it on leaving."""
    path = database_file(data_dir)
    writer = _engine(path, writes=True)
    readers = _engine(path, writes=False)
    try:
        async with readers.connect() as connection:
            store_id = await connection.scalar(select(meta.c.value).where(meta.c.key == "store_id"))
        store = Store(writer=writer, readers=readers, store_id=str(store_id))
        await store._remember_journal()  # noqa: SLF001 - its own constructor, which must await
        yield store
    finally:
        await writer.dispose()
        await readers.dispose()


def _engine(path: Path, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{path}",
        pool_size=1 if writes else 4,
        max_overflow=0 if writes else 12,
        pool_reset_on_return="rollback",
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(dbapi_connection: _DbapiConnection, _record: object) -> None:
        # sqlite3 would open transactions lazily and deferred: a late upgrade to a write can fail.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in _pragmas(writes=writes):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _open_transaction(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _pragmas(*, writes: bool) -> list[str]:
    always = [f"busy_timeout = {BUSY_TIMEOUT_MS}", "foreign_keys = ON"]
    if writes:
        # FULL: what was acknowledged to a gateway survives a power cut.
        return [*always, "journal_mode = WAL", "synchronous = FULL"]
    return [*always, "query_only = ON"]
