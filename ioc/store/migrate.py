"""Brings a database to the tables of this release, and gives it its name."""

from pathlib import Path
from uuid import uuid4

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, create_engine, insert, select

from ioc.settings import Area
from ioc.store.engine import database_file
from ioc.store.tables import areas, meta

_SCRIPTS = Path(__file__).parent / "migrations"


class DatabaseTooNew(Exception):
    """The database was written by a later release; install that release, or restore a backup."""


def initialise(data_dir: Path, places: tuple[Area, ...]) -> None:
    """Make or migrate the database, and enter the areas of the settings; may be repeated.

    Areas that left the settings keep their rows, so that old alarms still lie somewhere.

    Raises:
        DatabaseTooNew: its revision is unknown to this release.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = database_file(data_dir)
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            connection.exec_driver_sql("PRAGMA synchronous = FULL")
            connection.exec_driver_sql("PRAGMA busy_timeout = 10000")
            connection.rollback()
            upgrade(connection)
            _name_store(connection)
            _enter_areas(connection, places)
            connection.commit()
    finally:
        engine.dispose()
    path.chmod(0o600)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the revisions this database has not seen.

    Raises:
        DatabaseTooNew: its revision is unknown to this release.
    """
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    _refuse_unknown_revision(connection, config)
    command.upgrade(config, revision)
    connection.commit()


def _refuse_unknown_revision(connection: Connection, config: Config) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        return
    try:
        ScriptDirectory.from_config(config).get_revision(current)
    except CommandError as error:
        raise DatabaseTooNew(
            f"the database has revision {current!r}, which this release does not know"
        ) from error


def _name_store(connection: Connection) -> None:
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
