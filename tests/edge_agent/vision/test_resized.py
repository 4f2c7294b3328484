"""A camera whose pictures become larger, smaller or stretched: what lay there lies there."""

from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from edge_agent.vision.child import quiet_libraries
from edge_agent.vision.findings import (
    Degraded,
    LitteringConfirmed,
    LitteringEnded,
    MotionStarted,
    Recovered,
)
from tests.edge_agent.vision.footage_maker import shifted
from tests.edge_agent.vision.stage import (
    Picture,
    beside,
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
    assert found.deposited_at_s == pytest.approx(8, abs=1)
    assert found.path


SIZES = [((256, 144), (640, 360)), ((480, 360), (640, 360)), ((640, 360), (480, 360))]


@pytest.mark.parametrize(("before", "after"), SIZES)
@pytest.mark.parametrize("gain", [0.65, 0.85])
def test_what_did_not_convince_convinces_no_more_in_another_resolution(
    before: tuple[int, int], after: tuple[int, int], gain: float, tmp_path: Path
) -> None:
    """A shadow that came with somebody and stays; sharper or stretched, it is the same shadow."""

    def shade(picture: Picture, t_s: float) -> None:
        if t_s >= 6:
            picture[100:130, 150:190] *= gain
        left = carrier(t_s, there_s=6, away_s=8)
        if left is not None:
            figure(picture, left, t_s)

    def later(picture: Picture, t_s: float) -> None:
        shade(picture, t_s + 20)

    first = encode(tmp_path / "first.ts", shade, until_s=20, size=before)
    stream = Stream(first)
    stream.append(encode(tmp_path / "second.ts", later, until_s=20, size=after))
    stream.see(watch("gate", first), 0, 99)
    assert stream.of(LitteringConfirmed) == []


def cut(source: Path, target: Path, *, share: float) -> Path:
    """Encode a clip again, of whose pictures so large a share is cut off at each side."""

    def parts() -> Iterator[av.VideoFrame]:
        with av.open(str(source)) as inside:
            for frame in inside.decode(video=0):
                grey = frame.to_ndarray(format="gray")
                aside = round(share * grey.shape[1])
                part = grey[:, aside : grey.shape[1] - aside]
                shown = av.VideoFrame.from_ndarray(part.copy(), format="gray")
                shown.pts, shown.time_base = frame.pts, frame.time_base
                yield shown.reformat(width=480, height=360, format="yuv420p")

    with av.open(str(target), "w") as outside:
        stream = outside.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 480, 360, "yuv420p"
        stream.options = {"preset": "ultrafast", "x264-params": "keyint=10:scenecut=0"}
        for frame in parts():
            outside.mux(stream.encode(frame))
        outside.mux(stream.encode(None))
    return target


def test_another_part_of_the_view_is_learned_anew(tmp_path: Path) -> None:
    """A wide picture whose sides are cut off: what was left is not where it was, nor anything else."""
    first = encode(tmp_path / "first.ts", deposit(), until_s=22, size=(640, 360))

    def later(picture: Picture, t_s: float) -> None:
        deposit()(picture, t_s + 22)

    wide = encode(tmp_path / "wide.ts", later, until_s=30, size=(640, 360))
    stream = Stream(first)
    stream.append(cut(wide, tmp_path / "cut.ts", share=0.125))
    left = stream.see(watch("gate", first), 0, 99)
    (found,) = stream.of(LitteringConfirmed)
    (ended,) = stream.of(LitteringEnded)
    assert (ended.object_id, ended.ending) == (found.object_id, "cleared")
    assert [one.condition for one in stream.of(Degraded)] == ["moved"]
    assert stream.of(Recovered) == []
    assert left.scene.left == []


def test_a_scene_that_is_empty_goes_over_to_the_size_of_its_pictures(tmp_path: Path) -> None:
    """Who asks for larger pictures wants to see more; what comes then is found all the same."""
    first = encode(tmp_path / "first.ts", until_s=8, size=(192, 108))
    stream = Stream(first)
    stream.append(encode(tmp_path / "second.ts", deposit(), until_s=30, size=(640, 360)))
    left = stream.see(watch("gate", first), 0, 99)
    assert left.size == (320, 180)
    assert left.scene.plane_size == (320, 180)
    (found,) = stream.of(LitteringConfirmed)
    assert found.box[0] == pytest.approx(162 / 320, abs=0.03)


def test_while_something_lies_there_its_planes_stay_as_they_are(tmp_path: Path) -> None:
    first = encode(tmp_path / "first.ts", deposit(), until_s=22, size=(480, 360))

    def later(picture: Picture, t_s: float) -> None:
        deposit()(picture, t_s + 22)

    stream = Stream(first)
    stream.append(encode(tmp_path / "second.ts", later, until_s=20, size=(640, 360)))
    left = stream.see(watch("gate", first), 0, 99)
    assert left.size == (240, 180)
    assert [finding.at_s < 22 for finding in stream.of(MotionStarted)] == [True]


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


@pytest.mark.parametrize("size", [(320, 180), (480, 360)])
def test_who_stands_beside_it_still_attends_when_the_camera_is_back(
    size: tuple[int, int], tmp_path: Path
) -> None:
    """Be it in another resolution: it is alone when they go, and the gap is not waited for again."""
    first = encode(tmp_path / "first.mp4", beside(away_s=99), until_s=14)

    def later(picture: Picture, t_s: float) -> None:
        beside(away_s=104)(picture, t_s + 100)

    again = encode(tmp_path / "again.mp4", later, until_s=30, size=size)
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
