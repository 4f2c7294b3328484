"""Drawn pictures of a camera that fares badly, and of one that only looks so."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from edge_agent.vision.condition.checkup import Checkup
from edge_agent.vision.condition.diagnosis import ConditionChanged
from edge_agent.vision.condition.flow import Count
from tests.edge_agent.vision.stage import HEIGHT, WIDTH, Paint, Picture, deposit, pictures, wall

Spoil = Callable[[Picture, float], None]
WRONG_S = 100.0
"""When the camera begins to fare badly in these scenes; it has been seen well before."""


def check(
    paint: Paint, *, until_s: float = 200, fps: float = 0.5, noise: float = 2, hidden=None
) -> tuple[list[ConditionChanged], Checkup]:
    """Return what is told of a camera that shows this, and its checkup."""
    checkup = Checkup(nominal_fps=10.0)
    checkup.begin(np.zeros((HEIGHT, WIDTH), bool) if hidden is None else hidden)
    told = []
    for t_s, picture in pictures(paint, until_s=until_s, fps=fps, noise=noise):
        told += checkup.picture(picture, t_s, keyframe=True, coloured=True)
    return told, checkup


def names(told: list[ConditionChanged]) -> list[tuple[str, bool]]:
    """Return the conditions, and whether each is over."""
    return [(change.condition, change.until_s is not None) for change in told]


def between(spoil: Spoil, *, begin_s: float = WRONG_S, end_s: float = 170) -> Paint:
    """Spoil the scene for a while."""

    def paint(picture: Picture, t_s: float) -> None:
        deposit(there_s=20, away_s=25)(picture, t_s)
        if begin_s <= t_s < end_s:
            spoil(picture, t_s)

    return paint


def black(picture: Picture, t_s: float) -> None:
    picture[:] = 16 - 2 * (picture % 2)
    picture[4:12, 4:90] = 235


def hand(picture: Picture, t_s: float) -> None:
    """Something bright and unsharp right before the lens, steady but for its shade."""
    across = np.linspace(0, 3, WIDTH)[None, :] + np.linspace(0, 2, HEIGHT)[:, None]
    picture[:] = 110 + 30 * np.sin(across)


def elsewhere(picture: Picture, t_s: float) -> None:
    picture[:] = np.roll(wall(8), (7, 11), (0, 1))


def panned(picture: Picture, t_s: float) -> None:
    picture[:] = np.roll(picture, 52, axis=1)


def defocused(picture: Picture, t_s: float) -> None:
    picture[:] = cv2.GaussianBlur(picture, (0, 0), 3.5)


def glaring(picture: Picture, t_s: float) -> None:
    picture[:] = 3.5 * picture


def dark(picture: Picture, t_s: float) -> None:
    """So dark that next to nothing can be seen, but not nothing."""
    picture[:] = 0.1 * picture + 8


@pytest.mark.parametrize(
    ("condition", "spoil", "noise"),
    [
        ("black", black, 0.3),
        ("covered", hand, 2),
        ("moved", elsewhere, 2),
        ("moved", panned, 2),
        ("blurred", defocused, 2),
        ("exposure", glaring, 2),
    ],
)
def test_one_cause_is_told_once_and_ends_once(condition: str, spoil: Spoil, noise: float) -> None:
    """Dated when it was first seen; and nothing else is told along with it."""
    told, _ = check(between(spoil), until_s=240, noise=noise)
    assert names(told) == [(condition, False), (condition, True)]
    assert told[0].since_s == pytest.approx(WRONG_S, abs=4)
    assert told[1].until_s == pytest.approx(170, abs=4)
    assert told[1].since_s == told[0].since_s


def test_a_shift_is_measured() -> None:
    """So that a technician knows how far the camera was pushed."""
    told, checkup = check(between(panned), until_s=130)
    assert names(told) == [("moved", False)]
    assert checkup.aim.shift is not None
    right, down = checkup.aim.shift
    assert (abs(right), abs(down)) == pytest.approx((52 / WIDTH, 0), abs=0.01)
    assert "16% to the right" in checkup.describe("moved")


def test_a_camera_that_is_turned_again_is_told_once() -> None:
    """It is away until it looks where it did at first; each new view is learned at once."""

    def wander(picture: Picture, t_s: float) -> None:
        seed = 8 if t_s < 130 else 12
        picture[:] = np.roll(wall(seed), (7, seed), (0, 1))

    told, checkup = check(between(wander))
    assert names(told) == [("moved", False), ("moved", True)]
    assert not checkup.aim.away


def frozen_pictures(*, clock: bool, until_s: int, frozen_s: int) -> list[np.ndarray]:
    """Return keyframes of one sensor picture coded again and again in two ways."""
    taken, last = [], None
    for t_s, picture in pictures(lambda *_: None, until_s=until_s, fps=1):
        if last is None or t_s < frozen_s:
            last = picture
        shown = last if t_s < frozen_s or int(t_s) % 2 else last // 4 * 4
        shown = shown.copy()
        if clock:
            shown[4:14, 4:60] = (40 * t_s) % 255
        taken.append(shown)
    return taken


@pytest.mark.parametrize("clock", [False, True])
def test_a_camera_that_repeats_one_picture_is_frozen(clock: bool) -> None:
    """Although its clock runs on and its encoder does not code it the same way each time."""
    checkup = Checkup(10.0)
    checkup.begin(np.zeros((HEIGHT, WIDTH), bool))
    told = []
    for t_s, picture in enumerate(frozen_pictures(clock=clock, until_s=70, frozen_s=30)):
        told += checkup.picture(picture, t_s, keyframe=True, coloured=True)
    assert names(told) == [("frozen", False)]
    assert told[0].since_s == pytest.approx(30, abs=3)


def test_a_camera_that_never_had_noise_is_given_a_minute() -> None:
    """Before it counts as frozen."""
    told, _ = check(lambda *_: None, until_s=50, noise=0)
    assert told == []
    told, _ = check(lambda *_: None, until_s=90, noise=0)
    assert names(told) == [("frozen", False)]


def test_sharpness_and_brightness_are_told_as_shares() -> None:
    """Of what this view usually has, once that is known, and of all light."""
    young, known = (check(lambda *_: None, until_s=until_s)[1] for until_s in (30, 200))
    assert young.sharpness is None
    assert known.sharpness == pytest.approx(1.0, abs=0.1)
    mean = np.mean([picture for _, picture in pictures(lambda *_: None, until_s=2, fps=1)])
    assert known.brightness == pytest.approx(mean / 255.0, abs=0.02)
    _, unsharp = check(between(defocused), until_s=150)
    assert unsharp.sharpness is not None
    assert unsharp.sharpness < 0.6


def infra_red(picture: Picture, t_s: float) -> None:
    """A filter that switches to and fro within seconds, then light from the camera itself."""
    if t_s < WRONG_S + 3:
        picture[:] = 16
        return
    glow = np.exp(-(((np.arange(WIDTH) - WIDTH / 2) / 130) ** 2))
    picture[:] = 20 + (0.35 * (255 - picture) + 60) * glow


def lamp_off(picture: Picture, t_s: float) -> None:
    picture *= 0.4


def crowd(picture: Picture, t_s: float) -> None:
    """People who hide most of the view and never stand still."""
    rng = np.random.default_rng(int(t_s))
    for _ in range(14):
        x, y = int(rng.integers(0, WIDTH - 40)), int(rng.integers(0, HEIGHT - 60))
        picture[y : y + 60, x : x + 24] = rng.integers(20, 220)


def bus(picture: Picture, t_s: float) -> None:
    """It stands before two thirds of the view."""
    picture[:, 100:] = np.kron(
        np.random.default_rng(5).uniform(60, 200, (9, 11)), np.ones((20, 20))
    )


def shaken(picture: Picture, t_s: float) -> None:
    """Wind at the pole."""
    picture[:] = np.roll(picture, (int(t_s) % 3 - 1, 2 * (int(t_s) % 2)), (0, 1))


def nudged(picture: Picture, t_s: float) -> None:
    """So little that pictures are still held on the zones."""
    picture[:] = np.roll(picture, (4, 9), (0, 1))


def trembling(picture: Picture, t_s: float) -> None:
    """A lorry passes the pole again and again: less than a pixel, but no detail meets its like."""
    move = np.array([[1, 0, 0.9 * (int(t_s / 2) % 2)], [0, 1, 0.6 * (int(t_s / 4) % 2)]])
    moved = cv2.warpAffine(picture, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    picture[:] = 130 + 0.3 * (moved - 130)


def noisy(picture: Picture, t_s: float) -> None:
    """The sensor's gain by night."""
    picture[:] = 0.35 * picture + np.random.default_rng(int(t_s)).normal(30, 14, picture.shape)


@pytest.mark.parametrize(
    "spoil", [infra_red, lamp_off, crowd, bus, shaken, nudged, trembling, noisy]
)
def test_what_only_looks_like_a_fault_is_not_told(spoil: Spoil) -> None:
    """Neither while it lasts nor when it ends."""
    assert check(between(spoil))[0] == []


def test_night_that_falls_on_an_unlit_lane_is_not_told() -> None:
    """However dark it gets, if it gets dark slowly."""

    def dusk(picture: Picture, t_s: float) -> None:
        picture *= max(0.0, 1.0 - t_s / 1200)
        picture += 16

    told, _ = check(dusk, until_s=2400, fps=0.125, noise=0.3)
    assert told == []


def test_darkness_at_once_is_told_the_first_time_at_an_hour() -> None:
    """A lamp that goes off every evening is told once, at another hour again."""
    checkup = Checkup(10.0)
    checkup.begin(np.zeros((HEIGHT, WIDTH), bool))
    still = wall()
    rng = np.random.default_rng(2)
    told = []
    for t_s in range(0, 60 * 3600, 300):
        hour = t_s / 3600 % 24
        picture = still.copy()
        if 20 <= hour < 23 or 50 <= t_s / 3600 < 51:
            dark(picture, t_s)
        picture += rng.normal(0, 2, picture.shape)
        seen = np.clip(picture, 0, 255).astype(np.uint8)
        told += checkup.picture(seen, t_s, keyframe=False, coloured=True)
    begun = [change.since_s / 3600 for change in told if change.until_s is None]
    assert {change.condition for change in told} == {"exposure"}
    assert begun == pytest.approx([20, 50], abs=0.1)


def test_a_camera_that_stays_black_beyond_any_night_is_told() -> None:
    """However it became black."""
    checkup = Checkup(10.0)
    checkup.begin(np.zeros((HEIGHT, WIDTH), bool))
    told = []
    for t_s in range(0, 16 * 3600, 120):
        luma = max(16, round(120 - t_s / 20))
        picture = np.full((HEIGHT, WIDTH), luma, np.uint8)
        told += checkup.picture(picture, t_s, keyframe=False, coloured=True)
    assert names(told)[:1] == [("black", False)]


def test_what_lies_behind_a_privacy_mask_is_not_judged() -> None:
    """Nor does its edge count as something that is still seen of the view."""
    hidden = np.zeros((HEIGHT, WIDTH), bool)
    hidden[:, :200] = True
    told, _ = check(between(elsewhere), until_s=150, hidden=hidden)
    assert names(told) == [("moved", False)]

    def beside(picture: Picture, t_s: float) -> None:
        picture[:, :200] = wall(8)[:, :200]

    assert check(between(beside), until_s=150, hidden=hidden)[0] == []


def test_a_picture_too_small_to_be_judged_is_left_alone() -> None:
    """Instead of guessing from a handful of cells."""
    checkup = Checkup(10.0)
    checkup.begin(np.zeros((40, 60), bool))
    rng = np.random.default_rng(1)
    for t_s in range(60):
        picture = rng.integers(0, 255, (40, 60), dtype=np.uint8)
        assert checkup.picture(picture, t_s, keyframe=True, coloured=True) == []


def stream(fps_at: Callable[[float], float], *, until_s: float, nominal_fps: float = 25.0) -> list:
    """Return what is told of a stream that sends so many pictures per second."""
    checkup, told, t_s = Checkup(nominal_fps), [], 0.0
    while t_s < until_s:
        told += checkup.packets(1, t_s, lambda: Count(decoded=0, errors=0, drift_s=None))
        t_s += 1.0 / fps_at(t_s)
    return told


def test_far_fewer_pictures_than_usual_are_told() -> None:
    """Half of them, as with a slow shutter by night, are not."""
    told = stream(lambda t_s: 15 if not 100 < t_s < 200 else 7.5, until_s=300)
    assert told == []
    told = stream(lambda t_s: 15 if not 100 < t_s < 200 else 3, until_s=300)
    assert names(told) == [("low_frame_rate", False), ("low_frame_rate", True)]
    assert told[0].since_s == pytest.approx(110, abs=11)


def test_a_stream_far_slower_than_it_says_is_told() -> None:
    """Even if it never was faster; one that is set slower than it could be is not."""
    assert names(stream(lambda _: 2, until_s=120)) == [("low_frame_rate", False)]
    assert stream(lambda _: 8, until_s=120) == []
    assert stream(lambda _: 1, until_s=120, nominal_fps=1) == []


def test_packets_that_the_gateway_had_no_time_for_are_not_the_cameras_fault() -> None:
    """They came."""
    checkup, told = Checkup(10.0), []
    for number in range(3000):
        if number < 1000 or number % 10 == 0:
            told += checkup.packets(
                1, number / 10, lambda: Count(decoded=0, errors=0, drift_s=None)
            )
        else:
            checkup.flow.skip(1)
    assert told == []


def test_broken_pictures_and_a_wrong_clock_are_told() -> None:
    """Each by its share or its seconds, and over when it has stopped."""

    def count(t_s: float) -> Count:
        broken = min(max(0, t_s - 100), 60)
        return Count(decoded=int(5 * t_s), errors=int(broken), drift_s=4 * (t_s > 300))

    checkup, told = Checkup(5.0), []
    for number in range(5 * 500):
        t_s = number / 5
        told += checkup.packets(1, t_s, lambda t_s=t_s: count(t_s))
        if any(change.condition == "clock_drift" for change in told):
            assert "4.0 s ahead" in checkup.describe("clock_drift")
    assert names(told) == [
        ("decode_errors", False),
        ("decode_errors", True),
        ("clock_drift", False),
    ]
    assert told[0].since_s == pytest.approx(110, abs=11)
    assert told[1].until_s == pytest.approx(220, abs=21)


def test_pictures_that_do_not_come_are_told_though_few_are_decoded() -> None:
    """At rest only keyframes are decoded: what is missing is a share of all that were sent."""

    def count(t_s: float) -> Count:
        missing = int(min(max(0.0, t_s - 100), 100))
        return Count(decoded=int(t_s / 2), errors=0, missing=missing, drift_s=None)

    checkup, told = Checkup(5.0), []
    for number in range(5 * 500):
        t_s = number / 5
        told += checkup.packets(1, t_s, lambda t_s=t_s: count(t_s))
        if checkup.flow.broken:
            assert checkup.flow.error_share < 0.2
    assert names(told) == [("decode_errors", False), ("decode_errors", True)]


def test_a_main_stream_that_does_not_come_is_told_with_its_reason() -> None:
    """Not at once, it is tried again; and not of a camera that has none."""

    def count(t_s: float) -> Count:
        down = 100 <= t_s < 130 or 200 <= t_s < 400
        fault = "the camera answers 404 to DESCRIBE" if down else None
        return Count(decoded=int(t_s), errors=0, main_fault=fault, drift_s=None)

    checkup, told = Checkup(5.0), []
    for number in range(5 * 500):
        t_s = number / 5
        told += checkup.packets(1, t_s, lambda t_s=t_s: count(t_s))
    assert names(told) == [("main_stream", False), ("main_stream", True)]
    assert told[0].since_s == pytest.approx(200, abs=11)
    assert told[1].until_s == pytest.approx(400, abs=11)
    assert "answers 404" in checkup.describe("main_stream")
    assert "sub-stream" in checkup.describe("main_stream")
