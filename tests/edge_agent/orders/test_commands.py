"""Which commands a gateway carries out, and what it says of those it does not."""

import asyncio
import hashlib
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contracts.commands import Audio, Clock, ForgetFixture, MarkFixture, Speak, Stop
from contracts.events import BroadcastProgress, CommandOutcome, CommandResult, LitteringFixture
from contracts.topics import Address
from edge_agent.cameras.conditions import littering_key
from edge_agent.clock import SystemClock
from edge_agent.outbox import Draft
from tests.edge_agent.audio import tone_ogg
from tests.edge_agent.outbox.gateway import littering
from tests.fakes.ports import find_free_port

pytestmark = pytest.mark.broker

BROADCAST = "33333333-0000-4000-8000-000000000001"


def loudspeakers():
    return (
        {
            "id": "loa1",
            "name": "Loa",
            "area": "ban-chuong",
            "driver": "rtp_multicast",
            "address": "239.192.7.7",
            "port": find_free_port(),
            "interface": "127.0.0.1",
        },
    )


def speak(audio: bytes = b"x", **changes) -> Speak:
    fields = {
        "broadcast_id": BROADCAST,
        "loudspeaker_ids": ("loa1",),
        "audio": Audio(
            sha256=hashlib.sha256(audio).hexdigest(), size_bytes=len(audio), duration_s=1
        ),
    }
    return Speak(**{**fields, **changes})


def results(centre, outcome=None) -> list[CommandResult]:
    """The results of what the test ordered, without those of clock commands."""
    return [
        result
        for result in centre.data(CommandResult)
        if result.reason or result.command_number in centre.ordered
        if outcome is None or result.outcome is outcome
    ]


def progress(centre) -> list[str]:
    return [str(event.state) for event in centre.data(BroadcastProgress)]


@pytest.fixture
def order(centre):
    """Sign and send an order; returns its signed bytes."""
    centre.ordered = set()

    async def send(data, **changes) -> bytes:
        signed = centre.sign(data, **changes)
        centre.ordered.add(changes.get("number") or centre._number)
        await centre.order(signed)
        return signed

    return send


async def refused(centre, reason: str) -> CommandResult:
    await centre.until(lambda: results(centre, CommandOutcome.REFUSED))
    (result,) = results(centre, CommandOutcome.REFUSED)
    assert result.reason == reason
    assert not progress(centre)
    return result


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"key": Ed25519PrivateKey.generate()}, "bad_signature", id="forged"),
        pytest.param({"expires_in_s": -1.0}, "expired", id="expired"),
        pytest.param(
            {"address": Address.of("sang-moc", "other")}, "not_addressed", id="for another gateway"
        ),
    ],
)
async def test_what_is_not_ours_or_too_late_is_refused(
    centre, make_config, gateway, order, changes, reason
):
    """A command that is forged, expired or another's is not carried out, and that is reported."""
    async with gateway(make_config(loudspeakers=loudspeakers())):
        await centre.until(lambda: centre.births)
        await order(speak(), **changes)
        await refused(centre, reason)


async def test_an_unsigned_command_is_refused_under_its_topic(centre, make_config, gateway, order):
    """Bytes without a signature are answered under the id in the topic's name."""
    async with gateway(make_config()):
        await centre.until(lambda: centre.births)
        await centre.order(b'{"speak":"now"}', "the-id")
        assert (await refused(centre, "malformed")).command_id == "the-id"


async def test_a_number_used_by_another_command_is_a_replay(centre, make_config, gateway, order):
    """A number belongs to one command for ever."""
    async with gateway(make_config()):
        await centre.until(lambda: centre.births)
        await order(Stop(), number=900)
        await centre.until(lambda: results(centre, CommandOutcome.DONE))
        await order(Stop(), number=900)
        await refused(centre, "replayed")


async def test_a_number_far_below_the_highest_is_a_replay(centre, make_config, gateway, order):
    """The window is 1,024 numbers wide."""
    async with gateway(make_config()):
        await centre.until(lambda: centre.births)
        await order(Stop(), number=5_000)
        await order(Stop(), number=3_977)
        await centre.until(lambda: len(results(centre, CommandOutcome.DONE)) == 2)
        await order(Stop(), number=3_976)
        await refused(centre, "replayed")


async def test_a_flood_of_forgeries_does_not_fill_the_outbox(centre, make_config, gateway, order):
    """Refusals are reported at a bounded rate."""
    async with gateway(make_config()):
        await centre.until(lambda: centre.births)
        for _ in range(60):
            await centre.order(b"forged", "x")
        await order(Stop())
        await centre.until(lambda: results(centre, CommandOutcome.DONE))
        assert 10 <= len(results(centre, CommandOutcome.REFUSED)) <= 12


async def test_without_a_clock_only_stop_is_obeyed(
    centre, make_config, gateway, order, monkeypatch
):
    """A gateway that does not know the time cannot know what has expired."""
    monkeypatch.setattr("edge_agent.orders.desk.CLOCK_WAIT_S", 0.2)
    centre.answers_births = False
    async with gateway(make_config(loudspeakers=loudspeakers()), synced=False):
        await centre.until(lambda: centre.births)
        assert not centre.births[0].clock_synced
        await order(speak())
        await refused(centre, "clock_unknown")
        await order(Stop())
        await centre.until(lambda: results(centre, CommandOutcome.DONE))


async def test_the_signed_clock_of_a_birth_is_trusted(centre, make_config, gateway, order):
    """A command that comes before the clock waits for it; expiry is judged by it."""
    centre.answers_births = False
    async with gateway(make_config(loudspeakers=loudspeakers()), synced=False):
        await centre.until(lambda: centre.births)
        await order(speak(loudspeaker_ids=("loa9",)))
        told = Clock(nonce=centre.births[0].nonce, centre_time=SystemClock().now())
        await order(told)
        await centre.until(lambda: results(centre, CommandOutcome.FAILED))
        later = Clock(
            nonce=centre.births[0].nonce, centre_time=SystemClock().now() + timedelta(hours=1)
        )
        await order(later)
        await order(speak(loudspeaker_ids=("loa9",)))
        await centre.until(lambda: results(centre, CommandOutcome.REFUSED))
        assert results(centre, CommandOutcome.REFUSED)[0].reason == "expired"


async def test_a_clock_for_another_birth_is_refused(centre, make_config, gateway, order):
    """An old answer, replayed, cannot set the clock back."""
    centre.answers_births = False
    async with gateway(make_config(), synced=False):
        await centre.until(lambda: centre.births)
        await order(
            Clock(nonce="0" * 8 + "-0000-4000-8000-" + "0" * 12, centre_time=SystemClock().now())
        )
        await refused(centre, "replayed")


async def test_a_repeated_command_is_answered_with_the_first_result(
    centre, make_config, gateway, order
):
    """A result that was lost is told again; nothing is carried out twice."""
    async with gateway(make_config(loudspeakers=loudspeakers())) as outbox:
        await centre.until(lambda: centre.births)
        signed = await order(speak(loudspeaker_ids=("loa9",)))
        await centre.until(lambda: results(centre, CommandOutcome.FAILED))
        async with asyncio.timeout(5):
            while await outbox.depth():
                await asyncio.sleep(0.02)
        await centre.order(signed)
        await centre.until(lambda: len(results(centre, CommandOutcome.FAILED)) == 2)
    assert progress(centre) == ["failed"]


async def test_audio_that_cannot_be_fetched_fails_the_command_at_its_expiry(
    centre, make_config, gateway, order
):
    """The centre hears that nothing was played, and why."""
    async with gateway(make_config(loudspeakers=loudspeakers())):
        await centre.until(lambda: centre.births)
        await order(speak(), expires_in_s=2.0)
        await centre.until(lambda: results(centre, CommandOutcome.FAILED))
    assert progress(centre) == ["accepted", "failed"]
    assert "404" in results(centre, CommandOutcome.FAILED)[0].reason


async def test_audio_with_another_hash_is_never_played(centre, make_config, gateway, order):
    """What was fetched must be what was ordered."""
    wanted = tone_ogg(seconds=0.2)
    centre.audio[hashlib.sha256(wanted).hexdigest()] = wanted[:-1] + b"!"
    async with gateway(make_config(loudspeakers=loudspeakers())):
        await centre.until(lambda: centre.births)
        await order(speak(wanted), expires_in_s=1.5)
        await centre.until(lambda: results(centre, CommandOutcome.FAILED))
    assert "hash" in results(centre, CommandOutcome.FAILED)[0].reason


async def test_a_stop_ends_what_still_waits_for_its_audio(centre, make_config, gateway, order):
    """Nothing is heard of a broadcast that was stopped before its audio came."""
    audio = tone_ogg(seconds=0.2)
    async with gateway(make_config(loudspeakers=loudspeakers())):
        await centre.until(lambda: centre.births)
        await order(speak(audio))
        await centre.until(lambda: progress(centre) == ["accepted"])
        await order(Stop(broadcast_id=BROADCAST))
        await centre.until(lambda: progress(centre) == ["accepted", "stopped"])
        centre.audio[hashlib.sha256(audio).hexdigest()] = audio
        await centre.until(lambda: len(results(centre, CommandOutcome.DONE)) == 2)
        await asyncio.sleep(0.3)
    assert progress(centre) == ["accepted", "stopped"]


async def test_a_stop_that_overtakes_what_it_stops_keeps_it_silent(
    centre, make_config, gateway, order
):
    """A stop waits for no clock; the broadcast before it does, and is not heard afterwards."""
    audio = tone_ogg(seconds=0.2)
    centre.audio[hashlib.sha256(audio).hexdigest()] = audio
    centre.answers_births = False
    async with gateway(make_config(loudspeakers=loudspeakers()), synced=False):
        await centre.until(lambda: centre.births)
        await order(speak(audio))
        await order(Stop(broadcast_id=BROADCAST))
        await centre.until(lambda: results(centre, CommandOutcome.DONE))
        await order(Clock(nonce=centre.births[0].nonce, centre_time=SystemClock().now()))
        await centre.until(lambda: "accepted" in progress(centre))
        await centre.until(lambda: len(results(centre, CommandOutcome.DONE)) == 3)
        await asyncio.sleep(0.3)
    assert progress(centre) == ["accepted", "stopped"]


async def test_a_stop_ends_what_plays(centre, make_config, gateway, order):
    """A broadcast is cut off at once and reported as stopped."""
    audio = tone_ogg(seconds=30)
    centre.audio[hashlib.sha256(audio).hexdigest()] = audio
    async with gateway(make_config(loudspeakers=loudspeakers())):
        await centre.until(lambda: centre.births)
        await order(speak(audio))
        await centre.until(lambda: "started" in progress(centre))
        await order(Stop())
        await centre.until(lambda: "stopped" in progress(centre))
    assert progress(centre) == ["accepted", "cached", "started", "stopped"]


async def test_a_broadcast_that_never_started_is_played_after_a_restart(
    centre, make_config, gateway, order
):
    """Accepted for later, the agent restarts meanwhile: the hamlet still hears it, once."""
    audio = tone_ogg(seconds=0.3)
    centre.audio[hashlib.sha256(audio).hexdigest()] = audio
    config = make_config(loudspeakers=loudspeakers())
    soon = SystemClock().now() + timedelta(seconds=4)
    async with gateway(config):
        await centre.until(lambda: centre.births)
        await order(speak(audio, not_before=soon))
        await centre.until(lambda: progress(centre) == ["accepted", "cached"])
    async with gateway(config):
        await centre.until(lambda: "finished" in progress(centre))
    assert progress(centre) == ["accepted", "cached", "started", "finished"]
    (started,) = (e for e in centre.events if getattr(e.data, "state", "") == "started")
    assert started.occurred_at >= soon - timedelta(seconds=0.1)


@pytest.fixture
def impatient(monkeypatch):
    """The analysis knows none of the objects here; it is not waited for."""
    monkeypatch.setattr("edge_agent.cameras.fixtures.ANSWER_WITHIN_S", 0.2)


OBJECT = "22222222-0000-4000-8000-000000000001"


def camera():
    uri = f"rtsp://127.0.0.1:{find_free_port()}/sub"
    return {"id": "cam1", "name": "Cổng", "area": "ban", "driver": "rtsp", "analysis_uri": uri}


async def test_what_belongs_there_is_taught_once(centre, make_config, gateway, order, impatient):
    """The order ends the alarm and is answered; repeated it is answered again, nothing more."""
    async with gateway(make_config(cameras=(camera(),))) as outbox:
        await centre.until(lambda: centre.births)
        draft = Draft(data=littering(), moment=outbox.timekeeper.moment(), device_id="cam1")
        key = littering_key("cam1", OBJECT)
        await outbox.write(lambda entry: entry.state_condition(key, draft))
        signed = await order(MarkFixture(camera_id="cam1", object_id=OBJECT))
        await centre.until(lambda: results(centre, CommandOutcome.DONE))
        await centre.order(signed)
        await centre.until(lambda: len(results(centre, CommandOutcome.DONE)) == 2)
        assert not await outbox.conditions()
    assert centre.data(LitteringFixture) == [LitteringFixture(object_id=OBJECT, zone="bai-rac")]


async def test_what_belongs_there_is_forgotten_on_order(
    centre, make_config, gateway, order, impatient
):
    """Its file loses it; what is no fixture is none afterwards, which is what was ordered."""
    config = make_config(cameras=(camera(),))
    kept = config.data_dir / "fixtures" / "cam1.json"
    async with gateway(config) as outbox:
        await centre.until(lambda: centre.births)
        draft = Draft(data=littering(), moment=outbox.timekeeper.moment(), device_id="cam1")
        key = littering_key("cam1", OBJECT)
        await outbox.write(lambda entry: entry.state_condition(key, draft))
        await order(MarkFixture(camera_id="cam1", object_id=OBJECT))
        await centre.until(lambda: results(centre, CommandOutcome.DONE))
        assert OBJECT in kept.read_text()
        for done in (2, 3):
            await order(ForgetFixture(camera_id="cam1", fixture_id=OBJECT))
            await centre.until(lambda done=done: len(results(centre, CommandOutcome.DONE)) == done)
            assert OBJECT not in kept.read_text()
        await order(ForgetFixture(camera_id="cam9", fixture_id=OBJECT))
        await centre.until(lambda: results(centre, CommandOutcome.FAILED))
    (failed,) = results(centre, CommandOutcome.FAILED)
    assert "has no camera cam9" in failed.reason


@pytest.mark.parametrize(
    ("camera_id", "reason"), [("cam1", "knows no such object"), ("cam9", "has no camera cam9")]
)
async def test_what_cannot_be_marked_is_told_in_words(
    centre, make_config, gateway, order, impatient, camera_id, reason
):
    """An object that is gone, a camera that is not this gateway's."""
    async with gateway(make_config(cameras=(camera(),))):
        await centre.until(lambda: centre.births)
        await order(MarkFixture(camera_id=camera_id, object_id=OBJECT))
        await centre.until(lambda: results(centre, CommandOutcome.FAILED))
    (failed,) = results(centre, CommandOutcome.FAILED)
    assert reason in failed.reason


async def test_a_marking_that_comes_too_late_is_refused(centre, make_config, gateway, order):
    """It obeys its time as every command does."""
    async with gateway(make_config(cameras=(camera(),))):
        await centre.until(lambda: centre.births)
        await order(MarkFixture(camera_id="cam1", object_id=OBJECT), expires_in_s=-1.0)
        await refused(centre, "expired")
