"""One SQLite connection in a thread of its own, so that no statement holds up the event loop."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from ioc.timeseries.port import SeriesUnavailable

_Args = ParamSpec("_Args")
_Result = TypeVar("_Result")
_BUSY_TIMEOUT_S = 10.0


class Seat:
    """Runs functions with the connection, one after the other."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._thread = thread

    async def run(
        self,
        work: Callable[Concatenate[sqlite3.Connection, _Args], _Result],
        *args: _Args.args,
        **kwargs: _Args.kwargs,
    ) -> _Result:
        """Return what `work` returns; once begun it ends, whoever is cancelled.

        Raises:
            SeriesUnavailable: the file cannot be read or written: the disk is full, or it is locked.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread, lambda: _translated(work, self._connection, *args, **kwargs)
        )

    async def change(
        self,
        work: Callable[Concatenate[sqlite3.Connection, _Args], _Result],
        *args: _Args.args,
        **kwargs: _Args.kwargs,
    ) -> _Result:
        """Run `work` in a transaction, which is on the disk when this returns; or undo it."""
        return await self.run(_in_transaction, lambda c: work(c, *args, **kwargs))


@asynccontextmanager
async def open_seat(path: Path, *, reading_only: bool = False) -> AsyncIterator[Seat]:
    """Open (and at first make) a database; close it on leaving.

    Raises:
        SeriesUnavailable: it cannot be opened.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix=path.stem) as thread:
        loop = asyncio.get_running_loop()
        connection = await loop.run_in_executor(thread, lambda: _translated(_open, path))
        try:
            if reading_only:
                connection.execute("PRAGMA query_only = ON")
            yield Seat(connection, thread)
        finally:
            thread.submit(connection.close)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        # FULL: gateways delete their telemetry rows once those are acknowledged after `write`.
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _in_transaction(
    connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], _Result]
) -> _Result:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _translated(
    work: Callable[_Args, _Result], /, *args: _Args.args, **kwargs: _Args.kwargs
) -> _Result:
    try:
        return work(*args, **kwargs)
    except sqlite3.Error as error:
        raise SeriesUnavailable(f"the file of time series: {error}") from error
