"""A confirmed object that cannot be seen for a while is neither gone nor forgotten."""

import numpy as np
import pytest

from tests.edge_agent.vision.stage import (
    FIGURE_LUMA,
    Paint,
    Picture,
    box,
    carrier,
    deposit,
    figure,
    play,
    wall,
)


def hidden(paint: Paint, *, from_s: float, until_s: float, how: str) -> Paint:
    """Hide what a scene shows: the street lamp is out, or a lorry halts before the lens."""
    lorry = np.roll(wall(7), (9, 7), axis=(0, 1))

    def changed(picture: Picture, t_s: float) -> None:
        paint(picture, t_s)
        if not from_s <= t_s < until_s:
            return
        if how == "dark":
            picture *= 0.02
        else:
            picture[:, 48:272] = 0.5 * lorry[:, 48:272] + 90

    return changed


@pytest.mark.parametrize(("how", "until_s"), [("dark", 45), ("lorry", 23)])
def test_a_confirmed_bag_that_is_hidden_does_not_end(how: str, until_s: float) -> None:
    """Confirmed by 18 s, hidden from 20 s on, and there again."""
    told = play(hidden(deposit(), from_s=20, until_s=until_s, how=how), until_s=until_s + 15)
    assert len(told.confirmed()) == 1
    assert told.ended() == []


@pytest.mark.parametrize(("how", "until_s"), [("dark", 45), ("lorry", 23)])
def test_a_bag_that_is_taken_after_it_was_hidden_ends(how: str, until_s: float) -> None:
    """It is known again, and seen to go."""

    def paint(picture: Picture, t_s: float) -> None:
        deposit(until_s=until_s + 10)(picture, t_s)
        left = carrier(t_s, there_s=until_s + 9, away_s=until_s + 10)
        if left is not None:
            figure(picture, left, t_s, luma=FIGURE_LUMA)

    told = play(hidden(paint, from_s=20, until_s=until_s, how=how), until_s=until_s + 25)
    assert len(told.confirmed()) == 1
    ((t_s, _),) = told.ended()
    assert t_s >= until_s + 10


@pytest.mark.parametrize(("how", "until_s"), [("dark", 45), ("lorry", 23)])
def test_a_bag_that_is_taken_while_it_is_hidden_ends_when_its_place_is_seen(
    how: str, until_s: float
) -> None:
    """Taken two seconds before it would be seen again."""
    paint = hidden(deposit(until_s=until_s - 2), from_s=20, until_s=until_s, how=how)
    told = play(paint, until_s=until_s + 15)
    assert len(told.confirmed()) == 1
    ((t_s, _),) = told.ended()
    assert until_s <= t_s <= until_s + 5


def test_a_bag_that_infra_red_shows_as_bright_as_the_ground_does_not_end() -> None:
    """A dark bag on dark grass; what is left of it by night has no edges."""
    rng = np.random.default_rng(4)
    night = rng.normal(90, 8, (180, 320))

    def paint(picture: Picture, t_s: float) -> None:
        deposit()(picture, t_s)
        if 20 <= t_s < 40:
            picture[:] = 40 + 0.4 * (255 - picture)
            picture[100:125, 155:182] = night[100:125, 155:182]

    told = play(paint, until_s=55)
    assert len(told.confirmed()) == 1
    assert told.ended() == []


def test_a_bag_put_down_beside_one_that_is_hidden_is_another() -> None:
    """What infra-red does not show cannot have fallen over."""
    night = np.random.default_rng(4).normal(90, 8, (180, 320))

    def paint(picture: Picture, t_s: float) -> None:
        deposit()(picture, t_s)
        if t_s >= 20:
            picture[:] = 40 + 0.4 * (255 - picture)
            picture[100:125, 155:182] = night[100:125, 155:182]
        if t_s >= 30:
            box(picture, 179, 106, 10, 14, 220)
        left = carrier(t_s, there_s=30, away_s=32, place=150)
        if t_s >= 20 and left is not None:
            figure(picture, left, t_s, luma=150)

    told = play(paint, until_s=45)
    assert len(told.confirmed()) == 2
    assert told.ended() == []


def sunny(paint: Paint, *, brighter: float) -> Paint:
    """Let the sun come to one place of the wall between 20 and 45 s."""

    def changed(picture: Picture, t_s: float) -> None:
        picture[95:135, 140:200] += brighter * float(np.clip((t_s - 20) / 25, 0, 1))
        paint(picture, t_s)

    return changed


@pytest.mark.parametrize("brighter", [25, 45])
def test_a_bag_that_is_taken_after_the_sun_has_come_to_its_place_ends(brighter: float) -> None:
    """The ground that then shows is not what lay behind the bag when it was put down."""

    def paint(picture: Picture, t_s: float) -> None:
        deposit(until_s=60)(picture, t_s)
        left = carrier(t_s, there_s=60, away_s=61)
        if left is not None:
            figure(picture, left, t_s)

    told = play(sunny(paint, brighter=brighter), until_s=80, fps=3)
    assert len(told.confirmed()) == 1
    ((t_s, _),) = told.ended()
    assert 60.0 <= t_s <= 75.0


@pytest.mark.parametrize("seconds", [0.2, 25])
@pytest.mark.parametrize("luma", [30, 75])
def test_a_bag_on_which_a_light_falls_does_not_end(seconds: float, luma: float) -> None:
    """On it as on the ground around it, at once or slowly; somebody passes afterwards."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 8:
            box(picture, 162, 108, 14, 12, luma)
        picture[95:135, 140:200] += 45 * float(np.clip((t_s - 20) / seconds, 0, 1))
        for there_s in (8, 60):
            left = carrier(t_s, there_s=there_s, away_s=there_s + 2)
            if left is not None:
                figure(picture, left, t_s)

    told = play(paint, until_s=75, fps=3)
    assert len(told.confirmed()) == 1
    assert told.ended() == []


def test_a_bag_that_falls_over_does_not_end() -> None:
    """It looks otherwise than before, but it still hides the wall."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s < 25:
            deposit()(picture, t_s)
        else:
            box(picture, 160, 110, 18, 10, 60)

    told = play(paint, until_s=45)
    assert len(told.confirmed()) == 1
    assert told.ended() == []
