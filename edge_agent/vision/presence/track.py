"""One figure as it is followed from picture to picture. Pure."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import hypot, sqrt

from edge_agent.vision.picture.figures import Area, Figure

PATH_STEPS = 300
"""A minute at five pictures per second."""
LINGER_S, COAST_S = 10.0, 3.0
"""So long is somebody expected back where they stood, or on the way they went."""
STANDS = 0.25
"""Own sizes per second; who is slower stands."""
TRAVELS = 0.6
"""Own sizes: who has gone so far has come from somewhere,"""
WAY_S, STRAIGHT, LEAP = 3.0, 0.6, 0.7
"""within so many seconds, by a way no longer than its share allows, no step the most of it."""
_WAY_STEPS = 4
PART_SHARE = 0.35
"""Less of somebody than this is an arm or a shoe that stirs; the rest has not gone."""
_CALM = 0.3
"""Weight of the latest picture in size, shade and speed."""
_GROWS = 0.05
"""In the size of the box while it is in pieces, one of which may be what it leaves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Where a figure was at an instant, in pixels of the plane."""

    t_s: float
    area: Area

    @property
    def foot(self) -> tuple[float, float]:
        """Where it stands: the middle of its box's lower edge."""
        return (self.area.left + 0.5 * self.area.width, float(self.area.bottom))


@dataclass(kw_only=True, slots=True, eq=False)
class Track:
    """A figure that is followed: somebody, a vehicle, or a thing that came apart from either."""

    track_id: int
    first_s: float
    seen_s: float
    """When it was seen last."""
    area: Area
    """Where it was then."""
    pixels: float
    box_pixels: float
    """Of its box while it was in one piece."""
    luma: float
    stirred_s: float | None
    """When it moved last, be it a hand; None: never since it came apart from somebody."""
    came_from: int | None = None
    """The track that it came apart from, whose time counts as its own once it stirs."""
    joined_s: float | None = None
    """Since when it is one figure with others, so that only its place is guessed; None: alone."""
    path: deque[Step] = field(default_factory=lambda: deque(maxlen=PATH_STEPS))
    _right_px_s: float = 0.0
    _down_px_s: float = 0.0
    _sightings: int = 1
    came: bool = False
    """It has come from somewhere, in steps of one direction: a branch sways, an outline jumps."""

    def __post_init__(self) -> None:
        self.path.append(Step(t_s=self.first_s, area=self.area))

    @property
    def size_px(self) -> float:
        """Geometric mean of its box's sides."""
        return max(1.0, sqrt(self.area.size))

    @property
    def stands(self) -> bool:
        """Whether it stays about where it is."""
        return hypot(self._right_px_s, self._down_px_s) < STANDS * self.size_px

    def still_s(self, t_s: float) -> float:
        """Return for how long it has not stirred."""
        return t_s - (self.first_s if self.stirred_s is None else self.stirred_s)

    def expected(self, t_s: float) -> Area:
        """Return where it should be now."""
        ahead_s = min(1.0, t_s - self.seen_s)
        right, down = self._right_px_s * ahead_s, self._down_px_s * ahead_s
        area = self.area
        return replace(area, left=area.left + round(right), top=area.top + round(down))

    def forgotten(self, t_s: float, size: tuple[int, int] | None) -> bool:
        """Whether it has been out of sight for too long to be known again."""
        edge = size is not None and self.cut_by(size)
        return t_s - self.seen_s > (LINGER_S if self.stands and not edge else COAST_S)

    def cut_by(self, size: tuple[int, int]) -> bool:
        """Whether it lies at the edge of a plane of this width and height, so that some is unseen."""
        (width, height), area = size, self.area
        return min(area.left, area.top) <= 1 or area.right >= width - 1 or area.bottom >= height - 1

    def meet(self, figure: Figure, t_s: float, *, stirs: bool, pieces: int = 1) -> None:
        """Take the figure of this picture that it is, put together of so many pieces."""
        part = figure.pixels < PART_SHARE * self.pixels and self.stands
        if part and self.area.grown(3).shared(figure.area) == figure.area.size:
            self._stay(self.area, t_s, stirs=stirs)
            return
        weight = 1.0 / (1 + self._sightings) if self._sightings < 3 else _CALM
        self.pixels += weight * (figure.pixels - self.pixels)
        self.luma += weight * (figure.luma - self.luma)
        grows = weight if pieces == 1 else _GROWS
        self.box_pixels += grows * (figure.area.size - self.box_pixels)
        self._head_for(figure.area, t_s, weight)
        self._sightings += 1
        self.joined_s = None
        self._stay(figure.area, t_s, stirs=stirs)

    def hide(self, within: Area, t_s: float, *, stirs: bool) -> None:
        """Be somewhere inside a figure that is several at once."""
        area = self.expected(t_s)
        left = min(max(area.left, within.left), max(within.left, within.right - area.width))
        top = min(max(area.top, within.top), max(within.top, within.bottom - area.height))
        place = Area(
            left=left,
            top=top,
            width=min(area.width, within.width),
            height=min(area.height, within.height),
        )
        self._right_px_s *= 0.8
        self._down_px_s *= 0.8
        self.joined_s = t_s if self.joined_s is None else self.joined_s
        self._stay(place, t_s, stirs=stirs)

    def _head_for(self, area: Area, t_s: float, weight: float) -> None:
        passed_s = t_s - self.seen_s
        if passed_s <= 0.0:
            return
        (x, y), (was_x, was_y) = _centre(area), _centre(self.area)
        weight = max(weight, min(0.8, passed_s))
        self._right_px_s += weight * ((x - was_x) / passed_s - self._right_px_s)
        self._down_px_s += weight * ((y - was_y) / passed_s - self._down_px_s)

    def _stay(self, area: Area, t_s: float, *, stirs: bool) -> None:
        self.area, self.seen_s = area, t_s
        if stirs:
            self.stirred_s = t_s
        self.path.append(Step(t_s=t_s, area=area))
        self.came = self.came or (self.joined_s is None and _comes(self.path, self.size_px))


def _comes(path: Sequence[Step], size_px: float) -> bool:
    """Whether the last steps lead somewhere."""
    last = path[-1]
    x, y = _centre(last.area)
    was_x, was_y, length, longest = x, y, 0.0, 0.0
    for number, step in enumerate(reversed(path)):
        if number >= _WAY_STEPS and last.t_s - step.t_s > WAY_S:
            break
        at_x, at_y = _centre(step.area)
        stride = hypot(was_x - at_x, was_y - at_y)
        length, longest = length + stride, max(longest, stride)
        was_x, was_y = at_x, at_y
        away = hypot(x - at_x, y - at_y)
        if away >= TRAVELS * size_px and away >= STRAIGHT * length and longest <= LEAP * away:
            return True
    return False


def _centre(area: Area) -> tuple[float, float]:
    return (area.left + 0.5 * area.width, area.top + 0.5 * area.height)
