"""Drawn scenes: who intrudes, loiters and gathers, and what only looks like it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.vision.presence.posts import GuardedZone, PresenceBegan, PresenceStopped
from edge_agent.vision.scene import Scene
from edge_agent.vision.scene_events import Place
from tests.edge_agent.vision.stage import (
    HEIGHT,
    WIDTH,
    Paint,
    Picture,
    bag,
    box,
    carrier,
    figure,
    wall,
)

Mask = NDArray[np.bool_]
WHOLE = np.ones((HEIGHT, WIDTH), bool)
RIGHT = np.zeros((HEIGHT, WIDTH), bool)
RIGHT[90:, 160:] = True


def zone(purpose: str, present_s: float, mask: Mask = WHOLE, *, armed: bool = True) -> GuardedZone:
    return GuardedZone(
        name="yard",
        purpose=purpose,  # type: ignore[arg-type]
        mask=mask[::2, ::2],
        present_s=present_s,
        crowd_share=0.3,
        armed=armed,
    )


@dataclass
class Watched:
    """A scene of half the stage's size, and what it said."""

    zones: Sequence[GuardedZone]
    events: list[PresenceBegan | PresenceStopped] = field(default_factory=list)
    no_dumping: bool = False
    """Whether all of it is watched for left objects, too."""

    def __post_init__(self) -> None:
        self.scene = Scene(
            motion_zones=[Place(name="yard", mask=WHOLE[::2, ::2])],
            object_zones=[Place(name="yard", mask=WHOLE[::2, ::2])] if self.no_dumping else [],
            unattended_s=5.0,
            guarded_zones=self.zones,
        )
        self._rng = np.random.default_rng(11)
        self._wall = wall()

    def play(self, paint: Paint, until_s: float, *, fps: float = 5, from_s: float = 0) -> None:
        for number in range(int(from_s * fps), int(until_s * fps)):
            picture = self._wall.copy()
            paint(picture, number / fps)
            small = picture[::2, ::2] + self._rng.normal(0, 2, (HEIGHT // 2, WIDTH // 2))
            self.take(self.scene.step(np.clip(small, 0, 255).astype(np.uint8), number / fps))

    def take(self, events: Sequence[object]) -> None:
        self.events += [e for e in events if isinstance(e, PresenceBegan | PresenceStopped)]


def said(
    paint: Paint, *zones: GuardedZone, until_s: float, fps: float = 5
) -> list[PresenceBegan | PresenceStopped]:
    watched = Watched(zones)
    watched.play(paint, until_s, fps=fps)
    return watched.events


def visitor(*, there_s: float, away_s: float, place: float = 200) -> Paint:
    """Paint somebody who comes from the left, stays, and leaves to the right."""

    def paint(picture: Picture, t_s: float) -> None:
        left = carrier(t_s, there_s=there_s, away_s=away_s, place=place)
        if left is not None:
            figure(picture, left, t_s)

    return paint


@pytest.mark.parametrize("fps", [1, 5])
def test_who_enters_a_forbidden_zone_intrudes_until_they_have_left(fps: float) -> None:
    """Half the foot has crossed the border a good second before the place is reached."""
    began, stopped = said(
        visitor(there_s=16, away_s=22), zone("intrusion", 1.0, RIGHT), until_s=36, fps=fps
    )
    assert isinstance(began, PresenceBegan)
    assert began.since_s == pytest.approx(14.8, abs=0.3 + 1 / fps)
    assert 1.0 <= began.t_s - began.since_s <= 1.0 + 1 / fps
    assert began.area.left * 2 == pytest.approx(200, abs=50)
    assert began.area.height * 2 == pytest.approx(60, abs=12)
    assert isinstance(stopped, PresenceStopped)
    assert stopped.until_s == pytest.approx(24.4, abs=0.7 + 1 / fps)


def test_who_passes_beside_the_zone_does_not_intrude() -> None:
    """The head may be before it; the foot counts."""
    above = np.zeros((HEIGHT, WIDTH), bool)
    above[:110] = True
    paint = visitor(there_s=16, away_s=22)
    assert said(paint, zone("intrusion", 1.0, above), until_s=30) == []


@pytest.mark.parametrize("fps", [0.5, 1, 5])
def test_who_stays_loiters_at_any_picture_rate(fps: float) -> None:
    """Fifteen seconds are asked for, thirty are stayed; keyframes alone show it."""
    began, stopped = said(
        visitor(there_s=16, away_s=46), zone("loitering", 15.0, RIGHT), until_s=60, fps=fps
    )
    assert isinstance(began, PresenceBegan)
    assert 29.0 <= began.t_s <= 35.0
    assert isinstance(stopped, PresenceStopped)
    assert stopped.until_s == pytest.approx(47.5, abs=1.5 + 1 / fps)


@pytest.mark.parametrize("near", [1, 2])
def test_who_sits_for_minutes_loiters_where_nothing_may_be_dumped_either(near: int) -> None:
    """They stir for a second in fifteen: no thing, neither large nor small, to get used to."""

    def paint(picture: Picture, t_s: float) -> None:
        if 6 <= t_s < 10:
            figure(picture, -20 + (t_s - 6) * 40, t_s)
        elif t_s >= 10:
            nod = 3 * np.sin(6 * t_s) if t_s % 15 < 1.0 else 0
            box(picture, 140 + nod, 120 - 48 * near, 18 * near, 16 * near, 85)
            box(picture, 136 - 0.6 * nod, 120 - 32 * near, 28 * near, 32 * near, 45)

    watched = Watched([zone("loitering", 300.0)], no_dumping=True)
    watched.play(paint, 420)
    (began,) = watched.events
    assert isinstance(began, PresenceBegan)
    assert began.since_s == pytest.approx(7.0, abs=1.5)
    assert 307.0 <= began.t_s <= 320.0


def test_two_who_meet_and_part_keep_their_time() -> None:
    """A second comes for five seconds and goes on; the first has stayed all along."""

    def paint(picture: Picture, t_s: float) -> None:
        visitor(there_s=16, away_s=60)(picture, t_s)
        left = carrier(t_s, there_s=24, away_s=29, place=212)
        if left is not None:
            figure(picture, left, t_s + 1, luma=75)

    (began,) = said(paint, zone("loitering", 20.0, RIGHT), until_s=40)
    assert isinstance(began, PresenceBegan)
    assert began.t_s == pytest.approx(36.0, abs=2.0)


def test_who_stands_behind_a_pole_is_one_who_stays() -> None:
    """It cuts them in two."""

    def paint(picture: Picture, t_s: float) -> None:
        visitor(there_s=16, away_s=60)(picture, t_s)
        picture[:, 206:212] = 140

    (began,) = said(paint, zone("loitering", 15.0, RIGHT), until_s=36)
    assert isinstance(began, PresenceBegan)
    assert began.t_s == pytest.approx(31.0, abs=2.0)


def test_a_vehicle_that_parks_does_not_loiter_nor_who_passes_it() -> None:
    """It does not stir; three who pass before it are three."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 13:
            box(picture, min(190.0, -70 + (t_s - 13) * 60), 85, 60, 35, 200)
        for come_s in (28.0, 39.0, 50.0):
            figure(picture, -30 + (t_s - come_s) * 50, t_s)

    assert said(paint, zone("loitering", 15.0), until_s=62) == []


def test_who_gets_out_of_a_vehicle_that_stood_for_long_is_seen_apart_from_it() -> None:
    """It has not stirred for twenty seconds: it is a thing, and the figure is theirs alone."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 13:
            box(picture, min(190.0, -70 + (t_s - 13) * 60), 75, 70, 35, 200)
        if t_s >= 44:
            figure(picture, min(230.0, 190 + (t_s - 44) * 20), t_s)

    events = said(paint, zone("loitering", 6.0, RIGHT), until_s=54)
    began = events[-1]
    assert isinstance(began, PresenceBegan)
    assert began.t_s == pytest.approx(50.0, abs=2.0)
    assert began.area.width * 2 <= 40


def test_a_bag_that_somebody_leaves_does_not_loiter() -> None:
    """Thirteen seconds of its owner and the rest alone are no fifteen of somebody."""

    def paint(picture: Picture, t_s: float) -> None:
        visitor(there_s=16, away_s=21, place=150)(picture, t_s)
        if t_s >= 18:
            bag(picture, 172)

    assert said(paint, zone("loitering", 15.0), until_s=60) == []


def test_what_is_as_small_as_a_cat_does_not_intrude() -> None:
    """Six pixels long at the stage's height of 180."""

    def paint(picture: Picture, t_s: float) -> None:
        box(picture, -30 + 30 * (t_s - 14), 114, 6, 4, 20)

    assert said(paint, zone("intrusion", 1.0), until_s=26) == []


def test_swaying_leaves_do_not_intrude() -> None:
    """Two bushes swing from the first picture on."""

    def paint(picture: Picture, t_s: float) -> None:
        for left, phase in ((40, 0.0), (220, 1.5)):
            box(picture, left + 5 * np.sin(2.2 * t_s + phase), 70, 26, 40, 40)

    assert said(paint, zone("intrusion", 1.0), zone("loitering", 10.0), until_s=40) == []


@pytest.mark.parametrize("kind", ["lamp", "infra_red", "patch", "shadow"])
def test_light_is_nobody(kind: str) -> None:
    """A lamp, infra-red, a lit window and a cloud's shadow that crosses."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s < 14:
            return
        if kind == "lamp":
            picture *= 1.5
        elif kind == "infra_red":
            picture[:] = 2 if t_s < 15 else 40 + 0.4 * (255 - picture)
        elif kind == "patch":
            picture[60:140, 180:260] *= 1.3
        else:
            left = round((t_s - 14) * 30)
            picture[40:140, left : left + 70] *= 0.75

    zones = (zone("intrusion", 1.0), zone("loitering", 10.0), zone("crowding", 2.0))
    assert said(paint, *zones, until_s=34) == []


def test_a_stay_ends_when_the_picture_changes_altogether() -> None:
    """The camera is turned: nobody is known to be where they were."""

    def paint(picture: Picture, t_s: float) -> None:
        visitor(there_s=16, away_s=60)(picture, t_s)
        if t_s >= 25:
            picture[:] = np.roll(picture[::-1], 77, axis=1) * 0.7

    began, stopped = said(paint, zone("intrusion", 1.0, RIGHT), until_s=36)
    assert isinstance(began, PresenceBegan)
    assert isinstance(stopped, PresenceStopped)
    assert stopped.until_s == pytest.approx(25.0, abs=0.5)


def test_a_zone_watches_only_while_armed_and_ends_with_the_stream() -> None:
    """Disarmed at first; armed at 22 s while somebody is there; the stream ends at 27 s."""
    watched = Watched([zone("intrusion", 2.0, RIGHT, armed=False)])
    paint = visitor(there_s=16, away_s=60)
    watched.play(paint, 22)
    watched.take(watched.scene.arm("yard", armed=True))
    assert watched.events == []
    watched.play(paint, 27, from_s=22)
    watched.take(watched.scene.stop())
    began, stopped = watched.events
    assert isinstance(began, PresenceBegan)
    assert began.since_s == pytest.approx(22.0, abs=0.5)
    assert isinstance(stopped, PresenceStopped)
    assert stopped.until_s == pytest.approx(26.8, abs=0.5)


def test_many_who_gather_are_a_crowd_until_they_disperse() -> None:
    """Eight come one after another and stand about; from 40 s on they leave."""

    def paint(picture: Picture, t_s: float) -> None:
        for number in range(8):
            left = carrier(t_s - 0.5 * number, there_s=18, away_s=40, place=300 - 14 * number)
            if left is not None:
                figure(picture, left, t_s + number, luma=40 + 5 * number)

    square = np.zeros((HEIGHT, WIDTH), bool)
    square[50:130, 180:] = True
    began, stopped = said(paint, zone("crowding", 5.0, square), until_s=56)
    assert isinstance(began, PresenceBegan)
    assert 20.0 <= began.t_s <= 32.0
    assert began.share >= 0.3
    assert began.area.left * 2 >= 178
    assert isinstance(stopped, PresenceStopped)
    assert 38.0 <= stopped.until_s <= 46.0


def test_one_who_stands_in_the_square_is_no_crowd() -> None:
    """A tenth of it."""
    square = np.zeros((HEIGHT, WIDTH), bool)
    square[50:130, 180:] = True
    assert said(visitor(there_s=16, away_s=60), zone("crowding", 3.0, square), until_s=32) == []
