"""Which figure of this picture is which of the picture before. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.vision.picture.figures import Area

Boxes = NDArray[np.float64]
"""(n, 4): left, top, right, bottom."""
FASTEST, AWAITED = 1.6, 0.5
"""Own sizes per second by which somebody may change their speed from one picture to the next, and
while they are out of sight; the size is the geometric mean of the box's sides."""
LEAPS = 0.6
"""Own sizes that a box may jump between two pictures, because its outline is uncertain."""
MOST_RATIO, MOST_LUMA = 3.0, 45.0
"""Figures without overlap that differ more in size or shade are two."""
TOUCHES, LEFTOVER = 0.2, 12.0
"""Of the smaller box, so much overlap makes two figures one without further questions, unless one
has so many times the pixels: somebody has gone, and a speck remains."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Looks:
    """What figures are compared by; arrays of one length."""

    boxes: Boxes
    pixels: NDArray[np.float64]
    luma: NDArray[np.float64]

    @property
    def size_px(self) -> NDArray[np.float64]:
        """Geometric mean of width and height."""
        sides = self.boxes[:, 2:] - self.boxes[:, :2]
        size: NDArray[np.float64] = np.sqrt(np.maximum(1.0, sides[:, 0] * sides[:, 1]))
        return size


def boxes_of(areas: Sequence[Area]) -> Boxes:
    """Return areas as an array."""
    rows = [(a.left, a.top, a.right, a.bottom) for a in areas]
    return np.array(rows, np.float64).reshape(-1, 4)


def overlap(one: Boxes, other: Boxes) -> NDArray[np.float64]:
    """Return how many pixels each of `one` (rows) shares with each of `other` (columns)."""
    left_top = np.maximum(one[:, None, :2], other[None, :, :2])
    right_bottom = np.minimum(one[:, None, 2:], other[None, :, 2:])
    sides = np.maximum(0.0, right_bottom - left_top)
    shared: NDArray[np.float64] = sides[..., 0] * sides[..., 1]
    return shared


def sizes(boxes: Boxes) -> NDArray[np.float64]:
    """Return the pixels of each box, at least one."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.maximum(1.0, sides[:, 0] * sides[:, 1])


def pair(
    known: Looks, seen: Looks, unseen_s: NDArray[np.float64], dt_s: float
) -> list[tuple[int, int]]:
    """Return which known figure (at its expected place) is which seen one; each at most once.

    `unseen_s` is how long ago each known figure was seen, `dt_s` the time between two pictures.
    """
    if not len(known.boxes) or not len(seen.boxes):
        return []
    shared = overlap(known.boxes, seen.boxes)
    touch = shared / np.minimum(sizes(known.boxes)[:, None], sizes(seen.boxes)[None, :])
    apart = _centres(known.boxes)[:, None, :] - _centres(seen.boxes)[None, :, :]
    step_s = min(dt_s, 3.0)
    awaited_s = np.clip(unseen_s - dt_s, 0.0, 3.0)
    reach_px = known.size_px * (LEAPS + FASTEST * step_s + AWAITED * awaited_s)
    far = np.hypot(apart[..., 0], apart[..., 1]) / reach_px[:, None]
    ratio = np.abs(np.log(known.pixels[:, None] / seen.pixels[None, :]))
    shade = np.abs(known.luma[:, None] - seen.luma[None, :])
    alike = (ratio < np.log(MOST_RATIO)) & (shade < MOST_LUMA)
    touching = (touch >= TOUCHES) & (ratio < np.log(LEFTOVER))
    possible = touching | ((far < 1.0) & alike)
    cost = far + 0.5 * ratio + shade / 60.0 - 0.5 * touch
    return _cheapest(np.where(possible, cost, np.inf))


def _centres(boxes: Boxes) -> Boxes:
    return 0.5 * (boxes[:, :2] + boxes[:, 2:])


def _cheapest(cost: NDArray[np.float64]) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    order = np.argsort(cost, axis=None)
    taken_rows: set[int] = set()
    taken_columns: set[int] = set()
    for flat in order[: int(np.isfinite(cost).sum())]:
        row, column = divmod(int(flat), cost.shape[1])
        if row not in taken_rows and column not in taken_columns:
            taken_rows.add(row)
            taken_columns.add(column)
            pairs.append((row, column))
    return pairs
