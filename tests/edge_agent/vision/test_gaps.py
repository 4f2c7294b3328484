"""Seconds of a scene that nobody saw: they prove nothing, and nothing is forgotten for them."""

import pytest

from edge_agent.vision.objects.attention import Phase
from edge_agent.vision.objects.verdict import STIR_MEMORY_S
from tests.edge_agent.vision.stage import (
    Paint,
    Picture,
    Told,
    bag,
    carrier,
    deposit,
    figure,
    make_scene,
    pictures,
)


def broken(paint: Paint, *, until_s: float, broken_s: tuple[float, float], fps: float = 5) -> Told:
    """Return what a scene says of which some seconds were not seen."""
    told, scene, away = Told(), make_scene(), False
    for t_s, picture in pictures(paint, until_s=until_s, fps=fps):
        if broken_s[0] <= t_s < broken_s[1]:
            if not away:
                told.events += scene.stop()
            away = True
            continue
        if away:
            scene.resume(t_s)
            away = False
        told.events += scene.step(picture, t_s)
    return told


@pytest.mark.parametrize("gap_s", [1, 20, 120])
def test_what_waits_to_be_confirmed_waits_on(gap_s: float) -> None:
    """Put down at 8 s, alone from 10 s on; what nobody saw is no time in which it was alone."""
    told = broken(deposit(), until_s=30 + gap_s, broken_s=(12, 12 + gap_s))
    ((t_s, thing),) = told.confirmed()
    assert 12.5 + gap_s < t_s < 22 + gap_s
    assert 7 < thing.deposited_s < 9
    assert "appeared_with_figure" in thing.reasons


def test_whoever_stands_beside_it_before_and_after_has_not_left_it() -> None:
    told = broken(deposit(away_s=55), until_s=80, broken_s=(12, 40))
    ((t_s, thing),) = told.confirmed()
    assert 60 < t_s < 75
    assert thing.deposited_s < 9


def test_what_came_while_nobody_looked_is_not_reported() -> None:
    """Nobody knows whether it was put down there or has parked there."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 15:
            bag(picture)

    assert broken(paint, until_s=120, broken_s=(12, 20)).phases() == []


def test_nor_is_it_because_somebody_walks_past_it_when_the_camera_is_back() -> None:
    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 15:
            bag(picture)
        left = carrier(t_s, there_s=20, away_s=20.5)
        if left is not None:
            figure(picture, left, t_s)

    assert broken(paint, until_s=120, broken_s=(12, 20)).phases() == []


def test_what_spoke_against_a_thing_before_a_gap_does_so_after_it() -> None:
    """Somebody who sits there stirs now and then, however long nobody looked in between."""

    def paint(picture: Picture, t_s: float) -> None:
        deposit(away_s=9)(picture, t_s)
        if 12 <= t_s < 14:
            picture[108:114, 162:176] += 60

    scene = make_scene()
    for t_s, picture in pictures(paint, until_s=15):
        scene.step(picture, t_s)
    (thing,) = scene.left
    stirred = thing.stirred(15 - STIR_MEMORY_S)
    scene.resume(400)
    assert thing.stirred(400 - STIR_MEMORY_S) == stirred > 0.2


def test_what_is_put_down_afterwards_is_reported_as_ever() -> None:
    told = broken(deposit(there_s=48, away_s=50), until_s=70, broken_s=(12, 40))
    ((_, thing),) = told.confirmed()
    assert 47 < thing.deposited_s < 49


def test_a_confirmed_one_that_is_gone_afterwards_has_ended() -> None:
    told = broken(deposit(until_s=30), until_s=60, broken_s=(25, 40))
    assert len(told.confirmed()) == 1
    ((t_s, phase),) = told.ended()
    assert 40 < t_s < 55
    assert phase is Phase.CLEARED
