"""A camera on a bad line: its losses are told, and so is what those pictures show that come whole."""

from collections.abc import Callable

import numpy as np
import pytest

from edge_agent.vision.condition.checkup import Checkup
from edge_agent.vision.condition.diagnosis import ConditionChanged
from edge_agent.vision.condition.flow import Count
from tests.edge_agent.vision.stage import HEIGHT, WIDTH, Paint, Picture, pictures
from tests.edge_agent.vision.test_condition import WRONG_S, Spoil, between, elsewhere, hand, names

FPS = 10


def lost_on_the_way(t_s: float) -> Count:
    """3 % never come as a whole; only keyframes are decoded."""
    return Count(decoded=int(t_s / 2), errors=0, missing=int(0.03 * FPS * t_s), drift_s=None)


def noticed_by_the_decoder(t_s: float) -> Count:
    """3 % are missing, and all others are decoded."""
    return Count(decoded=int(FPS * t_s), errors=int(0.03 * FPS * t_s), drift_s=None)


def told_of(paint: Paint, count: Callable[[float], Count], *, gop_s: int) -> list[ConditionChanged]:
    """Return what is told of a camera at which somebody looks once a second."""
    checkup, told = Checkup(nominal_fps=FPS), []
    checkup.begin(np.zeros((HEIGHT, WIDTH), bool))
    for t_s, picture in pictures(paint, until_s=240, fps=1):
        told += checkup.packets(FPS, t_s, lambda t_s=t_s: count(t_s))
        keyframe = t_s % gop_s == 0
        told += checkup.picture(picture, t_s, keyframe=keyframe, coloured=True)
    return told


@pytest.mark.parametrize("count", [lost_on_the_way, noticed_by_the_decoder])
@pytest.mark.parametrize(("condition", "spoil"), [("moved", elsewhere), ("covered", hand)])
def test_who_tampers_with_a_camera_that_loses_pictures_is_told(
    condition: str, spoil: Spoil, count: Callable[[float], Count]
) -> None:
    """A bad radio link lasts for ever; it must not hide what somebody does to the camera."""
    told = told_of(between(spoil), count, gop_s=2)
    assert names(told) == [("decode_errors", False), (condition, False), (condition, True)]
    assert told[1].since_s == pytest.approx(WRONG_S, abs=4)


@pytest.mark.parametrize("spoil", [elsewhere, hand])
def test_what_is_smeared_between_keyframes_is_no_second_fault(spoil: Spoil) -> None:
    """With keyframes far apart much of it is still wrong when pictures are looked at again."""

    def smear(picture: Picture, t_s: float) -> None:
        if t_s >= WRONG_S and t_s % 20 >= 3:
            spoil(picture, t_s)

    def count(t_s: float) -> Count:
        broken = max(0.0, t_s - 50)
        return Count(decoded=int(FPS * t_s), errors=int(broken), drift_s=None)

    assert names(told_of(smear, count, gop_s=20)) == [("decode_errors", False)]
