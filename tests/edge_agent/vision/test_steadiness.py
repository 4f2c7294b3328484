"""What steady packet sizes at rest say about those who would move, and when they say nothing."""

import numpy as np
import pytest

from edge_agent.vision.stream.steadiness import (
    FIGURE_SHARE,
    LEAST_GROUPS,
    WINDOW_PACKETS,
    Steadiness,
)

GOP = 30
KEYFRAME_BYTES = 20_000
FIGURE_BYTES = round(KEYFRAME_BYTES * 2 * FIGURE_SHARE)
"""What each packet takes for a figure of twice that share which moves."""


class Stream:
    """Groups of packets of a mean size and a spread, the first of each group larger."""

    def __init__(self, *, spread: float = 0.05, mean_bytes: int = 500) -> None:
        self.steadiness = Steadiness()
        self._rng = np.random.default_rng(5)
        self._usual = mean_bytes * (1.0 + np.linspace(1.0, 0.0, GOP - 1))
        self._spread = spread

    def send(self, *, more_bytes: int = 0, packets: int = GOP - 1) -> None:
        """Send the rest of a group and the keyframe after it."""
        noise = self._rng.normal(1.0, self._spread, GOP - 1)
        sizes = [round(size) + more_bytes for size in (self._usual * noise)[:packets]]
        self.steadiness.note(sizes)
        self.steadiness.begin_group(KEYFRAME_BYTES)

    def rest(self, groups: int = 2 * LEAST_GROUPS) -> None:
        """Send groups after which the keyframe shows that nothing moved."""
        for _ in range(groups):
            self.send()
            self.steadiness.learn()


@pytest.fixture
def steady() -> Stream:
    stream = Stream()
    stream.rest()
    return stream


def test_where_rest_is_steady_its_packets_say_that_nobody_moves(steady: Stream) -> None:
    for _ in range(3):
        steady.send()
        assert steady.steadiness.assures
    assert steady.steadiness.told_share == pytest.approx(0.006, rel=0.4)


def test_a_few_groups_say_nothing_yet() -> None:
    stream = Stream()
    stream.rest(LEAST_GROUPS - 2)
    stream.send()
    assert stream.steadiness.told_share is None
    assert not stream.steadiness.assures


def test_where_noise_is_as_large_as_figures_nothing_is_said() -> None:
    """As where the bit rate is constant."""
    stream = Stream(spread=0.5, mean_bytes=3_000)
    stream.rest(40)
    stream.send()
    told_share = stream.steadiness.told_share
    assert told_share is not None
    assert told_share > 5 * FIGURE_SHARE
    assert not stream.steadiness.assures


def test_a_figure_shows_until_the_next_picture_is_looked_at(steady: Stream) -> None:
    """However silent the groups after it are."""
    steady.send(more_bytes=FIGURE_BYTES)
    assert not steady.steadiness.assures
    steady.send()
    assert not steady.steadiness.assures
    steady.steadiness.learn()
    steady.send()
    assert steady.steadiness.assures


def test_who_came_and_went_makes_no_rest(steady: Stream) -> None:
    """One passer-by whom no keyframe showed leaves the sizes as telling as they were."""
    before = steady.steadiness.told_share
    assert before is not None
    steady.send(more_bytes=20 * FIGURE_BYTES)
    steady.steadiness.learn()
    assert steady.steadiness.told_share == pytest.approx(before, rel=0.8)


def test_a_scene_that_has_become_restless_is_learned(steady: Stream) -> None:
    """Rain for eight minutes: then the sizes do not cry wolf, in whichever groups are judged."""
    cried = judged = 0
    for number in range(480):
        steady.send(more_bytes=FIGURE_BYTES)
        judged += number > 240 and steady.steadiness.silent
        cried += number > 240 and steady.steadiness.loud_from is not None
        steady.steadiness.learn()
    assert judged > 3
    assert cried == 0


def test_groups_of_another_length_say_nothing(steady: Stream) -> None:
    steady.send(packets=GOP - 10)
    assert steady.steadiness.silent
    steady.steadiness.learn()
    assert steady.steadiness.told_share is None
    steady.send()
    assert not steady.steadiness.assures


@pytest.mark.parametrize("packets", range(5))
def test_groups_may_be_as_short_as_they_like(packets: int) -> None:
    """As with one picture a second: too few of them say nothing."""
    stream = Stream()
    for _ in range(2 * LEAST_GROUPS):
        stream.send(packets=packets)
        stream.steadiness.learn()
    stream.send(packets=packets)
    assert stream.steadiness.assures is (packets >= WINDOW_PACKETS)


def test_one_motion_that_did_not_show_is_forgiven_two_are_not(steady: Stream) -> None:
    """One may have begun with the very keyframe that showed it."""
    for forgiven in (True, False):
        steady.send()
        steady.steadiness.be_surprised()
        steady.rest(2)
        steady.send()
        assert steady.steadiness.assures is forgiven
        steady.steadiness.learn()


def test_motion_in_what_was_left_out_ends_it_until_motions_have_shown_again(
    steady: Stream,
) -> None:
    steady.steadiness.doubt()
    for motion in range(4):
        steady.rest(2)
        steady.send()
        assert steady.steadiness.assures is (motion == 3)
        steady.send(more_bytes=FIGURE_BYTES)
        steady.steadiness.be_surprised()


def test_a_group_in_which_something_began_is_not_rest(steady: Stream) -> None:
    steady.steadiness.forget()
    steady.send()
    assert not steady.steadiness.assures
    steady.steadiness.learn()
    steady.send()
    assert steady.steadiness.assures
