"""Turns a place and its story into pictures as a cheap camera sees them: noise, light, clock."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from fractions import Fraction

import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from simulator.camera.scenes.figures import Canvas, draw
from simulator.camera.scenes.places import HEIGHT_PX, PLACES, WIDTH_PX
from simulator.camera.scenes.story import Timetable, actors_at
from simulator.camera.stream.pictures import Picture, plane_of

VIETNAM_TIME = timezone(timedelta(hours=7))
NOISE_LUMA = 1.5
"""Standard deviation of the sensor's noise, in steps of luma."""
NOISE_MARGIN_PX = 96
LIGHT_SWING = 0.025
LIGHT_PERIOD_S = 140.0
"""The light of the day drifts by ±2.5 % in this time, as when thin clouds pass."""
SWAY_PX = 1.6
CLOCK_BOX = (24, 20, 420, 34)


class ScenePictures:
    """An endless drawn scene, 1280×720; it never repeats itself."""

    def __init__(
        self, name: str, timetable: Timetable, *, seed: int, camera_now: Callable[[], datetime]
    ) -> None:
        rng = np.random.default_rng(seed)
        self.width, self.height = WIDTH_PX, HEIGHT_PX
        self.ended = False
        self._place = PLACES[name](rng)
        self._frames_per_s = self._place.frames_per_s
        self.rate = Fraction(self._frames_per_s)
        self._timetable = timetable
        self._seed = seed
        self._camera_now = camera_now
        self._planes = _planes(self._place.background)
        shape = (HEIGHT_PX + NOISE_MARGIN_PX, WIDTH_PX + NOISE_MARGIN_PX)
        noise = rng.standard_normal(shape) * NOISE_LUMA + 128
        self._noise: NDArray[np.uint8] = np.rint(noise).astype(np.uint8)
        self._rng = rng
        self._number = 0
        self._clock_text = ""
        self._clock = np.zeros((CLOCK_BOX[3], CLOCK_BOX[2]), np.uint8)

    def next_picture(self, not_before_s: float) -> Picture:
        """Draw the next picture, skipping what a loaded machine could not draw in time."""
        number = max(self._number, math.ceil(not_before_s * self._frames_per_s))
        self._number = number + 1
        at_s = number / self._frames_per_s
        frame = VideoFrame(WIDTH_PX, HEIGHT_PX, "yuv420p")
        planes = (plane_of(frame, 0), plane_of(frame, 1), plane_of(frame, 2))
        for target, still in zip(planes, self._planes, strict=True):
            target[:] = still
        self._sway(planes[0], at_s)
        draw(
            Canvas(planes),
            actors_at(self._place, self._timetable, seed=self._seed, at_s=at_s),
        )
        self._expose(planes[0], at_s)
        self._write_clock(planes[0])
        return Picture(frame=frame, pts_s=at_s)

    def _sway(self, luma: NDArray[np.uint8], at_s: float) -> None:
        for index, (x, y, width, height) in enumerate(self._place.trees):
            phase = 2 * math.pi * at_s / 3.7 + index
            gust = 0.6 + 0.4 * math.sin(2 * math.pi * at_s / 31)
            shift = np.array([[1, 0, SWAY_PX * gust * math.sin(phase)], [0, 1, 0]], np.float32)
            part = (slice(y, y + height), slice(x, x + width))
            swayed = cv2.warpAffine(
                self._planes[0][part], shift, (width, height), borderMode=cv2.BORDER_REPLICATE
            )
            luma[part] = swayed

    def _expose(self, luma: NDArray[np.uint8], at_s: float) -> None:
        x, y = (int(value) for value in self._rng.integers(0, NOISE_MARGIN_PX, 2))
        grain = self._noise[y : y + HEIGHT_PX, x : x + WIDTH_PX]
        gain = 1 + LIGHT_SWING * math.sin(2 * math.pi * at_s / LIGHT_PERIOD_S)
        cv2.addWeighted(luma, gain, grain, 1.0, -128.0, dst=luma)

    def _write_clock(self, luma: NDArray[np.uint8]) -> None:
        text = self._camera_now().astimezone(VIETNAM_TIME).strftime("%Y-%m-%d %H:%M:%S")
        if text != self._clock_text:
            self._clock_text = text
            self._clock[:] = 0
            for shade, width in ((40, 5), (235, 2)):
                place = (6, 26)
                cv2.putText(
                    self._clock,
                    text,
                    place,
                    cv2.FONT_HERSHEY_SIMPLEX,
                    0.9,
                    shade,
                    width,
                    cv2.LINE_8,
                )
        x, y, width, height = CLOCK_BOX
        np.copyto(luma[y : y + height, x : x + width], self._clock, where=self._clock > 0)


def _planes(background: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    frame = VideoFrame.from_ndarray(background, format="bgr24").reformat(format="yuv420p")
    return [plane_of(frame, index).copy() for index in range(3)]
