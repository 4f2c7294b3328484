"""What an operator says belongs where it stands is not reported again; anything else there is."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.vision.objects.attention import Phase
from edge_agent.vision.objects.belongings import Belonging
from edge_agent.vision.objects.thing import decode_looks, encode_looks
from edge_agent.vision.picture.figures import Area
from tests.edge_agent.vision import stage
from tests.edge_agent.vision.stage import HEIGHT, WIDTH, Told, make_scene, pictures

BIN = Area(left=160, top=100, width=16, height=20)


def draw_bin(picture: stage.Picture, left: float = BIN.left, gain: float = 1.0) -> None:
    """Draw a bin with a dark lid and a bright band."""
    stage.box(picture, left, BIN.top, BIN.width, BIN.height, 80 * gain)
    stage.box(picture, left, BIN.top, BIN.width, 6, 30 * gain)
    stage.box(picture, left, BIN.top + 10, BIN.width, 4, 200 * gain)


def put_back(paint_thing: stage.Paint) -> stage.Paint:
    """Paint somebody who comes at 8 s, puts the thing down and leaves."""

    def paint(picture: stage.Picture, t_s: float) -> None:
        if t_s >= 8:
            paint_thing(picture, t_s)
        left = stage.carrier(t_s, there_s=8, away_s=10)
        if left is not None:
            stage.figure(picture, left, t_s)

    return paint


def looks_of_bin(gain: float = 1.0) -> NDArray[np.float32]:
    picture = stage.wall()
    draw_bin(picture, gain=gain)
    window = BIN.grown(4)
    return picture[window.slices].astype(np.float32)


def known_bin(place: Area = BIN) -> Belonging:
    """As read from the gateway's disk after a restart."""
    looks = decode_looks(encode_looks(looks_of_bin()))
    return Belonging(box=place.shares_of((WIDTH, HEIGHT)), looks=looks)


def watch(paint: stage.Paint, *fixtures: Belonging, until_s: float = 26) -> Told:
    told, scene = Told(), make_scene(fixtures=fixtures)
    for t_s, picture in pictures(paint, until_s=until_s):
        told.events += scene.step(picture, t_s)
    return told


def test_without_a_fixture_the_bin_is_reported() -> None:
    """So that the tests below can fail."""
    assert len(watch(put_back(lambda p, _: draw_bin(p))).confirmed()) == 1


@pytest.mark.parametrize("moved_px", [0, 10])
def test_a_known_bin_that_is_put_back_is_nothing(moved_px: int) -> None:
    """At its place or within its own width beside it: it ends as a fixture, never confirmed."""
    told = watch(put_back(lambda p, _: draw_bin(p, BIN.left + moved_px)), known_bin())
    assert told.confirmed() == []
    assert [phase for _, phase in told.ended()] == [Phase.FIXTURE]


def test_a_known_bin_is_known_in_another_light() -> None:
    """Learned by day, put back at dusk."""
    dusk = Belonging(box=BIN.shares_of((WIDTH, HEIGHT)), looks=looks_of_bin() * 0.5 + 60)
    assert watch(put_back(lambda p, _: draw_bin(p)), dusk).confirmed() == []


def test_another_thing_at_a_fixtures_place_is_reported() -> None:
    """Of the same size, but it does not look like it."""

    def sack(picture: stage.Picture, _: float) -> None:
        stage.box(picture, BIN.left, BIN.top, BIN.width, BIN.height, 210)
        stage.box(picture, BIN.left + 4, BIN.top + 8, 8, 12, 120)

    told = watch(put_back(sack), known_bin())
    assert len(told.confirmed()) == 1


def test_the_like_of_a_fixture_far_away_is_reported() -> None:
    """A fixture belongs where it stands, not everywhere."""
    elsewhere = known_bin(replace(BIN, left=BIN.left - 60))
    told = watch(put_back(lambda p, _: draw_bin(p)), elsewhere)
    assert len(told.confirmed()) == 1


def test_a_fixture_without_looks_counts_by_its_place() -> None:
    """As one entered by hand."""
    place = Belonging(box=BIN.shares_of((WIDTH, HEIGHT)), looks=None)
    assert watch(put_back(lambda p, _: draw_bin(p)), place).confirmed() == []


def test_what_is_marked_is_known_when_it_comes_again() -> None:
    """Confirmed once, marked, taken away at 30 s, brought back at 44 s: nothing more is said."""

    def paint(picture: stage.Picture, t_s: float) -> None:
        if 8 <= t_s < 30 or t_s >= 44:
            draw_bin(picture)
        for there_s in (8, 30, 44):
            left = stage.carrier(t_s, there_s=there_s, away_s=there_s + 2)
            if left is not None:
                stage.figure(picture, left, t_s)

    told, scene = Told(), make_scene()
    for t_s, picture in pictures(paint, until_s=60):
        told.events += scene.step(picture, t_s)
        if t_s == 22:
            scene.left[0].fixture_id = "bin"
    assert len(told.confirmed()) == 1
    assert {phase for _, phase in told.ended()} == {Phase.FIXTURE}
    assert not scene.left


@pytest.mark.parametrize("text", ["", "?", "AAAA"])
def test_looks_that_are_none_are_told(text: str) -> None:
    """A file may be damaged: then only the place counts."""
    assert decode_looks(text) is None
