"""Retention deletes by age and by the disk, never what a hold or an open alarm needs, and counts it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects.postgresql import dialect

from ioc.evidence import EvidenceStore
from ioc.keeping import holds, needs
from ioc.keeping.retention import NOTHING, Deleted, Retention, held_bytes, stored_bytes
from ioc.keeping.settings import RetentionSettings
from ioc.people.errors import Refusal
from ioc.store.engine import Store
from ioc.store.tables import (
    alarm_parts,
    alarm_transitions,
    alarms,
    audit_log,
    deletions,
    events,
    evidence,
    journal,
)
from ioc.store.tables import holds as holds_table
from tests.fakes.clock import FakeClock
from tests.ioc.commune import open_commune

SIZE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class House:
    """A store with its pictures, and what keeps them."""

    store: Store
    evidence: EvidenceStore
    clock: FakeClock

    async def clean(self, **settings: float) -> Deleted:
        kept = RetentionSettings.model_validate(settings)
        return await Retention(
            store=self.store, evidence=self.evidence, settings=kept, clock=self.clock
        ).run_once()

    async def alarm(self, alarm_id: str, *, state: str = "normal", picture: str = "") -> None:
        """Enter an alarm with its event, its log and its picture."""
        now, sha = self.clock.now(), _sha(picture or alarm_id)
        async with self.store.begin() as connection:
            await connection.execute(insert(alarms).values(_alarm_row(alarm_id, state, now)))
            await connection.execute(insert(events).values(_event_row(alarm_id, now)))
            step = {"alarm_id": alarm_id, "at": now, "to_state": state, "cause": "raise"}
            await connection.execute(
                insert(alarm_transitions).values({**step, "event_id": f"e-{alarm_id}"})
            )
            await connection.execute(insert(evidence).values(_picture_row(alarm_id, sha, now)))
        path = self.evidence.path_of(sha, "image/jpeg")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")

    async def hold(self, alarm_id: str) -> None:
        async with self.store.begin() as connection:
            await holds.hold(
                connection, alarm_id, reason="công an", login="lan", at=self.clock.now()
            )

    async def release(self, alarm_id: str) -> None:
        async with self.store.begin() as connection:
            await holds.release(
                connection, alarm_id, reason="xong", login="lan", at=self.clock.now()
            )

    async def rows(self, table) -> list[dict]:
        async with self.store.read() as connection:
            return [dict(row) for row in (await connection.execute(select(table))).mappings()]

    async def pictures(self) -> dict[str, str]:
        """Return the state of each alarm's picture, checked against the disk."""
        found = {}
        for row in await self.rows(evidence):
            found[row["alarm_id"]] = row["state"]
            assert self.evidence.holds(row["sha256"], "image/jpeg") == (row["state"] == "stored")
        return found

    def pass_days(self, days: float) -> None:
        self.clock.advance(timedelta(days=days).total_seconds())


@pytest.fixture
async def house(tmp_path: Path, clock: FakeClock, database_url: str | None) -> AsyncIterator[House]:
    async with open_commune(tmp_path, database_url) as store:
        folder = EvidenceStore(folder=tmp_path / "evidence", store=store, clock=clock)
        yield House(store=store, evidence=folder, clock=clock)


async def test_each_kind_goes_at_its_own_age(house):
    """Pictures after half a year, then events, at last the alarm with its log."""
    await house.alarm("a")
    assert await house.clean() == NOTHING
    house.pass_days(181)
    assert await house.clean() == Deleted(evidence_files=1, evidence_bytes=SIZE, events=0, alarms=0)
    assert await house.pictures() == {"a": "gone"}
    house.pass_days(220)
    assert (await house.clean()).events == 1
    house.pass_days(1_500)
    assert (await house.clean()).alarms == 1
    for table in (alarms, alarm_transitions, evidence, events):
        assert await house.rows(table) == []


async def test_what_is_deleted_is_counted(house):
    """Who misses a picture finds when and why it went."""
    await house.alarm("a")
    since = house.clock.now()
    house.pass_days(181)
    await house.clean()
    (line,) = await house.rows(deletions)
    assert {name: line[name] for name in ("what", "reason", "count", "size_bytes")} == {
        "what": "evidence",
        "reason": "age",
        "count": 1,
        "size_bytes": SIZE,
    }
    assert (line["oldest"], line["newest"], line["at"]) == (since, since, house.clock.now())


async def test_nothing_of_an_alarm_on_hold_goes(house):
    """Neither its pictures, nor its events, nor its log; others beside it do."""
    await house.alarm("held")
    await house.alarm("other")
    await house.hold("held")
    house.pass_days(2_000)
    deleted = await house.clean()
    assert deleted == Deleted(evidence_files=1, evidence_bytes=SIZE, events=1, alarms=1)
    assert await house.pictures() == {"held": "stored"}
    for table in (alarms, alarm_transitions):
        assert [row["alarm_id"] for row in await house.rows(table)] == ["held"]
    assert [row["event_id"] for row in await house.rows(events)] == ["e-held"]


async def test_a_picture_that_another_alarm_needs_stays(house):
    """Two alarms may show the same picture."""
    await house.alarm("held", picture="same")
    await house.hold("held")
    async with house.store.begin() as connection:
        row = _picture_row("over", _sha("same"), house.clock.now())
        await connection.execute(insert(evidence).values(row))
    house.pass_days(200)
    assert await house.clean() == NOTHING
    assert set((await house.pictures()).values()) == {"stored"}


async def test_the_end_of_a_hold_is_the_end_of_its_keeping(house):
    """Its age counts as that of any other; that it was held stays in the books."""
    await house.alarm("a")
    await house.hold("a")
    house.pass_days(200)
    await house.release("a")
    assert (await house.clean()).evidence_files == 1
    (row,) = await house.rows(holds_table)
    assert (row["reason"], row["login"], row["ended_by"]) == ("công an", "lan", "lan")
    assert [row["action"] for row in await house.rows(audit_log)] == ["hold", "release"]
    assert [row["subject_id"] for row in await house.rows(journal)] == ["a", "a"]


async def test_an_alarm_is_held_once_and_released_once(house):
    """What is said twice is refused with a sentence."""
    await house.alarm("a")
    with pytest.raises(Refusal, match="nothing to release"):
        await house.release("a")
    await house.hold("a")
    with pytest.raises(Refusal, match="already"):
        await house.hold("a")


@pytest.mark.parametrize("state", ["unacknowledged", "acknowledged", "rtn_unacknowledged"])
async def test_nothing_of_an_open_alarm_goes(house, state):
    """However long nobody answers it."""
    await house.alarm("a", state=state)
    house.pass_days(4_000)
    assert await house.clean() == NOTHING


async def test_a_full_disk_takes_the_oldest_first(house):
    """As many as must go and no more; what is held stays although it is older."""
    for name in ("1", "2", "3", "4"):
        await house.alarm(name)
        house.pass_days(1)
    await house.hold("1")
    deleted = await house.clean(evidence_gb=0.002_5)
    assert deleted.evidence_files == 2
    assert await house.pictures() == {"1": "stored", "2": "gone", "3": "gone", "4": "stored"}
    assert [(row["reason"], row["count"]) for row in await house.rows(deletions)] == [("disk", 2)]


async def test_a_disk_full_of_holds_is_said_and_nothing_of_them_deleted(house, caplog):
    """Somebody must choose: more disk, or fewer holds."""
    await house.alarm("1")
    await house.hold("1")
    assert await house.clean(evidence_gb=0.000_5) == NOTHING
    assert await house.pictures() == {"1": "stored"}
    async with house.store.read() as connection:
        assert (await stored_bytes(connection), await held_bytes(connection)) == (SIZE, SIZE)


async def test_more_than_one_transaction_deletes_all(house):
    """Many are deleted in portions, so that alarms need not wait."""
    now = house.clock.now()
    async with house.store.begin() as connection:
        rows = [_event_row(str(n), now) for n in range(1_100)]
        await connection.execute(insert(events), rows)
    house.pass_days(401)
    assert (await house.clean()).events == 1_100
    assert [row["count"] for row in await house.rows(deletions)] == [500, 500, 100]


async def test_a_file_that_is_missing_already_is_counted_all_the_same(house):
    """A power cut may have come between the file and its row."""
    await house.alarm("a")
    house.evidence.path_of(_sha("a"), "image/jpeg").unlink()
    house.pass_days(200)
    assert (await house.clean()).evidence_files == 1


async def test_pictures_on_their_way_are_not_touched(house):
    """What has not come yet takes no disk."""
    await house.alarm("a")
    async with house.store.begin() as connection:
        await connection.execute(update(evidence).values(state="announced", stored_at=None))
    house.pass_days(200)
    assert await house.clean(evidence_gb=0.000_1) == NOTHING


def _sha(name: str) -> str:
    return sha256(name.encode()).hexdigest()


def _alarm_row(alarm_id: str, state: str, now) -> dict:
    return {
        "alarm_id": alarm_id,
        "kind": "littering",
        "gateway_id": "tu-1",
        "object_id": alarm_id,
        "area_id": "xa",
        "priority": "high",
        "state": state,
        "annunciate": True,
        "late": False,
        "occurred_at": now,
        "last_occurred_at": now,
        "raised_at": now,
    }


def _event_row(name: str, now) -> dict:
    return {
        "event_id": f"e-{name}",
        "site_id": "thu",
        "gateway_id": "tu-1",
        "kind": "littering.confirmed.v1",
        "epoch": "x",
        "sequence": 1,
        "occurred_at": now,
        "observed_at": now,
        "received_at": now,
        "late": False,
        "standing": False,
        "body": "{}",
    }


def _picture_row(alarm_id: str, sha: str, now) -> dict:
    return {
        "event_id": f"e-{alarm_id}",
        "role": "after",
        "sha256": sha,
        "gateway_id": "tu-1",
        "alarm_id": alarm_id,
        "media_type": "image/jpeg",
        "size_bytes": SIZE,
        "width_px": 1,
        "height_px": 1,
        "taken_at": now,
        "state": "stored",
        "stored_at": now,
    }


async def test_a_hold_keeps_what_stands_behind_a_rules_alarm(house):
    """Its pictures and clips are another alarm's, which may be over and forgotten."""
    await house.alarm("seen", picture="seen")
    await house.alarm("other", picture="other")
    await house.alarm("rule", picture="rule")
    async with house.store.begin() as connection:
        part = {"alarm_id": "rule", "part_id": "e-seen"}
        await connection.execute(insert(alarm_parts).values(part))
        clip = _picture_row("seen", _sha("clip"), house.clock.now())
        clip |= {"event_id": "e-clip", "role": "clip", "media_type": "video/mp4"}
        same = update(evidence).where(evidence.c.event_id == "e-seen").values(object_id="o-1")
        await connection.execute(same)
        await connection.execute(insert(evidence).values(clip | {"object_id": "o-1"}))
    await house.hold("rule")
    house.clock.advance(timedelta(days=400).total_seconds())
    await house.clean(evidence_days=30)
    states = {row["sha256"]: row["state"] for row in await house.rows(evidence)}
    assert states[_sha("seen")] == states[_sha("clip")] == "stored"
    assert states.get(_sha("other"), "gone") == "gone"
    assert {"e-seen"} <= {row["event_id"] for row in await house.rows(events)}


async def test_a_hold_keeps_the_events_before_the_one_that_completed_a_rules_alarm(house):
    """Also those that came without a picture: who asks what it is made of must find them."""
    await house.alarm("rule", picture="rule")
    async with house.store.begin() as connection:
        for event_id in ("entered", "unrelated"):
            row = _event_row(event_id, house.clock.now())
            await connection.execute(insert(events).values(row))
        part = {"alarm_id": "rule", "part_id": "e-entered"}
        await connection.execute(insert(alarm_parts).values(part))
    await house.hold("rule")
    house.pass_days(2_000)
    await house.clean()
    assert {row["event_id"] for row in await house.rows(events)} == {"e-rule", "e-entered"}


@pytest.mark.parametrize(
    ("table", "is_needed"), [(evidence, needs.is_needed_file), (events, needs.is_needed_event)]
)
async def test_what_is_needed_is_gathered_once_and_not_for_each_row(
    tmp_path, postgres, table, is_needed
):
    """Alarms wait for whoever deletes; with a year of pictures it would be for minutes."""
    query = select(table.c.event_id).where(~is_needed())
    asked = query.compile(dialect=dialect(), compile_kwargs={"literal_binds": True})
    async with (
        open_commune(tmp_path, postgres.emptied_database()) as store,
        store.read() as connection,
    ):
        plan = "\n".join(await connection.scalars(text(f"EXPLAIN {asked}")))
    assert "Anti Join" in plan, plan
