"""Orders that are more than one file at once: turns, relays, what goes on after an interruption."""

import hashlib
from datetime import timedelta

import pytest

from contracts.commands import Audio, Relay, Speak
from contracts.events import BroadcastProgress, CommandOutcome, CommandResult
from tests.edge_agent.audio import tone_ogg
from tests.edge_agent.playout.radio import Radio
from tests.fakes.ports import find_free_port

pytestmark = pytest.mark.broker

BROADCAST = "33333333-0000-4000-8000-000000000001"
EMERGENCY = "33333333-0000-4000-8000-000000000002"


def loudspeakers(*names):
    return tuple(
        {
            "id": name,
            "name": "Loa",
            "area": "ban-chuong",
            "driver": "rtp_multicast",
            "address": "239.192.7.7",
            "port": find_free_port(),
            "interface": "127.0.0.1",
        }
        for name in names
    )


def known(centre, seconds) -> Audio:
    audio = tone_ogg(seconds=seconds)
    sha256 = hashlib.sha256(audio).hexdigest()
    centre.audio[sha256] = audio
    return Audio(sha256=sha256, size_bytes=len(audio), duration_s=seconds)


def steps(centre, broadcast_id=BROADCAST) -> list[BroadcastProgress]:
    return [one for one in centre.data(BroadcastProgress) if one.broadcast_id == broadcast_id]


def states(centre, broadcast_id=BROADCAST) -> list[str]:
    return [str(step.state) for step in steps(centre, broadcast_id)]


@pytest.fixture(scope="module")
def radio():
    station = Radio()
    yield station
    station.close()


async def test_neighbouring_clusters_take_turns(centre, make_config, gateway):
    """The second loudspeaker begins when its offset has passed, and both are heard whole."""
    speak = Speak(
        broadcast_id=BROADCAST,
        loudspeaker_ids=("loa1", "loa2"),
        audio=known(centre, 0.3),
        offsets_s={"loa2": 1.0},
    )
    word = Speak(broadcast_id=EMERGENCY, loudspeaker_ids=("loa1",), audio=known(centre, 0.2))
    async with gateway(make_config(loudspeakers=loudspeakers("loa1", "loa2"))):
        await centre.until(lambda: centre.births)
        await centre.order(centre.sign(word))
        await centre.until(lambda: "finished" in states(centre, EMERGENCY))
        await centre.order(centre.sign(speak))
        await centre.until(lambda: states(centre).count("finished") == 2)
    first, second = (
        event.occurred_at
        for event in sorted(centre.events, key=lambda event: event.occurred_at)
        if event.data in steps(centre) and event.data.state == "started"
    )
    assert second - first > timedelta(seconds=0.5)


async def test_what_was_interrupted_goes_on_and_the_centre_hears_of_each_step(
    centre, make_config, gateway
):
    """Interrupted and resumed are reported, and the seconds of both parts at the end."""
    news = Speak(
        broadcast_id=BROADCAST,
        loudspeaker_ids=("loa1",),
        audio=known(centre, 3.0),
        when_interrupted="resume",
    )
    flood = Speak(
        broadcast_id=EMERGENCY,
        loudspeaker_ids=("loa1",),
        audio=known(centre, 0.4),
        priority="emergency",
    )
    async with gateway(make_config(loudspeakers=loudspeakers("loa1"))):
        await centre.until(lambda: centre.births)
        await centre.order(centre.sign(news))
        await centre.until(lambda: "started" in states(centre))
        await centre.order(centre.sign(flood))
        await centre.until(lambda: "finished" in states(centre))
    expected = ["accepted", "cached", "started", "interrupted", "resumed", "finished"]
    assert states(centre) == expected
    assert states(centre, EMERGENCY)[-2:] == ["started", "finished"]
    assert steps(centre)[-1].seconds_sent > 3.0


async def test_a_radio_is_relayed_and_a_wrong_address_told(centre, make_config, gateway, radio):
    """Nothing is fetched before; what the stream's server answers is told to the author."""
    async with gateway(make_config(loudspeakers=loudspeakers("loa0", "loa1"))):
        await centre.until(lambda: centre.births)
        for number, path in enumerate(("live", "gone")):
            relay = Relay(
                broadcast_id=(BROADCAST, EMERGENCY)[number],
                loudspeaker_ids=(f"loa{number}",),
                stream_url=radio.url(path),
                duration_s=1.0,
            )
            await centre.order(centre.sign(relay))
        await centre.until(lambda: "failed" in states(centre, EMERGENCY))
        await centre.until(lambda: "finished" in states(centre), timeout_s=20)
    assert states(centre) == ["accepted", "started", "finished"]
    assert states(centre, EMERGENCY) == ["accepted", "failed"]
    assert "404" in steps(centre, EMERGENCY)[-1].detail
    assert all(one.outcome is CommandOutcome.DONE for one in centre.data(CommandResult))
