"""Pictures that come in another size and do not show the known view at once."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_agent.vision.child import quiet_libraries
from edge_agent.vision.findings import (
    Degraded,
    LitteringConfirmed,
    LitteringEnded,
    Recovered,
)
from tests.edge_agent.vision.footage_maker import shifted
from tests.edge_agent.vision.stage import Paint, Picture, beside, deposit
from tests.edge_agent.vision.streams import Stream
from tests.edge_agent.vision.test_bad_streams import encode
from tests.edge_agent.vision.vision_process import watch

LOAD = np.kron(np.random.default_rng(5).uniform(20, 230, (20, 37)), np.ones((8, 8)))


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet_libraries()


def black(picture: Picture) -> None:
    """Show nothing, as some cameras do while they start anew."""
    picture[:] = 0


def lorry(picture: Picture) -> None:
    """Show a load that hides most of the view."""
    picture[10:170, 12:308] = LOAD


def grey(picture: Picture) -> None:
    """Show a lorry's tarpaulin, or what a decoder makes up."""
    picture[:] = 128


@pytest.mark.parametrize("hide", [black, lorry, grey])
def test_what_hides_the_view_when_the_size_changes_ends_no_alarm(
    hide: Callable[[Picture], None], tmp_path: Path
) -> None:
    first = encode(tmp_path / "first.ts", deposit(), until_s=22, size=(640, 360))

    def later(picture: Picture, t_s: float) -> None:
        deposit()(picture, t_s + 22)
        if t_s < 3:
            hide(picture)

    stream = Stream(first)
    stream.append(encode(tmp_path / "second.ts", later, until_s=30, size=(480, 360)))
    left = stream.see(watch("gate", first), 0, 99)
    assert len(stream.of(LitteringConfirmed)) == 1
    assert stream.of(LitteringEnded) == []
    assert stream.of(Degraded) == []
    assert len(left.scene.left) == 1
    assert left.came_as == (240, 180)


def test_a_size_that_is_known_already_is_not_asked_about_when_the_camera_is_back(
    tmp_path: Path,
) -> None:
    """Where something lies, the planes keep the first size; the pictures came in the second."""
    first = encode(tmp_path / "first.ts", deposit(), until_s=22, size=(640, 360))

    def later(picture: Picture, t_s: float) -> None:
        deposit()(picture, t_s + 22)

    def again(picture: Picture, t_s: float) -> None:
        deposit()(picture, t_s + 60)
        if t_s < 12:
            picture[10:170, 12:150] = LOAD[:, :138]

    order = watch("gate", first)
    stream = Stream(first)
    stream.append(encode(tmp_path / "second.ts", later, until_s=10, size=(480, 360)))
    left = stream.see(order, 0, 99)
    back = Stream(encode(tmp_path / "third.ts", again, until_s=30, size=(480, 360)))
    ahead_s = left.last_s + 30 - back.packets[0].t_s
    back.packets = shifted(back.packets, ahead_s, base=back.form.time_base)
    back.see(order, 0, 999, inherited=left)
    assert back.of(LitteringEnded) == []


def turned(paint: Paint | None = None, *, from_s: float = 0.0) -> Paint:
    """Paint what a camera shows that looks elsewhere from then on."""

    def show(picture: Picture, t_s: float) -> None:
        if paint is not None:
            paint(picture, t_s)
        if t_s >= from_s:
            picture[:] = np.roll(picture, (50, 110), (0, 1))

    return show


def test_a_moved_camera_is_still_moved_in_another_size(tmp_path: Path) -> None:
    first = encode(tmp_path / "first.ts", turned(from_s=12), until_s=40, size=(480, 360))
    stream = Stream(first)
    stream.append(encode(tmp_path / "second.ts", turned(), until_s=50, size=(640, 360)))
    left = stream.see(watch("gate", first), 0, 999)
    assert [one.condition for one in stream.of(Degraded)] == ["moved"]
    assert stream.of(Recovered) == []
    assert left.size == (240, 180)


def gravel(picture: Picture, _t_s: float) -> None:
    """Paint what only larger pictures show, and what is too small to be anything."""
    picture[np.random.default_rng(9).random(picture.shape) < 0.03] += 30


def test_what_is_only_finer_keeps_no_scene_from_going_over(tmp_path: Path) -> None:
    first = encode(tmp_path / "first.ts", until_s=8, size=(192, 108))
    stream = Stream(first)
    stream.append(encode(tmp_path / "second.ts", gravel, until_s=60, size=(640, 360)))
    left = stream.see(watch("gate", first), 0, 99)
    assert left.size == (320, 180)


def test_who_stands_beside_it_still_attends_after_two_breaks(tmp_path: Path) -> None:
    """Neither break is waited for, and who stands there is no statue after the second."""
    order = watch("gate", "gate")
    left = None
    for begin_s, lasts_s in ((0, 14), (100, 3), (113, 30)):
        paint = beside(away_s=117, from_s=begin_s)
        clip = encode(tmp_path / f"{begin_s}.mp4", paint, until_s=lasts_s)
        stream = Stream(clip)
        stream.packets = shifted(stream.packets, begin_s, base=stream.form.time_base)
        left = stream.see(order, begin_s, 999, inherited=left)
        if begin_s < 113:
            assert stream.of(LitteringConfirmed) == []
    (found,) = stream.of(LitteringConfirmed)
    assert 121 < found.at_s < 130
