"""Migrations: exactly the declared tables, and every released revision brought up with its rows."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, inspect, text

from ioc.store.database import Database
from ioc.store.migrate import DatabaseTooNew, change, initialise, upgrade
from ioc.store.tables import Instant, metadata
from tests.ioc.commune import AREAS


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path) -> Database:
    """A place without tables."""
    if request.param == "sqlite":
        return Database(data_dir=tmp_path)
    return Database(data_dir=tmp_path, url=request.getfixturevalue("postgres").new_database())


def bring_up(database: Database) -> None:
    """Do what every start of the centre does."""
    initialise(database.data_dir, AREAS, url=database.url)


def rows(database: Database, query: str) -> list[tuple]:
    """Return what a query finds."""
    found: list[tuple] = []
    change(database, lambda connection: found.extend(map(tuple, connection.execute(text(query)))))
    return found


def test_the_revisions_make_exactly_the_declared_tables(database):
    """Alembic finds nothing to add, remove or change."""
    bring_up(database)

    def compare_type(_context, _column, _declared, existing, wanted) -> bool | None:
        return False if isinstance(wanted, Instant) and "BIGINT" in str(existing) else None

    found = []

    def compare(connection: Connection) -> None:
        context = MigrationContext.configure(connection, opts={"compare_type": compare_type})
        found.extend(compare_metadata(context, metadata))

    change(database, compare)
    assert found == []


@pytest.mark.parametrize("revision", ["0001", "0002", "0003"])
def test_a_database_of_a_released_revision_is_brought_up_with_what_it_holds(database, revision):
    """What an earlier release has stored is there, and new columns say what they mean of it."""

    def fill(connection: Connection) -> None:
        upgrade(connection, "0001")
        for statement in _FIRST_RELEASE:
            connection.execute(text(statement))
        upgrade(connection, revision)
        for statement in _SINCE.get(revision, ()):
            connection.execute(text(statement))

    change(database, fill)
    bring_up(database)
    bring_up(database)
    assert rows(database, "SELECT alarm_id, part_id FROM alarm_parts ORDER BY part_id") == [
        ("a-1", "bag-1"),
        ("a-1", "bag-2"),
    ]
    kept = "SELECT event_id, object_id, state, duration_s FROM evidence ORDER BY event_id"
    assert rows(database, kept) == [
        ("e-1", "bag-1", "stored", None),
        ("e-gone", None, "announced", None),
    ]
    assert rows(database, "SELECT command_id, alarm_id FROM commands") == [("c-1", None)]
    standing = "SELECT alarm_id, state, suppression, escalation_step FROM alarms ORDER BY alarm_id"
    assert rows(database, standing) == [("a-1", "normal", "", 0), ("a-2", "normal", "", 0)]
    assert rows(database, "SELECT count(*) FROM areas") == [(3,)]
    told = [("b-1", "speech", "commune")] if revision == "0003" else []
    assert rows(database, "SELECT broadcast_id, kind, level FROM broadcasts") == told


def test_rows_that_a_release_numbered_are_followed_by_higher_numbers(database):
    """The journal's numbers never repeat."""

    def fill(connection: Connection) -> None:
        upgrade(connection, "0003")
        for n in range(2):
            connection.execute(text(_JOURNAL.format(n=n)))

    change(database, fill)
    bring_up(database)
    change(database, lambda connection: connection.execute(text(_JOURNAL.format(n=9))))
    assert rows(database, "SELECT number FROM journal ORDER BY number") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("statements", [1, 12, 40])
def test_a_migration_that_is_cut_short_can_be_done_again(database, statements):
    """A power cut amid it leaves the tables as they were, not half of both releases'."""

    class PowerCut(Exception):
        """Ends everything at once."""

    def cut(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise PowerCut

    def upgrade_and_cut(connection: Connection) -> None:
        upgrade(connection, "0003")
        event.listen(connection, "before_cursor_execute", cut)
        upgrade(connection)

    left = statements
    with pytest.raises(PowerCut):
        change(database, upgrade_and_cut)
    tables: list[str] = []
    change(database, lambda connection: tables.extend(inspect(connection).get_table_names()))
    assert "broadcasts" in tables
    assert "annunciations" not in tables
    bring_up(database)
    assert rows(database, "SELECT version_num FROM alembic_version") == [("0004",)]


def test_a_database_of_a_later_release_is_refused(database):
    """Better no centre than a damaged one."""
    bring_up(database)
    later = text("UPDATE alembic_version SET version_num = '9999'")
    change(database, lambda connection: connection.execute(later))
    with pytest.raises(DatabaseTooNew, match="9999"):
        bring_up(database)


_JOURNAL = "INSERT INTO journal (at, subject, subject_id, area_id) VALUES ({n}, 'alarm', 'x', 'xa')"

_SINCE = {
    "0003": (
        """INSERT INTO broadcasts (broadcast_id, author, source, text, audio_sha256, priority,
        created_at, expires_at) VALUES ('b-1', 'lan', 'console', 'x', 'aa', 'routine', 1, 1)""",
    )
}

_FIRST_RELEASE = (
    """INSERT INTO alarms VALUES ('a-1', 'littering', 'tu-1', 'cam-1', 'cam-1', 'ban-chuong', 'high',
    'normal', true, false, 1, 1, 1, NULL, NULL, 2, 2, false,
    '{"parts": {"bag-1": "cleared", "bag-2": "present"}}')""",
    """INSERT INTO alarms VALUES ('a-2', 'device_down', 'tu-1', 'cam-1', 'cam-1', 'ban-chuong',
    'medium', 'normal', true, false, 1, 1, 1, NULL, NULL, 2, 1, false, '{"parts": {}}')""",
    """INSERT INTO events VALUES ('e-1', 'thu', 'tu-1', 'cam-1', 'littering.confirmed.v1', 'x', 1, 1,
    false, 1, 1, false, false, '{"data": {"object_id": "bag-1"}}')""",
    """INSERT INTO evidence VALUES ('e-1', 'after', 'aa', 'tu-1', 'a-1', 'image/jpeg', 1, 1, 1, 1,
    'stored', 1)""",
    """INSERT INTO evidence VALUES ('e-gone', 'after', 'bb', 'tu-1', 'a-1', 'image/jpeg', 1, 1, 1, 1,
    'announced', NULL)""",
    """INSERT INTO commands VALUES ('c-1', 'tu-1', 1, 'stop.v1', NULL, CAST('0' AS BYTEA), 1, 2, 'done', '', 1,
    1)""",
)
