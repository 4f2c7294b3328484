"""Drawn scenes that look like a left object and are none, or hide one: light, people, ghosts."""

import numpy as np
import pytest

from edge_agent.vision.objects.attention import Phase
from tests.edge_agent.vision.stage import (
    HEIGHT,
    WIDTH,
    Paint,
    Picture,
    bag,
    box,
    carrier,
    deposit,
    figure,
    play,
)


def switched(paint: Paint, *, at_s: float, how: str) -> Paint:
    """Change the whole picture at an instant: a lamp, or infra-red after a black second."""

    def changed(picture: Picture, t_s: float) -> None:
        paint(picture, t_s)
        if how == "lamp off" and t_s >= at_s:
            picture *= 0.45
        elif how == "lamp on" and t_s >= at_s:
            picture *= 1.5
        elif how == "infra-red" and at_s <= t_s < at_s + 1:
            picture[:] = 2
        elif how == "infra-red" and t_s >= at_s + 1:
            picture[:] = 40 + 0.4 * (255 - picture)

    return changed


@pytest.mark.parametrize("how", ["lamp off", "lamp on", "infra-red"])
@pytest.mark.parametrize("at_s", [13, 20])
def test_a_bag_survives_a_change_of_light(how: str, at_s: float) -> None:
    """Neither forgotten before it is confirmed nor said to be cleared afterwards."""
    told = play(switched(deposit(), at_s=at_s, how=how), until_s=40)
    ((t_s, _),) = told.confirmed()
    assert 15.0 <= t_s <= 22.0
    assert told.ended() == []


def test_a_bag_taken_after_the_light_changed_is_cleared() -> None:
    """What lies behind it after the change is made up, but good enough to see it go."""

    def paint(picture: Picture, t_s: float) -> None:
        deposit(until_s=31)(picture, t_s)
        left = carrier(t_s, there_s=30, away_s=31)
        if left is not None:
            figure(picture, left, t_s, luma=190)

    told = play(switched(paint, at_s=20, how="infra-red"), until_s=50)
    assert len(told.confirmed()) == 1
    ((t_s, _),) = told.ended()
    assert 31.0 <= t_s <= 40.0


def test_a_dark_bag_on_dark_ground_is_found() -> None:
    """Eighteen luma levels apart in the darkest corner of a picture of high contrast."""

    def paint(picture: Picture, t_s: float) -> None:
        picture[:, :60] = 235
        picture[90:, 100:] = 38 + 0.1 * (picture[90:, 100:] - 130)
        if t_s >= 8:
            box(picture, 162, 108, 14, 12, 20)
        left = carrier(t_s, there_s=8, away_s=10)
        if left is not None:
            figure(picture, left, t_s, luma=90)

    ((t_s, thing),) = play(paint).confirmed()
    assert 15.0 <= t_s <= 19.0
    assert 155 <= thing.area.left <= 170


def test_a_small_object_is_found() -> None:
    """Six by five pixels: a bottle at a distance."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 8:
            box(picture, 165, 113, 6, 5, 25)
        left = carrier(t_s, there_s=8, away_s=10)
        if left is not None:
            figure(picture, left, t_s)

    ((t_s, _),) = play(paint).confirmed()
    assert 14.5 <= t_s <= 19.0


@pytest.mark.parametrize("noise", [6, 10])
def test_noise_does_not_hide_a_bag(noise: float) -> None:
    """A cheap sensor at night."""
    ((t_s, _),) = play(deposit(), noise=noise).confirmed()
    assert 15.0 <= t_s <= 22.0


def test_somebody_who_sits_is_no_left_object() -> None:
    """Comes, sits down and stirs every few seconds: smaller than who came, never quite still."""

    def paint(picture: Picture, t_s: float) -> None:
        if 5 <= t_s < 9:
            figure(picture, -20 + (t_s - 5) * 40, t_s)
        elif t_s >= 9:
            nod = 3 if t_s % 7 < 1.0 else 0
            box(picture, 140 + nod, 82, 18, 16, 85)
            box(picture, 138, 98, 24, 22, 45)

    assert play(paint, until_s=80).confirmed() == []


def test_somebody_who_stands_for_a_minute_and_leaves_is_no_left_object() -> None:
    """Neither while standing nor as a ghost afterwards."""

    def paint(picture: Picture, t_s: float) -> None:
        left = carrier(t_s, there_s=8, away_s=68)
        if left is not None:
            figure(picture, left, t_s)

    assert play(paint, until_s=85).confirmed() == []


def test_two_people_who_change_places_are_no_left_objects() -> None:
    """One stands where the other stood."""

    def paint(picture: Picture, t_s: float) -> None:
        way = float(np.clip((t_s - 20) * 30, 0, 110))
        if t_s >= 2:
            figure(picture, min(90.0, -20 + (t_s - 2) * 40) + way, t_s)
            figure(picture, max(200.0, 330 - (t_s - 2) * 40) - way, t_s + 1, luma=180)

    assert play(paint, until_s=60).confirmed() == []


def test_a_bag_put_down_in_a_crowd_is_found() -> None:
    """People pass all the time until 20 s, and nobody stays."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 8:
            bag(picture)
        if 6 <= t_s < 20:
            for n in range(3):
                figure(picture, -20 + ((t_s * 50 + n * 120) % 360), t_s + n, luma=50 + 40 * n)

    ((t_s, thing),) = play(paint, until_s=50).confirmed()
    assert 13.0 <= t_s <= 19.0
    assert thing.area.left == pytest.approx(162, abs=8)


def test_the_shadow_of_a_building_that_creeps_is_no_left_object() -> None:
    """A sharp edge of shade moves across half of the picture in two minutes."""

    def paint(picture: Picture, t_s: float) -> None:
        picture[:, : round(40 + t_s * 1.2)] *= 0.6

    assert play(paint, until_s=120, fps=2).confirmed() == []


def test_somebody_there_from_the_first_picture_leaves_no_ghost() -> None:
    """Learned as background, then gone: what shows is the wall."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s < 12:
            figure(picture, 140, 0.0)
        elif t_s < 18:
            figure(picture, 140 + (t_s - 12) * 45, t_s)

    assert play(paint, until_s=40).confirmed() == []


def test_a_bag_beside_somebody_there_from_the_first_picture_is_found() -> None:
    """The ghost of who stood there does not hide it."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s < 12:
            figure(picture, 120, 0.0 if t_s < 5 else t_s)
        elif t_s < 18:
            figure(picture, 120 - (t_s - 12) * 45, t_s)
        if t_s >= 9:
            bag(picture)

    found = play(paint, until_s=40).confirmed()
    assert [abs(thing.area.left - 162) <= 8 for _, thing in found] == [True]


def test_leaves_that_sway_are_motion_for_a_few_swings_only() -> None:
    """From the first picture on."""

    def paint(picture: Picture, t_s: float) -> None:
        for x in range(200, 300, 12):
            box(picture, x + 5 * np.sin(5 * t_s + x), 20, 6, 50, 60)

    told = play(paint, until_s=40)
    moved_s = sum(e.until_s - e.since_s for e in told.motion()[1::2])
    assert moved_s < 8.0
    assert told.confirmed() == []


def test_an_exposure_that_ramps_is_no_motion() -> None:
    """The whole picture brightens over two seconds and stays so."""

    def paint(picture: Picture, t_s: float) -> None:
        picture *= 1.0 + 0.5 * float(np.clip((t_s - 10) / 2, 0, 1))

    told = play(paint, until_s=30)
    assert told.motion() == []
    assert told.confirmed() == []


def test_a_bag_in_a_corner_of_a_bright_flash_is_still_the_only_one() -> None:
    """A lamp that blinds the camera for three pictures."""

    def paint(picture: Picture, t_s: float) -> None:
        deposit()(picture, t_s)
        if 20 <= t_s < 20.6:
            picture[:] = 250

    told = play(paint, until_s=40)
    assert len(told.confirmed()) == 1
    assert Phase.CLEARED not in {phase for _, phase, _ in told.phases()}
    assert told.confirmed()[0][1].area.right < WIDTH
    assert told.confirmed()[0][1].area.bottom < HEIGHT
