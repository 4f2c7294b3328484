"""Rules that hold for whatever a camera shows: delays, one cause at a time, continuous time."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.vision.condition.debounce import Debounce
from edge_agent.vision.condition.diagnosis import DELAYS_S, EXPLAINED_BY, Diagnosis
from edge_agent.vision.condition.focus import Focus
from edge_agent.vision.stream.timeline import StreamClock, Timeline

steps = st.lists(
    st.tuples(st.floats(0.1, 20), st.sampled_from([True, False, None])), min_size=1, max_size=80
)


@given(steps=steps, on_s=st.floats(0, 30), off_s=st.floats(0, 30))
def test_a_state_begins_and_ends_only_after_it_was_seen_for_long_enough(
    steps, on_s: float, off_s: float
) -> None:
    """All that was seen from the instant told until it is told agrees, and that is long enough."""
    debounce, t_s = Debounce(on_delay_s=on_s, off_delay_s=off_s), 0.0
    seen: list[tuple[float, bool | None]] = []
    turns: list[tuple[float, bool]] = []
    for dt_s, present in steps:
        t_s += dt_s
        seen.append((t_s, present))
        turned_s = debounce.step(t_s, present)
        if turned_s is None:
            continue
        turns.append((turned_s, debounce.active))
        assert t_s - turned_s >= (on_s if debounce.active else off_s)
        assert {p for at_s, p in seen if at_s >= turned_s} == {debounce.active}
    assert all(a[1] != b[1] and a[0] < b[0] for a, b in pairwise(turns))
    assert not turns or turns[0][1]


@given(steps=steps, on_s=st.floats(1, 30), patience_s=st.floats(1, 30))
def test_patience_bears_what_cannot_be_told_for_a_moment(
    steps, on_s: float, patience_s: float
) -> None:
    """What was told agrees, and what could not be told never lasted for as long as that."""
    debounce = Debounce(on_delay_s=on_s, off_delay_s=on_s, patience_s=patience_s)
    t_s, seen = 0.0, []
    for dt_s, present in steps:
        t_s += dt_s
        seen.append((t_s, present))
        turned_s = debounce.step(t_s, present)
        if turned_s is None:
            continue
        since = [(at_s, p) for at_s, p in seen if at_s >= turned_s]
        assert {p for _, p in since} - {None} == {debounce.active}
        known_s = turned_s
        for at_s, p in since:
            assert p is not None or at_s - known_s < patience_s
            known_s = at_s if p is not None else known_s


def test_a_blurred_camera_is_told_though_people_walk_past() -> None:
    """While they do, sharpness means nothing; somebody who covers the lens is another matter."""
    assert told_of_blur({}) == 1
    assert told_of_blur({"covered": True}) == 0


def told_of_blur(besides) -> int:
    diagnosis, told = Diagnosis(), 0
    for second in range(0, 60, 2):
        seen = {"blurred": None if second % 8 == 0 else True}
        # Not for as long as it takes to be told itself.
        seen |= besides if second % 10 == 0 else dict.fromkeys(besides, False)
        told += sum(change.condition == "blurred" for change in diagnosis.step(second, seen))
    return told


@given(steps=steps, delay_s=st.floats(0, 30))
def test_what_lasts_is_always_told(steps, delay_s: float) -> None:
    """Whatever came before."""
    debounce, t_s = Debounce(on_delay_s=delay_s, off_delay_s=delay_s), 0.0
    for dt_s, present in steps:
        t_s += dt_s
        debounce.step(t_s, present)
    for _ in range(4):
        t_s += delay_s + 1
        debounce.step(t_s, True)
    assert debounce.active
    assert not debounce.pending


seen_at_once = st.dictionaries(
    st.sampled_from(list(DELAYS_S)), st.sampled_from([True, True, False, None]), max_size=9
)


@given(looks=st.lists(seen_at_once, min_size=5, max_size=60))
def test_one_cause_is_told_at_once(looks) -> None:
    """Nothing begins that something told explains; each begins and ends by turns."""
    diagnosis, told = Diagnosis(), {}
    for number, seen in enumerate(looks):
        before = diagnosis.active
        for change in diagnosis.step(7.0 * number, seen):
            begun = change.until_s is None
            assert told.get(change.condition, False) != begun
            told[change.condition] = begun
            if begun:
                assert not before & set(EXPLAINED_BY.get(change.condition, ()))
            else:
                assert change.until_s > change.since_s
    assert diagnosis.active == {condition for condition, begun in told.items() if begun}


def test_causes_come_before_what_they_explain() -> None:
    """So that one look is enough to know the cause."""
    order = list(DELAYS_S)
    for effect, causes in EXPLAINED_BY.items():
        assert all(order.index(cause) < order.index(effect) for cause in causes)


jumps = st.lists(
    st.one_of(st.just(0.0), st.floats(-1e5, -6), st.floats(61, 1e5)), min_size=20, max_size=60
)


@given(jumps=jumps, live=st.booleans())
def test_time_goes_on_whatever_the_cameras_clock_does(jumps: list[float], live: bool) -> None:
    """Pictures follow each other as before; jumps are added up once the stream has begun well."""
    timeline = Timeline(live=live, time_base_s=0.001, spacing_s=1.0)
    own_s, arrived_s, shown = 0.0, 0.0, []
    for jump_s in jumps:
        own_s += 1.0 + jump_s
        arrived_s += 1.0
        shown.append(timeline.follow(round(own_s * 1000), arrived_s) / 1000)
    assert all(0.99 < b - a < 1.01 for a, b in pairwise(shown))
    assert timeline.jumped_s == pytest.approx(sum(jumps[6:]), abs=0.1)


@given(order=st.permutations([0, 3, 1, 2]), groups=st.integers(1, 20))
def test_pictures_that_come_before_they_are_shown_are_no_jump(order, groups: int) -> None:
    """B-frames: the order of decoding is not that of showing."""
    timeline = Timeline(live=True, time_base_s=0.001, spacing_s=0.04)
    for group in range(groups):
        for i, place in enumerate(order):
            pts = 40 * (4 * group + place)
            assert timeline.follow(pts, 0.04 * (4 * group + i)) == pts
    assert timeline.jumped_s == 0.0


def test_a_stream_that_stood_still_has_not_jumped() -> None:
    """Neither if its pictures come later in a burst nor if they were never sent."""
    timeline = Timeline(live=True, time_base_s=0.001, spacing_s=0.1)
    for number in range(100):
        arrived_s = number / 10 if number < 40 else max(12.0, number / 10)
        assert timeline.follow(100 * number, arrived_s) == 100 * number
    assert timeline.follow(40_000, 40.0) == 40_000
    assert timeline.jumped_s == 0.0


@pytest.mark.parametrize("rate", [0.998, 1.0, 1.002])
def test_drift_of_the_cameras_clock_is_measured(rate: float) -> None:
    """Over a quarter of an hour; the network's jitter does not count."""
    clock = StreamClock(live=True)
    for number in range(9_000):
        own_s = number / 10
        late_s = 0.05 * (number % 7)
        clock.map(own_s, 1_000 + own_s / rate + late_s)
    assert clock.gained_s == pytest.approx(900 * (rate - 1), abs=0.6)


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_what_waited_to_be_read_has_kept_its_times(fps: int) -> None:
    """Read every few seconds, pictures are as far apart as they were taken."""
    clock, times_s, number = StreamClock(live=True), [], 0
    for read_s in np.arange(1, 60) * 3.2:
        taken_s = []
        while number / fps + 0.05 < read_s:
            taken_s.append(number / fps)
            number += 1
        times_s += clock.map_all(taken_s, read_s)
    apart_s = np.diff(times_s[4 * fps :])
    assert apart_s.min() > 0.5 / fps
    assert apart_s.max() < 1.5 / fps


def test_sharpness_that_wanes_over_hours_is_followed_at_any_pace() -> None:
    """However seldom a calm camera is checked, a lens that gets dirty slowly is not out of focus."""

    def wane(step_s: float) -> tuple[float, set[bool | None]]:
        focus, lasts_s = Focus(), 6 * 3600
        told = {
            focus.step(t_s, 1.0 - 0.55 * t_s / lasts_s, coloured=True, holds_still=lambda: True)
            for t_s in np.arange(0, lasts_s, step_s)
        }
        return focus.share, told

    often, seldom = wane(2.0), wane(40.0)
    assert seldom[1] == often[1] == {None, False}
    assert seldom[0] == pytest.approx(often[0], abs=0.02)
