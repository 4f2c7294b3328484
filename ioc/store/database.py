"""Where a store lies, SQLite or PostgreSQL, and how each is connected to; knows no table.

Both are used alike: one writer at a time over all processes, whose commit is on the disk when it
returns, and readers that see one committed snapshot for as long as they look.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ioc.store.embedded import EmbeddedConnection

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for another process, such as `ioc user add` beside `ioc serve`."""
CONNECT_TIMEOUT_S = 5
_WRITERS = 0x10C
"""The advisory lock that writers of a PostgreSQL database take in turn."""
_READERS_KEPT, _READERS_MORE = 4, 12


class DatabaseUrlWrong(Exception):
    """The address of the database cannot be used; correct `database` in the settings."""


class _Cursor(Protocol):
    def execute(self, operation: str) -> object: ...

    def close(self) -> None: ...


class _DbapiConnection(Protocol):
    def cursor(self) -> _Cursor: ...


@dataclass(frozen=True, kw_only=True)
class Database:
    """Where the centre's state lies: a file of the data directory, or a PostgreSQL database."""

    data_dir: Path
    url: str | None = field(default=None, repr=False)
    """None: the embedded database. It may hold a password."""

    @property
    def file(self) -> Path:
        """Where the embedded database lies."""
        return self.data_dir / "ioc.db"

    @property
    def is_embedded(self) -> bool:
        """Whether it is a file rather than a server's."""
        return self.url is None

    @property
    def name(self) -> str:
        """How people and logs name it; holds no secret."""
        if self.url is None:
            return str(self.file)
        return _postgresql(self.url).render_as_string(hide_password=True)

    def engine(self, *, writes: bool) -> AsyncEngine:
        """Return connections for writing (one) or reading; whoever asks disposes of them.

        Raises:
            DatabaseUrlWrong: the address is none, or of another kind of database.
        """
        if self.url is None:
            return _sqlite_engine(self.file, writes=writes)
        return _postgresql_engine(_postgresql(self.url), writes=writes)


def _sqlite_engine(path: Path, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{path}",
        async_creator=lambda: EmbeddedConnection(path).open(),
        **_pool(writes=writes),
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(dbapi_connection: _DbapiConnection, _record: object) -> None:
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


def _postgresql(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise DatabaseUrlWrong(
            "database: the address is none; it looks like postgresql://user@host/name"
        ) from error
    if url.drivername not in ("postgresql", "postgresql+asyncpg"):
        raise DatabaseUrlWrong(
            f"database: {url.drivername!r} is no kind of database the centre knows; it uses"
            " postgresql://user@host/name, or without `database` a file of its own"
        )
    return url.set(drivername="postgresql+asyncpg")


def _postgresql_engine(url: URL, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        connect_args={
            "timeout": CONNECT_TIMEOUT_S,
            "server_settings": {
                "application_name": "ioc",
                "lock_timeout": str(BUSY_TIMEOUT_MS),
                # Whatever the server's own choice: what was acknowledged survives a power cut.
                "synchronous_commit": "on",
                "jit": "off",  # takes longer than any of our queries
            },
        },
        **_pool(writes=writes),
    )
    _replace_nul(engine)
    if not writes:
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @event.listens_for(engine.sync_engine, "begin")
    def _take_turn(connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")

    return engine


def _replace_nul(engine: AsyncEngine) -> None:
    """Let text hold what PostgreSQL refuses: U+FFFD stands for the character NUL.

    One such character from one device would otherwise stop its gateway for ever.
    """

    async def teach(driver: Any) -> None:  # noqa: ANN401 - asyncpg has no types
        for name in ("text", "varchar"):
            await driver.set_type_codec(
                name, schema="pg_catalog", encoder=without_nul, decoder=str, format="text"
            )

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(dbapi_connection: Any, _record: object) -> None:  # noqa: ANN401 - SQLAlchemy's
        dbapi_connection.run_async(teach)


def without_nul(text: str) -> str:
    """Return text as PostgreSQL can keep it."""
    return text.replace("\0", "�") if "\0" in text else text


def _pool(*, writes: bool) -> dict[str, Any]:
    return {
        "pool_size": 1 if writes else _READERS_KEPT,
        "max_overflow": 0 if writes else _READERS_MORE,
        "pool_reset_on_return": "rollback",
    }
