"""A no-dumping zone whose hours begin: what stood there before is not its business."""

import pytest

from edge_agent.vision.objects.attention import Phase
from tests.edge_agent.vision.stage import (
    Paint,
    Picture,
    Told,
    box,
    deposit,
    figure,
    make_scene,
    pictures,
)


def play_from(armed_s: float, paint: Paint, *, until_s: float) -> Told:
    """Play a scene whose zone is armed at this time only."""
    told, watched = Told(), make_scene()
    watched.arm("yard", armed=False)
    armed = False
    for t_s, picture in pictures(paint, until_s=until_s):
        if t_s >= armed_s and not armed:
            told.events += watched.arm("yard", armed=True)
            armed = True
        told.events += watched.step(picture, t_s)
    return told


def parked(picture: Picture, t_s: float, place: float = 120.0) -> None:
    """Draw a vehicle that parks at 8 s and stays."""
    if t_s >= 5:
        box(picture, min(place, -80 + (t_s - 5) * 60), 90, 60, 35, 200)


def seated(picture: Picture, t_s: float) -> None:
    """Draw somebody who comes, sits down at 9 s and stirs every few seconds."""
    if 5 <= t_s < 9:
        figure(picture, -20 + (t_s - 5) * 40, t_s)
    elif t_s >= 9:
        nod = 3 if t_s % 7 < 1.0 else 0
        box(picture, 140 + nod, 82, 18, 16, 85)
        box(picture, 138, 98, 24, 22, 45)


@pytest.mark.parametrize("paint", [parked, seated, deposit()])
def test_what_stands_there_when_the_hours_begin_is_no_left_object(paint: Paint) -> None:
    """A vehicle, somebody who sits, a bag: there long before 60 s."""
    assert play_from(60, paint, until_s=110).confirmed() == []


def test_a_bag_put_down_shortly_before_the_hours_is_not_their_business() -> None:
    """It stands there at 8 s, its owner beside it; dumping is watched for from 9 s on."""
    assert play_from(9, deposit(away_s=12), until_s=40).confirmed() == []


def test_a_bag_put_down_after_the_hours_began_is_found() -> None:
    """As in any zone, beside a vehicle that has parked there since 8 s."""

    def paint(picture: Picture, t_s: float) -> None:
        parked(picture, t_s, place=30.0)
        deposit(there_s=38, away_s=40)(picture, t_s)

    ((t_s, thing),) = play_from(30, paint, until_s=60).confirmed()
    assert 45.0 <= t_s <= 48.0
    assert abs(thing.area.left - 162) <= 3


def test_what_found_no_room_before_is_watched_from_when_it_is_first_looked_at() -> None:
    """Of 26 things two have stood for 35 s when others go: nobody knows who brought them.

    Such a thing waits three times as long, and nothing of that is over before it was looked at.
    """

    def paint(picture: Picture, t_s: float) -> None:
        for number in range(26 if t_s >= 2 else 0):
            if number > 3 or t_s < 37:
                box(picture, 10 + 40 * (number % 7), 15 + 40 * (number // 7), 12, 10, 20)

    told, watched = Told(), make_scene(unattended_s=2)
    for t_s, picture in pictures(paint, until_s=50, fps=1):
        told.events += watched.step(picture, t_s)
    opened = {id(thing): t_s for t_s, phase, thing in told.phases() if phase is Phase.CANDIDATE}
    waited = [t_s - opened[id(o)] for t_s, o in told.confirmed() if opened[id(o)] >= 37]
    assert len(waited) == 2
    assert min(waited) >= 2.0
