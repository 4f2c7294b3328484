"""When a stay in a zone begins and ends: told sightings, no pictures."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge_agent.vision.presence.stays import (
    END_S,
    STILL_S,
    Began,
    Crowd,
    Ended,
    Presence,
    Stay,
)

Said = list[Began | Ended]


def here(track_id: int = 1, *, stirs: bool = True, within: float = 1.0, came_from=None) -> Presence:
    return Presence(track_id=track_id, within=within, stirs=stirs, came_from=came_from)


def told(stay: Stay, seen_at: dict[float, list[Presence]]) -> Said:
    return [said for t_s, seen in sorted(seen_at.items()) if (said := stay.step(t_s, seen))]


def test_who_stays_long_enough_is_told_of_once_and_once_when_gone() -> None:
    """Ten seconds are asked for; the stay counts from the first sighting to the last."""
    stay = Stay(10.0)
    seen = {float(t): [here()] if t <= 25 else [] for t in range(40)}
    began, ended = told(stay, seen)
    assert began == Began(since_s=0.0, t_s=10.0, track_id=1)
    assert ended == Ended(since_s=0.0, until_s=25.0)


def test_who_passes_is_not_told_of() -> None:
    """Nine seconds are fewer than ten."""
    assert told(Stay(10.0), {float(t): [here()] if t < 10 else [] for t in range(30)}) == []


def test_who_steps_out_for_a_moment_has_not_left() -> None:
    """Four seconds beyond the border, twice, are one stay."""
    stay = Stay(10.0)
    out = {5, 6, 7, 8, 15, 16, 17, 18}
    seen = {float(t): [here(within=0.0 if t in out else 1.0)] for t in range(30)}
    assert [type(said) for said in told(stay, seen)] == [Began]


def test_a_foot_on_the_border_neither_enters_nor_leaves() -> None:
    """A third of a foot is too little to enter and enough to remain."""
    stay = Stay(2.0)
    assert told(stay, {float(t): [here(within=0.3)] for t in range(10)}) == []
    seen = {10.0: [here()], **{float(t): [here(within=0.3)] for t in range(11, 30)}}
    assert [type(said) for said in told(stay, seen)] == [Began]


def test_a_thing_does_not_stay() -> None:
    """What has stopped stirring after three seconds was somebody for three seconds."""
    seen = {float(t): [here(stirs=t <= 3)] for t in range(100)}
    assert told(Stay(10.0), seen) == []


def test_a_stay_ends_when_somebody_has_become_a_thing() -> None:
    """A vehicle parks: it was somebody as long as it stirred."""
    seen = {float(t): [here(stirs=t <= 15)] for t in range(100)}
    began, ended = told(Stay(10.0), seen)
    assert isinstance(began, Began)
    assert ended == Ended(since_s=0.0, until_s=15.0 + END_S)


def test_what_comes_apart_counts_with_the_time_of_both_once_it_stirs() -> None:
    """Two who came together part after eight seconds; the second stays on."""
    first = {float(t): [here(1)] for t in range(8)}
    second = {float(t): [here(2, came_from=1)] for t in range(8, 15)}
    (began,) = told(Stay(10.0), first | second)
    assert began == Began(since_s=0.0, t_s=10.0, track_id=2)


def test_a_bag_that_comes_apart_has_no_time_of_its_own() -> None:
    """It does not stir."""
    first = {float(t): [here(1)] for t in range(8)}
    bag = {float(t): [here(2, came_from=1, stirs=False)] for t in range(8, 60)}
    assert told(Stay(10.0), first | bag) == []


def test_a_stay_goes_on_while_anybody_of_it_is_there() -> None:
    """One goes, the other who has been there for as long stays: one stay, one end."""
    seen = {float(t): [here(1)] * (t < 20) + [here(2)] * (5 <= t < 40) for t in range(60)}
    began, ended = told(Stay(10.0), seen)
    assert isinstance(began, Began)
    assert ended == Ended(since_s=0.0, until_s=39.0)


def test_disarming_ends_a_stay_and_arming_begins_anew() -> None:
    """Nobody's time from before counts."""
    stay = Stay(10.0)
    told(stay, {float(t): [here()] for t in range(15)})
    assert stay.arm(armed=False) == Ended(since_s=0.0, until_s=14.0)
    assert stay.arm(armed=False) is None
    assert told(stay, {float(t): [here()] for t in range(15, 30)}) == []
    assert stay.arm(armed=True) is None
    (began,) = told(stay, {float(t): [here()] for t in range(30, 45)})
    assert began == Began(since_s=30.0, t_s=40.0, track_id=1)


sightings = st.lists(
    st.tuples(
        st.floats(0.1, 8.0),
        st.lists(
            st.builds(
                Presence,
                track_id=st.integers(1, 4),
                within=st.sampled_from([0.0, 0.3, 1.0]),
                stirs=st.booleans(),
                came_from=st.sampled_from([None, 1, 2]),
            ),
            max_size=4,
            unique_by=lambda one: one.track_id,
        ),
        st.sampled_from([None, None, None, True, False]),
    ),
    max_size=60,
)


@given(sightings, st.sampled_from([0.0, 1.0, 5.0, 20.0]))
def test_every_beginning_has_exactly_one_end(steps, present_s: float) -> None:
    """Beginnings and ends alternate, never before the time, never while disarmed."""
    stay, t_s, said = Stay(present_s), 0.0, []
    for wait_s, seen, armed in steps:
        t_s += wait_s
        if armed is not None and (ended := stay.arm(armed=armed)):
            said.append(ended)
        if event := stay.step(t_s, seen):
            said.append(event)
            assert stay.armed
        if isinstance(said[-1] if said else None, Began):
            assert stay.open
    if ended := stay.stop():
        said.append(ended)
    assert stay.stop() is None
    kinds = [type(event) for event in said]
    assert kinds == [Began, Ended] * (len(said) // 2)
    for began, ended in zip(said[::2], said[1::2], strict=True):
        assert began.t_s - began.since_s >= present_s
        assert began.since_s == ended.since_s <= ended.until_s <= t_s


@given(sightings)
def test_nobody_keeps_a_stay_open_for_ever(steps) -> None:
    """However it went, it is over once nobody has stirred for long enough."""
    stay, t_s = Stay(1.0), 0.0
    for wait_s, seen, _ in steps:
        t_s += wait_s
        stay.step(t_s, seen)
    still = [here(track_id, stirs=False) for track_id in range(1, 5)]
    for number in range(1, 5):
        stay.step(t_s + number * STILL_S, still)
    assert not stay.open


def test_a_crowd_gathers_and_disperses() -> None:
    """Forty per cent for ten seconds; half of that is no crowd any more."""
    crowd = Crowd(0.4, 10.0)
    shares = [0.1] * 5 + [0.5] * 20 + [0.3] * 10 + [0.1] * 20
    said = [event for t, share in enumerate(shares) if (event := crowd.step(float(t), share))]
    began, ended = said
    assert began == Began(since_s=5.0, t_s=15.0, track_id=None)
    assert ended == Ended(since_s=5.0, until_s=34.0)


def test_many_who_pass_are_no_crowd() -> None:
    """A school class crosses within eight seconds, again and again."""
    crowd = Crowd(0.4, 10.0)
    shares = ([0.6] * 8 + [0.1] * 8) * 4
    assert [e for t, share in enumerate(shares) if (e := crowd.step(float(t), share))] == []


def test_a_crowd_that_is_no_longer_watched_ends() -> None:
    """As when its hours are over."""
    crowd = Crowd(0.4, 2.0)
    for t in range(5):
        crowd.step(float(t), 0.5)
    assert crowd.arm(armed=False) == Ended(since_s=0.0, until_s=4.0)
    assert crowd.step(9.0, 0.9) is None


@given(st.lists(st.tuples(st.floats(0.1, 4.0), st.floats(0.0, 1.0)), max_size=80))
@example([(1.0, 1.0), (4.0, 1.0), (2.0, 0.0), (4.0, 1.0)])
def test_every_crowd_ends_once(steps) -> None:
    """Beginnings and ends alternate; the first comes when it has lasted."""
    crowd, t_s, said = Crowd(0.35, 5.0), 0.0, []
    for wait_s, share in steps:
        t_s += wait_s
        if event := crowd.step(t_s, share):
            said.append(event)
    if ended := crowd.stop():
        said.append(ended)
    assert [type(e) for e in said] == [Began, Ended] * (len(said) // 2)
    for began in said[::2]:
        assert began.t_s - began.since_s == pytest.approx(5.0, abs=4.1)
        assert began.t_s - began.since_s >= 5.0 - 1e-6
