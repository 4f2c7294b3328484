"""What differs between places: people about, passing shade, faint things, things thrown."""

import numpy as np
import pytest

from edge_agent.vision.objects.attention import Attention
from edge_agent.vision.objects.surroundings import Surroundings
from edge_agent.vision.objects.thing import LeftObject
from edge_agent.vision.picture.figures import Area
from edge_agent.vision.picture.plane import Luma
from tests.edge_agent.vision.stage import (
    Picture,
    box,
    carrier,
    deposit,
    figure,
    play,
)


def thing_of(patch: Luma) -> LeftObject:
    """Return what stands in the middle of a plane of 20 by 20 pixels."""
    mask = np.zeros(patch.shape, bool)
    mask[5:15, 5:15] = True
    area = Area(left=5, top=5, width=10, height=10)
    return LeftObject(
        object_id=1,
        area=area,
        window=Area(left=0, top=0, width=20, height=20),
        mask=mask,
        halo=mask,
        patch=patch,
        deposited_s=8.0,
        attention=Attention(opened_s=8.0),
        depositor=None,
        arrival=None,
        last_beside=None,
        stirred_s=np.zeros(patch.shape),
        around=Surroundings.of(mask, area),
    )


def owner(picture: Picture, t_s: float) -> None:
    """Draw who stops at 8 s and walks away at 10 s."""
    left = carrier(t_s, there_s=8, away_s=10)
    if left is not None:
        figure(picture, left, t_s)


def test_who_waits_farther_off_than_two_widths_does_not_attend() -> None:
    """Two widths are measured from the thing itself, not from the corner of a box around it."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 4:
            box(picture, 201 + 3 * np.sin(4 * t_s), 143, 20, 37, 45)
        deposit()(picture, t_s)

    ((t_s, _),) = play(paint, until_s=40).confirmed()
    assert 15.0 <= t_s <= 19.0


def test_who_stands_within_two_widths_attends() -> None:
    """As near as that, the bag is theirs."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 4:
            box(picture, 192 + 3 * np.sin(4 * t_s), 100, 20, 57, 45)
        deposit()(picture, t_s)

    assert play(paint, until_s=28).confirmed() == []


def test_a_bag_that_is_thrown_is_a_left_object() -> None:
    """It comes to rest apart from who threw it, and did not come there by itself."""

    def paint(picture: Picture, t_s: float) -> None:
        left = carrier(t_s, there_s=8, away_s=9, place=114)
        if left is not None:
            figure(picture, left if t_s < 9 else 114 - (t_s - 9) * 40, t_s)
        if t_s >= 8:
            way = min(1.0, (t_s - 8) / 0.7)
            box(picture, 134 + 32 * way, 100 - 40 * way * (1 - way), 14, 12, 30)

    ((t_s, thing),) = play(paint, until_s=30, fps=10).confirmed()
    assert t_s <= 17.0
    assert thing.area.left == pytest.approx(166, abs=3)


def test_a_dog_that_comes_running_from_its_owner_and_stands_is_no_left_object() -> None:
    """Unlike what is thrown, it was beside its place for longer than a flight takes."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 4:
            figure(picture, min(90.0, -20 + (t_s - 4) * 40), t_s)
        if t_s >= 6:
            box(picture, min(150.0, 110 + (t_s - 6) * 18), 104, 24, 14, 30)

    assert play(paint, until_s=30, fps=10).confirmed() == []


def test_shade_that_passes_over_a_bag_is_no_stirring() -> None:
    """A shadow dims all of it alike; somebody who stirs does not, nor does one before it."""

    known = np.full((20, 20), 60.0, np.float32)
    known[5:15, 5:15] = 200.0
    thing = thing_of(known)
    tolerance = np.full(known.shape, 5.0, np.float32)
    assert thing.relit(0.85 * known, tolerance)[thing.mask].all()
    turned = known.copy()
    turned[5:15, 5:9] = 90.0
    assert not thing.relit(turned, tolerance)[thing.mask].any()
    assert not thing.relit(0.3 * known, tolerance)[thing.mask].any()


def test_a_faint_thing_is_confirmed_after_twice_as_long() -> None:
    """A reflection or a codec's smear is as faint, but goes sooner."""

    def paint(picture: Picture, t_s: float) -> None:
        picture[90:140, 140:200] = 130
        if t_s >= 8:
            box(picture, 164, 110, 9, 8, 121)
        owner(picture, t_s)

    ((t_s, _),) = play(paint, until_s=40, noise=1).confirmed()
    assert 19.0 <= t_s <= 22.0
