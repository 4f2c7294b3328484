"""A camera that is turned, through the whole pipeline: one fault, and no alarm on everything."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_agent.replay import play
from edge_agent.vision.child import quiet_libraries
from edge_agent.vision.findings import AnyFinding
from tests.edge_agent.vision.stage import Paint, Picture, deposit, figure, wall
from tests.edge_agent.vision.vision_process import watch, write_clip

TURNED_S = 35.0


def _said(tmp_path: Path, paint: Paint, *, until_s: float, **settings: object) -> list[AnyFinding]:
    quiet_libraries()
    clip = write_clip(tmp_path / "clip.mp4", paint, until_s=until_s, fps=5, gop=10)
    said: list[AnyFinding] = []
    spool = tmp_path / "spool"
    spool.mkdir()
    play(clip, watch("gate", clip, **settings), said.extend, spool=spool)
    return said


def pan(picture: Picture, t_s: float) -> None:
    """Turn by a third of the picture within 3 s."""
    pushed = round(min(1.0, (t_s - TURNED_S) / 3) * 107)
    picture[:] = np.hstack((picture[:, pushed:], np.roll(wall(8), 9, axis=0)[:, :pushed]))


def knock(picture: Picture, t_s: float) -> None:
    """Look at the ground at once."""
    picture[:] = np.roll(wall(8), (7, 9), (0, 1)) - 30


def posts(picture: Picture) -> None:
    """A wide even yard with posts, most of which looks alike wherever the camera looks."""
    picture[:] = 150 + 0.2 * (picture - 130)
    for number in range(9):
        left, top = 12 + 34 * number, 20 + 43 * number % 110
        picture[top : top + 45, left : left + 9] = 60


def push(picture: Picture, t_s: float) -> None:
    """Turn a little: less of the picture changes than by a lamp, all of it is wrong."""
    picture[:] = np.roll(picture, 17, axis=1)


@pytest.mark.parametrize("turn", [pan, knock, push])
def test_a_turned_camera_is_one_fault_and_no_storm(
    turn: Callable[[Picture, float], None], tmp_path: Path
) -> None:
    """What was left before ends once; nothing of the new view is taken for left or moving."""

    def paint(picture: Picture, t_s: float) -> None:
        if turn is push:
            posts(picture)
        deposit()(picture, t_s)
        if t_s >= TURNED_S:
            turn(picture, t_s)

    said = _said(tmp_path, paint, until_s=80)
    after = [f for f in said if f.at_s >= TURNED_S - 1]
    (moved,) = (f for f in said if f.say == "degraded")
    assert moved.condition == "moved"
    assert TURNED_S <= moved.at_s <= TURNED_S + 4
    assert [p.role for p in moved.pictures] == ["shown"]
    assert [f.say for f in said if f not in after].count("littering_confirmed") == 1
    assert [f.say for f in after].count("littering_confirmed") == 0
    assert [f.say for f in after].count("littering_ended") == 1
    assert [f.say for f in after].count("motion_started") <= 1


def test_the_new_view_is_watched_at_once(tmp_path: Path) -> None:
    """Somebody who walks there 10 s later is motion, and a bag is found."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= TURNED_S:
            knock(picture, t_s)
        deposit(there_s=50, away_s=52)(picture, t_s)

    said = _said(tmp_path, paint, until_s=66)
    assert [f.condition for f in said if f.say == "degraded"] == ["moved"]
    (bag,) = (f for f in said if f.say == "littering_confirmed")
    assert bag.deposited_at_s == pytest.approx(50.0, abs=1.0)


def test_infra_red_and_a_passer_by_right_before_the_lens_are_no_fault(tmp_path: Path) -> None:
    """Neither does a camera that fares well say anything in a whole minute."""

    def paint(picture: Picture, t_s: float) -> None:
        if 15 <= t_s < 18:
            picture[:, : round(80 * (t_s - 15)) + 80] = 60
        figure(picture, (12 * t_s) % 300, t_s)
        if 30 <= t_s < 31.5:
            picture[:] = 3
        elif t_s >= 31.5:
            picture[:] = 40 + 0.4 * (255 - picture)

    said = _said(tmp_path, paint, until_s=60, zones=())
    assert [f.say for f in said if f.say in {"degraded", "recovered"}] == []
