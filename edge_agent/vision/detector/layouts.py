"""The output layouts of YOLO models as rows of one form. Pure."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
"""(n, 6): left, top, right, bottom in input pixels, confidence, class."""
_LEAST_IOU = 0.5
"""Boxes of one class that share more are one thing (non-maximum suppression)."""


class DetectorRefused(Exception):
    """The model cannot be used; the technician must mend the configuration."""


def decode_rows(raw: NDArray[np.float32], *, classes: int) -> Rows:
    """Return a model's output, of YOLOv5, v8/v11 or v10, as rows.

    Raises:
        DetectorRefused: the shape is none of the known layouts.
    """
    if raw.ndim == 3 and raw.shape[0] == 1:
        table = raw[0]
        if table.shape[1] == 6 and classes != 2:
            return np.asarray(table, np.float32)
        if table.shape[0] == 4 + classes:
            return _rows(table[:4].T, table[4:].T)
        if table.shape[1] == 5 + classes:
            return _rows(table[:, :4], table[:, 4:5] * table[:, 5:])
    raise DetectorRefused(
        f"the model's output {raw.shape} fits no known layout for {classes} labels"
    )


def _rows(centred: NDArray[np.float32], scores: NDArray[np.float32]) -> Rows:
    half = centred[:, 2:4] / 2
    kind = scores.argmax(axis=1)
    best = scores[np.arange(len(scores)), kind]
    corners = (centred[:, :2] - half, centred[:, :2] + half)
    rows = np.column_stack([*corners, best, kind.astype(np.float32)])
    return np.asarray(rows, np.float32)


def suppress(rows: Rows) -> Rows:
    """Return the rows without those that a more certain one of their class covers."""
    kept: list[NDArray[np.float32]] = []
    for row in rows[np.argsort(-rows[:, 4])]:
        if all(row[5] != other[5] or _iou(row, other) < _LEAST_IOU for other in kept):
            kept.append(row)
    return np.array(kept, np.float32).reshape(-1, 6)


def _iou(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, float(width)) * max(0.0, float(height))
    areas = [float((r[2] - r[0]) * (r[3] - r[1])) for r in (one, other)]
    return shared / max(1e-6, sum(areas) - shared)
