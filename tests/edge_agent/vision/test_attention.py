"""The state machine of a left object, whatever it sees."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.vision.objects.attention import (
    PASSING_S,
    Attention,
    Phase,
    Sighting,
    attend,
    look_away,
)
from edge_agent.vision.picture.motion import BEGIN_S, END_S, MotionBegan, MotionGate, MotionStopped

REQUIRED_S = 5.0
SIGHTINGS = st.lists(
    st.tuples(
        st.floats(0.05, 3.0),
        st.booleans(),
        st.sampled_from(["there"] * 12 + ["gone", "belongs"]),
        st.booleans(),
    ),
    max_size=80,
)


def live(steps: list[tuple[float, bool, str, bool]]) -> list[tuple[Sighting, Attention]]:
    now, t_s, lived = Attention(opened_s=0.0), 0.0, []
    for pause_s, near, fate, same in steps:
        t_s += pause_s
        seen = Sighting(
            t_s=t_s,
            figure_near=near,
            gone=fate == "gone",
            belongs=fate == "belongs",
            same_figure=same,
            required_s=REQUIRED_S,
        )
        now = attend(now, seen)
        lived.append((seen, now))
    return lived


@given(SIGHTINGS)
def test_it_is_never_confirmed_while_somebody_is_near(steps) -> None:
    """Nor sooner than the required seconds after the last stay."""
    before = Phase.CANDIDATE
    alone_s = 0.0
    for (seen, now), (pause_s, *_) in zip(live(steps), steps, strict=True):
        alone_s = 0.0 if seen.figure_near and before is not Phase.UNATTENDED else alone_s + pause_s
        if now.phase is Phase.CONFIRMED and before is not Phase.CONFIRMED:
            assert not seen.figure_near
            assert seen.t_s - now.alone_since_s >= REQUIRED_S
        before = now.phase


@given(SIGHTINGS, st.lists(st.floats(0.0, 900.0), max_size=80))
def test_what_nobody_saw_is_no_time_in_which_it_was_alone(steps, gaps_s) -> None:
    """However often and long nobody looks, it must be seen alone as long as ever."""
    now, t_s, seen_alone_s = Attention(opened_s=0.0), 0.0, 0.0
    for number, (pause_s, near, *_) in enumerate(steps):
        gap_s = gaps_s[number] if number < len(gaps_s) else 0.0
        now = look_away(now, gap_s)
        t_s += gap_s + pause_s
        before, now = now, attend(now, Sighting(t_s=t_s, figure_near=near, required_s=REQUIRED_S))
        seen_alone_s += pause_s
        if now.phase is Phase.ATTENDED:
            seen_alone_s = 0.0
        if now.phase is Phase.CONFIRMED and before.phase is not Phase.CONFIRMED:
            assert seen_alone_s >= REQUIRED_S - 1e-6


@given(SIGHTINGS)
def test_every_confirmed_object_ends_in_at_most_one_way(steps) -> None:
    """An end is final, and what was confirmed is never merely dismissed."""
    phases = [now.phase for _, now in live(steps)]
    ends = [i for i, phase in enumerate(phases) if phase.ended]
    if ends:
        assert set(phases[ends[0] :]) == {phases[ends[0]]}
    if Phase.CONFIRMED in phases:
        assert Phase.DISMISSED not in phases


@given(SIGHTINGS)
def test_a_stay_longer_than_passing_by_starts_the_time_again(steps) -> None:
    """While unattended, only a stay makes it attended."""
    lived = live(steps)
    for (_, earlier), (seen, now) in pairwise(lived):
        if earlier.phase is Phase.UNATTENDED and now.phase is Phase.ATTENDED:
            assert seen.t_s - now.stay_since_s >= PASSING_S


@given(st.lists(st.tuples(st.floats(0.05, 4.0), st.booleans()), max_size=60))
def test_motion_begins_and_ends_in_turn(steps) -> None:
    """Every beginning has one end, never before it, and pauses shorter than `END_S` are one."""
    gate, t_s, told = MotionGate("yard"), 0.0, []
    for pause_s, moves in steps:
        t_s += pause_s
        if event := gate.step(t_s, 0.1 if moves else 0.0):
            told.append(event)
    if event := gate.stop():
        told.append(event)
    assert [type(e) for e in told] == [MotionBegan, MotionStopped] * (len(told) // 2)
    for began, stopped in zip(told[::2], told[1::2], strict=True):
        assert stopped.since_s == began.since_s
        assert stopped.until_s - stopped.since_s >= BEGIN_S
    for stopped, began in zip(told[1::2], told[2::2], strict=False):
        assert began.since_s >= stopped.until_s + END_S - 1e-6
