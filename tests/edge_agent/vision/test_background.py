"""The background learns once a second; in between, only what stirs is followed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.vision.picture.background import LEARN_S, YOUNG_S, Background
from tests.edge_agent.vision.stage import HEIGHT, WIDTH, wall

SIDE = 6


def known(*, until_s: float) -> tuple[Background, np.ndarray]:
    """Return a background that knows a wall, and the wall."""
    still = wall().astype(np.float32).round()
    background = Background(still, 0.0, sensitivity=0.5)
    for number in range(1, round(until_s * 5) + 1):
        background.step(still, number / 5)
    return background, still


@settings(max_examples=25, deadline=None)
@given(
    places=st.lists(
        st.tuples(st.integers(0, WIDTH - SIDE), st.integers(0, HEIGHT - SIDE)),
        min_size=1,
        max_size=12,
    ),
    brighter=st.sampled_from([-60, -12, 12, 60]),
)
def test_whatever_comes_lies_in_the_window(places, brighter) -> None:
    """Wherever something appears or has just been, it is followed in the very next picture."""
    background, still = known(until_s=YOUNG_S + 1)
    t_s = YOUNG_S + 1
    for left, top in places:
        t_s += 0.2
        luma = still.copy()
        luma[top : top + SIDE, left : left + SIDE] += brighter
        background.step(luma, t_s)
        differs = np.abs(luma - still) > background.threshold + 0.5
        inside = np.zeros_like(differs)
        inside[background.window.slices] = True
        assert inside[differs].all()
        assert background.foreground[differs].all()
        assert background.moving[differs].all()
        restless = ~background.settled
        assert not (restless & ~inside).any()


def test_an_empty_picture_has_no_window() -> None:
    """There is nothing to follow."""
    background, still = known(until_s=YOUNG_S + 2.2)
    assert background.window.size == 0
    background.step(still, YOUNG_S + 2.4)
    assert not background.foreground.any()


def test_what_stays_stands_from_when_it_came() -> None:
    """Though all of the picture is learned only now and then."""
    background, still = known(until_s=YOUNG_S + 1)
    luma = still.copy()
    luma[60:80, 100:120] = 20
    came_s = YOUNG_S + 1.2
    for number in range(20):
        background.step(luma, came_s + number / 5)
    assert (background.standing_since[62:78, 102:118] == came_s).all()
    assert not np.isfinite(background.standing_since[:50]).any()


def test_slow_dusk_is_learned_between_people() -> None:
    """It darkens by a level in five seconds; nothing differs, and the background has followed."""
    background, still = known(until_s=YOUNG_S)
    for number in range(1, 400):
        t_s = YOUNG_S + number / 5
        background.step(still - 0.2 * (t_s - YOUNG_S), t_s)
        assert not background.foreground.any(), t_s
    assert np.abs(background.always - (still - 16)).max() < 6
    assert LEARN_S < 2.0
