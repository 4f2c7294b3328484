"""Scenes that look like a left object and are none, one per guard; beside each what is one."""

import numpy as np
import pytest

from edge_agent.vision.objects import looks
from edge_agent.vision.objects.attention import Phase
from edge_agent.vision.picture.background import Background
from edge_agent.vision.picture.figures import Area, count_large
from tests.edge_agent.vision import stage
from tests.edge_agent.vision.stage import Paint, Picture, bag, box, carrier, deposit, figure, play


def chair(picture: Picture, left: float) -> None:
    """Draw a dark chair with two bright bars."""
    box(picture, left, 96, 12, 30, 40)
    box(picture, left + 2, 100, 8, 4, 190)
    box(picture, left + 2, 112, 8, 4, 190)


def somebody(picture: Picture, t_s: float, *, there_s: float, away_s: float) -> None:
    """Draw who comes, stays and goes."""
    left = carrier(t_s, there_s=there_s, away_s=away_s)
    if left is not None:
        figure(picture, left, t_s)


def test_a_chair_that_is_pushed_aside_is_no_left_object() -> None:
    """It was there before, a little to the left, and is there no more."""

    def paint(picture: Picture, t_s: float) -> None:
        chair(picture, 144 if t_s < 9 else 162)
        somebody(picture, t_s, there_s=8, away_s=10)

    assert play(paint, until_s=32).confirmed() == []


def test_a_second_chair_beside_the_first_is_a_left_object() -> None:
    """The first is still where it was."""

    def paint(picture: Picture, t_s: float) -> None:
        chair(picture, 120)
        if t_s >= 9:
            chair(picture, 160)
        somebody(picture, t_s, there_s=8, away_s=10)

    assert len(play(paint, until_s=32).confirmed()) == 1


def test_what_was_background_before_something_long_there_is_known_again() -> None:
    """A gate that shuts, becomes background and opens uncovers no foreground, nor when it shuts."""
    wall = stage.wall().astype(np.float32)
    shut = wall.copy()
    shut[40:140, 90:150] = 205
    background = Background(wall, 0.0, sensitivity=0.5)
    place = Area(left=90, top=40, width=60, height=100)
    for number in range(1, 120):
        t_s = number / 5
        luma = shut if 4 <= t_s < 10 or t_s >= 16 else wall
        background.step(luma, t_s)
        if t_s == 8:
            background.absorb(place, np.ones((100, 60), bool))
        if t_s in (9.0, 12.0, 18.0):
            assert not background.foreground.any(), t_s


def test_the_legs_of_somebody_behind_a_table_are_no_left_object() -> None:
    """Somebody large stands for half a minute; below the table top the legs are apart."""

    def paint(picture: Picture, t_s: float) -> None:
        if 6 <= t_s < 40:
            left = 150 - max(0.0, 8 - t_s) * 40
            box(picture, left, 20, 70, 90, 45)
        if 9.4 <= t_s < 40:
            box(picture, 170, 122, 18, 16, 30)
        picture[110:122] = 140

    assert play(paint, until_s=46).confirmed() == []


def test_a_bag_beside_a_car_that_had_parked_is_a_left_object() -> None:
    """The car came at 4 s and is background by 14 s, when somebody puts the bag down."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 2:
            box(picture, min(40.0, -100 + (t_s - 2) * 70), 70, 90, 45, 200)
        deposit(there_s=14, away_s=16)(picture, t_s)

    ((t_s, thing),) = play(paint, until_s=32).confirmed()
    assert 20.5 < t_s < 24
    assert abs(thing.area.left - 162) <= 3


def test_a_stall_that_is_set_up_is_no_left_object() -> None:
    """Larger than anything that is dumped in one piece."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 9:
            box(picture, 150, 70, 90, 60, 215)
        somebody(picture, t_s, there_s=8, away_s=12)

    assert play(paint, until_s=40).confirmed() == []


@pytest.mark.parametrize("turned_px", [6, 70])
def test_a_camera_that_is_turned_alarms_on_nothing(turned_px: int) -> None:
    """A nudge is held still; another view is learned anew."""
    wide = np.concatenate([stage.wall(3), stage.wall(4)], axis=1)

    def paint(picture: Picture, t_s: float) -> None:
        left = turned_px if t_s >= 12 else 0
        picture[:] = wide[:, left : left + stage.WIDTH]

    assert play(paint, until_s=35).confirmed() == []


def test_a_bag_is_found_after_a_nudge_of_the_camera() -> None:
    """Pushed six pixels at 4 s, for good."""
    wide = np.concatenate([stage.wall(3), stage.wall(4)], axis=1)

    def paint(picture: Picture, t_s: float) -> None:
        left = 6 if t_s >= 4 else 0
        picture[:] = wide[:, left : left + stage.WIDTH]
        deposit()(picture, t_s)

    assert len(play(paint).confirmed()) == 1


def test_clouds_that_blow_out_the_picture_are_no_left_object() -> None:
    """The light swings by a third, so that bright walls turn white and back."""

    def paint(picture: Picture, t_s: float) -> None:
        picture[40:100, 200:260] += 60
        picture *= 1.25 + 0.25 * np.sin(t_s / 2.5)

    assert play(paint, until_s=45).confirmed() == []


@pytest.mark.parametrize("darker", [0.5, 1.0])
def test_a_confirmed_bag_that_is_taken_after_the_light_changed_ends(darker: float) -> None:
    """Confirmed at 15 s, another light from 20 s on, taken at 30 s: it ends exactly once."""

    def paint(picture: Picture, t_s: float) -> None:
        deposit(until_s=30)(picture, t_s)
        somebody(picture, t_s, there_s=30, away_s=31)
        if t_s >= 20:
            picture *= darker

    told = play(paint, until_s=45)
    assert len(told.confirmed()) == 1
    assert len(told.ended()) == 1


def test_the_phases_come_in_their_order() -> None:
    """A bag whose owner lingers, leaves and comes back for it after it was told."""

    def paint(picture: Picture, t_s: float) -> None:
        if 8 <= t_s < 30:
            bag(picture)
        for there_s, away_s, place in ((8, 14, 122), (30, 31, 140)):
            left = carrier(t_s, there_s=there_s, away_s=away_s, place=place)
            if left is not None:
                figure(picture, left, t_s)

    phases = [phase for _, phase, _ in play(paint, until_s=42).phases()]
    assert phases[:4] == [
        Phase.CANDIDATE,
        Phase.ATTENDED,
        Phase.UNATTENDED,
        Phase.CONFIRMED,
    ]
    assert phases[4:] in ([Phase.RECLAIMED], [Phase.CLEARED])


def test_what_was_moved_is_told_from_what_was_added() -> None:
    """In any light, and only if its former place is another now."""
    wall = stage.wall().astype(np.float32)
    before = wall.copy()
    chair(before, 100)
    now = wall.copy() * 0.7
    chair(now, 112)
    at, around = (slice(90, 128), slice(108, 140)), (slice(84, 134), slice(80, 168))
    patch, here = now[at], (6, 28)
    mask = np.zeros(patch.shape, bool)
    mask[6:36, 4:16] = True
    gone, still = np.ones((50, 88), bool), np.zeros((50, 88), bool)
    assert looks.moved_from(patch, mask, before[around], gone, here)
    assert not looks.moved_from(patch, mask, before[around], still, here)
    assert not looks.moved_from(patch, mask, wall[around], gone, here)


def test_a_bag_is_seen_at_one_picture_per_second_and_at_thirty() -> None:
    """The same alarm within two seconds."""
    times = [play(deposit(), until_s=20, fps=fps).confirmed()[0][0] for fps in (1, 30)]
    assert abs(times[0] - times[1]) <= 2


def test_many_specks_are_no_figure() -> None:
    """However many: what attends to an object is one piece."""
    specks = np.zeros((60, 60), bool)
    specks[::6, ::8] = specks[1::6, ::8] = True
    assert count_large(specks, 8) == 0
    specks[20:40, 20:30] = True
    assert count_large(specks, 8) >= 200


def test_a_bag_in_the_rain_is_found() -> None:
    """A few bright streaks in every picture, never twice at one place."""
    rng = np.random.default_rng(5)

    def paint(picture: Picture, t_s: float) -> None:
        deposit()(picture, t_s)
        for _ in range(15):
            row, column = rng.integers(0, stage.HEIGHT - 8), rng.integers(0, stage.WIDTH)
            picture[row : row + rng.integers(3, 6), column] += 60

    assert len(play(paint).confirmed()) == 1


def swaying_leaves(rows: slice, columns: slice) -> Paint:
    """Paint leaves that sway with the first picture on."""
    rng = np.random.default_rng(9)
    leaves = rng.uniform(50, 180, (rows.stop - rows.start, columns.stop - columns.start))

    def paint(picture: Picture, t_s: float) -> None:
        picture[rows, columns] = np.roll(leaves, round(3 * np.sin(2.2 * t_s)), axis=1)

    return paint


@pytest.mark.parametrize(
    ("rows", "columns"), [(slice(10, 90), slice(10, 130)), (slice(60, 130), slice(40, 158))]
)
def test_a_bag_before_swaying_leaves_is_found(rows: slice, columns: slice) -> None:
    """Leaves over a quarter of the picture, the bag beside them or close to them: nobody."""
    sway = swaying_leaves(rows, columns)

    def paint(picture: Picture, t_s: float) -> None:
        sway(picture, t_s)
        deposit()(picture, t_s)
        if t_s >= 8:
            bag(picture)

    ((_, thing),) = play(paint).confirmed()
    assert abs(thing.area.left - 162) <= 3


def test_who_moves_about_at_a_bag_before_swaying_leaves_attends_to_it() -> None:
    """From 20 s to 40 s, never quite still and never away."""
    sway = swaying_leaves(slice(60, 130), slice(40, 158))

    def paint(picture: Picture, t_s: float) -> None:
        sway(picture, t_s)
        if t_s >= 20:
            bag(picture)
        left = carrier(t_s, there_s=20, away_s=40, place=136)
        if left is not None:
            figure(picture, left + (8 * np.sin(4 * t_s) if 20 <= t_s < 40 else 0), t_s)

    ((t_s, _),) = play(paint, until_s=55).confirmed()
    assert 45.0 <= t_s <= 50.0
