"""The player child, as a real process, speaks through real loudspeakers and accounts for it."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from simulator.loudspeaker.correlation import correlate, read_mono
from tests.edge_agent.playout.conftest import Player

pytestmark = pytest.mark.timeout(60)

FINAL = {"finished", "failed", "preempted", "stopped", "expired"}


@pytest.mark.parametrize(("address", "codec"), [("127.0.0.1", "pcma"), ("239.255.77.2", "pcmu")])
def test_what_is_sent_is_heard(player, loudspeaker, announcement, address, codec):
    """The recording correlates with the announcement, polarity right, nothing lost."""
    speaker = loudspeaker(address, codec)
    player.install("loa", speaker.sink())
    player.play("B", "loa", announcement)
    finished = player.wait_until("B", "finished")
    played = speaker.wait_for(lambda line: line["event"] == "played")
    match = correlate(read_mono(announcement), read_mono(Path(played["file"])))
    assert match.peak > 0.95
    assert abs(match.lag_samples) <= 1
    assert played["lost_packets"] == 0
    assert finished["seconds_sent"] == pytest.approx(1.5, abs=0.021)
    assert player.states("B") == ["started", "finished"]


def test_an_emergency_cuts_in_and_what_waits_follows(player, loudspeaker, announcement, programme):
    """The programme is cut, the emergency is heard whole, then the notice that waited."""
    speaker = loudspeaker()
    player.install("loa", speaker.sink())
    player.play("programme", "loa", programme)
    player.wait_until("programme", "started")
    player.play("notice", "loa", announcement)
    player.play("flood", "loa", announcement, priority="emergency")
    player.wait_until("notice", "finished")
    assert player.states("programme") == ["started", "preempted"]
    order = [(r["broadcast_id"], r["state"]) for r in player.heard if r["say"] == "progress"]
    assert order[1:] == [
        ("programme", "preempted"),
        ("flood", "started"),
        ("flood", "finished"),
        ("notice", "started"),
        ("notice", "finished"),
    ]
    speaker.wait_for(lambda _: len(speaker.played()) == 3)
    cut, flood, _ = (read_mono(Path(line["file"])) for line in speaker.played())
    sent = read_mono(announcement)
    assert correlate(sent, flood).peak > 0.95
    assert abs(correlate(sent, cut).peak) < 0.3


def test_loudspeakers_speak_side_by_side(player, loudspeaker, announcement):
    """Two loudspeakers play the same file from one start, and a third that fails harms neither."""
    one, two = loudspeaker(codec="pcmu"), loudspeaker(codec="pcma")
    player.install("one", one.sink())
    player.install("two", two.sink())
    player.install("gone", {"driver": "rtp_multicast", "address": "239.1.1.1", "port": 9,
                            "interface": "203.0.113.7"})  # fmt: skip
    start_at_s = time.monotonic() + 1
    for name in ("one", "gone", "two"):
        player.play("B", name, announcement, start_at_s=start_at_s)
    for name in ("one", "two"):
        assert player.wait_until("B", "finished", on=name)
        assert player.wait_until("B", "started", on=name)["at_s"] >= start_at_s
    failed = player.wait_until("B", "failed", on="gone")
    assert "203.0.113.7" in failed["detail"]
    assert player.wait_for(lambda line: line["say"] == "sink_fault")["loudspeaker_id"] == "gone"


def test_a_loudspeaker_that_refuses_fails_and_says_so(player, loudspeaker, programme):
    """Frames refused for a second end the broadcast; the fault is told, and later its end."""
    speaker = loudspeaker()
    player.install("loa", speaker.sink())
    speaker.end()
    player.play("B", "loa", programme)
    failed = player.wait_until("B", "failed")
    assert "refused" in failed["detail"].lower()
    fault = player.wait_for(lambda line: line["say"] == "sink_fault")
    assert fault["fault"] == failed["detail"]
    player.install("loa", loudspeaker().sink())
    player.wait_for(lambda line: line["say"] == "sink_fault" and line["fault"] is None)
    player.play("again", "loa", programme)
    player.wait_until("again", "started")


@pytest.mark.parametrize("everything", [False, True])
def test_stop_ends_it_at_once(player, loudspeaker, programme, everything):
    """A stopped broadcast is silent, and one that had not begun is stopped too."""
    player.install("loa", loudspeaker().sink())
    player.play("B", "loa", programme)
    player.play("C", "loa", programme, start_at_s=time.monotonic() + 1000)
    player.wait_until("B", "started")
    for name in (None,) if everything else ("B", "C"):
        player.say({"do": "stop", "broadcast_id": name})
    stopped = player.wait_until("B", "stopped")
    assert 0 < stopped["seconds_sent"] < 30
    assert player.wait_until("C", "stopped")["seconds_sent"] == 0
    assert player.states("C") == ["stopped"]


def test_what_comes_too_late_is_not_played(player, loudspeaker, announcement, programme):
    """A broadcast whose time passed while another played is expired, unheard."""
    player.install("loa", loudspeaker().sink())
    player.play("B", "loa", programme)
    player.wait_until("B", "started")
    player.play("late", "loa", announcement, expires_at_s=time.monotonic() + 0.3)
    assert player.wait_until("late", "expired")["seconds_sent"] == 0
    assert player.states("late") == ["expired"]


def test_bad_audio_and_unknown_loudspeakers_fail_with_a_reason(player, loudspeaker, tmp_path):
    """Each order that cannot be carried out gets one answer for the technician."""
    (tmp_path / "noise.opus").write_bytes(b"this is not audio")
    player.install("loa", loudspeaker().sink())
    player.play("missing", "loa", tmp_path / "missing.opus")
    player.play("noise", "loa", tmp_path / "noise.opus")
    player.play("nowhere", "other", tmp_path / "noise.opus")
    for name, reason in (
        ("missing", "No such file"),
        ("noise", "Invalid data"),
        ("nowhere", "not in the gateway's configuration"),
    ):
        assert reason in player.wait_until(name, "failed")["detail"]
        assert player.states(name) == ["failed"]


def test_the_end_of_stdin_stops_everything(player, loudspeaker, programme):
    """When the agent goes away the child reports what it stopped and leaves."""
    player.install("loa", loudspeaker().sink())
    player.play("B", "loa", programme)
    player.wait_until("B", "started")
    assert player.end() == 0
    assert player.states("B") == ["started", "stopped"]


def test_sigterm_ends_it_like_the_end_of_stdin(player, loudspeaker, programme):
    """A service manager's signal is answered with the reports, too."""
    player.install("loa", loudspeaker().sink())
    player.play("B", "loa", programme)
    player.wait_until("B", "started")
    player.process.terminate()
    player.wait_until("B", "stopped")
    assert player.process.wait(10) == 0


def test_an_order_that_cannot_be_read_is_logged_and_the_next_one_played(loudspeaker, announcement):
    """One broken line loses nothing else."""
    player = Player(stderr=subprocess.PIPE)
    try:
        player.install("loa", loudspeaker().sink())
        player.say("{broken")
        player.say({"do": "play", "broadcast_id": "X"})
        player.play("B", "loa", announcement)
        player.wait_until("B", "finished")
        player.process.stdin.close()
        logged = [json.loads(line) for line in player.process.stderr.read().splitlines()]
    finally:
        player.kill()
    unreadable = [line for line in logged if line["event"] == "order_unreadable"]
    assert len(unreadable) == 2


def test_other_settings_take_over_while_it_plays(player, loudspeaker, programme):
    """A loudspeaker that moved to another port is heard there, in the middle of the programme."""
    before, after = loudspeaker(), loudspeaker()
    player.install("loa", before.sink())
    player.play("B", "loa", programme)
    before.wait_for(lambda line: line["event"] == "playing")
    player.install("loa", after.sink())
    after.wait_for(lambda line: line["event"] == "playing")
    before.wait_for(lambda line: line["event"] == "played")
    assert not FINAL & set(player.states("B"))


def test_an_order_given_twice_is_played_once(player, loudspeaker, announcement):
    """The repeated order of an open broadcast changes nothing."""
    player.install("loa", loudspeaker().sink())
    player.play("B", "loa", announcement)
    player.play("B", "loa", announcement)
    player.wait_until("B", "finished")
    player.end()
    assert player.states("B") == ["started", "finished"]


def test_a_decoder_that_dies_costs_one_broadcast_at_most(player, loudspeaker, programme):
    """What plays goes on, the orphaned broadcast fails with a reason, the next one is decoded."""
    one, two = loudspeaker(), loudspeaker()
    player.install("one", one.sink())
    player.install("two", two.sink())
    player.play("B", "one", programme)
    player.wait_until("B", "started")
    os.kill(decoder_pid(player.process.pid), signal.SIGSTOP)
    player.play("orphan", "two", programme, priority="priority")
    time.sleep(0.2)
    os.kill(decoder_pid(player.process.pid), signal.SIGKILL)
    assert "decoder died" in player.wait_until("orphan", "failed")["detail"]
    player.play("next", "two", programme, priority="emergency")
    player.wait_until("next", "started")
    assert not FINAL & set(player.states("B"))


def test_the_decoder_ends_with_the_player(player, loudspeaker):
    """A player killed outright leaves no process behind."""
    player.install("loa", loudspeaker().sink())
    player.play("B", "loa", Path("missing"))
    player.wait_until("B", "failed")
    decoder = Path(f"/proc/{decoder_pid(player.process.pid)}")
    player.process.kill()
    deadline_s = time.monotonic() + 10
    while decoder.exists() and "Z" not in (decoder / "stat").read_text().rsplit(")", 1)[1][:3]:
        assert time.monotonic() < deadline_s, "the decoder lives on"
        time.sleep(0.05)


def decoder_pid(player_pid: int) -> int:
    children = [
        int(pid)
        for thread in Path(f"/proc/{player_pid}/task").iterdir()
        for pid in (thread / "children").read_text().split()
    ]
    assert len(children) == 1
    return children[0]
