"""Draws one minute of a street with or without walkers and encodes it as a camera would."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

FPS, LOOP_S, GOP_S = 15, 60, 2
WALKS = ((10.0, 16.0), (40.0, 46.0))
"""Seconds of every busy minute in which somebody walks through the picture: 20 %."""
NOISE = 2.0
"""Standard deviation of the sensor's noise in luma levels."""
_PRESET = ("-preset", "veryfast", "-bf", "0", "-g", str(GOP_S * FPS), "-sc_threshold", "0")

Rate = Literal["cbr", "vbr"]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One stream to draw."""

    resolution: Literal["640x360", "1080p"]
    rate: Rate
    busy: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return (1920, 1080) if self.resolution == "1080p" else (640, 360)

    @property
    def kbit_s(self) -> int:
        """Of the constant bit rate; the variable rate is what the scene needs."""
        return 2000 if self.resolution == "1080p" else 512

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.resolution}-{self.rate}-{'busy' if self.busy else 'quiet'}"


class Street:
    """A textured picture with sensor noise, and who walks through it."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._width, self._height = size
        rng = np.random.default_rng(7)
        still = 125.0 + sum(_layer(rng, self._width, self._height, k) for k in range(8))
        noises = (rng.normal(0, NOISE, still.shape) for _ in range(11))
        self._noisy = [np.clip(still + noise, 0, 255).astype(np.uint8) for noise in noises]
        self._cloth = rng.integers(20, 60, (self._height // 4, self._height // 12), np.uint8)

    def picture(self, number: int, *, busy: bool) -> NDArray[np.uint8]:
        """Return the luma of one picture."""
        # A step prime to the number of noises: no two pictures in a row share theirs.
        image = self._noisy[(number * 5) % len(self._noisy)]
        t_s = number / FPS
        for begin_s, end_s in WALKS:
            if busy and begin_s <= t_s < end_s:
                return self._walk(image, (t_s - begin_s) / (end_s - begin_s))
        return image

    def _walk(self, image: NDArray[np.uint8], way: float) -> NDArray[np.uint8]:
        image = image.copy()
        tall, wide = self._cloth.shape
        left = round(way * (self._width + wide)) - wide
        top = round(0.55 * self._height + tall / 30 * np.sin(way * 60))
        shown = image[top : top + tall, max(0, left) : max(0, left + wide)]
        shown[:] = self._cloth[:, max(0, -left) : max(0, -left) + shown.shape[1]]
        return image


def _layer(rng: np.random.Generator, width: int, height: int, octave: int) -> NDArray[np.float64]:
    """Return one octave of the texture: as in nature, half as strong where twice as fine."""
    coarse = rng.normal(0, 50.0 / 2**octave, (3 * 2**octave, 5 * 2**octave))
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def draw(drawn: Drawn, folder: Path) -> Path:
    """Return one loop as H.264 elementary stream, drawn and encoded unless it is there."""
    target = folder / f"{drawn.name}.h264"
    if target.exists():
        return target
    width, height = drawn.size
    source = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{width}x{height}", "-r", str(FPS))
    rate, params = f"{drawn.kbit_s}k", "repeat-headers=1"
    quality: tuple[str, ...] = ("-crf", "22")
    if drawn.rate == "cbr":
        quality = ("-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate)
        params += ":nal-hrd=cbr"
    partial = target.with_suffix(".part.h264")
    command = ["ffmpeg", "-y", "-v", "error", *source, "-i", "-", "-pix_fmt", "yuv420p"]
    command += ["-c:v", "libx264", *_PRESET, *quality, "-x264-params", params, str(partial)]
    street = Street(drawn.size)
    with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin is not None  # noqa: S101 - a pipe was asked for
        for number in range(FPS * LOOP_S):
            ffmpeg.stdin.write(street.picture(number, busy=drawn.busy).tobytes())
    return partial.replace(target)
