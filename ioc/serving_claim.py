"""One centre at a time serves a database of a server; a file has the lock of its data directory.

Two would take each other's notifications for their own of an earlier life and send them twice.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text

from ioc.clock import Clock
from ioc.serving_lock import AlreadyServed
from ioc.store.database import Database
from ioc.store.faults import StoreUnavailable, reached, translated

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

WAIT_S = 120.0
"""Longer than a server needs to notice that the machine of a former centre has lost its power."""
LOOK_EVERY_S = 5.0
_SERVING = 0x10D
"""The advisory lock of the centre that serves; its session holds it, and nothing else."""
_NOTICE_SOON = (
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
)

_log = structlog.get_logger(__name__)


class ServingClaim:
    """Holds the claim in a connection of its own; whoever takes it closes it."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._name = database.name
        self._engine: AsyncEngine = database.engine(writes=False)
        self._clock = clock
        self._connection: AsyncConnection | None = None

    async def take(self, *, wait_s: float = WAIT_S) -> None:
        """Take the claim.

        Raises:
            AlreadyServed: another centre held it all the time.
            StoreUnavailable: the database cannot be reached.
        """
        until_s = self._clock.monotonic_s() + wait_s
        while not await self._try():
            if self._clock.monotonic_s() >= until_s:
                raise AlreadyServed(
                    f"another centre serves the database {self._name}; stop it first, or name"
                    " another database in the settings"
                )
            _log.warning("centre.waits_for_another", database=self._name)
            await self._clock.sleep(LOOK_EVERY_S)

    async def keep(self) -> None:
        """Take it again whenever the server was away, for ever."""
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            try:
                await self._ask("SELECT 1")
            except StoreUnavailable:
                await self._drop()
                await self.take(wait_s=0.0)

    async def close(self) -> None:
        """Give the claim back."""
        await self._drop()
        await self._engine.dispose()

    async def _try(self) -> bool:
        if self._connection is None:
            with reached():
                opened = await self._engine.connect()
                self._connection = await opened.execution_options(isolation_level="AUTOCOMMIT")
            for setting in _NOTICE_SOON.split("; "):
                await self._ask(setting)
        return bool(await self._ask(f"SELECT pg_try_advisory_lock({_SERVING})"))

    async def _ask(self, statement: str) -> object:
        if self._connection is None:
            raise StoreUnavailable("the database was away")
        with translated():
            answer = await self._connection.execute(text(statement))
            return answer.scalar() if answer.returns_rows else None

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.invalidate()  # also ends a session that only seems to be alive
            await connection.close()


@asynccontextmanager
async def claim_database(database: Database, *, clock: Clock) -> AsyncIterator[ServingClaim | None]:
    """Hold the claim while the block runs; None: the database is a file.

    Raises:
        AlreadyServed: another centre serves it.
        StoreUnavailable: it cannot be reached.
    """
    if database.is_embedded:
        yield None
        return
    claim = ServingClaim(database, clock=clock)
    try:
        await claim.take()
        yield claim
    finally:
        await claim.close()
