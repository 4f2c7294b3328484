"""A short tone tells whether a loudspeaker works, and disturbs nobody."""

import asyncio
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from contracts import commands
from contracts.events import (
    BroadcastProgress,
    CommandOutcome,
    CommandResult,
    Hearing,
    LoudspeakerTested,
)
from edge_agent.hearing.listening import Verdict
from edge_agent.loudspeakers import self_tests, tone
from edge_agent.loudspeakers.reports import record_progress
from edge_agent.loudspeakers.self_tests import SelfTests, is_due
from edge_agent.loudspeakers.settings import RtpMulticastLoudspeaker
from edge_agent.playout.messages import Play, Progress
from edge_agent.telemetry import Samples
from tests.edge_agent.audio import tone_ogg
from tests.edge_agent.loudspeakers.conftest import running
from tests.edge_agent.loudspeakers.talk_down_maker import VIETNAM

TEST = "66666666-0000-4000-8000-000000000001"
ROUTINE = "33333333-0000-4000-8000-000000000009"
NIGHT = datetime(2026, 1, 5, 3, 5, tzinfo=VIETNAM)


class Gateway:
    """Self-tests, a player child and the outbox of one gateway."""

    def __init__(self, outbox, told, make_player, folder) -> None:
        self.outbox, self.told = outbox, told
        self.now = NIGHT.replace(hour=12)
        self.hears = True
        self.expected: list[str] = []
        self.player = make_player(outbox, self.take)
        loudspeaker = RtpMulticastLoudspeaker(
            id="loa1", name="Loa", area="lane", address="127.0.0.1", port=9, self_test_at="03:00"
        )
        self.self_tests = SelfTests(
            [loudspeaker],
            player=self.player,
            outbox=outbox,
            folder=folder,
            local_time=lambda: self.now,
            expect=self.expect,
        )

    def expect(self, loudspeaker_id: str) -> bool:
        self.expected.append(loudspeaker_id)
        return False

    async def take(self, report) -> None:
        if not isinstance(report, Progress):
            return
        await record_progress(self.outbox, report, Samples(self.outbox.timekeeper))
        self.self_tests.follow(report)
        if report.state == "finished" and self.hears:
            self.self_tests.take_verdict(verdict(report.broadcast_id))

    async def order(self, *loudspeaker_ids: str) -> None:
        data = commands.TestLoudspeakers(test_id=TEST, loudspeaker_ids=loudspeaker_ids)
        await self.self_tests.carry_out(command(data), data)

    async def tested(self, count: int = 1) -> list[LoudspeakerTested]:
        return await self.told.until(LoudspeakerTested, count)


def verdict(broadcast_id: str) -> Verdict:
    return Verdict(
        broadcast_id=broadcast_id,
        loudspeaker_id="loa1",
        camera_id="cam1",
        hearing=Hearing.HEARD,
        score=21.0,
        threshold=8.0,
        measured_s=2.0,
        lag_s=0.4,
        detail="",
    )


def command(data) -> commands.Command:
    fields = {
        "id": "55555555-0000-4000-8000-000000000001",
        "subject": "sang-moc/nha-van-hoa",
        "type": "test_loudspeakers.v1",
        "time": datetime(2026, 1, 5, tzinfo=VIETNAM),
        "expiresat": datetime(2036, 1, 5, tzinfo=VIETNAM),
        "commandnumber": 1,
        "data": data,
    }
    return commands.Command.model_validate(fields)


@pytest.fixture(autouse=True)
def _brief(monkeypatch):
    monkeypatch.setattr(tone, "TONE_S", 0.6)


@pytest.fixture
def gateway(open_told, make_player, tmp_path):
    @asynccontextmanager
    async def run():
        async with open_told() as (outbox, told):
            one = Gateway(outbox, told, make_player, tmp_path)
            async with running(one.player.child.run_once()):
                yield one

    return run


async def test_a_loudspeaker_that_takes_the_tone_is_told_with_what_was_heard(gateway):
    """It is no broadcast: nothing of it stands in the station's log."""
    async with gateway() as one:
        await one.order("loa1")
        (tested,) = await one.tested()
        assert (tested.test_id, tested.is_played, tested.hearing) == (TEST, True, Hearing.HEARD)
        assert tested.score == 21.0
        assert one.expected == ["loa1"], "no microphone was opened before the tone"
        (result,) = await one.told.of(CommandResult)
        assert result.outcome is CommandOutcome.DONE
        assert not await one.told.of(BroadcastProgress)


async def test_what_is_not_here_is_told_and_the_others_are_tested(gateway):
    """Each loudspeaker has its own result."""
    async with gateway() as one:
        await one.order("loa9", "loa1", "loa1")
        missing, tested = await one.tested(2)
    assert (missing.is_played, tested.is_played) == (False, True)
    assert "no such loudspeaker" in missing.detail


async def test_it_waits_for_a_broadcast_and_then_leaves_it(gateway, tmp_path, monkeypatch):
    """Nothing is cut for a test."""
    monkeypatch.setattr(self_tests, "EXPIRES_S", 0.4)
    (tmp_path / "long.ogg").write_bytes(tone_ogg(seconds=5.0))
    async with gateway() as one:
        one.player.play(
            Play(
                broadcast_id=ROUTINE,
                loudspeaker_id="loa1",
                audio_path=str(tmp_path / "long.ogg"),
                priority="routine",
            )
        )
        async with asyncio.timeout(10):
            while not one.player.is_speaking("loa1"):
                await asyncio.sleep(0.02)
        await one.order("loa1")
        (tested,) = await one.tested()
        assert (tested.is_played, tested.detail) == (
            False,
            "the loudspeaker was speaking all the time",
        )
        assert one.player.is_speaking("loa1")


async def test_without_a_microphone_nothing_is_claimed(gateway, monkeypatch):
    """The tone was played; whether it sounded nobody knows."""
    monkeypatch.setattr(self_tests, "_HEARD_WITHIN_S", 0.1)
    async with gateway() as one:
        one.hears = False
        await one.order("loa1")
        (tested,) = await one.tested()
        assert (tested.is_played, tested.hearing) == (True, Hearing.INCONCLUSIVE)
        assert one.self_tests.take_verdict(verdict(TEST)), "a late verdict is about no broadcast"
        assert not one.self_tests.take_verdict(verdict(ROUTINE))


async def test_it_is_tested_once_a_night(gateway, monkeypatch):
    """At its hour, not at noon, and not again after a restart of the task."""
    monkeypatch.setattr(self_tests, "_LOOK_S", 0.05)
    async with gateway() as one:
        async with running(one.self_tests.run_once()):
            await asyncio.sleep(0.2)
            assert not await one.told.of(LoudspeakerTested)
            one.now = NIGHT
            await one.tested()
        async with running(one.self_tests.run_once()):
            await asyncio.sleep(0.3)
            assert not one.self_tests._tests, "none is under way"
        assert len(await one.told.of(LoudspeakerTested)) == 1
        one.now = NIGHT.replace(day=6)
        async with running(one.self_tests.run_once()):
            await one.tested(2)


@pytest.mark.parametrize(
    ("at", "local", "due"),
    [
        ("03:00", NIGHT.replace(hour=2, minute=59), False),
        ("03:00", NIGHT.replace(hour=3, minute=0), True),
        ("03:00", NIGHT.replace(hour=3, minute=29), True),
        ("03:00", NIGHT.replace(hour=3, minute=30), False),
        ("23:50", NIGHT.replace(hour=0, minute=5), False),
    ],
)
def test_a_gateway_that_starts_late_waits_for_the_next_night(at, local, due):
    """Half an hour is late enough."""
    assert is_due(at, local) is due
