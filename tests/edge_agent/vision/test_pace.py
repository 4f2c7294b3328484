"""What numbers and times of pictures say together of those that are missing."""

from collections.abc import Iterator

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge_agent.vision.stream.pace import LEAST_STEPS, TRUSTED_PICTURES, Pace

COUNT = 16


def told(
    numbers: list[int], times_s: list[float], *, nominal_fps: float = 0.0
) -> Iterator[tuple[int, bool]]:
    """Yield the place of every picture but the first, and what is said of it."""
    pace = Pace(nominal_fps)
    for at in range(1, len(numbers)):
        step_s = times_s[at] - times_s[at - 1]
        yield at, pace.leaves_out(step_s, numbers[at - 1], numbers[at], COUNT) > 0


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(1, 6), min_size=40, max_size=120),
    st.sampled_from([0.04, 1 / 15, 0.2]),
    st.data(),
)
def test_whoever_counts_what_it_sends_is_believed(
    steps: list[int], spacing_s: float, data: st.DataObject
) -> None:
    """Whatever was lost, however regularly: nothing is said where nothing is missing."""
    known = sum(step == 1 for step in steps[:20])
    assume(known >= LEAST_STEPS)
    places = [0]
    for step in steps:
        places.append(places[-1] + step)
    jitter_s = data.draw(st.floats(0.0, 0.03)) * spacing_s
    times_s = [spacing_s * place + jitter_s * (place % 3 - 1) for place in places]
    said = dict(told([place % COUNT for place in places], times_s))
    for at, lacks in said.items():
        if at > 20 + TRUSTED_PICTURES:
            assert lacks == (steps[at - 1] > 1)
        assert not lacks or steps[at - 1] > 1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, COUNT - 1), min_size=40, max_size=120), st.floats(0.0, 30.0))
def test_who_numbers_as_it_likes_is_not_accused(numbers: list[int], nominal_fps: float) -> None:
    """Its pictures come one by one, whatever it writes on them."""
    times_s = [0.1 * at for at in range(len(numbers))]
    assume(not nominal_fps or abs(1.0 / nominal_fps - 0.1) < 0.06)
    assert not any(lacks for _, lacks in told(numbers, times_s, nominal_fps=nominal_fps))


def test_who_pauses_is_not_accused() -> None:
    """A camera that sends a picture when something changes counts none that it did not send."""
    numbers = [at % COUNT for at in range(120)]
    times_s = [0.1 * at + 0.3 * (at // 4) for at in range(120)]
    assert not any(lacks for _, lacks in told(numbers, times_s, nominal_fps=10.0))


def test_a_number_that_does_not_fit_the_time_says_nothing() -> None:
    """Once a camera is believed: a pause, a number that leaps, and three pictures that are missing."""
    for step_s, number, lacks in (
        (0.3, 31, False),
        (0.1, 35, False),
        (0.3, 35, False),
        (0.4, 34, True),
    ):
        numbers = [*(at % COUNT for at in range(31)), number % COUNT]
        times_s = [*(0.1 * at for at in range(31)), 3.0 + step_s]
        assert [said for _, said in told(numbers, times_s)][-1] == lacks


def test_where_no_two_pictures_follow_each_other_the_rate_that_is_named_counts() -> None:
    """Two of three are missing, and keyframes among them, with which numbers begin anew."""
    places = range(0, 180, 3)
    numbers, times_s = [place % 20 % COUNT for place in places], [0.1 * place for place in places]
    said = [lacks for _, lacks in told(numbers, times_s, nominal_fps=10.0)]
    assert all(said[TRUSTED_PICTURES + 5 :])
    assert not any(lacks for _, lacks in told(numbers, times_s))
