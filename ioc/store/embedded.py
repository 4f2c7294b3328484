"""A connection to the embedded database that runs short statements where they are asked for.

A thread behind every statement costs five times what SQLite needs for a short one. What may take
longer goes to a thread of the connection's own all the same: waiting for the lock, many rows at
once, the commit, and everything of a transaction that is not `swift`. It has the methods by which
SQLAlchemy uses aiosqlite, and nothing else may use it.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

Result = TypeVar("Result")
_STATEMENTS_KEPT = 512
"""Prepared once; ingest and pages have fewer."""


class EmbeddedConnection:
    """One connection; only one task uses it at a time."""

    def __init__(self, path: Path) -> None:
        """Prepare a connection; awaiting `open` makes it."""
        self.swift = False
        """Whether the transaction promises that each of its statements is short."""
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._waiting = 0
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> Self:
        """Open the file, and make it where it is missing; return the connection itself."""
        try:
            self._connection = await self.in_thread(
                partial(
                    sqlite3.connect,
                    self._path,
                    isolation_level=None,  # transactions begin and end where we say
                    check_same_thread=False,
                    cached_statements=_STATEMENTS_KEPT,
                )
            )
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    def cursor(self) -> "EmbeddedCursor":
        """Return a cursor."""
        return EmbeddedCursor(self, self.sqlite.cursor())

    async def commit(self) -> None:
        """Commit, and wait for the disk."""
        await self.in_thread(self.sqlite.commit)

    async def rollback(self) -> None:
        """Undo what is not committed, after whatever still runs."""
        await self.in_thread(self.sqlite.rollback)

    async def close(self) -> None:
        """Close after whatever still runs; again changes nothing."""
        if self._connection is not None:
            await self.in_thread(self._connection.close)
            self._connection = None
            self._thread.shutdown(wait=False)

    def stop(self) -> None:
        """Close without waiting."""
        if self._connection is not None:
            self._thread.submit(self._connection.close)
            self._connection = None
            self._thread.shutdown(wait=False)

    async def create_function(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        """Teach SQLite a function, as SQLAlchemy wishes."""
        self.sqlite.create_function(*arguments, **options)

    @property
    def sqlite(self) -> sqlite3.Connection:
        """The connection itself.

        Raises:
            ValueError: it is closed.
        """
        if self._connection is None:
            raise ValueError("no active connection")
        return self._connection

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run a short piece of work: here if the transaction is swift, else in the thread."""
        # What was given up may still run there; nothing overtakes it.
        if self.swift and self._waiting == 0:
            return work()
        return await self.in_thread(work)

    async def in_thread(self, work: Callable[[], Result]) -> Result:
        """Run a piece of work in the thread, in its turn."""
        self._waiting += 1
        future = asyncio.get_running_loop().run_in_executor(self._thread, work)
        future.add_done_callback(self._done)
        # A task that is cancelled leaves its statement running, as SQLite would.
        return await asyncio.shield(future)

    def _done(self, future: "asyncio.Future[Any]") -> None:
        self._waiting -= 1
        if not future.cancelled():
            future.exception()  # whoever was cancelled does not ask for it any more


class EmbeddedCursor:
    """One cursor of a connection."""

    def __init__(self, connection: EmbeddedConnection, cursor: sqlite3.Cursor) -> None:
        self._connection = connection
        self._cursor = cursor

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement."""
        work = partial(self._cursor.execute, operation, parameters)
        # It may have to wait for another process.
        begins = operation.startswith("BEGIN")
        await (self._connection.in_thread(work) if begins else self._connection.run(work))

    async def executemany(self, operation: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for every row; meanwhile others use the processor's other core."""
        await self._connection.in_thread(partial(self._cursor.executemany, operation, rows))

    async def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        return await self._connection.run(self._cursor.fetchall)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows."""
        wanted = self._cursor.arraysize if size is None else size
        return await self._connection.run(partial(self._cursor.fetchmany, wanted))

    async def fetchone(self) -> Any:  # noqa: ANN401 - whatever the row is
        """Return the next row."""
        return await self._connection.run(self._cursor.fetchone)

    async def close(self) -> None:
        """Forget the rows."""
        await self._connection.run(self._cursor.close)

    @property
    def description(self) -> Any:  # noqa: ANN401 - the database interface's
        """Names of the columns."""
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        """The number of the row that was inserted last."""
        return self._cursor.lastrowid

    @property
    def arraysize(self) -> int:
        """How many rows `fetchmany` returns."""
        return self._cursor.arraysize

    @arraysize.setter
    def arraysize(self, size: int) -> None:
        self._cursor.arraysize = size
