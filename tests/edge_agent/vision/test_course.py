"""What a recording's own times tell of the pictures that it lacks."""

from itertools import accumulate

import pytest

from edge_agent.vision.stream.course import Course, Gap

TICK_S = 0.001


def course(*steps_s: float, spacing_s: float = 0.2) -> Course:
    """Follow pictures at these distances."""
    ticks = [round(at_s / TICK_S) for at_s in accumulate(steps_s, initial=0.0)]
    followed = Course(tick_s=TICK_S, spacing_s=spacing_s)
    followed.follow(ticks, [tick * TICK_S for tick in ticks])
    return followed


USUAL = [0.2] * 50


def test_a_pause_is_a_gap_from_the_last_picture_on() -> None:
    assert course(*USUAL, 30, *USUAL).gaps == (
        Gap(after_s=pytest.approx(10.0), lasted_s=pytest.approx(30.0)),
    )


def test_pictures_that_always_come_far_apart_leave_no_gaps() -> None:
    """One each few seconds while nothing moves: that is how the recording was made."""
    assert course(*[0.2] * 5, *[3.0] * 20).gaps == ()


@pytest.mark.parametrize("spacing_s", [0.2, 2.0])
def test_less_than_five_pictures_are_no_gap(spacing_s: float) -> None:
    usual = [spacing_s] * 50
    assert course(*usual, max(1.9, 4.5 * spacing_s), *usual, spacing_s=spacing_s).gaps == ()


def test_one_wrong_time_is_no_gap() -> None:
    """The next picture lies before it again."""
    assert course(*USUAL, 3_000, -2_999.8, *USUAL).gaps == ()


@pytest.mark.parametrize("spacing_s", [0.5, 1.0])
def test_pictures_that_come_before_their_turn_are_no_gap(spacing_s: float) -> None:
    """One that others are predicted from, one of those others, and the next of the first kind."""
    usual, order = [spacing_s] * 50, [4 * spacing_s, -3 * spacing_s, 7 * spacing_s]
    assert course(*usual, *order, spacing_s=spacing_s).gaps == ()


@pytest.mark.parametrize(("from_zero", "missing_s"), [(True, 4.8), (False, 9.8)])
def test_a_promise_counts_from_where_its_header_counts(from_zero: bool, missing_s: float) -> None:
    followed = Course(tick_s=TICK_S, spacing_s=0.2)
    followed.follow([5_000, 10_000], [0.0, 5.0])
    assert followed.missing_s(15.0, counted_from_zero=from_zero) == pytest.approx(missing_s)
