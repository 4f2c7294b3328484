"""What goes with an alarm or a broadcast, what belongs to nobody, and what a hold keeps of it all."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from os import utime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Float, Integer, LargeBinary, Table, func, insert, select

from ioc.evidence import EvidenceStore
from ioc.keeping import holds
from ioc.keeping.decisions import End, tables_of
from ioc.keeping.retention import Deleted, Retention
from ioc.keeping.settings import RetentionSettings
from ioc.store.engine import Store
from ioc.store.tables import (
    Instant,
    alarms,
    broadcasts,
    commands,
    committed_ranges,
    deletions,
    devices,
    events,
    evidence,
    gateways,
    loudspeaker_tests,
    notification_attempts,
    notifications,
    rule_standings,
    suppressions,
)
from tests.fakes.clock import FakeClock
from tests.ioc.commune import open_commune

LONG_S = timedelta(days=1_901).total_seconds()


class House:
    """A store in which every table can be filled by naming what matters of a row."""

    def __init__(self, store: Store, clock: FakeClock, folder: Path) -> None:
        self.store = store
        self.clock = clock
        self.evidence = EvidenceStore(folder=folder, store=store, clock=clock)

    async def enter(self, table: Table, **given: Any) -> None:
        """Enter a row; what is not given is empty, zero or now."""
        filled = {
            column.name: _filling(column.type, self.clock.now())
            for column in table.c
            if not column.nullable and not (column.primary_key and column.autoincrement is True)
        }
        async with self.store.begin() as connection:
            await connection.execute(insert(table).values({**filled, **given}))

    async def count(self, table: Table) -> int:
        async with self.store.read() as connection:
            return int(await connection.scalar(select(func.count()).select_from(table)) or 0)

    async def clean(self) -> Deleted:
        return await Retention(
            store=self.store,
            evidence=self.evidence,
            settings=RetentionSettings(),
            clock=self.clock,
        ).run_once()


def _filling(kind: object, now: datetime) -> Any:
    match kind:
        case Instant():
            return now
        case Boolean():
            return False
        case Integer() | Float():
            return 0
        case LargeBinary():
            return b""
        case JSON():
            return []
        case _:
            return ""


@pytest.fixture
async def house(tmp_path: Path, clock: FakeClock, database_url: str | None) -> AsyncIterator[House]:
    async with open_commune(tmp_path, database_url) as store:
        yield House(store, clock, tmp_path / "evidence")


async def alarm_with_everything(house: House, alarm_id: str) -> None:
    """Enter an alarm that is over, and one row of each table that goes with it."""
    await house.enter(alarms, alarm_id=alarm_id, state="normal")
    for table in tables_of(End.ALARM):
        ended = {"ended_at": house.clock.now()} if table.name == "holds" else {}
        await house.enter(table, alarm_id=alarm_id, **ended, **_keys(table, alarm_id))
    await house.enter(notification_attempts, notification_id=f"{alarm_id} notifications")
    await house.enter(broadcasts, broadcast_id=f"b-{alarm_id}", alarm_id=alarm_id)
    for table in (*tables_of(End.BROADCAST), commands):
        keys = _keys(table, alarm_id)
        await house.enter(table, **{**keys, "broadcast_id": f"b-{alarm_id}"})


def _keys(table: Table, alarm_id: str) -> dict[str, str]:
    """Return values for what must be unique."""
    keys = {
        column.name: f"{alarm_id} {table.name}"
        for column in table.c
        if isinstance(column.type.python_type(), str) and (column.primary_key or column.unique)
    }
    return {name: value for name, value in keys.items() if name != "alarm_id"}


async def test_everything_of_an_alarm_goes_with_it_and_nothing_of_one_on_hold(house):
    """Its log, whom it called and how that ended, what was spoken in answer to it."""
    await alarm_with_everything(house, "over")
    await alarm_with_everything(house, "held")
    async with house.store.begin() as connection:
        await holds.hold(connection, "held", reason="công an", login="lan", at=house.clock.now())
    house.clock.advance(LONG_S)
    deleted = await house.clean()
    assert (deleted.alarms, deleted.broadcasts) == (1, 1)
    kept = (alarms, broadcasts, notification_attempts, commands)
    for table in (*kept, *tables_of(End.ALARM), *tables_of(End.BROADCAST)):
        wanted = 2 if table.name == "holds" else 1
        assert (table.name, await house.count(table)) == (table.name, wanted)


async def test_a_broadcast_goes_after_its_last_repeat_and_is_counted(house):
    """The page of the first one shows what became of it on every loudspeaker."""
    old = house.clock.now()
    await house.enter(broadcasts, broadcast_id="first", expires_at=old)
    house.clock.advance(86_400)
    await house.enter(broadcasts, broadcast_id="repeat", repeat_of="first")
    house.clock.advance(LONG_S - 86_400)
    assert (await house.clean()).broadcasts == 0
    house.clock.advance(86_400)
    assert (await house.clean()).broadcasts == 2
    async with house.store.read() as connection:
        lines = (await connection.execute(select(deletions))).mappings().all()
    assert [(line["what"], line["count"]) for line in lines] == [("broadcasts", 2)]


async def test_what_belongs_to_nobody_goes_by_its_age(house):
    """Test notifications, ended shelves, rules that fired long ago, announcements without alarm."""
    now = house.clock.now()
    await house.enter(notifications, notification_id="test", dedupe_key="test/1")
    await house.enter(notification_attempts, notification_id="test")
    await house.enter(suppressions)
    await house.enter(rule_standings, rule_id="old", fired_at=now)
    await house.enter(rule_standings, rule_id="lasts", fired_at=now, active=True)
    await house.enter(evidence, event_id="e-gone", state="announced")
    await house.enter(loudspeaker_tests, test_id="answered", occurred_at=now)
    await house.enter(loudspeaker_tests, test_id="never", ordered_at=now)
    await house.enter(deletions)
    await house.clean()
    assert await house.count(notifications) == 1
    house.clock.advance(LONG_S)
    await house.clean()
    emptied = (notifications, notification_attempts, suppressions, evidence, loudspeaker_tests)
    assert [await house.count(table) for table in (*emptied, deletions)] == [0] * 6
    async with house.store.read() as connection:
        left = list(await connection.scalars(select(rule_standings.c.rule_id)))
    assert left == ["lasts"]


async def test_an_epoch_is_forgotten_with_its_last_event(house):
    """Not the one by which its gateway counts now, not one of which an event is kept."""
    await house.enter(gateways, gateway_id="tu-1", epoch="now")
    for epoch in ("now", "kept", "gone"):
        await house.enter(committed_ranges, gateway_id="tu-1", epoch=epoch, lane="events", last=5)
    await house.enter(events, event_id="e-1", gateway_id="tu-1", epoch="kept")
    await house.clean()
    async with house.store.read() as connection:
        left = set(await connection.scalars(select(committed_ranges.c.epoch)))
    assert left == {"now", "kept"}


async def test_a_device_that_was_taken_away_is_forgotten_when_nothing_names_it(house):
    """One with an alarm stays: its name stands on the alarm's page."""
    now = house.clock.now()
    for name, present in (("there", True), ("named", False), ("gone", False)):
        await house.enter(
            devices, gateway_id="tu-1", device_id=name, present=present, state_since=now
        )
    await house.enter(
        alarms, alarm_id="a", state="unacknowledged", gateway_id="tu-1", device_id="named"
    )
    house.clock.advance(LONG_S)
    await house.clean()
    async with house.store.read() as connection:
        left = set(await connection.scalars(select(devices.c.device_id)))
    assert left == {"there", "named"}


async def test_a_file_that_no_row_names_goes_within_a_day(house):
    """A crash between a file and its row leaves no picture behind for ever."""
    now = house.clock.now().timestamp()
    young, old, named = (
        house.evidence.path_of(f"{prefix}{'0' * 62}", "image/jpeg") for prefix in ("01", "02", "ff")
    )
    for path, age_s in ((young, 0), (old, 90_000), (named, 90_000)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        utime(path, (now - age_s, now - age_s))
    await house.enter(evidence, sha256=named.stem, state="stored", stored_at=house.clock.now())
    strays = 0
    for _ in range(24):
        strays += (await house.clean()).stray_files
        house.clock.advance(1_000)
    assert (young.exists(), named.exists()) == (True, True)
    for _ in range(24):
        house.clock.advance(3_600)
        strays += (await house.clean()).stray_files
    assert (strays, named.exists(), old.exists()) == (2, True, False)
