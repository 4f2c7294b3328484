"""Many rows at once: the same rows as one by one, all or nothing; the same on either database."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from ioc.store import bulk, journal, ledger
from ioc.store.engine import Store
from ioc.store.tables import alarm_transitions, events
from tests.ioc.commune import open_commune

AT = datetime(2026, 1, 5, 6, 7, 8, 901234, tzinfo=UTC)


def event(number: int, **more: object) -> dict[str, Any]:
    """Return a row of an event with everything that a column may hold."""
    row = {
        "event_id": f"00000000-0000-7000-8000-{number:012}",
        "site_id": "thu",
        "gateway_id": "tu-1",
        "device_id": None if number % 2 else "cam-1",
        "kind": "motion.started.v1",
        "epoch": "00000000-0000-4000-8000-000000000000",
        "sequence": 2**40 + number,
        "occurred_at": AT + timedelta(microseconds=number),
        "occurred_at_corrected": number % 3 == 0,
        "observed_at": AT,
        "received_at": AT,
        "late": number % 5 == 0,
        "standing": False,
        "body": f'{{"zone": "cổng làng {number}, \\"{{x}}\\""}}',
    }
    return {**row, **more}


async def stored(store: Store) -> list[dict[str, Any]]:
    """Return every event, by id."""
    async with store.read() as connection:
        found = await connection.execute(select(events).order_by(events.c.event_id))
        return [dict(row) for row in found.mappings()]


async def test_rows_added_at_once_read_like_rows_added_one_by_one(tmp_path, database_url):
    """Instants, truths, absences, quotes and letters come back as they went in."""
    rows = [event(number) for number in range(7)]
    async with open_commune(tmp_path, database_url) as store:
        async with store.begin() as connection:
            await connection.execute(insert(events).values(rows[0]))
            await bulk.add_all(connection, events, rows[1:])
            await bulk.add_all(connection, events, [])
        assert await stored(store) == rows


async def test_a_character_no_text_may_hold_stops_no_batch(tmp_path, database_url):
    """PostgreSQL refuses NUL: the row is kept all the same."""
    async with open_commune(tmp_path, database_url) as store:
        async with store.begin() as connection:
            await bulk.add_all(connection, events, [event(1, body="a\0b"), event(2)])
        assert len(await stored(store)) == 2


async def test_a_row_that_is_there_already_undoes_all_that_came_with_it(tmp_path, database_url):
    """No event is stored twice, and none of a failed group at all."""
    async with open_commune(tmp_path, database_url) as store:
        async with store.begin() as connection:
            await bulk.add_all(connection, events, [event(1)])
        with pytest.raises(DBAPIError):
            async with store.begin() as connection:
                await bulk.add_all(connection, events, [event(2), event(1)])
        assert await stored(store) == [event(1)]


async def test_what_a_column_holds_is_found_among_many(tmp_path, database_url):
    """Thousands are asked for at once; only those that are there come back."""
    asked = [event(number)["event_id"] for number in range(3_000)]
    async with open_commune(tmp_path, database_url) as store, store.begin() as connection:
        await bulk.add_all(connection, events, [event(2), event(2_999), event(5_000)])
        known = await bulk.known(connection, events.c.event_id, asked)
        assert known == {asked[2], asked[2_999]}
        assert await bulk.known(connection, events.c.event_id, []) == set()


def line(alarm_id: str) -> dict[str, Any]:
    """Return a line of an alarm's log."""
    return {"alarm_id": alarm_id, "at": AT, "to_state": "unacknowledged", "cause": "raise"}


async def logged(store: Store) -> list[str]:
    """Return whose lines are in the log, in their order."""
    query = select(alarm_transitions.c.alarm_id).order_by(alarm_transitions.c.number)
    async with store.read() as connection:
        return list(await connection.scalars(query))


async def test_lines_are_written_in_their_order_before_the_commit(tmp_path, database_url):
    """Whoever asks for a table in between finds its lines."""
    async with open_commune(tmp_path, database_url) as store:
        async with store.begin() as connection:
            ledger.add(connection, alarm_transitions, line("a"))
            await ledger.settle(connection, alarm_transitions)
            assert await connection.scalar(select(alarm_transitions.c.alarm_id)) == "a"
            ledger.add(connection, alarm_transitions, line("c"))
            ledger.add(connection, alarm_transitions, line("b"))
            for subject_id in ("a", "b"):
                journal.note(
                    connection, subject="alarm", subject_id=subject_id, area_id="xa", at=AT
                )
        assert await logged(store) == ["a", "c", "b"]
        assert await store.changed(1) == 2


async def fail(store: Store) -> None:
    """Fail after two lines."""
    async with store.begin() as connection:
        ledger.add(connection, alarm_transitions, line("a"))
        journal.note(connection, subject="alarm", subject_id="a", area_id="xa", at=AT)
        raise LookupError


async def test_lines_of_a_failed_transaction_are_in_no_later_one(tmp_path, database_url):
    """The connection is used again; what waited on it is not."""
    async with open_commune(tmp_path, database_url) as store:
        with pytest.raises(LookupError):
            await fail(store)
        async with store.begin() as connection:
            ledger.add(connection, alarm_transitions, line("b"))
        assert await logged(store) == ["b"]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await store.changed(0)
