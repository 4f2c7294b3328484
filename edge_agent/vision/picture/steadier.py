"""Holds a slightly moving camera (wind, a loose pole) still against the background."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.vision.picture.plane import Luma

POINTS = 1_200
"""So many edges, spread evenly, tell where the picture lies; people cover few of them."""
LEAST_SLOPE = 2.5
"""Luma levels per pixel; less is no edge."""
CLEAR = 0.35
"""Nor is less than this share of the slope that one edge in ten has: weak ones hide a shift."""
LEAST_POINTS = 60
LEAST_ASKEW = 1.0
"""Luma levels by which even good pictures of a still scene differ."""
LEAST_SHIFT_PX = 0.15
MAX_SHIFT = 0.04
"""Of the width; what moves more was turned, not shaken."""
ROUNDS = 14
SHIFT_ROUNDS = 6
"""The first of them fit only the shift: turn and zoom would follow a wrong one."""
MOST_RESTS = 6
"""Pictures to wait after looking in vain for a shift: then it is a crowd or the light."""
CHOOSE_EVERY = 250
"""Pictures after which the edges are chosen anew, because the light wanders over them."""
_LEAN = 0.03
"""Weight against rotation and zoom, as a share of theirs: a shaking camera has little of both."""

_Points = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Edges:
    """Where the background has edges, with its slope there and the place seen from the centre."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    places: NDArray[np.intp]
    """Of rows and columns, in the plane as one row."""
    across: _Points
    down: _Points
    x: _Points
    y: _Points


def _find_edges(background: Luma) -> _Edges:
    height, width = background.shape
    cell = max(4, round((background.size / POINTS) ** 0.5))
    across = np.asarray(cv2.Sobel(background, cv2.CV_32F, 1, 0, scale=0.125))
    down = np.asarray(cv2.Sobel(background, cv2.CV_32F, 0, 1, scale=0.125))
    slope = across**2 + down**2
    slope[:2], slope[-2:], slope[:, :2], slope[:, -2:] = 0, 0, 0, 0
    rows, columns = height // cell, width // cell
    cells = slope[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell)
    best = cells.transpose(0, 2, 1, 3).reshape(rows * columns, cell * cell).argmax(1)
    number = np.arange(rows * columns)
    row = number // columns * cell + best // cell
    column = number % columns * cell + best % cell
    steep = slope[row, column]
    strong = steep > max(LEAST_SLOPE**2, CLEAR**2 * float(np.percentile(steep, 90)))
    row, column = row[strong], column[strong]
    return _Edges(
        rows=row,
        columns=column,
        places=row * width + column,
        across=across[row, column],
        down=down[row, column],
        x=((column - width / 2) / width).astype(np.float32),
        y=((row - height / 2) / width).astype(np.float32),
    )


class Steadier:
    """Finds by how much each picture lies beside the background and moves it back.

    The median difference at edges all over the picture says whether it lies askew: people cover
    few of them, and light moves all alike. Where it does, shift, turn and zoom are fitted to a
    fraction of a pixel by Gauss-Newton steps, because half a pixel is enough to make every edge
    flicker.
    """

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._step = 2 if width * height > 30_000 else 1
        self._edges: _Edges | None = None
        self._age = 0
        self._usual = LEAST_ASKEW
        self._vain, self._rests = 1, 0
        self._lies = np.zeros(6)
        self.shift_px: tuple[float, float] = (0.0, 0.0)
        """Of the last picture against the background, to the right and down."""

    def hold(self, luma: Luma, background: Luma) -> Luma:
        """Return the picture moved onto the background, or as it is where that fits no worse."""
        edges = self._edges
        if edges is None or self._age >= CHOOSE_EVERY:
            edges = self._edges = _find_edges(background)
            self._age = 0
        self._age += 1
        if len(edges.rows) < LEAST_POINTS:
            return luma
        behind = background.ravel()[edges.places]
        askew = _askew(luma.ravel()[edges.places] - behind)
        usual = self._usual
        if self.shift_px == (0.0, 0.0):
            self._rests = max(0, self._rests - 1)
            if self._rests or askew < 1.15 * usual + 0.3:
                self._follow(askew)
                return luma
        lies = self._fit(luma, edges, behind, self._lies)
        left = self._left(luma, edges, behind, lies)
        if left > min(0.6 * askew, 1.5 * usual + 0.5):
            other = self._fit(luma, edges, behind, self._coarse(luma, background))
            other_left = self._left(luma, edges, behind, other)
            if other_left < left:
                lies, left = other, other_left
        return self._put(luma, background, lies, askew=askew, left=left)

    def _put(
        self,
        luma: Luma,
        background: Luma,
        lies: NDArray[np.float64],
        *,
        askew: float,
        left: float,
    ) -> Luma:
        """Move the picture by what was found, if it fits clearly better then.

        What the camera does not see any more is taken to be as it was.
        """
        right, down, turn, zoom = (float(v) for v in lies[:4])
        size = float(np.hypot(right, down)) + 0.5 * float(np.hypot(turn, zoom))
        self.shift_px = (0.0, 0.0)
        if not LEAST_SHIFT_PX < size < MAX_SHIFT * self._width or left > 0.9 * askew:
            self._lies = np.zeros(6)
            self._vain = min(MOST_RESTS, 2 * self._vain)
            self._rests = self._vain
            self._follow(askew)
            return luma
        self._vain = 1
        self._follow(left)
        self._lies, self.shift_px = lies, (right, down)
        width, height = self._width, self._height
        centre_x, centre_y = width / 2, height / 2
        scale, lean = 1.0 + zoom / width, turn / width
        move = np.array(
            [
                [scale, -lean, right - scale * centre_x + lean * centre_y + centre_x],
                [lean, scale, down - lean * centre_x - scale * centre_y + centre_y],
            ]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        moved = background.copy()
        cv2.warpAffine(
            luma, move, (width, height), moved, flags=flags, borderMode=cv2.BORDER_TRANSPARENT
        )
        return moved

    def _follow(self, askew: float) -> None:
        """Learn how askew an unmoved picture is: of the lately measured, rather the least."""
        self._usual += (0.1 if askew < self._usual else 0.02) * (askew - self._usual)

    def _coarse(self, luma: Luma, background: Luma) -> NDArray[np.float64]:
        # Copies: phaseCorrelate applies the window to the arrays it is given.
        step = self._step
        small, behind = luma[::step, ::step].copy(), background[::step, ::step].copy()
        (right, down), _ = cv2.phaseCorrelate(behind, small, _window(*small.shape[::-1]))
        return np.array([step * right, step * down, 0.0, 0.0, 0.0, 0.0])

    def _seen(self, luma: Luma, edges: _Edges, lies: NDArray[np.float64]) -> _Points:
        right, down, turn, zoom = (np.float32(v) for v in lies[:4])
        x = edges.columns + right + zoom * edges.x - turn * edges.y
        y = edges.rows + down + zoom * edges.y + turn * edges.x
        sampled = cv2.remap(
            luma, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return np.asarray(sampled, np.float32).ravel()

    def _left(self, luma: Luma, edges: _Edges, behind: _Points, lies: NDArray[np.float64]) -> float:
        return _askew(self._seen(luma, edges, lies) - behind)

    def _fit(
        self, luma: Luma, edges: _Edges, behind: _Points, start: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return right, down, turn and zoom (pixels at the picture's width), gain and offset."""
        turning = edges.down * edges.x - edges.across * edges.y
        zooming = edges.across * edges.x + edges.down * edges.y
        light = (-behind / 128.0, np.full_like(behind, -1.0))
        slopes = np.stack([edges.across, edges.down, turning, zooming, *light])
        lies = np.array([start[0], start[1], 0.0, 0.0, start[4], start[5]])
        lean = _LEAN * float((turning**2).sum() + (zooming**2).sum())
        for number in range(ROUNDS):
            shift_only = number < SHIFT_ROUNDS
            stiff = np.diag([0.0, 0.0, *(2 * [1e9 if shift_only else lean]), 1e-3, 1e-3])
            off = self._seen(luma, edges, lies) - behind * (1.0 + lies[4] / 128.0) - lies[5]
            scale = max(4.0, 2.0 * _middle(np.abs(off)))
            weight = 1.0 / (1.0 + (off / scale) ** 2) ** 2
            weighted = slopes * weight
            step = np.linalg.solve(
                (weighted @ slopes.T).astype(np.float64) + stiff, -(weighted @ off) - stiff @ lies
            )
            # The strongest slopes are steeper than the way to them: full steps fall short.
            lies += np.where(shift_only, 1.4, 1.0) * step
            if not shift_only and np.abs(step[:4]).max() < 0.02:
                break
        return lies


@lru_cache(maxsize=4)
def _window(width: int, height: int) -> Luma:
    """Return what takes the edges out of a picture, the same for all cameras of one size."""
    window = np.asarray(cv2.createHanningWindow((width, height), cv2.CV_32F), np.float32)
    window.setflags(write=False)
    return window


def _askew(off: _Points) -> float:
    """Return the median distance of differences from their middle: neither light nor people."""
    return _middle(np.abs(off - _middle(off)))


def _middle(values: _Points) -> float:
    half = len(values) // 2
    return float(np.partition(values, half)[half])
