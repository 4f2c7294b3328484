"""Brings a database to the tables of this release, and gives it its name."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, create_engine, event, insert, inspect, select

from ioc.settings import Area
from ioc.store.database import BUSY_TIMEOUT_MS, Database
from ioc.store.faults import reached
from ioc.store.tables import areas, meta

RESTORING = "restoring"
"""The folder of the data directory in which a backup is unpacked; gone when it is whole."""
_SCRIPTS = Path(__file__).parent / "migrations"


class DatabaseTooNew(Exception):
    """The database was written by a later release; install that release, or restore a backup."""


class RestoreInterrupted(Exception):
    """A restoration was killed on its way: half a centre lies there; restore into an empty place."""


def check_whole(data_dir: Path) -> None:
    """Refuse a place in which a restoration has not come to its end.

    Raises:
        RestoreInterrupted: one is running, or was killed.
    """
    if (data_dir / RESTORING).exists():
        raise RestoreInterrupted(
            f"{data_dir / RESTORING} is left of a restoration that did not come to its end: what lies"
            f" there is half a centre. Move {data_dir} away, empty the database if it is a server's,"
            " and run `ioc restore` again"
        )


def initialise(data_dir: Path, places: tuple[Area, ...], *, url: str | None = None) -> None:
    """Make or migrate the database, and enter the areas of the settings; may be repeated.

    Areas that left the settings keep their rows, so that old alarms still lie somewhere.

    Args:
        data_dir: the centre's; made where it is missing.
        places: the areas of the settings.
        url: of a PostgreSQL database; None: the embedded database.

    Raises:
        DatabaseTooNew: its revision is unknown to this release.
        DatabaseUrlWrong: the address names no PostgreSQL database.
        RestoreInterrupted: half a restored centre lies there.
        StoreUnavailable: the database cannot be reached.
    """
    check_whole(data_dir)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)

    def bring_up(connection: Connection) -> None:
        upgrade(connection)
        name_store(connection)
        _enter_areas(connection, places)

    change(Database(data_dir=data_dir, url=url), bring_up)


def is_initialised(data_dir: Path, *, url: str | None = None) -> bool:
    """Tell whether there is a centre's database; blocking, waits for no writer, changes nothing.

    Raises:
        DatabaseUrlWrong: the address names no PostgreSQL database.
        StoreUnavailable: the database cannot be reached.
    """
    database = Database(data_dir=data_dir, url=url)
    if database.is_embedded:
        return database.file.exists()
    found: list[bool] = []

    def look(connection: Connection) -> None:
        found.append(inspect(connection).has_table("meta"))

    with reached():
        _on_server(database, look, writes=False)
    return found[0]


def change(database: Database, work: Callable[[Connection], None]) -> None:
    """Run `work` on the database outside of any event loop, and commit what it did; blocking.

    Raises:
        DatabaseUrlWrong: the address names no PostgreSQL database.
        StoreUnavailable: the database cannot be used.
    """
    with reached():
        if database.is_embedded:
            _change_file(database.file, work)
            return
        _on_server(database, work, writes=True)


def _change_file(path: Path, work: Callable[[Connection], None]) -> None:
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _open_transaction)
    try:
        with engine.connect() as connection:
            work(connection)
            connection.commit()
    finally:
        engine.dispose()
    path.chmod(0o600)


def _configure(file: sqlite3.Connection, _record: object) -> None:
    # Python's driver would begin no transaction before it alters tables: a power cut amid a
    # migration would leave tables of which no revision knows, and no centre could be served again.
    file.isolation_level = None
    file.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = FULL")


def _open_transaction(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _on_server(database: Database, work: Callable[[Connection], None], *, writes: bool) -> None:
    # Its driver knows only event loops, and the caller's may be running: this one is its own.
    with ThreadPoolExecutor(1, thread_name_prefix="migrate") as thread:
        thread.submit(asyncio.run, _work_on_server(database, work, writes=writes)).result()


async def _work_on_server(
    database: Database, work: Callable[[Connection], None], *, writes: bool
) -> None:
    engine = database.engine(writes=writes)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(work)
            await connection.commit()
    finally:
        await engine.dispose()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the revisions this database has not seen: all of them, or after a kill none.

    Raises:
        DatabaseTooNew: its revision is unknown to this release.
    """
    config = _config()
    config.attributes["connection"] = connection
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None:
        check_known(current)
    command.upgrade(config, revision)
    connection.commit()


def check_known(revision: str) -> None:
    """Refuse the revision of a later release.

    Raises:
        DatabaseTooNew: this release does not know it.
    """
    try:
        ScriptDirectory.from_config(_config()).get_revision(revision)
    except CommandError as error:
        raise DatabaseTooNew(
            f"the database has revision {revision!r}, which this release does not know"
        ) from error


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config


def name_store(connection: Connection) -> None:
    """Give a store its id, unless it has one."""
    known = connection.scalar(select(meta.c.value).where(meta.c.key == "store_id"))
    if known is None:
        connection.execute(insert(meta).values(key="store_id", value=str(uuid4())))


def _enter_areas(connection: Connection, places: tuple[Area, ...]) -> None:
    wanted = [
        {"area_id": place.area_id, "name": place.name, "parent_id": place.parent_id}
        for place in places
    ]
    connection.execute(areas.delete().where(areas.c.area_id.in_([w["area_id"] for w in wanted])))
    connection.execute(insert(areas), wanted)
