"""Whatever is ordered and whatever breaks: one voice at a time, one end each, every second counted."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.loudspeaker import DeviceBusy, SendFailed, Unreachable, WrongPassword
from tests.edge_agent.playout.world import BEAT_S, RISE, World

LIFE = re.compile(
    r"^(started,(interrupted,resumed,)*(interrupted,)?(finished|failed|preempted|stopped)"
    r"|failed|stopped|expired|preempted)$"
)


def test_what_was_interrupted_goes_on_two_seconds_before_the_cut():
    """The announcement is taken up again with its last words, and its seconds add up."""
    world = World().install()
    world.play("news", seconds=10, when_interrupted="resume")
    world.step(4.1)
    world.play("flood", seconds=3, priority="emergency")
    world.step(20)
    assert world.states("news") == ["started", "interrupted", "resumed", "finished"]
    assert world.states("flood") == ["started", "finished"]
    interrupted, finished = world.progress("news")[1], world.progress("news")[-1]
    assert interrupted.seconds_sent == pytest.approx(4.04, abs=0.1)
    assert finished.seconds_sent == pytest.approx(12.0, abs=0.1)
    order = [height for _, height in world.devices["1"].heard if height in world.levels.values()]
    assert [a for a, b in zip([0, *order], order, strict=False) if a != b][1:] == [500, 1000]


def test_the_start_of_what_resumes_after_too_long_is_forgotten():
    """After a quarter of an hour nobody remembers how it began: it is not taken up again."""
    world = World().install()
    world.play("news", seconds=10, when_interrupted="resume")
    world.step(4)
    world.play("flood", seconds=902, priority="emergency")
    world.step(910)
    assert world.states("news") == ["started", "interrupted", "preempted"]
    assert world.progress("news")[-1].seconds_sent == pytest.approx(4, abs=0.1)
    assert world.states("flood") == ["started", "finished"]


def test_two_emergencies_are_heard_one_after_the_other_the_higher_authority_first():
    """None cuts the other off; of those that wait the higher authority speaks first."""
    world = World().install()
    world.play("fire", seconds=1, priority="emergency", level="hamlet")
    world.step(0.2)
    world.play("dam", seconds=1, priority="emergency", level="commune")
    world.play("storm", seconds=1, priority="emergency", level="central")
    world.step(5)
    started = [r.broadcast_id for r in world.reports if getattr(r, "state", "") == "started"]
    assert started == ["fire", "storm", "dam"]
    assert {world.states(name)[-1] for name in ("fire", "dam", "storm")} == {"finished"}


def test_stopped_while_interrupted_it_never_comes_back():
    """The stop is the end of it, with the seconds that were heard before."""
    world = World().install()
    world.play("news", seconds=10, when_interrupted="resume")
    world.step(2)
    world.play("flood", seconds=3, priority="emergency")
    world.step(1)
    world.order(do="stop", broadcast_id="news")
    world.step(10)
    assert world.states("news") == ["started", "interrupted", "stopped"]
    assert world.progress("news")[-1].seconds_sent == pytest.approx(2, abs=0.1)


def test_a_self_test_gives_way_to_everything():
    """A tone is never in the way of a word, whatever priority it claims."""
    world = World().install()
    world.play("tone", seconds=1, priority="emergency", kind="self_test")
    world.step(0.3)
    world.play("news", seconds=1)
    world.step(3)
    assert world.states("tone") == ["started", "preempted"]
    assert world.states("news") == ["started", "finished"]


def test_an_emergency_is_loud_and_the_next_broadcast_is_not():
    """The volume of an emergency ends with it."""
    world = World().install(volume_db=-20, emergency_volume_db=0)
    for name, priority in (("flood", "emergency"), ("news", "routine")):
        world.play(name, seconds=1, priority=priority)
    world.step(4)
    heights = Counter(height for _, height in world.devices["1"].heard)
    assert [height for height, _ in heights.most_common(2)] == [500, 100]


def test_nothing_begins_or_ends_with_a_click():
    """What starts, is cut or takes over rises from and falls to silence."""
    world = World().install()
    world.play("news", seconds=10)
    world.step(1)
    world.order(do="stop", broadcast_id="news")
    world.step(1)
    device = world.devices["1"]
    assert device.edges[0] == device.edges[-1] == 0
    assert max(abs(np.diff(device.edges))) <= RISE


def test_loudspeakers_that_are_ready_wait_a_moment_for_the_others_and_start_together():
    """A call that takes half a second delays the others, but their start is one."""
    world = World(("a", "b", "c"))
    world.devices["b"].ready_after_s = 0.5
    world.install()
    for name in "123":
        world.play("news", on=name)
    world.step(3)
    starts = {device.heard[0][0] for device in world.devices.values()}
    assert len(starts) == 1


def test_an_emergency_waits_for_nobody():
    """One slow loudspeaker holds up an emergency for a tenth of a second at most, and follows."""
    world = World(("a", "b"))
    world.devices["b"].ready_after_s = 2.0
    world.install()
    for name in "12":
        world.play("flood", on=name, priority="emergency")
    world.step(6)
    assert world.devices["1"].heard[0][0] <= 100.2
    assert world.devices["2"].heard[0][0] == pytest.approx(102.0, abs=0.1)
    assert world.states("flood", "2") == ["started", "finished"]


def test_a_scheduled_start_is_prepared_ahead_and_on_time():
    """The loudspeaker is called five seconds before, and speaks at the instant."""
    world = World()
    world.devices["loa"].ready_after_s = 3.0
    world.install().play("news", start_at_s=120.0)
    world.step(25)
    assert world.devices["1"].heard[0][0] == pytest.approx(120.0, abs=0.021)
    assert world.devices["1"].finishes == 1


def test_one_that_never_gets_ready_fails_with_the_reason():
    """After four seconds the author hears why."""
    world = World()
    world.devices["loa"].ready_after_s = 1000.0
    world.install().play("news")
    world.step(5)
    assert world.states("news") == ["failed"]
    assert "did not get ready" in world.progress("news")[0].detail


@pytest.mark.parametrize(("error", "tries"), [(WrongPassword, 1), (DeviceBusy, 4)])
def test_a_wrong_password_is_tried_once_a_busy_line_again(error, tries):
    """A device that hears a wrong password too often locks the account."""
    world = World()
    world.devices["loa"].broken, world.devices["loa"].error = (0, 1e9), error
    world.install().play("news")
    world.step(5)
    assert world.states("news") == ["failed"]
    assert "out of order" in world.progress("news")[0].detail
    assert tries <= world.devices["1"].prepares <= tries + 1
    fault = next(report for report in world.reports if report.say == "sink_fault")
    assert fault.reason == ("auth_failed" if error is WrongPassword else "busy")


def test_one_that_hangs_up_is_called_again_and_what_was_lost_is_told():
    """The broadcast goes on where the other loudspeakers are; the gap is in its last report."""
    world = World(("a", "b"))
    world.devices["a"].broken, world.devices["a"].ready_after_s = (102.0, 103.0), 0.2
    world.install()
    for name in "12":
        world.play("news", on=name, seconds=6)
    world.step(10)
    finished = world.progress("news")[-1]
    assert finished.state == "finished"
    assert finished.seconds_sent == pytest.approx(4.6, abs=0.4)
    assert "out of order" in finished.detail
    assert world.progress("news", "2")[-1].seconds_sent == pytest.approx(6.0)
    assert world.devices["1"].heard[-1][0] == world.devices["2"].heard[-1][0]


def test_one_that_stays_away_fails_and_the_others_speak_on():
    """Four seconds of nothing end it there and nowhere else."""
    world = World(("a", "b"))
    world.devices["a"].broken = (102.0, 1e9)
    world.install()
    for name in "12":
        world.play("news", on=name, seconds=10)
    world.step(12)
    assert world.states("news") == ["started", "failed"]
    assert world.progress("news")[-1].seconds_sent == pytest.approx(2.0, abs=0.1)
    assert world.states("news", "2") == ["started", "finished"]


def test_a_driver_with_a_mistake_silences_no_other_loudspeaker():
    """What a driver raises that it never should fails its own broadcast only."""
    world = World(("a", "b"))
    world.devices["a"].broken, world.devices["a"].error = (101.0, 1e9), ZeroDivisionError
    world.install()
    for name in "12":
        world.play("news", on=name, seconds=8)
    world.step(10)
    assert world.states("news") == ["started", "failed"]
    assert "the driver broke" in world.progress("news")[-1].detail
    assert world.states("news", "2") == ["started", "finished"]


ORDERS = st.one_of(
    st.tuples(
        st.just("play"),
        st.sampled_from("12"),
        st.sampled_from(["routine", "priority", "emergency"]),
        st.sampled_from(["hamlet", "commune", "central"]),
        st.sampled_from(["drop", "resume"]),
        st.sampled_from(["broadcast", "self_test"]),
        st.floats(0.05, 4),
        st.none() | st.floats(0, 5),
        st.none() | st.floats(0, 8),
    ),
    st.tuples(st.just("stop"), st.none() | st.integers(0, 8)),
    st.tuples(st.just("wait"), st.floats(0.02, 4)),
)
BREAKS = st.tuples(st.floats(100, 110), st.floats(0, 8)).map(lambda b: (b[0], b[0] + b[1]))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ORDERS, max_size=14),
    st.tuples(BREAKS, BREAKS),
    st.tuples(st.floats(0, 5), st.floats(0, 5)),
    st.sampled_from([Unreachable, SendFailed, DeviceBusy, WrongPassword, ValueError]),
)
def test_whatever_is_ordered_and_breaks_every_broadcast_has_one_end_and_every_second_its_owner(
    orders, breaks, slowness, error
):
    """One final state each, in a life that makes sense; what was heard is what was accounted for."""
    world = World(("a", "b"))
    for device, broken, slow in zip(world.devices.values(), breaks, slowness, strict=True):
        device.broken, device.ready_after_s, device.error = broken, slow, error
    world.install()
    played = []
    for number, order in enumerate(orders):
        match order:
            case ("play", on, priority, level, interrupted, kind, seconds, after_s, expires_s):
                played.append((f"B{number}", on))
                world.play(
                    f"B{number}",
                    on=on,
                    priority=priority,
                    level=level,
                    when_interrupted=interrupted,
                    kind=kind,
                    seconds=seconds,
                    start_at_s=None if after_s is None else world.now_s + after_s,
                    expires_at_s=None if expires_s is None else world.now_s + expires_s,
                )
            case ("stop", None):
                world.order(do="stop")
            case ("stop", which):
                world.order(do="stop", broadcast_id=f"B{which}")
            case ("wait", seconds):
                world.step(seconds)
    world.step(90)
    for broadcast_id, on in played:
        check_life(world, broadcast_id, on)


def check_life(world, broadcast_id, on):
    states = world.states(broadcast_id, on)
    assert LIFE.match(",".join(states)), states
    sent_s = world.progress(broadcast_id, on)[-1].seconds_sent
    # A frame that fades is below its full height, and the last frame may be short.
    fading_s = BEAT_S * (3 + 3 * states.count("resumed") + 20 * (world.devices[on].prepares > 1))
    assert abs(world.heard_s(broadcast_id, on) - sent_s) <= fading_s
    if "started" not in states:
        assert world.heard_s(broadcast_id, on) == 0
