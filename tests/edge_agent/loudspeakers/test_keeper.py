"""A loudspeaker that dies is told soon, one that locks its account is left alone."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from contracts.events import DeviceDown, DeviceKind, DeviceUp, DownReason, LoudspeakerDescribed
from contracts.telemetry import Metric
from drivers.loudspeaker import (
    DeviceBusy,
    LoudspeakerStatus,
    SinkUnusable,
    Unreachable,
    WrongPassword,
)
from edge_agent.device_health import DeviceHealth
from edge_agent.loudspeakers.keeper import LoudspeakerKeeper
from edge_agent.playout.messages import SinkFault
from edge_agent.telemetry import Samples
from tests.edge_agent.loudspeakers.conftest import running

SOUND = LoudspeakerStatus(model="C1310", firmware="1.0", volume=0.5, temperature_c=41)
MUTE = LoudspeakerStatus(is_proven=False)


class Device:
    """Answers as it is told to, and counts."""

    def __init__(self) -> None:
        self.answer: LoudspeakerStatus | Exception = SOUND
        self.asked = 0
        self.is_speaking = False

    async def ask(self) -> LoudspeakerStatus:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Case:
    def __init__(self, device, keeper, samples, clock, told) -> None:
        self.device, self.keeper, self.samples = device, keeper, samples
        self.clock, self._told = clock, told

    async def pass_time(self, seconds: float) -> None:
        # In small steps, each with time for the outbox's thread.
        for _ in range(int(seconds / 5)):
            await self.clock.elapse(5)
            await asyncio.sleep(0.004)

    async def told(self) -> list:
        return await self._told.of((DeviceUp, DeviceDown, LoudspeakerDescribed))

    async def reasons(self) -> list[DownReason | None]:
        """Down with a reason, or up (None), in order."""
        data = await self._told.of((DeviceUp, DeviceDown))
        return [getattr(one, "reason", None) for one in data]


@pytest.fixture
def case(clock, open_told):
    @asynccontextmanager
    async def make():
        async with open_told(clock) as (outbox, told):
            device, samples = Device(), Samples(outbox.timekeeper)
            health = DeviceHealth(
                outbox, device_id="loa1", device_kind=DeviceKind.LOUDSPEAKER, standing=None
            )
            keeper = LoudspeakerKeeper(
                "loa1",
                ask=device.ask,
                health=health,
                outbox=outbox,
                samples=samples,
                is_speaking=lambda: device.is_speaking,
            )
            async with running(keeper.run_once()):
                yield Case(device, keeper, samples, clock, told)

    return make


def fault(text: str | None, reason: str = "unreachable", at_s: float = 1_001) -> SinkFault:
    return SinkFault(loudspeaker_id="loa1", at_s=at_s, fault=text, reason=reason)


async def test_what_the_device_says_is_passed_on(case):
    """Its model once, and again when it changes; volume and temperature as readings."""
    async with case() as one:
        await one.pass_time(70)
        one.device.answer = LoudspeakerStatus(model="C1310", firmware="2.0")
        await one.pass_time(40)
        up, first, second = await one.told()
        row = one.samples.take()
    assert isinstance(first, DeviceUp | LoudspeakerDescribed)
    assert {type(up), type(first)} == {DeviceUp, LoudspeakerDescribed}
    assert second.firmware == "2.0"
    metrics = {sample.metric: sample.value for sample in row.samples}
    assert metrics[Metric.LOUDSPEAKER_VOLUME] == 0.5
    assert metrics[Metric.LOUDSPEAKER_TEMPERATURE_C] == 41


async def test_a_dead_loudspeaker_is_told_within_100_s(case):
    """One lost answer is no death; it is up again when it answers."""
    async with case() as one:
        await one.pass_time(60)
        one.device.answer = Unreachable("no route")
        await one.pass_time(90)
        assert await one.reasons() == [None, DownReason.UNREACHABLE]
        one.device.answer = SOUND
        await one.pass_time(40)
        assert await one.reasons() == [None, DownReason.UNREACHABLE, None]


async def test_one_lost_answer_is_no_death(case):
    """The next one comes ten seconds later."""
    async with case() as one:
        await one.pass_time(10)
        one.device.answer = Unreachable("lost")
        while one.device.asked < 2:
            await one.pass_time(5)
        one.device.answer = SOUND
        await one.pass_time(60)
        assert await one.reasons() == [None]


async def test_a_wrong_password_is_told_at_once_and_tried_rarely(case):
    """A device that is asked every half minute locks the account."""
    async with case() as one:
        one.device.answer = WrongPassword("401")
        await one.pass_time(10)
        assert await one.reasons() == [DownReason.AUTH_FAILED]
        await one.pass_time(590)
        assert one.device.asked == 1
        one.device.answer = SOUND
        await one.pass_time(150)
        assert await one.reasons() == [DownReason.AUTH_FAILED, None]


async def test_a_password_refused_while_speaking_is_not_tried_by_asking(case):
    """Frames and readings use one account."""
    async with case() as one:
        while await one.reasons() != [None]:
            await one.pass_time(5)
        asked = one.device.asked
        await one.keeper.take(fault("401", "auth_failed"))
        await one.pass_time(600)
        assert one.device.asked == asked
        assert await one.reasons() == [None, DownReason.AUTH_FAILED]


async def test_what_only_a_technician_can_mend_is_told_at_once(case):
    """Waiting changes no address."""
    async with case() as one:
        one.device.answer = SinkUnusable("551: no backchannel")
        await one.pass_time(10)
        assert await one.reasons() == [DownReason.CONFIGURATION]


async def test_that_it_is_busy_with_us_is_no_fault(case):
    """With somebody else it is, when it lasts."""
    async with case() as one:
        one.device.answer, one.device.is_speaking = DeviceBusy("in use"), True
        await one.pass_time(120)
        assert await one.reasons() == []
        one.device.is_speaking = False
        await one.pass_time(60)
        assert await one.reasons() == [DownReason.BUSY]


async def test_a_silent_kind_of_device_is_judged_by_its_frames(case):
    """That its kind gives no sign of life says nothing; that the network refuses frames does."""
    async with case() as one:
        one.device.answer = MUTE
        await one.pass_time(40)
        assert await one.reasons() == []
        await one.keeper.take(fault(None))
        await one.keeper.take(fault("network unreachable"))
        await one.pass_time(60)
        await one.keeper.take(fault(None))
        assert await one.reasons() == [None, DownReason.UNREACHABLE, None]


async def test_a_sink_that_opens_proves_no_device_alive(case):
    """A socket is open before anybody has answered."""
    async with case() as one:
        one.device.answer = Unreachable("no route")
        await one.keeper.take(fault(None))
        await one.pass_time(60)
        assert await one.reasons() == [DownReason.UNREACHABLE]


async def test_an_answer_refutes_that_frames_did_not_arrive(case):
    """It was away for a moment and is back."""
    async with case() as one:
        await one.pass_time(10)
        while await one.reasons() != [None]:
            await asyncio.sleep(0.01)
        await one.keeper.take(fault("connection reset"))
        await one.pass_time(60)
        assert await one.reasons() == [None, DownReason.UNREACHABLE, None]


async def test_a_driver_that_hangs_is_cut_off(case, monkeypatch):
    """Its loudspeaker is down; the keeper goes on."""
    monkeypatch.setattr("edge_agent.loudspeakers.keeper.ANSWER_S", 0.05)

    async def hang() -> LoudspeakerStatus:
        await asyncio.Event().wait()
        raise AssertionError

    async with case() as one:
        one.keeper._ask = hang
        for _ in range(12):
            await one.pass_time(5)
            await asyncio.sleep(0.06)
        assert await one.reasons() == [DownReason.UNREACHABLE]
