"""Arithmetic on luma planes."""

import cv2
import numpy as np
import pytest
from av import VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.vision.picture.plane import middle, plane_size, reduction
from edge_agent.vision.stream.codec import is_coloured, luma_plane


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=60))
def test_the_middle_is_the_median(values: list[float]) -> None:
    """Of an odd and of an even number of values, in any order."""
    plane = np.array(values, np.float32)
    assert middle(plane) == pytest.approx(float(np.median(plane)), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (704, 576), (2304, 1296), (1366, 768)])
def test_a_reduced_picture_holds_the_mean_of_each_square(size: tuple[int, int]) -> None:
    """Of whatever lines a decoder puts beside the picture, nothing."""
    width, height = size
    pixels = np.random.default_rng(4).integers(0, 256, (height * 3 // 2, width), np.uint8)
    plane = luma_plane(VideoFrame.from_ndarray(pixels, format="yuv420p"))
    step, (wide, high) = reduction(width, height), plane_size(width, height)
    squares = pixels[: high * step, : wide * step].reshape(high, step, wide, step)
    differs = plane - squares.mean(axis=(1, 3))
    assert plane.shape == (high, wide)
    assert np.abs(differs).max() < 2.0
    assert abs(differs.mean()) < 0.2


def _painted(
    size: tuple[int, int], *, differs: int, padding: int, part: tuple[float, float] = (0.5, 1.0)
) -> VideoFrame:
    """Return a picture of one tint; `part`, shares of height and width, differs by so much."""
    frame = VideoFrame(*size, "yuv420p")
    for plane in frame.planes[1:3]:
        lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        lines[:] = padding
        lines[: plane.height, : plane.width] = 126
        lines[: int(part[0] * plane.height), : int(part[1] * plane.width)] += differs
    return frame


@pytest.mark.parametrize("size", [(178, 100), (352, 288), (704, 576), (1920, 1080)])
@pytest.mark.parametrize("padding", [0, 255])
def test_only_the_picture_itself_tells_day_from_infra_red(
    size: tuple[int, int], padding: int
) -> None:
    """By infra-red there is one tint; a grey street by day has little more, but it differs."""
    assert not is_coloured(_painted(size, differs=0, padding=padding))
    assert is_coloured(_painted(size, differs=3, padding=padding))


@pytest.mark.parametrize("size", [(178, 100), (352, 288), (704, 576), (1920, 1080)])
def test_a_clock_written_in_colours_does_not_make_it_day(size: tuple[int, int]) -> None:
    """It is a hundredth of the picture, but far from its tint."""
    assert not is_coloured(_painted(size, differs=60, padding=0, part=(0.05, 0.2)))


def test_pictures_are_brought_to_another_plane_in_one_step() -> None:
    """Reduced to their own plane first, they would be blurred."""
    luma = np.random.default_rng(3).integers(0, 256, (360, 640), np.uint8)
    pixels = np.vstack([luma, np.full((180, 640), 128, np.uint8)])
    plane = luma_plane(VideoFrame.from_ndarray(pixels, format="yuv420p"), (352, 240))
    wanted = cv2.resize(luma, (352, 240), interpolation=cv2.INTER_AREA)
    assert np.array_equal(plane, wanted)
