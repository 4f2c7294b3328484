"""The machine's clock is set while people are awaited: every deadline keeps the time it was meant to take."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from ioc.alarms import AlarmKind, AlarmState, Raise, raise_alarm
from ioc.alarms.clockwork import Clockwork
from ioc.alarms.engine import timers
from ioc.alarms.engine.standing import Standing, Suppression
from ioc.alarms.settings import AlarmSettings, policies_of
from ioc.clock_steps import ClockSteps
from ioc.ingest.listening import Listening
from ioc.ingest.watch import look_once
from ioc.notify.settings import Notify, Telegram
from ioc.store.engine import Store
from ioc.store.tables import alarms, gateways
from tests.fakes.clock import FakeClock
from tests.fakes.notice_service import open_service, reply
from tests.ioc.commune import add_gateway, open_commune
from tests.ioc.notify.hamlet import open_hamlet
from tests.ioc.notify.parcels import secret
from tests.timeline import EVENING, Stage, answered, down, open_stage, shelved, up

HOUR = timedelta(hours=1)
STEPS = pytest.mark.parametrize("step", [-HOUR, HOUR, timedelta(days=400)])
LITTERING = AlarmKind.LITTERING


@pytest.fixture
async def store(tmp_path: Path, database_url: str | None) -> AsyncIterator[Store]:
    """An empty commune."""
    async with open_commune(tmp_path, database_url) as opened:
        yield opened


@pytest.fixture
async def stage(store: Store) -> Stage:
    """The product's own delays; it is noon, and the centre has just begun."""
    stage = open_stage(store, policies_of(AlarmSettings(), ZoneInfo("UTC")))
    stage.clock.advance(12 * 3_600)
    await stage.clockwork.run_once()
    return stage


async def elapse(stage: Stage, seconds: float, *, every_s: float = 5.0) -> None:
    """Let time pass as it does: the clockwork looks again and again."""
    for _ in range(round(seconds / every_s)):
        stage.clock.advance(every_s)
        await stage.clockwork.run_once()


async def leave_a_bag(stage: Stage, device_id: str = "cam-1") -> None:
    effect = Raise(kind=LITTERING, object_id=device_id, device_id=device_id, part_id="bag")
    async with stage.store.begin() as connection:
        await raise_alarm(connection, effect, stage.occurrence("tu-1"))


def set_clock(stage: Stage, step: timedelta) -> None:
    stage.clock.set_wall_clock(stage.clock.now() + step)


async def reasons(stage: Stage) -> list[str]:
    return [call.reason for call in await stage.calls()]


@STEPS
async def test_the_next_person_is_called_after_the_ten_minutes_that_were_promised(stage, step):
    """Not an hour later, and not at once."""
    await leave_a_bag(stage)
    await elapse(stage, 300)
    set_clock(stage, step)
    await elapse(stage, 295)
    assert await reasons(stage) == ["raise"]
    await elapse(stage, 10)
    assert await reasons(stage) == ["raise", "escalate"]
    await elapse(stage, 590)
    assert await reasons(stage) == ["raise", "escalate"]
    await elapse(stage, 10)
    assert await reasons(stage) == ["raise", "escalate", "escalate"]


async def test_not_everything_falls_due_at_once_when_the_clock_is_set_ahead(stage):
    """Twenty alarms, answered and not, and a fault within its delay: nobody is called for the leap."""
    for number in range(20):
        await leave_a_bag(stage, f"cam-{number}")
        if number % 2:
            await answered(LITTERING, f"tu-1/cam-{number}")(stage)
    await elapse(stage, 60)
    await down("tu-1/switch")(stage)
    called = len(await stage.calls())
    set_clock(stage, HOUR * 30)
    await stage.clockwork.run_once()
    await elapse(stage, 20)
    assert len(await stage.calls()) == called
    async with stage.store.read() as connection:
        assert not any((await connection.scalars(select(alarms.c.stale))).all())


@STEPS
async def test_a_fault_within_its_delay_neither_calls_early_nor_late(stage, step):
    """Half a minute is half a minute; so is what must stay away to be over."""
    await down("tu-1/cam-1")(stage)
    await elapse(stage, 10)
    set_clock(stage, step)
    await elapse(stage, 15)
    assert await reasons(stage) == []
    await elapse(stage, 10)
    assert await reasons(stage) == ["raise"]
    await up("tu-1/cam-1")(stage)
    set_clock(stage, -step)
    await elapse(stage, 10)
    alarm = await stage.newest(AlarmKind.DEVICE_DOWN, "tu-1", "cam-1")
    assert alarm["state"] == AlarmState.UNACKNOWLEDGED
    await elapse(stage, 10)
    alarm = await stage.newest(AlarmKind.DEVICE_DOWN, "tu-1", "cam-1")
    assert alarm["state"] == AlarmState.RTN_UNACKNOWLEDGED


@STEPS
async def test_an_alarm_of_the_second_in_which_the_clock_was_set_is_right_already(stage, step):
    """It was raised by the clock as it is now; moved once more it would call much too late."""
    set_clock(stage, step)
    await leave_a_bag(stage)
    await elapse(stage, 595)
    assert await reasons(stage) == ["raise"]
    await elapse(stage, 10)
    assert await reasons(stage) == ["raise", "escalate"]


async def test_a_machine_that_starts_years_behind_does_not_forget_whom_to_call(stage):
    """Its battery was empty: deadlines of before are right, and are not put off for years."""
    await leave_a_bag(stage)
    right = stage.clock.now()
    stage.clock.set_wall_clock(right - timedelta(days=6 * 365))
    clockwork = Clockwork(store=stage.store, clock=stage.clock, policies=stage.policies)
    await clockwork.run_once()
    stage.clock.set_wall_clock(right + timedelta(seconds=60))
    for _ in range(2):
        await clockwork.run_once()
        assert await reasons(stage) == ["raise"]
        stage.clock.advance(535)
    stage.clock.advance(10)
    await clockwork.run_once()
    assert await reasons(stage) == ["raise", "escalate"]


class LeapingClock(FakeClock):
    """It is set ahead at one reading."""

    readings_left = 0

    def now(self) -> datetime:
        self.readings_left -= 1
        if self.readings_left == 0:
            self.set_wall_clock(super().now() + HOUR)
        return super().now()


@pytest.mark.parametrize("reading", range(1, 7))
async def test_a_clock_that_is_set_while_the_clockwork_looks_calls_nobody(stage, reading):
    """Whichever of its readings is the first by the clock as it was set."""
    await leave_a_bag(stage)
    clock = LeapingClock(stage.clock.now())
    clockwork = Clockwork(store=stage.store, clock=clock, policies=stage.policies)
    await clockwork.run_once()
    clock.readings_left = reading
    for _ in range(3):
        clock.advance(5)
        await clockwork.run_once()
    assert await reasons(stage) == ["raise"]


async def test_what_was_put_aside_until_an_hour_stays_so_until_that_hour(stage):
    """A person has read it from a clock: "until 13:00"."""
    await leave_a_bag(stage)
    await shelved(LITTERING, "tu-1/cam-1", "13:00")(stage)
    set_clock(stage, timedelta(minutes=30))
    await elapse(stage, 1_790)
    assert await reasons(stage) == ["raise"]
    await elapse(stage, 15)
    assert await reasons(stage) == ["raise", "shelf_expired"]


def test_a_step_that_could_not_be_followed_stays_pending(clock):
    """The database was away: nothing was moved, so it is moved the next time."""
    steps = ClockSteps(clock, asker="test")
    clock.set_wall_clock(clock.now() - HOUR)
    clock.advance(5)
    clock.set_wall_clock(clock.now() - HOUR)
    assert steps.pending() == steps.pending() == -2 * HOUR


def test_small_corrections_are_no_steps_but_add_up(clock):
    """A time server that sets the clock by half a second now and then."""
    steps = ClockSteps(clock, asker="test")
    clock.set_wall_clock(clock.now() + timedelta(seconds=0.6))
    assert not steps.pending()
    clock.advance(600)
    clock.set_wall_clock(clock.now() + timedelta(seconds=0.6))
    step = steps.pending()
    assert step == timedelta(seconds=1.2)
    steps.followed(step)
    assert not steps.pending()


INSTANTS = st.none() | st.integers(0, 100_000).map(lambda s: EVENING + timedelta(seconds=s))


@given(
    due=st.lists(INSTANTS, min_size=8, max_size=8),
    step=st.timedeltas(timedelta(days=-30), timedelta(days=30)),
)
def test_the_order_and_the_rest_of_all_timers_stay(due, step):
    """Whatever runs: by the clock as it was set each takes as long as before."""
    names = (
        "annunciates_at",
        "returns_at",
        "calms_at",
        "escalates_at",
        "reminds_at",
        "stales_at",
        "acknowledge_by",
        "suppressed_until",
    )
    standing = Standing(
        state=AlarmState.UNACKNOWLEDGED,
        suppression=Suppression.NONE,
        **dict(zip(names, due, strict=True)),
    )
    moved = timers.moved(standing, step)
    for name in names[:-1]:
        before, after = getattr(standing, name), getattr(moved, name)
        assert after == (None if before is None else before + step)
    assert moved.suppressed_until == standing.suppressed_until
    assert timers.moved(moved, -step) == standing


@pytest.mark.parametrize("step", [-HOUR, HOUR])
async def test_gateways_are_neither_lost_nor_found_by_the_clock(store, clock, step):
    """Silence is counted anew: ninety seconds after it was set who says nothing is down, not before."""
    await add_gateway(store, "tu-1", area_id="ban-chuong")
    async with store.begin() as connection:
        told = {"last_heard_at": clock.now(), "online_since": clock.now(), "connection_number": 1}
        await connection.execute(gateways.update().values(told))
    listening = Listening(clock)
    listening.freed("broker")
    clock.advance(60)
    clock.set_wall_clock(clock.now() + step)
    assert await look_once(store=store, listener=listening, clock=clock) == 0
    clock.advance(85)
    assert await look_once(store=store, listener=listening, clock=clock) == 0
    clock.advance(10)
    assert await look_once(store=store, listener=listening, clock=clock) == 1


@pytest.mark.parametrize("step", [-HOUR, HOUR])
async def test_an_emergency_goes_to_the_next_person_after_its_minute(
    tmp_path, clock: FakeClock, step
):
    """And what could not be sent is tried again as soon as it would have been."""
    bot_ok = reply(200, {"ok": True, "result": {"message_id": 1}})
    async with open_service(bot_ok) as telegram:
        telegram.replies = [reply(503)]
        settings = Notify(
            private_hosts=("127.0.0.1",),
            telegram=Telegram(token_file=secret(tmp_path, "token", "1:A"), api_url=telegram.url),
        )
        async with open_hamlet(tmp_path, clock, settings) as hamlet:
            await hamlet.add_contact("lan", "telegram", "11")
            await hamlet.add_contact("hao", "telegram", "22")
            alarm_id = await hamlet.raise_alarm()
            await hamlet.turn()
            tried = len(telegram.requests)
            clock.set_wall_clock(clock.now() + step)
            await hamlet.pass_time(30)
            assert len(telegram.requests) > tried
            assert await hamlet.calls(alarm_id) == [("lan", 0, "open")]
            await hamlet.pass_time(35)
            assert {login for login, _, _ in await hamlet.calls(alarm_id)} == {"lan", "hao"}
