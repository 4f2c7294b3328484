"""Who was where in the last seconds: boxes of everything that differs from the background."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from edge_agent.vision.picture.plane import Luma, Mask

KEPT_S = 30.0
_MAX_FIGURES = 40
GAP = 2.5
"""Two pictures so many times further apart than the two before have a gap between them."""
_ONE_SHADE = 15.0
"""Luma levels within which two sightings of one person's part lie."""
CORE_SHARE = 0.15
"""Of something that moves, its core has at least this share."""
_KERNEL = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, kw_only=True, slots=True)
class Area:
    """A rectangle of the plane in its pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column beyond."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """First row beyond."""
        return self.top + self.height

    @property
    def size(self) -> int:
        """Pixels."""
        return self.width * self.height

    def grown(self, by: float) -> "Area":
        """Return the rectangle with `by` pixels more on every side; it may leave the plane."""
        more = round(by)
        return Area(
            left=self.left - more,
            top=self.top - more,
            width=self.width + 2 * more,
            height=self.height + 2 * more,
        )

    def joined(self, other: "Area") -> "Area":
        """Return the smallest rectangle around both."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        right, bottom = max(self.right, other.right), max(self.bottom, other.bottom)
        return Area(left=left, top=top, width=right - left, height=bottom - top)

    def shares_of(self, size: tuple[int, int]) -> tuple[float, float, float, float]:
        """Return left, top, width, height as shares of a plane of this width and height."""
        width, height = size
        return (self.left / width, self.top / height, self.width / width, self.height / height)

    def shared(self, other: "Area") -> int:
        """Return how many pixels both cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, width) * max(0, height)

    def overlap(self, other: "Area") -> float:
        """Return what both cover as a share of what either covers."""
        shared = self.shared(other)
        return shared / max(1, self.size + other.size - shared)

    def clipped(self, width: int, height: int) -> "Area":
        """Return what of it lies in a plane of this size."""
        left, top = max(0, self.left), max(0, self.top)
        return Area(
            left=left,
            top=top,
            width=max(0, min(width, self.right) - left),
            height=max(0, min(height, self.bottom) - top),
        )

    def moved(self, within: "Area") -> "Area":
        """Return it in the coordinates of the plane, if found within this part of it."""
        return replace(self, left=self.left + within.left, top=self.top + within.top)

    def within(self, whole: "Area") -> "Area":
        """Return it in the coordinates of a larger area that holds it."""
        return replace(self, left=self.left - whole.left, top=self.top - whole.top)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of a (height, width) plane that it covers; it must lie inside."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One connected thing that differs from the background."""

    area: Area
    pixels: int
    luma: float
    """Mean, so that two sightings can be compared."""
    shades: tuple[float, ...] = ()
    """Mean of its upper, middle and lower part: head, coat, trousers. Empty where not measured."""

    def may_be(self, other: "Figure") -> bool:
        """Whether both may be one person: of one size, shaded alike from head to foot.

        It takes a measured likeness to say so: what is not known is not the same.
        """
        if len(self.shades) != len(other.shades) or not self.shades:
            return False
        ratio = self.pixels / max(1, other.pixels)
        pairs = zip(self.shades, other.shades, strict=True)
        return 0.7 < ratio < 1.43 and all(abs(a - b) < _ONE_SHADE for a, b in pairs)

    def is_at(self, place: Area) -> bool:
        """Whether it lies at this place and nowhere else."""
        return place.grown(3).shared(self.area) == self.area.size

    def moved(self, within: Area) -> "Figure":
        """Return it in the coordinates of the plane, if found within this part of it."""
        area = self.area.moved(within)
        return replace(self, area=area)


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """The largest figure that touched a place during an interval."""

    at_s: float
    figure: Figure


class FigureLog:
    """Figures of the last `KEPT_S` seconds."""

    def __init__(self, least_pixels: int) -> None:
        self._least_pixels = least_pixels
        self._seen: deque[tuple[float, tuple[Figure, ...]]] = deque()
        self._gap_s, self._resumed_s = 0.0, 0.0

    def note(self, t_s: float, foreground: Mask, luma: Luma, window: Area) -> None:
        """Remember the figures of this picture, largest first; beyond the window is none."""
        at = window.slices
        found = find_figures(foreground[at], luma[at], self._least_pixels)
        self._seen.append((t_s, tuple(figure.moved(window) for figure in found)))
        while self._seen and self._age_s(t_s) > KEPT_S:
            self._seen.popleft()

    def look_away(self, gap_s: float, t_s: float) -> None:
        """Go on at `t_s` after so many seconds in which nobody looked: they make nothing older."""
        self._gap_s, self._resumed_s = gap_s, t_s

    def _age_s(self, t_s: float) -> float:
        """Return how long the oldest has been remembered."""
        at_s = self._seen[0][0]
        return t_s - at_s - (self._gap_s if at_s < self._resumed_s else 0.0)

    @property
    def latest(self) -> tuple[Figure, ...]:
        """The figures of the last picture, largest first."""
        return self._seen[-1][1] if self._seen else ()

    def largest(self, place: Area, begin_s: float, end_s: float) -> Visit | None:
        """Return the largest figure that touched the place in the interval."""
        best: Visit | None = None
        for at_s, figures in self._seen:
            if not begin_s <= at_s <= end_s:
                continue
            for figure in figures:
                touches = figure.area.shared(place) > 0
                if touches and (best is None or figure.pixels > best.figure.pixels):
                    best = Visit(at_s=at_s, figure=figure)
        return best

    def alike_beside(
        self, figure: Figure, place: Area, begin_s: float, end_s: float
    ) -> Visit | None:
        """Return the last figure of about this size that was near the place, but not at it."""
        around = place.grown(2 * max(place.width, place.height))
        for at_s, figures in reversed(self._seen):
            if not begin_s <= at_s <= end_s:
                continue
            for other in figures:
                alike = 0.5 * figure.pixels < other.pixels < 2.0 * figure.pixels
                if alike and other.area.shared(around) and not other.is_at(place):
                    return Visit(at_s=at_s, figure=other)
        return None

    def last_beside(self, thing: Area, pixels: int, place: Area, since_s: float) -> Visit | None:
        """Return the last figure at the place since then that was more than the thing itself.

        If nobody looked for a while afterwards, it counts as there until somebody did.
        """
        looks_s = [at_s for at_s, _ in self._seen]
        for number in reversed(range(len(looks_s))):
            if looks_s[number] < since_s:
                return None
            for figure in self._seen[number][1]:
                if not figure.area.shared(place):
                    continue
                itself = figure.area.shared(thing) > 0 and figure.pixels < 1.4 * pixels
                if not itself and figure.pixels > 0.3 * pixels:
                    return Visit(at_s=_until_s(looks_s, number), figure=figure)
        return None

    def last_clear_s(
        self, place: Area, before_s: float, furniture: Sequence[Area] = ()
    ) -> float | None:
        """Return the last instant before `before_s` at which no figure touched the place.

        What lies within `furniture`, as objects left earlier, is no figure.
        """
        for at_s, figures in reversed(self._seen):
            touching = (f.area for f in figures if f.area.shared(place))
            if at_s < before_s and all(_within(area, furniture) for area in touching):
                return at_s
        return None


def _until_s(looks_s: Sequence[float], number: int) -> float:
    """Return until when what was seen in a picture may have been there: up to the end of a gap."""
    at_s = looks_s[number]
    if not 0 < number < len(looks_s) - 1:
        return at_s
    before_s, after_s = at_s - looks_s[number - 1], looks_s[number + 1] - at_s
    return looks_s[number + 1] if after_s > GAP * before_s else at_s


def _within(area: Area, places: Sequence[Area]) -> bool:
    return any(place.grown(4).shared(area) == area.size for place in places)


def find_figures(foreground: Mask, luma: Luma, least_pixels: int) -> tuple[Figure, ...]:
    """Return the connected parts of the foreground, largest first."""
    within = bounds(foreground)
    if np.count_nonzero(foreground[within.slices]) < least_pixels:
        return ()
    shape = cv2.morphologyEx(foreground[within.slices].view(np.uint8), cv2.MORPH_CLOSE, _KERNEL)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(shape, connectivity=8)
    order = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= least_pixels]
    order.sort(key=lambda i: -int(stats[i, cv2.CC_STAT_AREA]))
    part = luma[within.slices]
    return tuple(_figure(i, labels, stats, part).moved(within) for i in order[:_MAX_FIGURES])


def bounds(mask: Mask) -> Area:
    """Return the smallest rectangle around all set pixels; labelling less costs less."""
    if not mask.any():
        return Area(left=0, top=0, width=0, height=0)
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return Area(left=left, top=top, width=width, height=height)


def largest_part(mask: Mask) -> int:
    """Return the pixels of the largest connected part, single specks left out."""
    return find_largest(mask)[0]


def find_largest(mask: Mask, core: Mask | None = None) -> tuple[int, Area | None]:
    """Return pixels and place of the largest connected part, single specks left out.

    With `core`, only parts that hold some of it count.
    """
    within = bounds(mask)
    if within.size < _KERNEL.size:
        return 0, None
    shape = cv2.morphologyEx(mask[within.slices].view(np.uint8), cv2.MORPH_OPEN, _KERNEL)
    if not shape.any():
        return 0, None
    shape = cv2.morphologyEx(shape, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(shape, connectivity=8)
    sizes = stats[:, cv2.CC_STAT_AREA]
    if core is not None:
        cores = np.bincount(labels[core[within.slices]], minlength=count)
        sizes = np.where(cores >= CORE_SHARE * sizes, sizes, 0)
    label = 1 + int(sizes[1:].argmax())
    place = area_of(stats, label).moved(within)
    return (int(sizes[label]), place) if sizes[label] else (0, None)


def count_large(mask: Mask, least_pixels: int) -> int:
    """Return the pixels of all connected parts that have at least so many."""
    if np.count_nonzero(mask) < least_pixels:
        return 0
    shape = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_CLOSE, _KERNEL)
    _, _, stats, _ = cv2.connectedComponentsWithStats(shape, connectivity=8)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    return int(sizes[sizes >= least_pixels].sum())


def area_of(stats: np.ndarray, label: int) -> Area:
    """Return the rectangle of one label of OpenCV's component statistics."""
    left, top, width, height = (int(v) for v in stats[label, :4])
    return Area(left=left, top=top, width=width, height=height)


def _figure(label: int, labels: np.ndarray, stats: np.ndarray, luma: Luma) -> Figure:
    area = area_of(stats, label)
    inside, shown = (labels[area.slices] == label).view(np.uint8), luma[area.slices]
    thirds = [slice(area.height * n // 3, area.height * (n + 1) // 3) for n in range(3)]
    seen = all(inside[rows].any() for rows in thirds)
    return Figure(
        area=area,
        pixels=int(stats[label, cv2.CC_STAT_AREA]),
        luma=cv2.mean(shown, inside)[0],
        shades=tuple(cv2.mean(shown[rows], inside[rows])[0] for rows in thirds) if seen else (),
    )
