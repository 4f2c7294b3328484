"""What stands behind alarms of rules stays quickly found, however much of it there is."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from ioc.evidence.behind import alarms_showing, read_behind
from ioc.store.engine import Store
from ioc.store.tables import alarm_parts, alarms, evidence
from tests.ioc.commune import open_commune

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
SHA = "a" * 64
XA = frozenset({"xa"})


@pytest.fixture
async def store(tmp_path: Path, database_url: str | None) -> AsyncIterator[Store]:
    async with open_commune(tmp_path, database_url) as opened:
        async with opened.begin() as connection:
            await connection.execute(insert(alarms), [_alarm("seen"), _alarm("rule")])
        yield opened


async def test_of_an_alarm_that_goes_on_for_months_the_newest_is_looked_at(store):
    """The list of alarms costs the same on its last day as on its first."""
    await show(store, 200)
    async with store.read() as connection:
        behind = (await read_behind(connection, ["rule"], XA))["rule"]
    assert [row.event_id for row in behind] == [f"e-{number}" for number in range(152, 200)]


async def test_whoever_names_one_picture_in_very_many_events_holds_up_nothing(store):
    """A gateway may do so; a database takes no list of so many names."""
    await show(store, 33_000)
    async with store.read() as connection:
        showing = await alarms_showing(connection, evidence.c.sha256 == SHA)
    assert showing == [("rule", "xa"), ("seen", "xa")]


async def show(store: Store, count: int) -> None:
    """Announce pictures of one alarm, each with an event behind the rule's."""
    pictures = [_picture(number) for number in range(count)]
    parts = [{"alarm_id": "rule", "part_id": each["event_id"]} for each in pictures[-200:]]
    async with store.begin() as connection:
        await connection.execute(insert(evidence), pictures)
        await connection.execute(insert(alarm_parts), parts)


def _alarm(alarm_id: str) -> dict[str, object]:
    return {
        "alarm_id": alarm_id,
        "kind": "rule" if alarm_id == "rule" else "littering",
        "gateway_id": "g",
        "object_id": alarm_id,
        "area_id": "xa",
        "priority": "medium",
        "state": "unacknowledged",
        "annunciate": True,
        "late": False,
        "occurred_at": NOW,
        "last_occurred_at": NOW,
        "raised_at": NOW,
    }


def _picture(number: int) -> dict[str, object]:
    return {
        "event_id": f"e-{number}",
        "gateway_id": "g",
        "alarm_id": "seen",
        "object_id": f"o-{number}",
        "role": "shown",
        "sha256": SHA,
        "media_type": "image/jpeg",
        "size_bytes": 1_000,
        "width_px": 1,
        "height_px": 1,
        "taken_at": NOW + timedelta(seconds=number),
        "state": "announced",
    }
