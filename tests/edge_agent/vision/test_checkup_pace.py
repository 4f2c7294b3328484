"""How often a camera is checked: seldom while its noise shows that it is alive, and no later for that."""

from collections.abc import Iterator

import numpy as np
import pytest

from edge_agent.vision.condition.checkup import CALM_S, QUIET_S, Checkup
from edge_agent.vision.condition.diagnosis import DELAYS_S, ConditionChanged
from edge_agent.vision.condition.stillness import LEARN_KEYFRAMES
from tests.edge_agent.vision.stage import HEIGHT, WIDTH, Picture, pictures

GOP_S = 2.0
FREEZES_S = 200.0


def seen(
    shown: Iterator[tuple[float, Picture]], *, empty: bool = True
) -> tuple[list[float], list[tuple[float, ConditionChanged]]]:
    """Return when the camera was checked, and what was told at which instant."""
    checkup = Checkup(nominal_fps=10.0)
    checkup.begin(np.zeros((HEIGHT, WIDTH), bool))
    checked, told = [], []
    for t_s, picture in shown:
        if checkup.wants(picture, t_s, busy=False, empty=empty):
            checked.append(t_s)
            changes = checkup.picture(picture, t_s, keyframe=True, coloured=True)
            told += [(t_s, change) for change in changes]
    return checked, told


def still(*, until_s: float, noise: float = 2) -> Iterator[tuple[float, Picture]]:
    return pictures(lambda *_: None, until_s=until_s, fps=1 / GOP_S, noise=noise)


def freezing(*, clock: bool) -> Iterator[tuple[float, Picture]]:
    """One sensor picture from `FREEZES_S` on, coded in two ways; a written clock may run on."""
    last = None
    for number, (t_s, picture) in enumerate(still(until_s=FREEZES_S + 120)):
        if last is None or t_s < FREEZES_S:
            last = picture
        shown = last.copy() if t_s < FREEZES_S or number % 2 else last // 4 * 4
        if clock:
            shown[4:14, 4:60] = (40 * t_s) % 255
        yield t_s, shown


@pytest.mark.parametrize("noise", [2, 14], ids=["by day", "at a high gain"])
def test_the_noise_is_learned_at_once_and_then_looked_at_seldom(noise: float) -> None:
    """Checks cost more than glances, and whoever is alive and alone has nothing else to show."""
    checked, told = seen(still(until_s=300, noise=noise))
    gaps = np.diff(checked)
    assert told == []
    assert (gaps[:LEARN_KEYFRAMES] == GOP_S).all()
    assert (gaps[LEARN_KEYFRAMES + 2 :] >= CALM_S).all()
    assert len(checked) > 8


@pytest.mark.parametrize(("empty", "noise"), [(False, 2), (True, 0)], ids=["not empty", "no noise"])
def test_whatever_is_not_evidently_well_is_checked_as_often_as_ever(
    empty: bool, noise: float
) -> None:
    """A view with something in it, and a camera that may be frozen."""
    checked, _ = seen(still(until_s=150, noise=noise), empty=empty)
    assert max(np.diff(checked)) <= QUIET_S + GOP_S


@pytest.mark.parametrize("clock", [False, True])
def test_a_camera_that_freezes_is_told_no_later_for_that(clock: bool) -> None:
    """Its next pictures are alike, and from then on it is looked at as any other."""
    _, told = seen(freezing(clock=clock))
    ((told_s, frozen),) = told
    assert frozen.condition == "frozen"
    on_s, _ = DELAYS_S["frozen"]
    assert told_s - FREEZES_S <= 3 * (QUIET_S + GOP_S) + on_s + GOP_S


@pytest.mark.parametrize(
    ("first_share", "until_s"), [(0.4, 14), (0.95, 30)], ids=["a lamp", "a sunrise"]
)
def test_light_that_changes_is_not_taken_for_noise(first_share: float, until_s: float) -> None:
    """Whoever has none must not be called frozen as soon as whoever has some."""

    def brighten(picture: Picture, t_s: float) -> None:
        picture *= min(1.0, first_share + (1.0 - first_share) * t_s / until_s)

    _, told = seen(pictures(brighten, until_s=until_s + 50, fps=1 / GOP_S, noise=0))
    assert told == []
