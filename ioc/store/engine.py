"""The store: opens the database, serialises its writers, and tells waiters what was committed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ioc.store import journal as noted
from ioc.store import ledger
from ioc.store.database import Database
from ioc.store.embedded import EmbeddedConnection
from ioc.store.faults import reached, translated
from ioc.store.journal import LAST_NUMBER
from ioc.store.tables import journal, meta


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
    async def begin(self, *, swift: bool = False) -> AsyncIterator[AsyncConnection]:
        """Give one write transaction: committed and on disk on leaving, undone by an exception.

        Args:
            swift: its statements are many and each takes well under a millisecond; an embedded
                database then runs them without a thread.

        Raises:
            StoreUnavailable: the database is locked, full or gone; nothing was committed.
        """
        with translated():
            async with self._turn, _connected(self._writer) as connection:
                connection.info.pop(LAST_NUMBER, None)
                ledger.forget(connection)
                noted.forget_noted(connection)
                async with connection.begin(), _pace(connection, swift=swift):
                    yield connection
                    await ledger.settle_all(connection)
                    await noted.write_noted(connection)
                number = connection.info.pop(LAST_NUMBER, None)
        if number is not None:
            await self._announce(number)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a read-only transaction: one snapshot, however long it lasts.

        Raises:
            StoreUnavailable: the database is gone.
        """
        with translated():
            async with _connected(self._readers) as connection, connection.begin():
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


@asynccontextmanager
async def _pace(connection: AsyncConnection, *, swift: bool) -> AsyncIterator[None]:
    if not swift:
        yield
        return
    driver = (await connection.get_raw_connection()).driver_connection
    if not isinstance(driver, EmbeddedConnection):
        yield
        return
    driver.swift = True
    try:
        yield
    finally:
        driver.swift = False


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with AsyncExitStack() as stack:
        with reached():
            connection = await stack.enter_async_context(engine.connect())
        yield connection


def database_file(data_dir: Path) -> Path:
    """Return where the embedded database lies."""
    return Database(data_dir=data_dir).file


@asynccontextmanager
async def open_store(data_dir: Path, *, url: str | None = None) -> AsyncIterator[Store]:
    """Open the store of an initialised data directory; close it on leaving.

    Args:
        data_dir: the centre's.
        url: of a PostgreSQL database; None: the embedded database.

    Raises:
        DatabaseUrlWrong: the address names no PostgreSQL database.
        StoreUnavailable: the database cannot be reached.
    """
    database = Database(data_dir=data_dir, url=url)
    writer, readers = database.engine(writes=True), database.engine(writes=False)
    try:
        with translated():
            async with _connected(readers) as connection:
                named = select(meta.c.value).where(meta.c.key == "store_id")
                store_id = await connection.scalar(named)
        store = Store(writer=writer, readers=readers, store_id=str(store_id))
        await store._remember_journal()  # noqa: SLF001 - its own constructor, which must await
        yield store
    finally:
        await writer.dispose()
        await readers.dispose()
