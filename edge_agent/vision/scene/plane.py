"""The small luma plane that analysis works on: its size, zones drawn on it, light and shake."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.float32]
Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]

AIM_PIXELS = 76_800
"""320×240: a bag of 1/15 of the picture's height still has some 200 pixels."""


def reduction(width_px: int, height_px: int) -> int:
    """Return by which whole number a picture is divided: whole steps are cheap and alias least."""
    excess = float((width_px * height_px / AIM_PIXELS) ** 0.5)
    # Rather a little more than the aim (720×576 by 2, 1920×1080 by 5) than much less.
    return max(1, math.ceil(excess - 0.35))


def plane_size(width_px: int, height_px: int) -> tuple[int, int]:
    """Return width and height of the analysis plane; small pictures are kept as they are."""
    step = reduction(width_px, height_px)
    return max(1, width_px // step), max(1, height_px // step)


def draw(polygons: Sequence[Sequence[tuple[float, float]]], width: int, height: int) -> Mask:
    """Return where any polygon (shares of width and height) covers the plane, (height, width)."""
    canvas = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        points = np.array(polygon, np.float64) * (width, height)
        cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], 1)
    return canvas.astype(bool)


_AGREES = 6.0
"""Luma levels within which two pixels are alike."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Light:
    """How the picture's light maps to the background's: `background = (luma - offset) / gain`."""

    gain: float = 1.0
    offset: float = 0.0


def fit_light(luma: Luma, background: Luma, usable: Mask) -> Light:
    """Fit gain and offset between picture and background, outliers trimmed.

    Automatic exposure and dusk change all pixels alike; what still differs afterwards is there.
    Nothing is changed unless clearly more of the whole picture agrees with it than without.
    """
    step = max(1, int((luma.size / 5_000) ** 0.5))
    sample = usable[::step, ::step]
    behind, seen = background[::step, ::step], luma[::step, ::step]
    differs = seen - behind
    agrees = float((np.abs(differs) < _AGREES).mean())
    if agrees > 0.97 or np.count_nonzero(sample) < 200:
        return Light()
    light = _trimmed_fit(seen[sample], behind[sample])
    fitted = float((np.abs(differs - (light.gain - 1.0) * behind - light.offset) < _AGREES).mean())
    return light if fitted > agrees + 0.03 else Light()


def _trimmed_fit(seen: Luma, behind: Luma) -> Light:
    gain, offset = 1.0, float(np.median(seen - behind))
    kept = np.abs(seen - behind - offset) < 25.0
    for _ in range(2):
        if np.count_nonzero(kept) < 100:
            return Light()
        mean, spread = float(behind[kept].mean()), float(behind[kept].var())
        if spread > 60.0:
            covariance = float(((behind[kept] - mean) * seen[kept]).mean())
            gain = float(np.clip(covariance / spread, 0.4, 2.5))
        offset = float(seen[kept].mean()) - gain * mean
        kept = np.abs(seen - gain * behind - offset) < 12.0
    return Light(gain=gain, offset=offset)


class Steadier:
    """Holds a slightly moving camera (wind, a loose pole) still against the background."""

    def __init__(self, width: int, height: int) -> None:
        self._step = 2 if width * height > 30_000 else 1
        shape = (len(range(0, height, self._step)), len(range(0, width, self._step)))
        self._window = cv2.createHanningWindow((shape[1], shape[0]), cv2.CV_32F)
        self._limit_px = 0.04 * width
        self._usual = 0.0
        self.shift_px: tuple[float, float] = (0.0, 0.0)
        """Of the last picture against the background, to the right and down."""

    def _residual(self, luma: Luma, background: Luma) -> float:
        differs = np.abs(luma[::3, ::3] - background[::3, ::3])
        return float(np.minimum(differs, 30.0).mean())

    def hold(self, luma: Luma, background: Luma) -> Luma:
        """Return the picture moved onto the background, or as it is where that fits no worse."""
        residual = self._residual(luma, background)
        still = self.shift_px == (0.0, 0.0) and residual < 1.15 * self._usual + 0.3
        self._usual += 0.1 * (min(residual, 1.5 * self._usual + 1.0) - self._usual)
        if still:
            return luma
        step = self._step
        # Copies: phaseCorrelate applies the window to the arrays it is given.
        small, behind = luma[::step, ::step].copy(), background[::step, ::step].copy()
        (right, down), _ = cv2.phaseCorrelate(behind, small, self._window)
        right, down = right * step, down * step
        self.shift_px = (0.0, 0.0)
        if not 0.25 < np.hypot(right, down) < self._limit_px:
            return luma
        move = np.array([[1, 0, right], [0, 1, down]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (luma.shape[1], luma.shape[0])
        moved = cv2.warpAffine(luma, move, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        held: Luma = np.asarray(moved, np.float32)
        if self._residual(held, background) > 0.93 * self._residual(luma, background):
            return luma
        self.shift_px = (float(right), float(down))
        return held
