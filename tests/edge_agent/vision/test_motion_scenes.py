"""What is motion in a picture and what only changes in its place; what shakes is held still."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.vision.picture.figures import Area
from edge_agent.vision.picture.motion import FAR, IN_PLACE_S, Course, MotionBegan
from edge_agent.vision.picture.plane import Light, plane_size, relight
from edge_agent.vision.picture.steadier import Steadier
from tests.edge_agent.vision import stage
from tests.edge_agent.vision.stage import Picture, play


def digits(picture: Picture, t_s: float, every_s: float) -> None:
    """Draw a clock in the corner, one digit of which changes now and then."""
    shape = np.random.default_rng(int(t_s / every_s)).integers(0, 2, (4, 2))
    picture[6:18, 8:14] = 40
    picture[6:18, 8:14] += 190 * np.kron(shape, np.ones((3, 3)))


@pytest.mark.parametrize("every_s", [1, 7, 20])
def test_a_clock_drawn_into_the_picture_is_no_motion(every_s: float) -> None:
    """Its digits change, but they get nowhere and stand still in between."""
    assert play(lambda p, t: digits(p, t, every_s), until_s=45).motion() == []


def test_motion_dates_from_who_walks_not_from_the_clock_before() -> None:
    """The clock changes every second from the first picture on; somebody comes at 12 s."""

    def paint(picture: Picture, t_s: float) -> None:
        digits(picture, t_s, 1)
        if t_s >= 12:
            stage.figure(picture, (t_s - 12) * 40 - 20, t_s)

    began = play(paint, until_s=20).motion()[0]
    assert isinstance(began, MotionBegan)
    assert began.since_s == pytest.approx(12.2, abs=0.9)


@pytest.mark.parametrize("fps", [1, 2, 5])
def test_somebody_who_walks_through_is_motion_at_any_rate(fps: float) -> None:
    """Eight seconds across the picture."""

    def paint(picture: Picture, t_s: float) -> None:
        if 6 <= t_s < 14:
            stage.figure(picture, (t_s - 6) * 40, t_s)

    began, stopped = play(paint, until_s=24, fps=fps).motion()
    assert began.since_s == pytest.approx(6, abs=1.5)
    assert stopped.until_s == pytest.approx(14, abs=1.5)


def test_rain_is_neither_motion_nor_an_object() -> None:
    """Bright streaks a few pixels long, everywhere and never twice at one place."""
    rng = np.random.default_rng(5)

    def paint(picture: Picture, _: float) -> None:
        for _ in range(60):
            row, column = rng.integers(0, stage.HEIGHT - 8), rng.integers(0, stage.WIDTH)
            picture[row : row + rng.integers(3, 8), column] += 60

    told = play(paint, until_s=25)
    assert told.motion() == []
    assert told.phases() == []


@given(st.floats(0.05, 0.35), st.integers(4, 40), st.integers(0, 200))
def test_what_swings_in_its_place_does_not_get_anywhere(dt_s: float, side: int, seed: int) -> None:
    """However it swings within a fifth of its size, before it has moved without pause for long."""
    rng = np.random.default_rng(seed)
    course, swing = Course(), int(FAR * side / 2 / 1.5)
    for number in range(int(0.9 * IN_PLACE_S / dt_s)):
        left, top = (100 + int(v) for v in rng.integers(-swing, swing + 1, 2))
        area = Area(left=left, top=top, width=side, height=side)
        assert not course.step(number * dt_s, dt_s, area)


@given(st.floats(0.05, 2.0), st.integers(4, 60), st.floats(0.4, 4.0))
def test_what_walks_gets_somewhere(dt_s: float, side: int, sides_per_s: float) -> None:
    """Within two seconds, at a pace of a good third of its size per second to four times it."""
    course, counts = Course(), False
    for number in range(int(2.0 / dt_s) + 2):
        left = round(number * dt_s * sides_per_s * side)
        counts = course.step(number * dt_s, dt_s, Area(left=left, top=9, width=side, height=side))
    assert counts


@pytest.mark.parametrize(
    ("size", "plane"),
    [
        ((176, 100), (176, 100)),
        ((640, 360), (320, 180)),
        ((720, 576), (360, 288)),
        ((1920, 1080), (384, 216)),
        ((1, 1), (1, 1)),
    ],
)
def test_every_picture_is_reduced_to_about_the_same_plane(size, plane) -> None:
    """Small ones are kept as they are."""
    assert plane_size(*size) == plane


@given(st.floats(-7, 7), st.floats(-7, 7), st.floats(0.7, 1.3), st.floats(-20, 20), st.booleans())
def test_a_shift_is_found_to_a_fraction_of_a_pixel(right, down, gain, offset, crowded) -> None:
    """In another light, and with people over a fifth of the picture."""
    background = cv2.GaussianBlur(stage.wall(), (0, 0), 1.2).astype(np.float32)
    move = np.array([[1, 0, right], [0, 1, down]], np.float32)
    size = (stage.WIDTH, stage.HEIGHT)
    moved = cv2.warpAffine(background, move, size, borderMode=cv2.BORDER_REFLECT)
    if crowded:
        moved[60:, 120:210] = 30 + 10 * np.sin(np.arange(90))
    steadier = Steadier(*size)
    held = steadier.hold((moved * np.float32(gain) + np.float32(offset)), background)
    if np.hypot(right, down) < 0.5:
        return
    assert steadier.shift_px == pytest.approx((right, down), abs=0.15)
    inner = (slice(10, 50), slice(10, 310))
    assert np.median(np.abs(held[inner] - gain * background[inner] - offset)) < 1.0


def test_what_is_blown_out_does_not_differ() -> None:
    """Brighter by a quarter: what was white cannot become whiter; what was not, is compared."""
    background = np.tile(np.array([100.0, 180.0, 230.0], np.float32), (20, 40))
    seen = np.clip(background * 1.25, 0, 255).astype(np.float32)
    assert np.abs(relight(seen, background, Light(gain=1.25)) - background).max() < 1.0
    seen[5, 0] = 60
    assert relight(seen, background, Light(gain=1.25))[5, 0] == pytest.approx(48)
