"""A camera whose pictures become larger, smaller or stretched: what lay there lies there."""

from pathlib import Path

import pytest

from edge_agent.vision.child import quiet_libraries
from edge_agent.vision.findings import (
    LitteringConfirmed,
    LitteringEnded,
)
from tests.edge_agent.vision.footage_maker import shifted
from tests.edge_agent.vision.stage import (
    Paint,
    Picture,
    bag,
    carrier,
    deposit,
    figure,
)
from tests.edge_agent.vision.streams import Stream
from tests.edge_agent.vision.test_bad_streams import encode
from tests.edge_agent.vision.vision_process import watch


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet_libraries()


@pytest.mark.parametrize(("width", "height"), [(480, 360), (640, 480), (256, 144)])
def test_what_waits_is_found_again_in_another_resolution(
    width: int, height: int, tmp_path: Path
) -> None:
    """In mid-stream, as when a technician changes it; the view is the same, be it stretched."""
    first = encode(tmp_path / "first.ts", deposit(), until_s=12, size=(640, 360))

    def later(picture: Picture, t_s: float) -> None:
        deposit()(picture, t_s + 12)

    second = encode(tmp_path / "second.ts", later, until_s=20, size=(width, height))
    stream = Stream(first)
    stream.append(second)
    stream.see(watch("gate", first), 0, 99)
    (found,) = stream.of(LitteringConfirmed)
    assert found.at_s - 8 < 14
    left, top, wide, high = found.box
    assert left == pytest.approx(162 / 320, abs=0.03)
    assert top == pytest.approx(108 / 180, abs=0.04)
    assert wide == pytest.approx(14 / 320, abs=0.02)
    assert high == pytest.approx(12 / 180, abs=0.03)


def test_a_camera_may_come_back_in_another_resolution(tmp_path: Path) -> None:
    first = encode(tmp_path / "first.mp4", deposit(), until_s=12)
    again = encode(tmp_path / "again.mp4", deposit(), until_s=40, size=(480, 360))
    order = watch("gate", first)
    left = Stream(first).see(order, 0, 12)
    stream = Stream(again)
    left = stream.see(order, 20, 24, inherited=left)
    stream.see(order, 26, 40, inherited=left)
    (found,) = stream.of(LitteringConfirmed)
    assert found.deposited_at_s < 9
    assert found.box[0] == pytest.approx(162 / 320, abs=0.03)


def beside(*, away_s: float) -> Paint:
    """Paint somebody who puts a bag down at 8 s and waits a step away from it."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 8:
            bag(picture)
        left = carrier(t_s, there_s=8, away_s=away_s, place=140 if t_s < 9 else 122)
        if left is not None:
            figure(picture, left, t_s)

    return paint


def test_a_gap_is_not_waited_for_once_more_in_another_resolution(tmp_path: Path) -> None:
    """The camera starts again with it, while somebody stands beside the bag."""
    first = encode(tmp_path / "first.mp4", beside(away_s=99), until_s=14)

    def later(picture: Picture, t_s: float) -> None:
        beside(away_s=104)(picture, t_s + 100)

    again = encode(tmp_path / "again.mp4", later, until_s=30, size=(480, 360))
    order = watch("gate", first)
    left = Stream(first).see(order, 0, 14)
    stream = Stream(again)
    stream.packets = shifted(stream.packets, 100, base=stream.form.time_base)
    stream.see(order, 100, 130, inherited=left)
    (found,) = stream.of(LitteringConfirmed)
    assert 108 < found.at_s < 122


def test_who_stands_beside_it_when_the_resolution_changes_still_attends(tmp_path: Path) -> None:
    """The picture was learned with them; when they go, the time begins."""
    first = encode(tmp_path / "first.ts", beside(away_s=99), until_s=14, size=(640, 360))

    def later(picture: Picture, t_s: float) -> None:
        beside(away_s=24)(picture, t_s + 14)

    second = encode(tmp_path / "second.ts", later, until_s=30, size=(480, 360))
    stream = Stream(first)
    stream.append(second)
    stream.see(watch("gate", first), 0, 99)
    assert [found.at_s > 24 for found in stream.of(LitteringConfirmed)] == [True]


def test_an_alarm_ends_in_another_resolution(tmp_path: Path) -> None:
    first = encode(tmp_path / "first.ts", deposit(), until_s=22, size=(640, 360))

    def later(picture: Picture, t_s: float) -> None:
        deposit(until_s=35)(picture, t_s + 22)
        left = carrier(t_s + 22, there_s=34, away_s=35)
        if left is not None:
            figure(picture, left, t_s)

    second = encode(tmp_path / "second.ts", later, until_s=30, size=(480, 360))
    stream = Stream(first)
    stream.append(second)
    stream.see(watch("gate", first), 0, 99)
    (found,) = stream.of(LitteringConfirmed)
    (ended,) = stream.of(LitteringEnded)
    assert ended.object_id == found.object_id
