"""Alarms in the store: one per object, everything logged, people told."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from contracts.events import BroadcastProgress, BroadcastState
from ioc.alarms import (
    AlarmKind,
    AlarmState,
    AlarmUnknown,
    Occurrence,
    Raise,
    Return,
    TransitionRefused,
    acknowledge,
    raise_alarm,
    return_alarm,
    return_latched,
)
from ioc.alarms.rules import decide_broadcast_effect
from ioc.store.engine import Store
from ioc.store.tables import alarm_transitions, alarms, journal
from tests.fakes.clock import FakeClock
from tests.ioc.commune import open_commune


@pytest.fixture
async def store(tmp_path, database_url) -> AsyncIterator[Store]:
    """An empty commune."""
    async with open_commune(tmp_path, database_url) as opened:
        yield opened


class Desk:
    """The alarm desk with one connection per act, as ingest and pages use it."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock = store, clock

    def occurrence(self, **changes: object) -> Occurrence:
        now = self.clock.now()
        plain = Occurrence(gateway_id="tu-1", area_id="ban-chuong", occurred_at=now, at=now)
        return replace(plain, **changes)

    async def report(self, part_id: str = "", **changes: object) -> str:
        effect = Raise(
            kind=AlarmKind.LITTERING, object_id="cam-1", device_id="cam-1", part_id=part_id
        )
        async with self.store.begin() as connection:
            return await raise_alarm(connection, effect, self.occurrence(**changes))

    async def end(self, part_id: str = "", **changes: object) -> str | None:
        effect = Return(kind=AlarmKind.LITTERING, object_id="cam-1", part_id=part_id)
        async with self.store.begin() as connection:
            return await return_alarm(connection, effect, self.occurrence(**changes))

    async def answer(self, alarm_id: str) -> AlarmState:
        async with self.store.begin() as connection:
            return await acknowledge(connection, alarm_id, login="lan", at=self.clock.now())

    async def rows(self, table=alarms):
        async with self.store.read() as connection:
            return [dict(r) for r in (await connection.execute(select(table))).mappings()]


@pytest.fixture
def desk(store: Store, clock: FakeClock) -> Desk:
    """The desk of that commune."""
    return Desk(store, clock)


async def test_acknowledging_leaves_an_active_alarm_active(desk):
    """Who answered and when stands beside it; it ends with its condition."""
    alarm_id = await desk.report()
    assert await desk.answer(alarm_id) is AlarmState.ACKNOWLEDGED
    (alarm,) = await desk.rows()
    assert (alarm["acknowledged_by"], alarm["acknowledged_at"]) == ("lan", desk.clock.now())
    await desk.end()
    assert (await desk.rows())[0]["state"] == AlarmState.NORMAL


async def test_a_second_answer_is_refused(desk):
    """The first one counts."""
    alarm_id = await desk.report()
    await desk.answer(alarm_id)
    with pytest.raises(TransitionRefused):
        await desk.answer(alarm_id)
    with pytest.raises(AlarmUnknown):
        await desk.answer("nothing")


async def test_another_object_calls_again_after_an_acknowledgement(desk):
    """Nobody has seen the second bag."""
    alarm_id = await desk.report("bag-1")
    await desk.answer(alarm_id)
    assert await desk.report("bag-2") == alarm_id
    (alarm,) = await desk.rows()
    assert (alarm["state"], alarm["repeats"]) == ("unacknowledged", 2)
    assert alarm["acknowledged_by"] is None


async def test_the_same_object_reported_again_after_an_acknowledgement_calls_nobody(desk):
    """A standing report after a reconnection is no news."""
    alarm_id = await desk.report("bag-1")
    await desk.answer(alarm_id)
    await desk.report("bag-1", standing=True)
    (alarm,) = await desk.rows()
    assert (alarm["state"], alarm["repeats"]) == ("acknowledged", 1)


async def test_after_normal_a_new_alarm_begins(desk):
    """The old one is history."""
    first = await desk.report()
    await desk.answer(first)
    await desk.end()
    desk.clock.advance(60)
    second = await desk.report(event_id="e-2")
    assert first != second
    assert len(await desk.rows()) == 2


async def test_a_returned_alarm_that_begins_again_is_the_same_alarm(desk):
    """Nobody has answered it yet, so it stays one line."""
    first = await desk.report()
    await desk.end()
    assert await desk.report() == first
    (alarm,) = await desk.rows()
    assert (alarm["state"], alarm["returned_at"]) == ("unacknowledged", None)


async def test_a_late_end_does_not_end_what_was_reported_since(desk):
    """Old news cannot outweigh newer."""
    before = desk.clock.now()
    desk.clock.advance(60)
    await desk.report()
    assert await desk.end(late=True, occurred_at=before) is None
    assert (await desk.rows())[0]["state"] == "unacknowledged"


async def test_a_late_report_never_wakes_anybody(desk):
    """An acknowledged alarm stays acknowledged; a recorded one is found to last and calls once."""
    alarm_id = await desk.report("bag-1", late=True)
    assert not (await desk.rows())[0]["annunciate"]
    await desk.report("bag-1", standing=True)
    (alarm,) = await desk.rows()
    assert (alarm["annunciate"], alarm["repeats"]) == (True, 1)
    await desk.answer(alarm_id)
    await desk.report("bag-2", late=True)
    assert (await desk.rows())[0]["state"] == "acknowledged"


async def test_a_late_report_of_a_closed_time_joins_the_closed_alarm(desk):
    """What happened while that alarm lasted is its evidence."""
    began = desk.clock.now()
    alarm_id = await desk.report()
    await desk.answer(alarm_id)
    desk.clock.advance(60)
    await desk.end()
    late = began + timedelta(seconds=30)
    assert await desk.report(late=True, occurred_at=late) == alarm_id
    (alarm,) = await desk.rows()
    assert alarm["state"] == "normal"


async def test_a_latched_alarm_ends_only_by_an_operator_who_acknowledged_it(desk):
    """A gap cannot be seen to end."""
    effect = Raise(kind=AlarmKind.OUTBOX_GAP, object_id="outbox", device_id=None, part_id="e-1")
    now = desk.clock.now()
    async with desk.store.begin() as connection:
        alarm_id = await raise_alarm(connection, effect, desk.occurrence())
        with pytest.raises(TransitionRefused, match="acknowledge it first"):
            await return_latched(connection, alarm_id, login="lan", at=now)
    await desk.answer(alarm_id)
    async with desk.store.begin() as connection:
        state = await return_latched(connection, alarm_id, login="lan", at=now, note="đã gọi")
    assert state is AlarmState.NORMAL
    log = await desk.rows(alarm_transitions)
    assert [(r["cause"], r["login"], r["note"]) for r in log][-1] == ("close", "lan", "đã gọi")


async def test_an_alarm_that_is_not_latched_cannot_be_closed_by_hand(desk):
    """It would hide what still lasts."""
    alarm_id = await desk.report()
    await desk.answer(alarm_id)
    async with desk.store.begin() as connection:
        with pytest.raises(TransitionRefused, match="its condition ends"):
            await return_latched(connection, alarm_id, login="lan", at=desk.clock.now())


async def test_gaps_add_up(desk):
    """Two losses are one alarm with the sum of what is missing."""
    for number in (1, 2):
        effect = Raise(
            kind=AlarmKind.OUTBOX_GAP,
            object_id="outbox",
            device_id=None,
            part_id=f"e-{number}",
            facts={"events": 5, "telemetry_rows": 1, "reason": "full"},
        )
        async with desk.store.begin() as connection:
            await raise_alarm(connection, effect, desk.occurrence())
    (alarm,) = await desk.rows()
    assert (alarm["facts"]["events"], alarm["facts"]["telemetry_rows"]) == (10, 2)


async def test_every_transition_is_told_to_those_who_may_know(desk):
    """The journal has a line for each, in the alarm's area."""
    alarm_id = await desk.report()
    await desk.answer(alarm_id)
    await desk.end()
    lines = await desk.rows(journal)
    assert [(r["subject"], r["subject_id"], r["area_id"]) for r in lines] == [
        ("alarm", alarm_id, "ban-chuong")
    ] * 3
    assert len(await desk.rows(alarm_transitions)) == 3


def test_a_broadcast_that_was_stopped_or_interrupted_is_no_alarm():
    """Somebody wanted it so."""
    for state in (BroadcastState.STOPPED, BroadcastState.PREEMPTED, BroadcastState.STARTED):
        progress = BroadcastProgress(broadcast_id=str(uuid4()), state=state)
        assert decide_broadcast_effect(progress, device_id="loa-1", text="x") is None


def test_an_expired_broadcast_is_a_failed_one():
    """Nobody heard it."""
    progress = BroadcastProgress(broadcast_id=str(uuid4()), state=BroadcastState.EXPIRED)
    effect = decide_broadcast_effect(progress, device_id="l" * 63, text="x" * 4_000)
    assert isinstance(effect, Raise)
    assert effect.facts["reason"] == "expired"
    assert len(effect.object_id) <= 80
