"""A radio programme is passed on live, for its time, and what is no radio is refused."""

import time

import pytest

from tests.edge_agent.playout.radio import Radio

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def radio():
    station = Radio()
    yield station
    station.close()


def relay(player, url, *, seconds, name="R", **more):
    player.say(
        {
            "do": "relay",
            "broadcast_id": name,
            "loudspeaker_id": "loa",
            "priority": "routine",
            "stream_url": url,
            "duration_s": seconds,
            **more,
        }
    )


def test_a_radio_programme_is_relayed_for_its_time_and_joined_again_after_an_emergency(
    player, loudspeaker, announcement, radio
):
    """It sounds for its duration on the clock, the emergency in the middle of it left out."""
    player.install("loa", loudspeaker().sink())
    relay(player, radio.url("live"), seconds=4, when_interrupted="resume")
    started = player.wait_until("R", "started")
    player.play("flood", "loa", announcement, priority="emergency")
    finished = player.wait_until("R", "finished")
    assert player.states("R") == ["started", "interrupted", "resumed", "finished"]
    assert finished["at_s"] - started["at_s"] == pytest.approx(4, abs=0.3)
    assert finished["seconds_sent"] == pytest.approx(2.5, abs=0.4)
    assert finished["underruns"] == 0


def test_a_station_that_hangs_up_is_called_again(player, loudspeaker, radio):
    """The relay goes on; the gap is counted and not taken for sound."""
    player.install("loa", loudspeaker().sink())
    relay(player, radio.url("short"), seconds=5)
    finished = player.wait_until("R", "finished")
    assert radio.listeners.count("/short") >= 2
    assert 3 < finished["seconds_sent"] <= 5


def test_a_station_torn_off_in_its_first_seconds_is_called_again(player, loudspeaker, radio):
    """A broken frame before anything sounded does not make it "no audio"."""
    player.install("loa", loudspeaker().sink())
    relay(player, radio.url("torn"), seconds=3)
    finished = player.wait_until("R", "finished")
    assert radio.listeners.count("/torn") >= 4
    assert finished["seconds_sent"] > 1


def test_broken_frames_are_left_out_and_the_line_is_kept(player, loudspeaker, radio):
    """A bad line is heard with its scratches; calling again would lose more."""
    player.install("loa", loudspeaker().sink())
    relay(player, radio.url("scratched"), seconds=4)
    finished = player.wait_until("R", "finished")
    assert radio.listeners.count("/scratched") == 1
    assert finished["seconds_sent"] == pytest.approx(4, abs=0.3)


def test_a_station_that_changes_between_mono_and_stereo_is_heard_on(player, loudspeaker, radio):
    """As many do between speech and music; calling again would lose more."""
    player.install("loa", loudspeaker().sink())
    relay(player, radio.url("changing"), seconds=4)
    finished = player.wait_until("R", "finished")
    assert radio.listeners.count("/changing") == 1
    assert finished["seconds_sent"] == pytest.approx(4, abs=0.3)


@pytest.mark.parametrize(
    ("path", "reason"), [("gone", "404"), ("page", "no audio")], ids=["gone", "a web page"]
)
def test_what_is_no_radio_is_refused_before_a_sound(player, loudspeaker, radio, path, reason):
    """The author reads why, at once."""
    player.install("loa", loudspeaker().sink())
    relay(player, radio.url(path), seconds=5)
    failed = player.wait_until("R", "failed")
    assert reason in failed["detail"]
    assert player.states("R") == ["failed"]


def test_a_local_file_is_no_stream(player, loudspeaker, announcement):
    """An order that names a file of the gateway is not even understood."""
    player.install("loa", loudspeaker().sink())
    relay(player, f"file://{announcement}", seconds=5)
    relay(player, "http://127.0.0.1:9/x", seconds=5, name="S", start_at_s=time.monotonic() + 60)
    player.say({"do": "stop"})
    player.wait_until("S", "stopped")
    assert player.states("R") == []
