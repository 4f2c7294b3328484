"""When an object was put down, by which figure, and that figure's way. Pure: planes to values."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edge_agent.vision.findings import Edge
from edge_agent.vision.objects.thing import LeftObject
from edge_agent.vision.picture.background import Background
from edge_agent.vision.picture.figures import Area, Figure, find_figures
from edge_agent.vision.picture.plane import Luma, Mask, Pixels, fit_light
from edge_agent.vision.picture.steadier import Steadier
from edge_agent.vision.presence.shapes import Shape
from edge_agent.vision.presence.track import Step
from edge_agent.vision.presence.tracks import Tracks

THERE, EMPTY = 0.6, 0.6
"""Shares of the object's pixels that look like it, or like the place without it."""
PART, STAYS_S = 0.35, 1.0
"""So much of it must be seen for so long: less, and for less long, is somebody's coat."""
MOST_DIFFERS = 0.5
"""Of the picture: another light than the background's shows no figures."""
HINT_S = 2.5
"""The object was seen to stand still within this time of its deposit."""
BESIDE = 0.5
"""Object sizes: who puts something down is no further from it than this."""
MOMENTS_S = (0.0, -0.2, 0.2, -0.4, 0.4)
PARTS_S, _MOST_PARTINGS = 1.05, 5
"""So soon goes on who was hidden with somebody, or with the object; a little longer than the
second within which `Tracks.path_of` would still find the one whose path ended."""
EDGE_SHARE = 0.04
"""So near to the picture's edge, somebody comes in or goes out."""
MOST_POINTS = 60
EMPTY_S = 15.0
"""A picture so long before shows the same light and things."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Behind:
    """The place as it is without the object and without anybody."""

    always: Luma
    threshold: Luma
    """By how much a pixel differs from it."""
    tolerance: Luma
    """By how much a pixel may differ from how the object looks."""
    furniture: Mask
    """Other left objects, which are no figures."""
    least_pixels: int

    @classmethod
    def of(
        cls, background: Background, others: Sequence[LeftObject], least_pixels: int
    ) -> "Behind":
        """Return what a background knows, with other objects before it."""
        furniture: Mask = np.zeros(background.always.shape, bool)
        for other in others:
            furniture[other.at] |= other.halo
        return cls(
            always=background.always,
            threshold=background.threshold,
            tolerance=background.tolerance,
            furniture=furniture,
            least_pixels=least_pixels,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Glimpse:
    """What one picture of the past shows of an object's place and of the figures around."""

    t_s: float
    alike: Mask
    """Which pixels of the object's window look like it, and not like the place without it."""
    there: bool
    empty: bool
    figures: tuple[Figure, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """What the past shows about a deposit."""

    reason: str
    """Short English code: `depositor_traced`, `nobody_beside_deposit`, `deposit_before_ring` or
    `deposit_not_seen`."""
    deposited_s: float | None = None
    clear_s: float | None = None
    """When the place was last to be seen without whoever came."""
    figure: Area | None = None
    path: tuple[Step, ...] = ()
    came_from: Edge | None = None
    went_to: Edge | None = None


class Watcher:
    """Looks at pictures of the past again. Feed planes of one size in the order of time."""

    def __init__(self, thing: LeftObject, behind: Behind) -> None:
        height, width = behind.always.shape
        self._thing = thing
        self._behind = behind
        self._steadier = Steadier(width, height)
        join = max(3, 2 * (height // 90) + 1)
        self._join = np.ones((join, join), np.uint8)

    def look(self, plane: Pixels, t_s: float) -> Glimpse:
        """Return what one picture shows."""
        behind, thing = self._behind, self._thing
        luma = cv2.GaussianBlur(plane, (3, 3), 0).astype(np.float32)
        luma = self._steadier.hold(luma, behind.always)
        light = fit_light(luma, behind.always, ~behind.furniture)
        luma = (luma - np.float32(light.offset)) / np.float32(light.gain)
        differs = np.abs(luma - behind.always) > behind.threshold
        if float(differs.mean()) > MOST_DIFFERS:
            nothing = np.zeros_like(thing.mask)
            return Glimpse(t_s=t_s, alike=nothing, there=False, empty=False, figures=())
        at, mask = thing.at, thing.mask
        alike = (np.abs(luma[at] - thing.patch) < behind.tolerance[at]) & differs[at] & mask
        there = float(alike[mask].mean()) > THERE
        empty = float((~differs[at])[mask].mean()) > EMPTY
        alive = differs & ~behind.furniture
        if there:
            alive[at] &= ~thing.halo
        joined = cv2.morphologyEx(alive.view(np.uint8), cv2.MORPH_CLOSE, self._join)
        figures = find_figures(joined.view(bool), luma, behind.least_pixels)
        return Glimpse(t_s=t_s, alike=alike, there=there, empty=empty, figures=figures)


def trace(glimpses: Sequence[Glimpse], thing: LeftObject, size: tuple[int, int]) -> Trace:
    """Find the deposit and follow who made it, on planes of this width and height."""
    empty_s = max(
        (g.t_s for g in glimpses if g.empty and g.t_s <= thing.deposited_s + HINT_S), default=None
    )
    if empty_s is None:
        unreached = bool(glimpses) and glimpses[0].there
        return Trace(reason="deposit_before_ring" if unreached else "deposit_not_seen")
    deposited_s = _deposited_s([g for g in glimpses if g.t_s > empty_s], thing.pixels)
    if deposited_s is None:
        return Trace(reason="deposit_not_seen", clear_s=empty_s)
    path = _path(glimpses, thing.area, deposited_s)
    near = thing.area.grown(thing.reach_px)
    if not path:
        clear_s = _clear_s(glimpses, [near], empty_s, empty_s)
        return Trace(reason="nobody_beside_deposit", deposited_s=deposited_s, clear_s=clear_s)
    figure = min(path, key=lambda step: abs(step.t_s - deposited_s)).area
    around = thing.area.grown(max(figure.width, figure.height))
    return Trace(
        reason="depositor_traced",
        deposited_s=deposited_s,
        clear_s=_clear_s(glimpses, [around, near], empty_s, path[0].t_s),
        figure=figure.clipped(*size),
        path=_thin(path),
        came_from=_edge(path[:3], size, inwards=True),
        went_to=_edge(path[-3:], size, inwards=False),
    )


def _deposited_s(after: Sequence[Glimpse], pixels: int) -> float | None:
    """Return the first instant from which some of the object stays to be seen for a while.

    Somebody may still stand before the rest of it, and hide all of it again later.
    """
    for i, first in enumerate(after):
        stays = first.alike
        for glimpse in after[i + 1 :]:
            if glimpse.t_s > first.t_s + STAYS_S:
                break
            stays = stays & glimpse.alike
        if np.count_nonzero(stays) > PART * pixels:
            return first.t_s
    return None


def _path(glimpses: Sequence[Glimpse], place: Area, deposited_s: float) -> tuple[Step, ...]:
    """Return the way of the figure that touched the place at the deposit; empty: nobody did.

    Of two, it is the one that did so in more of the pictures around that instant.
    """
    tracks = Tracks()
    for glimpse in glimpses:
        shapes = [Shape(figure=figure, stirs=True) for figure in glimpse.figures]
        tracks.step(glimpse.t_s, shapes)
    beside = place.grown(max(3.0, BESIDE * max(place.width, place.height)))
    paths: dict[float, tuple[int, tuple[Step, ...]]] = {}
    for after_s in MOMENTS_S:
        path = tracks.path_of(beside, deposited_s + after_s)
        near = [step for step in path if abs(step.t_s - deposited_s) < 0.25]
        touches = any(step.area.shared(beside) and _more(step.area, place) for step in near)
        if touches and _travels(path, near[0], place):
            key = path[-1].t_s + 1e-3 * path[-1].area.left
            paths[key] = (paths.get(key, (0, ()))[0] + 1, path)
    if not paths:
        return ()
    return _followed_on(max(paths.values(), key=lambda found: found[0])[1], tracks)


def _followed_on(path: tuple[Step, ...], tracks: Tracks) -> tuple[Step, ...]:
    """Return the path with that of whoever goes on where it ends, as one of two who part does."""
    for _ in range(_MOST_PARTINGS):
        last = path[-1]
        around = last.area.grown(0.8 * max(last.area.width, last.area.height))
        onwards = tracks.path_of(around, last.t_s + PARTS_S)
        rest = tuple(step for step in onwards if step.t_s > last.t_s)
        if not rest or not 0.4 < rest[0].area.size / max(1, last.area.size) < 2.5:
            break
        path = (*path, *rest)
    return path


def _more(figure: Area, thing: Area) -> bool:
    return 2 * figure.size > thing.size and 2 * figure.shared(thing) < figure.size


def _travels(path: Sequence[Step], here: Step, thing: Area) -> bool:
    """Whether a figure was ever elsewhere, unlike the thing itself before it fell over."""
    (x, y), far_px = here.foot, max(thing.width, thing.height)
    return any(abs(s.foot[0] - x) > far_px or abs(s.foot[1] - y) > far_px for s in path)


def _clear_s(
    glimpses: Sequence[Glimpse], places: Sequence[Area], before_s: float, arrived_s: float
) -> float | None:
    """Return when the place was last to be seen without whoever came.

    The last picture without anybody before they arrived, if that is lately; else the last one
    without anybody within the first of these places that was ever clear.
    """
    nobody = [g.t_s for g in glimpses if g.t_s < arrived_s and not g.figures]
    if nobody and nobody[-1] > before_s - EMPTY_S:
        return nobody[-1]
    for place in places:
        for glimpse in reversed(glimpses):
            touched = any(figure.area.shared(place) for figure in glimpse.figures)
            if glimpse.t_s <= before_s and glimpse.empty and not touched:
                return glimpse.t_s
    return None


def _thin(path: Sequence[Step]) -> tuple[Step, ...]:
    """Return at most `MOST_POINTS` of them, evenly in time, with the first and the last."""
    if len(path) <= MOST_POINTS:
        return tuple(path)
    times = [step.t_s for step in path]
    wanted = np.linspace(times[0], times[-1], MOST_POINTS)
    chosen = {min(bisect_left(times, t_s), len(path) - 1) for t_s in wanted}
    return tuple(path[i] for i in sorted(chosen))


def _edge(steps: Sequence[Step], size: tuple[int, int], *, inwards: bool) -> Edge | None:
    """Return the side of the picture that somebody touches and comes in or goes out by.

    Who is cut off by the lower edge all the time walks along it: where they are heading decides.
    """
    if not steps:
        return None
    width, height = size
    area = (steps[0] if inwards else steps[-1]).area
    right = (steps[-1].foot[0] - steps[0].foot[0]) * (1 if inwards else -1)
    down = (steps[-1].foot[1] - steps[0].foot[1]) * (1 if inwards else -1)
    margins: dict[Edge, tuple[float, float]] = {
        "left": (area.left / width, right),
        "right": (1.0 - area.right / width, -right),
        "top": (area.top / height, down),
        "bottom": (1.0 - area.bottom / height, -down),
    }
    near = {edge: heads for edge, (gap, heads) in margins.items() if gap <= EDGE_SHARE}
    if not near:
        return None
    edge = max(near, key=lambda one: near[one])
    sideways: Edge = "left" if near.get("left", -1.0) >= near.get("right", -1.0) else "right"
    # Somebody whose feet or head are out of the picture all the time goes by its sides.
    return sideways if near[edge] <= 0.0 and sideways in near else edge
