"""Drawn scenes, one for each state of a left object and each guard against a false one."""

import cv2
import numpy as np
import pytest

from edge_agent.vision.objects.attention import Phase
from edge_agent.vision.picture.steadier import Steadier
from tests.edge_agent.vision.stage import (
    FIGURE_LUMA,
    HEIGHT,
    WIDTH,
    Picture,
    Told,
    bag,
    box,
    carrier,
    deposit,
    figure,
    make_scene,
    pictures,
    play,
)


def test_a_bag_left_behind_is_confirmed_once_nobody_is_near_for_long_enough() -> None:
    """Put down at 8 s, alone from 10 s: confirmed a little after 15 s, at the bag's place."""
    ((t_s, thing),) = play(deposit()).confirmed()
    assert 15.0 <= t_s <= 18.0
    assert thing.deposited_s == pytest.approx(8.0, abs=0.7)
    assert thing.attention.left_at_s == pytest.approx(11.0, abs=1.2)
    assert thing.area.shared(type(thing.area)(left=162, top=108, width=14, height=12)) > 100
    assert "appeared_with_figure" in thing.reasons


@pytest.mark.parametrize("fps", [1, 2, 12])
def test_the_picture_rate_does_not_matter(fps: float) -> None:
    """Streams of one to thirty pictures per second give the same alarm."""
    ((t_s, _),) = play(deposit(), fps=fps).confirmed()
    assert 15.0 <= t_s <= 19.0


def test_a_bag_is_not_confirmed_while_its_owner_stands_beside_it() -> None:
    """The owner stays until 25 s: attended, and no alarm before 30 s."""
    told = play(deposit(away_s=25), until_s=36)
    ((t_s, _),) = told.confirmed()
    assert t_s >= 30.0


def test_a_bag_taken_back_in_time_is_nothing() -> None:
    """Three seconds alone are fewer than the five that were asked for."""

    def paint(picture: Picture, t_s: float) -> None:
        deposit(until_s=15)(picture, t_s)
        left = carrier(t_s, there_s=14, away_s=15)
        if left is not None:
            figure(picture, left, t_s)

    assert play(paint).confirmed() == []


def test_passers_by_do_not_attend() -> None:
    """Somebody who walks past within a second does not start the time again."""

    def paint(picture: Picture, t_s: float) -> None:
        deposit()(picture, t_s)
        if 12.5 <= t_s < 17:
            figure(picture, -20 + (t_s - 12.5) * 110, t_s)

    ((t_s, _),) = play(paint).confirmed()
    assert t_s <= 19.0


def test_a_confirmed_bag_that_is_taken_ends_once() -> None:
    """Cleared or reclaimed, by whoever comes at 24 s."""

    def paint(picture: Picture, t_s: float) -> None:
        deposit(until_s=25)(picture, t_s)
        left = carrier(t_s, there_s=24, away_s=25)
        if left is not None:
            figure(picture, left, t_s, luma=190)

    told = play(paint, until_s=40)
    assert len(told.confirmed()) == 1
    ((t_s, phase),) = told.ended()
    assert 25.0 <= t_s <= 30.0
    assert phase is Phase.CLEARED


def test_the_same_figure_that_takes_it_back_reclaims_it() -> None:
    """Who takes it looks like who left it."""

    def paint(picture: Picture, t_s: float) -> None:
        deposit(until_s=25)(picture, t_s)
        left = carrier(t_s, there_s=24, away_s=25)
        if left is not None:
            figure(picture, left, t_s)

    ((_, phase),) = play(paint, until_s=40).ended()
    assert phase is Phase.RECLAIMED


def test_somebody_in_other_trousers_is_not_said_to_be_who_left_it() -> None:
    """As tall and on the whole as dark is not enough for an accusation."""

    def paint(picture: Picture, t_s: float) -> None:
        deposit(until_s=25)(picture, t_s)
        left = carrier(t_s, there_s=24, away_s=25)
        if left is not None:
            figure(picture, left, t_s)
            box(picture, left, 100, 20, 20, FIGURE_LUMA + 35)

    ((_, phase),) = play(paint, until_s=40).ended()
    assert phase is Phase.CLEARED


def test_a_thing_that_was_always_there_and_is_taken_is_no_left_object() -> None:
    """Removed is told from left: the wall behind it has no outline."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s < 10:
            bag(picture)
        left = carrier(t_s, there_s=9, away_s=10)
        if left is not None:
            figure(picture, left, t_s)

    assert play(paint).confirmed() == []


def test_somebody_who_stands_still_is_no_left_object() -> None:
    """As tall as who came: whoever stands there is somebody, even without a sway."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 5:
            left = min(140.0, -20 + (t_s - 5) * 40)
            figure(picture, left, t_s if left < 140 else 0.0)

    assert play(paint, until_s=40).confirmed() == []


def test_a_vehicle_that_parks_is_no_left_object() -> None:
    """It is as large as what came."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 5:
            box(picture, min(120.0, -80 + (t_s - 5) * 60), 90, 60, 35, 200)

    assert play(paint, until_s=60).confirmed() == []


def test_a_lamp_that_is_switched_is_no_left_object_and_no_motion() -> None:
    """The whole picture changes at once."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 12:
            picture *= 1.5

    told = play(paint, until_s=35)
    assert told.confirmed() == []
    assert told.motion() == []


def test_infra_red_that_switches_on_is_no_left_object() -> None:
    """Some black pictures, then another contrast."""

    def paint(picture: Picture, t_s: float) -> None:
        if 12 <= t_s < 13:
            picture[:] = 2
        elif t_s >= 13:
            picture[:] = 40 + 0.4 * (255 - picture)

    assert play(paint, until_s=40).confirmed() == []


def test_light_that_creeps_is_no_left_object() -> None:
    """A patch of sun that grows brighter over a minute has no beginning."""

    def paint(picture: Picture, t_s: float) -> None:
        picture[60:120, 100:160] += min(60.0, max(0.0, (t_s - 5) * 1.2))

    told = play(paint, until_s=70)
    assert told.confirmed() == []
    assert told.motion() == []


def test_a_shadow_that_stays_is_no_left_object() -> None:
    """Shade keeps the texture of what it falls on."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 10:
            picture[70:130, 100:180] *= 0.7

    assert play(paint, until_s=40).confirmed() == []


def test_a_camera_that_shakes_still_finds_the_bag_and_only_it() -> None:
    """Two pixels of sway in the wind are held still."""

    def paint(picture: Picture, t_s: float) -> None:
        deposit()(picture, t_s)
        shift = round(2 * np.sin(1.3 * t_s))
        picture[:] = np.roll(picture, shift, axis=1)

    ((t_s, _),) = play(paint).confirmed()
    assert 15.0 <= t_s <= 25.0


def test_a_bag_outside_the_zone_does_not_count() -> None:
    """Only a no-dumping zone is watched for left objects."""
    zone = np.zeros((HEIGHT, WIDTH), bool)
    zone[:, :100] = True
    assert play(deposit(), zone=zone).phases() == []


def test_what_stands_alone_and_never_convinces_becomes_background() -> None:
    """A parked vehicle does not keep the camera busy for ever."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 5:
            box(picture, min(120.0, -80 + (t_s - 5) * 60), 90, 60, 25, 200)

    told = play(paint, until_s=130, fps=2)
    assert told.phases()[-1][1] is Phase.DISMISSED


def test_a_small_camera_finds_it_too() -> None:
    """160×90: the bag is 7 by 6 pixels."""
    told, watched = Told(), make_scene(zone=np.ones((90, 160), bool))
    for t_s, picture in pictures(deposit(), until_s=30):
        small = cv2.resize(picture, (160, 90), interpolation=cv2.INTER_AREA)
        told.events += watched.step(small, t_s)
    ((t_s, _),) = told.confirmed()
    assert 15.0 <= t_s <= 18.0


@pytest.mark.parametrize("size", [(90, 160), (180, 320)])
def test_holding_a_picture_still_leaves_picture_and_background_alone(size) -> None:
    """Both are read again afterwards."""
    height, width = size
    rng = np.random.default_rng(5)
    background = cv2.GaussianBlur(rng.uniform(0, 255, size).astype(np.float32), (0, 0), 3) * 3
    picture = np.roll(background, 3, axis=1)
    before = (picture.copy(), background.copy())
    steadier = Steadier(width, height)
    held = steadier.hold(picture, background)
    assert steadier.shift_px == pytest.approx((3.0, 0.0), abs=0.4)
    assert np.abs(held - background)[:, 8:-8].mean() < 4
    assert np.array_equal(picture, before[0])
    assert np.array_equal(background, before[1])
