"""The small luma plane that analysis works on: its size, zones drawn on it, its light."""

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


def middle(values: Luma) -> float:
    """Return the median; a third of the time that numpy's own takes for a few thousand values."""
    flat = values.ravel()
    half = flat.size // 2
    if flat.size % 2:
        return float(np.partition(flat, half)[half])
    low, high = np.partition(flat, (half - 1, half))[half - 1 : half + 1]
    return (float(low) + float(high)) / 2


def draw(polygons: Sequence[Sequence[tuple[float, float]]], width: int, height: int) -> Mask:
    """Return where any polygon (shares of width and height) covers the plane, (height, width)."""
    canvas = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        points = np.array(polygon, np.float64) * (width, height)
        cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], 1)
    return canvas.astype(bool)


def hide_everything(masks: Sequence[Sequence[tuple[float, float]]]) -> bool:
    """Whether privacy masks leave nothing to be seen."""
    return bool(draw(masks, 160, 90).all())


BLACK, BLOWN = 4.0, 250.0
"""Luma levels beyond which a sensor shows nothing more."""
MAX_LOST = 0.4
_AGREES = 6.0
"""Luma levels within which two pixels are alike."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Light:
    """How the picture's light maps to the background's: `background = (luma - offset) / gain`."""

    gain: float = 1.0
    offset: float = 0.0


def relight(luma: Luma, background: Luma, light: Light) -> Luma:
    """Return the picture in the background's light.

    What is blown out or black now, or was when the background was learned, has lost its true
    value: it differs only if it lies on the wrong side. A picture that is black or white all over
    is left as it is.
    """
    seen: Luma = (luma - np.float32(light.offset)) / np.float32(light.gain)
    for lost, keep in (
        (luma >= BLOWN, np.maximum),
        (background >= BLOWN, np.minimum),
        (luma <= BLACK, np.minimum),
        (background <= BLACK, np.maximum),
    ):
        if 0.0 < lost.mean() < MAX_LOST:
            seen[lost] = keep(seen[lost], background[lost])
    return seen


def fit_light(luma: Luma, background: Luma, usable: Mask) -> Light:
    """Fit gain and offset between picture and background, outliers trimmed.

    Automatic exposure and dusk change all pixels alike; what still differs afterwards is there.
    Nothing is changed unless clearly more of the whole picture agrees with it than without.
    """
    step = max(1, int((luma.size / 5_000) ** 0.5))
    sample = usable[::step, ::step]
    behind, seen = background[::step, ::step], luma[::step, ::step]
    differs = seen - behind
    agrees = np.count_nonzero(np.abs(differs) < _AGREES) / differs.size
    if agrees > 0.97 or np.count_nonzero(sample) < 200:
        return Light()
    light = _trimmed_fit(seen[sample], behind[sample])
    fitted = float((np.abs(differs - (light.gain - 1.0) * behind - light.offset) < _AGREES).mean())
    return light if fitted > agrees + 0.03 else Light()


def _trimmed_fit(seen: Luma, behind: Luma) -> Light:
    gain, offset = 1.0, middle(seen - behind)
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


def relit_like(before: Luma, now: Luma, usable: Mask) -> Luma:
    """Return what was seen before in the light that best explains the usable pixels of now."""
    was, seen = before[usable], now[usable]
    if not was.size:
        return before
    spread = max(1.0, float(was.var()))
    gain = float(((was - was.mean()) * (seen - seen.mean())).mean()) / spread
    relit: Luma = np.float32(gain) * (before - was.mean()) + seen.mean()
    return relit
