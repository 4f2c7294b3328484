"""What is measured in one picture, and in two that follow each other; pure.

Everything is measured on two pictures: what both show is the view, what differs is noise or moves.
"""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.vision.picture.plane import Luma, Mask, Pixels

CELL_PX = 20
"""Cells of the plane that are judged apart, so that a written clock or a passer-by is few of them.

Half as large on the halved plane on which edges are sought.
"""
DARK_LUMA, BRIGHT_LUMA = 32.0, 232.0
"""Mean of a cell in which nothing can be seen: black is 16 and white 235 in limited range."""
FLAT_LUMA = 3.0
"""Standard deviation within a cell that shows nothing."""
SHAKE_PX = 0.4
"""Of the plane: beyond it, the finest details of two pictures do not meet."""
_SOBEL = 8.0
"""By which OpenCV's Sobel gradients exceed those per pixel."""
_MOST_LUMA = 20.0
STILL_LUMA = 3.0
"""Mean difference in a cell by which something moves there, beyond the noise."""
LONGEST_STEP_S = 40.0
"""What is learned over time goes no further at once: one picture after a long pause, as when the camera
was away, does not make up for all of it."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Look:
    """One picture, prepared for measuring; all arrays cover whole cells only.

    Every camera keeps one for many seconds: what follows from it quickly is not kept.
    """

    t_s: float
    luma: Pixels
    """The plane."""
    half: Luma
    """The plane at half its size."""
    shades: Luma
    """Mean of each cell."""
    spread: Luma
    """Standard deviation within each cell."""

    def gradients(self) -> tuple[Luma, Luma]:
        """Return the gradients of `half`, to the right and down."""
        across = cv2.Sobel(self.half, cv2.CV_32F, 1, 0, ksize=3)
        return _floats(across), _floats(cv2.Sobel(self.half, cv2.CV_32F, 0, 1, ksize=3))

    def fine(self) -> Luma:
        """Return the second derivative of `luma`."""
        return _floats(cv2.Laplacian(self.luma.astype(np.float32), cv2.CV_32F))

    def coarse(self) -> Luma:
        """Return the second derivative of `half`."""
        return _floats(cv2.Laplacian(self.half, cv2.CV_32F))


def cells(values: Luma, size_px: int) -> Luma:
    """Return the mean of each cell of this size."""
    height, width = values.shape
    size = (width // size_px, height // size_px)
    return _floats(cv2.resize(values, size, interpolation=cv2.INTER_AREA))


def _floats(values: NDArray[Any]) -> Luma:
    return np.asarray(values, np.float32)


def can_be_measured(plane: Pixels) -> bool:
    """Whether the plane is large enough to hold cells worth comparing."""
    height, width = plane.shape
    return bool((height // CELL_PX) * (width // CELL_PX) >= 12)


def look(plane: Pixels, t_s: float) -> Look:
    """Prepare one picture, (height, width) uint8."""
    height, width = (size // CELL_PX * CELL_PX for size in plane.shape)
    # A copy: the plane may lie in the memory of the whole decoded picture.
    luma = plane[:height, :width].copy()
    size = (width // 2, height // 2)
    half = _floats(cv2.resize(luma.astype(np.float32), size, interpolation=cv2.INTER_AREA))
    shades = cells(half, CELL_PX // 2)
    squares = cells(half * half, CELL_PX // 2)
    return Look(
        t_s=t_s,
        luma=luma,
        half=half,
        shades=shades,
        spread=np.sqrt(np.maximum(squares - shades * shades, 0.0)),
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reading:
    """What a picture shows, measured together with the one before it."""

    t_s: float
    brightness: float
    """Mean luma."""
    dark_share: float
    bright_share: float
    """Of the cells."""
    empty_share: float
    """Of the cells: dark, without anything in them and without noise."""
    change: float
    """Luma steps by which the typical cell differs from the picture before."""
    sharpness: float | None
    """Fine detail against coarse, noise left out; None: too much moves or nothing has detail."""
    edges: Luma
    """Edges that both pictures have, at half the plane's size."""
    shades: Luma
    """Mean of each cell."""


def measure(now: Look, before: Look, seen: Mask) -> Reading:
    """Compare two pictures in the cells that are `seen`: not hidden by a privacy mask."""
    moved = cells(np.abs(now.half - before.half), CELL_PX // 2)
    usual = float(np.median(moved[seen]))
    still = seen & (moved < 2.0 * usual + STILL_LUMA)
    empty = (now.shades < DARK_LUMA) & (now.spread < FLAT_LUMA) & (moved < 1.0)
    # Noise of two pictures points in unlike directions, the view's edges in the same.
    (across, down), (across_before, down_before) = now.gradients(), before.gradients()
    both = across * across_before + down * down_before
    return Reading(
        t_s=now.t_s,
        brightness=float(now.shades[seen].mean()),
        dark_share=float((now.shades[seen] < DARK_LUMA).mean()),
        bright_share=float((now.shades[seen] > BRIGHT_LUMA).mean()),
        empty_share=float(empty[seen].mean()),
        change=usual,
        sharpness=_sharpness(now, before, still, seen),
        edges=_floats(cv2.blur(np.sqrt(np.maximum(both, 0.0)), (3, 3))),
        shades=now.shades,
    )


def holds_still(now: Look, before: Look) -> bool:
    """Whether the camera did not shake between two pictures: details must lie on details."""
    # Of both pictures, so that noise, which is in the difference too, has no say.
    (across, down), (across_before, down_before) = now.gradients(), before.gradients()
    across = (across + across_before).ravel() / (2 * _SOBEL)
    down = (down + down_before).ravel() / (2 * _SOBEL)
    # What moves by itself differs by much and counts for little.
    differs = np.clip(before.half - now.half, -_MOST_LUMA, _MOST_LUMA).ravel()
    slopes = np.array([[across @ across, across @ down], [across @ down, down @ down]])
    if np.linalg.det(slopes) < 1.0:
        return True
    shift_px = 2.0 * np.linalg.solve(slopes, np.array([across @ differs, down @ differs]))
    return bool(np.hypot(*shift_px) < SHAKE_PX)


def _sharpness(now: Look, before: Look, still: Mask, seen: Mask) -> float | None:
    if np.count_nonzero(still) < 0.6 * np.count_nonzero(seen):
        return None
    # The products of both pictures' details are free of noise in the mean.
    fine = float(cells(now.fine() * before.fine(), CELL_PX)[still].mean())
    coarse = float(cells(now.coarse() * before.coarse(), CELL_PX // 2)[still].mean())
    if coarse < 1.0:
        return None
    return math.sqrt(max(0.0, fine) / coarse)
