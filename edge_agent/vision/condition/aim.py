"""Whether the camera still looks where it used to look, or at anything; pure.

The edges of a view stay where they are by day, by lamp and by infra-red; people and vehicles hide
some of them. A turned camera shows edges, but elsewhere; a covered one hardly any.
"""

import math
from enum import StrEnum
from typing import Literal

import cv2
import numpy as np

from edge_agent.vision.condition.light import is_lit
from edge_agent.vision.condition.look import CELL_PX, LONGEST_STEP_S, Reading, cells, look, measure
from edge_agent.vision.picture.plane import Luma, Mask, Pixels

LEARN_S = 6.0
"""Before that, the view is not known well enough to judge by it."""
FOLLOW_S = 600.0
"""Time constant with which the view follows shadows and light."""
ALIKE = 0.6
"""Correlation of a cell's edges by which it shows the same as before."""
LOST_SHARE, FOUND_SHARE = 0.28, 0.42
"""Of the cells with edges: no more show the same, or so many do again."""
BARE_SHARE = 0.3
"""So few cells have edges, against the view: something is before the lens."""
SAME_SHARE = 0.6
"""Of the cells show the same where a picture only came in another size; of footage whose sides were cut
off by an eighth, at most 0.54 did."""
SAME_LAYOUT = 0.6
"""Correlation of the cells' light by which the view is the same, only unsharp."""
LEAST_CELLS, LEAST_SHARE = 12, 0.15
"""So many cells with edges, and such a share of all, make a view that can be known again."""
SMALL_SHIFT = 0.04
"""Share of the picture's width: so far the wind may push a pole, and motion is held still."""
STEADY_LUMA = 8.0
"""What is before the lens stays there; while the camera turns, everything differs by more."""
_EDGE = 25.0
"""Least variance of the edges in a cell that counts as having some."""


class Sight(StrEnum):
    """What the picture shows of the known view."""

    USUAL = "usual"
    ELSEWHERE = "elsewhere"
    COVERED = "covered"
    UNKNOWN = "unknown"


class View:
    """The edges and the layout of light of one view, learned over minutes."""

    def __init__(self, reading: Reading) -> None:
        self.edges = reading.edges.copy()
        self.shades = reading.shades.copy()
        self._begun_s = self._last_s = reading.t_s

    @property
    def age_s(self) -> float:
        """How long it has been learned."""
        return self._last_s - self._begun_s

    def learn(self, reading: Reading) -> None:
        """Follow what is seen now."""
        dt_s = min(LONGEST_STEP_S, reading.t_s - self._last_s)
        self._last_s = reading.t_s
        rate = 1.0 - math.exp(-dt_s / min(FOLLOW_S, max(2.0, self.age_s)))
        cv2.accumulateWeighted(reading.edges, self.edges, rate)
        cv2.accumulateWeighted(reading.shades, self.shades, rate)

    def structured(self, seen: Mask) -> Mask:
        """Return the cells that have edges."""
        variance = _variance(self.edges)
        has = seen & (variance > _EDGE)
        return has & (variance > 0.1 * float(np.median(variance[has]))) if has.any() else has


def _variance(edges: Luma) -> Luma:
    mean = cells(edges, CELL_PX // 2)
    return cells(edges * edges, CELL_PX // 2) - mean * mean


def same_share(view: View, edges: Luma, seen: Mask) -> float | None:
    """Return the share of the view's cells whose edges are the same; None: it has too few."""
    structured = view.structured(seen)
    if np.count_nonzero(structured) < max(LEAST_CELLS, LEAST_SHARE * np.count_nonzero(seen)):
        return None
    size = CELL_PX // 2
    one, other = cells(edges, size), cells(view.edges, size)
    spread = np.maximum(_variance(edges), 1.0) * np.maximum(_variance(view.edges), 1.0)
    alike = (cells(edges * view.edges, size) - one * other) / np.sqrt(spread)
    return float((alike[structured] > ALIKE).mean())


def _layout(shades: Luma, usual: Luma) -> float:
    """Return how well light and dark lie where they usually do, at most 1."""
    spread = float(shades.std() * usual.std())
    if spread < 1.0:
        return 0.0
    return float(((shades - shades.mean()) * (usual - usual.mean())).mean()) / spread


class Aim:
    """Compares what is seen with the known view."""

    def __init__(self, seen: Mask) -> None:
        """Prepare; cells that are not `seen` lie behind a privacy mask."""
        self._seen = seen
        self._view: View | None = None
        self._home: View | None = None
        self._home_share = FOUND_SHARE
        """More of its cells must show the same before the camera is taken to look there again."""
        self._window: Luma | None = None
        self.share = 1.0
        """Of the view's cells: how many showed the same last."""
        self.shift: tuple[float, float] | None = None
        """Of the last picture that showed another view, if it overlaps: right and down, as shares
        of the picture's width and height."""

    @property
    def away(self) -> bool:
        """Whether the camera looks elsewhere than it did when the watch began."""
        return self._home is not None

    def step(self, reading: Reading) -> Sight:
        """Return what the picture shows; learns from it when it shows the usual view."""
        view = self._view
        if view is None or view.age_s < LEARN_S:
            self._begin(reading)
            return Sight.UNKNOWN
        share = same_share(view, reading.edges, self._seen)
        if share is None:
            view.learn(reading)
            return Sight.UNKNOWN
        self.share = share
        if share >= LOST_SHARE:
            view.learn(reading)
            return Sight.USUAL
        sight = self._explain(view, reading)
        if sight is Sight.USUAL:
            view.learn(reading)
        return sight

    def _begin(self, reading: Reading) -> None:
        if self._view is None:
            self._view = View(reading)
        else:
            self._view.learn(reading)

    def _explain(self, view: View, reading: Reading) -> Sight:
        self.shift = None
        if reading.change > STEADY_LUMA:
            return Sight.ELSEWHERE
        if self._is_bare(view, reading.edges):
            unsharp = _layout(reading.shades[self._seen], view.shades[self._seen]) > SAME_LAYOUT
            return Sight.UNKNOWN if unsharp else Sight.COVERED
        self.shift = self._find_shift(view, reading.edges)
        if self.shift is not None and math.hypot(*self.shift) < SMALL_SHIFT:
            return Sight.USUAL
        return Sight.ELSEWHERE

    def _is_bare(self, view: View, edges: Luma) -> bool:
        usual = view.structured(self._seen)
        typical = float(np.median(_variance(view.edges)[usual]))
        has = self._seen & (_variance(edges) > 0.5 * typical)
        return bool(np.count_nonzero(has) < BARE_SHARE * np.count_nonzero(usual))

    def _find_shift(self, view: View, edges: Luma) -> tuple[float, float] | None:
        height, width = edges.shape
        if self._window is None or self._window.shape != edges.shape:
            self._window = np.asarray(
                cv2.createHanningWindow((width, height), cv2.CV_32F), np.float32
            )
        # Copies: phaseCorrelate applies the window to the arrays it is given.
        (right, down), _ = cv2.phaseCorrelate(view.edges.copy(), edges.copy(), self._window)
        move = np.array([[1, 0, right], [0, 1, down]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        held = np.asarray(cv2.warpAffine(edges, move, (width, height), flags=flags), np.float32)
        share = same_share(view, held, self._seen)
        fits = share is not None and share > LOST_SHARE
        return (right / width, down / height) if fits else None

    def view_of(self, known: Luma, t_s: float) -> View:
        """Return the view that a picture without noise, (height, width), shows."""
        now = look(np.clip(known, 0, 255).astype(np.uint8), t_s)
        return View(measure(now, now, self._seen))

    def recognises(self, view: View, plane: Pixels) -> bool | None:
        """Whether one picture, in whatever light, shows a view; None: it tells nothing.

        Where the view has too few edges to be told from another, it is taken for the same.
        """
        now = look(plane, 0.0)
        reading = measure(now, now, self._seen)
        share = same_share(view, reading.edges, self._seen)
        if share is None:
            return True
        self.share, self.shift = share, None
        if share >= SAME_SHARE:
            return True
        return None if not is_lit(reading) or self._is_bare(view, reading.edges) else False

    def settle(self, cut_from: View | None = None) -> None:
        """The camera has been turned: what it shows from now on is its view, not its home.

        Its pictures may also show another part of a view, from which they are `cut_from`.
        """
        if self._home is None:
            self._home = cut_from or self._view
            self._home_share = FOUND_SHARE if cut_from is None else SAME_SHARE
        self._view = None

    def is_home(self, reading: Reading) -> bool | None:
        """Whether a turned camera shows its first view again; None: cannot be told."""
        if self._home is None:
            return None
        share = same_share(self._home, reading.edges, self._seen)
        return None if share is None else share > self._home_share

    def describe(self, condition: Literal["moved", "covered"]) -> str:
        """Return what was measured."""
        share = f"{self.share:.0%} of the usual edges are where they were"
        if condition == "covered":
            return f"{share}, and there are hardly any others: something is before the lens"
        if self.shift is None:
            return f"{share}: the camera shows another view"
        right, down = self.shift
        sideways = f"{abs(right):.0%} to the {'right' if right > 0 else 'left'}"
        return f"the picture has shifted by {sideways} and {abs(down):.0%} {'down' if down > 0 else 'up'}"

    def come_home(self) -> None:
        """The camera has been turned back."""
        self._view, self._home = self._home, None
