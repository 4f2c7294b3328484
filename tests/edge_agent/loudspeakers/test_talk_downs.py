"""A sighting is answered by a loudspeaker at once, and what came of it is told."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from contracts.commands import Command, SetTalkDowns
from contracts.events import (
    Answer,
    BroadcastProgress,
    CommandOutcome,
    CommandResult,
    IntrusionEnded,
    IntrusionStarted,
    TalkDownAnswered,
    TalkDownSpoken,
    TalkDownWithheld,
    WithheldReason,
)
from edge_agent.loudspeakers.reports import record_progress
from edge_agent.loudspeakers.talk_downs import speaking
from edge_agent.loudspeakers.talk_downs.audio import TalkDownAudio
from edge_agent.loudspeakers.talk_downs.talk_downs import Ground, TalkDowns
from edge_agent.orders.audio_fetching import AudioSource
from edge_agent.orders.audio_shelf import AudioShelf
from edge_agent.outbox import Draft
from edge_agent.playout.messages import Play, Progress
from edge_agent.telemetry import Samples
from tests.edge_agent.audio import tone_ogg
from tests.edge_agent.loudspeakers.conftest import running
from tests.edge_agent.loudspeakers.talk_down_maker import (
    OBJECT,
    TALK_DOWN,
    VIETNAM,
    audio_of,
    talk_down,
)

TONE = tone_ogg(seconds=1.0)
AUDIO = audio_of(TONE)
ROUTINE = "33333333-0000-4000-8000-000000000009"


class NoCentre:
    """A centre that cannot be reached: whatever is said must be here already."""

    async def fetch_audio(self, sha256: str, *, size_bytes: int) -> bytes:
        raise OSError(f"no centre for {sha256} of {size_bytes} bytes")


class Gateway:
    """Talk-downs, a player child and the outbox of one gateway, with nobody else."""

    def __init__(self, outbox, told, make_player, folder) -> None:
        self.outbox, self.told = outbox, told
        self.samples = Samples(outbox.timekeeper)
        self.player = make_player(outbox, self.take)
        self.shelf = AudioShelf(folder / "audio")
        clock = outbox.timekeeper.clock
        audio = TalkDownAudio(AudioSource(self.shelf, NoCentre(), clock), clock)
        ground = Ground(
            camera_ids=frozenset({"cam1"}),
            loudspeaker_ids=frozenset({"loa1"}),
            local_time=lambda: clock.now().astimezone(VIETNAM),
        )
        self.talk_downs = TalkDowns(ground, outbox=outbox, audio=audio, player=self.player)

    async def take(self, report) -> None:
        if isinstance(report, Progress):
            await self.talk_downs.follow(report)
            await record_progress(self.outbox, report, self.samples)

    async def set(self, *talk_downs, number: int = 1) -> CommandResult:
        await self.talk_downs.set(command(*talk_downs, number=number), order(*talk_downs))
        return (await self.told.of(CommandResult))[-1]

    async def see(self, data, ago_s: float = 0.0) -> None:
        now_s = self.outbox.timekeeper.clock.monotonic_s()
        moment = self.outbox.timekeeper.moment(now_s - ago_s)
        self.talk_downs.see(Draft(data=data, moment=moment, device_id="cam1"))

    async def withheld(self, count: int = 1) -> list[WithheldReason]:
        return [one.reason for one in await self.told.until(TalkDownWithheld, count)]


def order(*talk_downs) -> SetTalkDowns:
    return SetTalkDowns(talk_downs=talk_downs)


def command(*talk_downs, number: int) -> Command:
    fields = {
        "id": f"55555555-0000-4000-8000-{number:012}",
        "subject": "sang-moc/nha-van-hoa",
        "type": "set_talk_downs.v1",
        "time": datetime(2026, 1, 5, tzinfo=VIETNAM),
        "expiresat": datetime(2036, 1, 5, tzinfo=VIETNAM),
        "commandnumber": number,
        "data": order(*talk_downs),
    }
    return Command.model_validate(fields)


def intrusion(object_id: str = OBJECT) -> IntrusionStarted:
    return IntrusionStarted(object_id=object_id, zone="sân", box=(0, 0, 0.1, 0.1), present_s=1)


def gone(object_id: str = OBJECT) -> IntrusionEnded:
    return IntrusionEnded(object_id=object_id, zone="sân", duration_s=5)


@pytest.fixture
def gateway(open_told, make_player, tmp_path):
    """Run a gateway; a second one in the same test is the first after a restart."""

    @asynccontextmanager
    async def run(*, has_audio: bool = True, child: bool = True):
        async with open_told() as (outbox, told):
            one = Gateway(outbox, told, make_player, tmp_path)
            if has_audio:
                one.shelf.put(AUDIO.sha256, TONE)
            parts = [one.talk_downs.run_once()]
            parts += [one.player.child.run_once()] if child else []
            async with running(*parts):
                yield one

    return run


def heard(ear: socket.socket) -> int:
    """Packets that have arrived."""
    count = 0
    try:
        while ear.recv(4_096):
            count += 1
    except BlockingIOError:
        return count


async def test_an_intruder_is_spoken_to_and_leaves(gateway, ear):
    """Said, played like any broadcast, and told that he left."""
    async with gateway() as one:
        assert (await one.set(talk_down(audio=AUDIO))).outcome is CommandOutcome.DONE
        await one.see(intrusion())
        (spoken,) = await one.told.until(TalkDownSpoken)
        await one.see(gone())
        (answered,) = await one.told.until(TalkDownAnswered)
        steps = await one.told.until(BroadcastProgress, 4)
    assert (spoken.cause, spoken.object_id, spoken.loudspeaker_ids) == (
        "intrusion",
        OBJECT,
        ("loa1",),
    )
    assert (answered.broadcast_id, answered.answer) == (spoken.broadcast_id, Answer.LEFT)
    assert [str(step.state) for step in steps] == ["accepted", "cached", "started", "finished"]
    assert {step.broadcast_id for step in steps} == {spoken.broadcast_id}
    assert steps[-1].seconds_sent == pytest.approx(1.0, abs=0.1)
    assert heard(ear) > 40


async def test_what_it_said_and_was_told_outlasts_a_restart(gateway):
    """Settings, the day's limit and the answer that is owed: nobody saw how it ended."""
    async with gateway() as one:
        await one.set(talk_down(audio=AUDIO, daily_limit=1))
        await one.see(intrusion())
        await one.told.until(TalkDownSpoken)
    async with gateway() as one:
        assert [a.answer for a in await one.told.until(TalkDownAnswered)] == [Answer.UNKNOWN]
        await one.see(intrusion())
        assert await one.withheld() == [WithheldReason.DAILY_LIMIT]


async def test_it_rests_between_two(gateway):
    """Also while the first one waits for its first sound."""
    async with gateway() as one:
        await one.set(talk_down(audio=AUDIO, cool_down_s=60))
        await one.see(intrusion())
        await one.see(intrusion(TALK_DOWN))
        assert await one.withheld() == [WithheldReason.COOL_DOWN]
        await one.told.until(TalkDownSpoken)
        await one.see(intrusion(TALK_DOWN))
        assert await one.withheld(2) == [WithheldReason.COOL_DOWN] * 2


async def test_it_interrupts_nobody(gateway, monkeypatch, tmp_path):
    """It waits for a broadcast of any priority, and gives up before it would be late."""
    monkeypatch.setattr(speaking, "WAIT_S", 0.5)
    (tmp_path / "long.ogg").write_bytes(tone_ogg(seconds=6.0))
    async with gateway() as one:
        await one.set(talk_down(audio=AUDIO))
        one.player.play(
            Play(
                broadcast_id=ROUTINE,
                loudspeaker_id="loa1",
                audio_path=str(tmp_path / "long.ogg"),
                priority="routine",
                level="hamlet",
            )
        )
        async with asyncio.timeout(10):
            while not one.player.is_speaking("loa1"):
                await asyncio.sleep(0.02)
        await one.see(intrusion())
        assert await one.withheld() == [WithheldReason.BUSY]
        assert one.player.is_speaking("loa1")
        states = [str(step.state) for step in await one.told.of(BroadcastProgress)]
        assert states == ["accepted", "cached", "expired"]


async def test_what_is_not_here_is_not_said(gateway):
    """No audio, no sound too late; what was told late is answered by nobody."""
    async with gateway(has_audio=False) as one:
        await one.set(talk_down(audio=AUDIO))
        await one.see(intrusion())
        assert await one.withheld() == [WithheldReason.NOT_CACHED]
        await one.see(intrusion(), ago_s=60)
        assert await one.withheld(2) == [WithheldReason.NOT_CACHED, WithheldReason.TOO_LATE]
        assert not await one.told.of(BroadcastProgress)


async def test_without_a_player_it_is_given_up(gateway, monkeypatch):
    """Whoever reads the alarm learns that nothing was said."""
    monkeypatch.setattr(speaking, "_GIVE_UP_S", 0.1)
    async with gateway(child=False) as one:
        await one.set(talk_down(audio=AUDIO))
        await one.see(intrusion())
        assert await one.withheld() == [WithheldReason.NOT_PLAYED]


async def test_who_was_gone_before_the_first_sound_gives_no_answer(gateway, monkeypatch):
    """Nobody was there to be spoken to."""
    async with gateway() as one:
        await one.set(talk_down(audio=AUDIO))
        await one.see(intrusion())
        await one.see(gone())
        (answered,) = await one.told.until(TalkDownAnswered)
        assert answered.answer in {Answer.UNKNOWN, Answer.LEFT}
        assert len(await one.told.of(TalkDownSpoken)) == 1


async def test_what_cannot_be_meant_is_refused_and_changes_nothing(gateway):
    """A day has no hour 24:30; the talk-downs that hold go on holding."""
    async with gateway() as one:
        await one.set(talk_down(audio=AUDIO))
        refused = await one.set(talk_down(audio=AUDIO, night="22:00-24:30"), number=2)
        assert refused.outcome is CommandOutcome.FAILED
        assert "a day ends at 24:00" in refused.reason
        await one.see(intrusion())
        await one.told.until(TalkDownSpoken)


async def test_devices_that_are_not_here_are_named(gateway):
    """The rest holds: a loudspeaker may be configured later."""
    async with gateway() as one:
        done = await one.set(talk_down(camera_id="cam9", loudspeaker_ids=("loa1", "loa9")))
    assert done.outcome is CommandOutcome.DONE
    assert "no cam9" in done.reason
    assert "no loa9" in done.reason


async def test_an_order_that_was_overtaken_changes_nothing(gateway):
    """Commands may arrive in another order than they were given."""
    async with gateway() as one:
        await one.set(talk_down(audio=AUDIO), number=7)
        await one.set(number=6)
        await one.see(intrusion())
        await one.told.until(TalkDownSpoken)


async def test_its_sound_gives_way_to_no_other(gateway, tmp_path):
    """The shelf is bounded, and what talk-downs name stays."""
    async with gateway() as one:
        await one.set(talk_down(audio=AUDIO))
        one.shelf._max_bytes = 10
        one.shelf.put("b" * 64, b"other" * 100)
        one.shelf.tidy(())
        assert one.shelf.find(AUDIO.sha256) is not None
        assert one.shelf.find("b" * 64) is None
        assert json.loads(await one.outbox.read(lambda entry: entry.meta("talk_downs")))
