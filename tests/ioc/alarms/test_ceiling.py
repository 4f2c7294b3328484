"""A gateway gone mad: it opens no alarms without end, and whatever matters still calls."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, update

from ioc.alarms import AlarmKind, AlarmState, Raise, acknowledge, raise_alarm
from ioc.alarms.engine import ceiling
from ioc.alarms.engine.ceiling import FEW_OF_DEVICE, Place
from ioc.alarms.engine.policy import Behaviour, Limits, Policies
from ioc.alarms.rules import Priority
from ioc.store.engine import open_store
from ioc.store.tables import alarm_transitions, alarms, devices
from tests.ioc.commune import add_gateway
from tests.timeline import Stage, open_stage

LIMIT = 50
RESUMES = 40
MAD = Policies(limits=Limits(open_per_gateway=LIMIT))
FLOODING = AlarmKind.GATEWAY_FLOODING


@pytest.fixture
async def mad(store) -> Stage:
    """A commune with a low limit; its gateway stands in the hamlet and has two cameras."""
    await add_gateway(store, "tu-1", area_id="na-lang")
    async with store.begin() as connection:
        for device_id in ("cam-1", "cam-2"):
            row = {"gateway_id": "tu-1", "device_id": device_id, "device_kind": "camera"}
            await connection.execute(insert(devices).values(**row, name="", area_id="ban-chuong"))
    return open_stage(store, MAD)


async def report(
    stage: Stage, zone: str, kind: AlarmKind = AlarmKind.LOITERING, **changes: Any
) -> str | None:
    """Report a zone of a camera; return the alarm."""
    device_id = changes.pop("device_id", "cam-1")
    priority = changes.pop("priority", None)
    changes.setdefault("event_id", str(uuid4()))
    effect = Raise(
        kind=kind, object_id=f"{device_id}/{zone}", device_id=device_id, priority=priority
    )
    async with stage.store.begin() as connection:
        return await raise_alarm(connection, effect, stage.occurrence("tu-1", **changes))


async def fill(stage: Stage, number: int = LIMIT, *, prefix: str = "zone") -> list[str]:
    """Let the gateway invent zones; return their alarms."""
    raised = [await report(stage, f"{prefix}-{each}") for each in range(number)]
    return [alarm_id for alarm_id in raised if alarm_id is not None]


async def answer_and_end(stage: Stage, alarm_ids: list[str]) -> None:
    """Somebody answers alarms whose condition is over."""
    async with stage.store.begin() as connection:
        await connection.execute(
            update(alarms)
            .where(alarms.c.alarm_id.in_(alarm_ids))
            .values(state=AlarmState.RTN_UNACKNOWLEDGED)
        )
        for alarm_id in alarm_ids:
            await acknowledge(connection, alarm_id, login="lan", at=stage.clock.now())


async def count_open(stage: Stage) -> int:
    query = select(func.count()).where(
        alarms.c.state != AlarmState.NORMAL, alarms.c.kind != FLOODING
    )
    async with stage.store.read() as connection:
        return int(await connection.scalar(query) or 0)


async def test_a_gateway_that_invents_zones_opens_no_more_than_its_limit(mad):
    """One alarm of the gateway says so, calls once, and counts what opened none."""
    assert len(await fill(mad, LIMIT + 70)) == LIMIT
    assert await count_open(mad) == LIMIT
    flooding = await mad.newest(FLOODING, "tu-1", "tu-1")
    assert (flooding["priority"], flooding["area_id"]) == ("high", "na-lang")
    assert flooding["facts"]["held_back"] == 70
    assert flooding["facts"]["held_kinds"] == {"loitering": 70}
    assert [call.kind for call in await mad.calls()].count("gateway_flooding") == 1


async def test_what_is_open_already_goes_on(mad):
    """The limit is one of new alarms: reports about the others are evidence as ever."""
    await fill(mad)
    assert await report(mad, "zone-0") is not None
    async with mad.store.read() as connection:
        repeats = select(alarms.c.repeats).where(alarms.c.object_id == "cam-1/zone-0")
        assert await connection.scalar(repeats) == 2


async def test_an_intruder_calls_while_another_camera_is_mad(mad):
    """In a zone that nobody has entered before, of a camera that the centre knows."""
    await fill(mad)
    alarm_id = await report(mad, "kho", AlarmKind.INTRUSION, device_id="cam-2")
    assert alarm_id is not None
    assert "cam-2/kho" in [call.object_id for call in await mad.calls()]


async def test_an_emergency_calls_while_its_gateway_is_mad(mad):
    """Whatever kind the commune has made one."""
    await fill(mad)
    urgent = await report(
        mad, "kho", AlarmKind.CROWDING, device_id="cam-2", priority=Priority.CRITICAL
    )
    assert urgent is not None


async def test_a_zone_that_somebody_has_answered_for_always_calls(mad):
    """However many others its own camera invents, emergencies among them."""
    known = await report(mad, "kho", AlarmKind.INTRUSION)
    await answer_and_end(mad, [known])
    for number in range(3 * LIMIT):
        await report(mad, f"x-{number}", AlarmKind.INTRUSION)
    assert await count_open(mad) < 2 * LIMIT
    assert await report(mad, "never-seen", AlarmKind.INTRUSION) is None
    assert await report(mad, "kho", AlarmKind.INTRUSION) is not None


async def test_who_has_answered_is_called_once_more_when_intruders_are_held_back(mad):
    """What they answered was a flood of something else."""
    await fill(mad, LIMIT + 1)
    flooding = await mad.newest(FLOODING, "tu-1", "tu-1")
    async with mad.store.begin() as connection:
        await acknowledge(connection, flooding["alarm_id"], login="lan", at=mad.clock.now())
    assert await report(mad, "more") is None
    assert [call.kind for call in await mad.calls()].count("gateway_flooding") == 1
    for number in range(3):
        assert await report(mad, f"kho-{number}", AlarmKind.INTRUSION, device_id="cam-x") is None
    flooding = await mad.newest(FLOODING, "tu-1", "tu-1")
    assert (flooding["state"], flooding["facts"]["held_pressing"]) == ("unacknowledged", True)
    assert flooding["facts"]["held_kinds"] == {"loitering": 2, "intrusion": 3}
    assert [call.kind for call in await mad.calls()].count("gateway_flooding") == 2


async def test_an_intruder_held_back_long_after_the_answer_calls_once_more(mad):
    """Whoever has answered for the first cannot know of one who comes half an hour later."""
    await fill(mad, LIMIT + 1)
    called = []
    for number, minutes in enumerate((0, 10, 25, 5, 40)):
        mad.clock.advance(60 * minutes)
        await report(mad, f"kho-{number}", AlarmKind.INTRUSION, device_id="cam-x")
        flooding = await mad.newest(FLOODING, "tu-1", "tu-1")
        if flooding["state"] == AlarmState.UNACKNOWLEDGED:
            async with mad.store.begin() as connection:
                await acknowledge(connection, flooding["alarm_id"], login="lan", at=mad.clock.now())
        called.append([call.kind for call in await mad.calls()].count("gateway_flooding"))
    assert called == [1, 1, 2, 2, 3]


async def test_broadcasts_that_fail_for_weeks_hold_back_no_camera(mad):
    """The centre has ordered them itself: they say nothing against the gateway."""
    for number in range(2 * LIMIT):
        failed = AlarmKind.BROADCAST_FAILED
        assert await report(mad, f"text-{number}", failed, device_id="loa-1") is not None
    assert await report(mad, "bãi cấm", AlarmKind.LITTERING) is not None


async def test_a_flood_with_an_off_delay_of_the_settings_ends_once_and_comes_back(store, mad):
    """It may be given one like any kind: a line in the log for each second would be a flood itself."""
    slow = {FLOODING: Behaviour(off_delay=timedelta(seconds=60))}
    stage = open_stage(store, replace(MAD, behaviours=slow))
    raised = await fill(stage, LIMIT + 1)
    await answer_and_end(stage, raised[:20])
    for _ in range(5):
        stage.clock.advance(1)
        await stage.clockwork.run_once()
    flooding = await stage.newest(FLOODING, "tu-1", "tu-1")
    query = select(func.count()).where(
        alarm_transitions.c.alarm_id == flooding["alarm_id"], alarm_transitions.c.cause != "repeat"
    )
    async with store.read() as connection:
        assert await connection.scalar(query) == 2
    await fill(stage, LIMIT, prefix="again")
    stage.clock.advance(120)
    await stage.clockwork.run_once()
    flooding = await stage.newest(FLOODING, "tu-1", "tu-1")
    assert (flooding["state"], flooding["returns_at"]) == (AlarmState.UNACKNOWLEDGED, None)


async def test_a_restarted_centre_goes_on_counting_where_it_was(tmp_path, mad):
    """What a connection remembers is not what there is; and the flood is the same one."""
    await fill(mad, LIMIT - 1)
    for held_back in (1, 2):
        async with open_store(tmp_path) as again:
            restarted = replace(mad, store=again)
            assert (await report(restarted, f"one-{held_back}") is None) == (held_back > 1)
            assert await report(restarted, f"more-{held_back}") is None
    flooding = await mad.newest(FLOODING, "tu-1", "tu-1")
    assert flooding["facts"]["held_back"] == 3
    assert [call.kind for call in await mad.calls()].count("gateway_flooding") == 1


async def test_invented_cameras_have_nothing_in_reserve(mad):
    """Only the inventory's may open beyond the limit, and each only a few."""
    await fill(mad)
    invented = [
        await report(mad, "kho", AlarmKind.INTRUSION, device_id=f"cam-x{number}")
        for number in range(20)
    ]
    assert set(invented) == {None}
    of_one = [
        await report(mad, f"k-{n}", AlarmKind.INTRUSION, device_id="cam-2") for n in range(40)
    ]
    assert len([each for each in of_one if each is not None]) == FEW_OF_DEVICE


async def test_the_loss_of_a_mad_gateway_is_told(mad):
    """There is one such alarm of each gateway: nothing holds it back."""
    await fill(mad, LIMIT + 5)
    effect = Raise(kind=AlarmKind.GATEWAY_DOWN, object_id="tu-1", device_id=None)
    async with mad.store.begin() as connection:
        assert await raise_alarm(connection, effect, mad.occurrence("tu-1")) is not None


async def test_other_gateways_are_not_held_back(mad):
    """The limit is each gateway's own."""
    await fill(mad, LIMIT + 5)
    effect = Raise(kind=AlarmKind.LITTERING, object_id="cam-1", device_id="cam-1")
    async with mad.store.begin() as connection:
        assert await raise_alarm(connection, effect, mad.occurrence("tu-2")) is not None


async def test_it_is_over_only_well_under_the_limit(mad):
    """Else it would come and go with every answer."""
    raised = await fill(mad, LIMIT + 1)
    await answer_and_end(mad, raised[: LIMIT - RESUMES - 1])
    await mad.clockwork.run_once()
    assert (await mad.newest(FLOODING, "tu-1", "tu-1"))["state"] == AlarmState.UNACKNOWLEDGED
    assert await report(mad, "more") is None
    await answer_and_end(mad, raised[LIMIT - RESUMES - 1 : LIMIT - RESUMES + 1])
    await mad.clockwork.run_once()
    flooding = await mad.newest(FLOODING, "tu-1", "tu-1")
    assert (flooding["state"], flooding["facts"]["held_back"]) == ("rtn_unacknowledged", 2)
    assert await report(mad, "more") is not None


async def test_it_begins_again_with_a_call_and_a_count_of_its_own(mad):
    """A gateway that goes mad twice is told of twice."""
    raised = await fill(mad, LIMIT + 3)
    await answer_and_end(mad, raised[:20])
    await mad.clockwork.run_once()
    await fill(mad, LIMIT, prefix="again")
    flooding = await mad.newest(FLOODING, "tu-1", "tu-1")
    assert (flooding["state"], flooding["facts"]["held_back"]) == ("unacknowledged", 30)
    assert [call.kind for call in await mad.calls()].count("gateway_flooding") == 2


async def test_a_camera_that_was_lost_meanwhile_is_told_of_afterwards(mad):
    """It says only once that it is gone; of an invented camera there is nothing to tell."""
    raised = await fill(mad, LIMIT + 1)
    async with mad.store.begin() as connection:
        gone = devices.c.device_id == "cam-2"
        await connection.execute(
            update(devices).where(gone).values(state="offline", reason="unreachable")
        )
    for object_id in ("cam-2", "cam-invented"):
        effect = Raise(kind=AlarmKind.DEVICE_DOWN, object_id=object_id, device_id=object_id)
        async with mad.store.begin() as connection:
            assert await raise_alarm(connection, effect, mad.occurrence("tu-1")) is None
    await answer_and_end(mad, raised[:20])
    await mad.clockwork.run_once()
    alarm = await mad.newest(AlarmKind.DEVICE_DOWN, "tu-1", "cam-2")
    assert (alarm["state"], alarm["facts"]["reason"]) == ("unacknowledged", "unreachable")
    assert alarm["area_id"] == "ban-chuong"
    assert "cam-invented" not in [call.object_id for call in await mad.calls()]


async def test_what_was_late_is_held_back_as_well_but_the_flood_is_now(mad):
    """A backlog of invented zones calls nobody; that the gateway is mad does."""
    for number in range(LIMIT + 1):
        await report(mad, f"zone-{number}", late=True)
    assert await count_open(mad) == LIMIT
    assert [call.kind for call in await mad.calls()] == ["gateway_flooding"]


KINDS = st.sampled_from(list(AlarmKind))
PRIORITIES = st.sampled_from(list(Priority))
PLACES = st.builds(
    Place,
    open_alarms=st.integers(0, 3 * LIMIT),
    of_device=st.integers(0, 2 * FEW_OF_DEVICE),
    in_inventory=st.booleans(),
    answered_before=st.booleans(),
)


@given(reports=st.lists(st.tuples(KINDS, PRIORITIES, PLACES, st.booleans()), max_size=300))
def test_whatever_is_invented_the_number_has_a_bound(reports) -> None:
    """Of what no person has ever answered, twice the limit, and never again before it has fallen."""
    open_alarms, was_full = 0, False
    for kind, priority, place, ends in reports:
        if ceiling.is_free(kind) or place.answered_before:
            continue
        now = replace(place, open_alarms=open_alarms)
        full = ceiling.is_full(open_alarms, limit=LIMIT, was_full=was_full)
        if not full or ceiling.opens_all_the_same(kind, priority, now, limit=LIMIT):
            open_alarms += 1
        was_full = full and open_alarms >= RESUMES
        open_alarms -= ends and open_alarms > 0
        assert open_alarms <= 2 * LIMIT


@given(kind=KINDS, priority=PRIORITIES, place=PLACES)
def test_what_must_call_is_never_held_back(kind, priority, place) -> None:
    """Its own loss; and what presses where somebody has answered before, or the camera is sound."""
    own = kind in (AlarmKind.GATEWAY_DOWN, AlarmKind.BROADCAST_FAILED, AlarmKind.OUTBOX_GAP)
    presses = kind in (AlarmKind.INTRUSION, AlarmKind.RULE) or priority is Priority.CRITICAL
    sound = place.in_inventory and place.of_device == 0 and place.open_alarms < 2 * LIMIT
    opens = ceiling.opens_all_the_same(kind, priority, place, limit=LIMIT)
    if own or (presses and (place.answered_before or sound)):
        assert opens
    elif not presses and not ceiling.is_free(kind):
        assert not opens
