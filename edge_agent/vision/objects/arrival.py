"""Who was there when something came to rest, as the log of figures shows. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_agent.vision.objects.surroundings import reach_px
from edge_agent.vision.objects.thing import LeftObject
from edge_agent.vision.objects.view import View
from edge_agent.vision.picture.figures import Area, Figure, FigureLog, Visit
from edge_agent.vision.picture.plane import Mask

APPROACH_S = 3.0
"""What stops somewhere was seen on its way this long before."""
FLIGHT_S, FLYING_SHARE = 1.0, 0.35
"""So long what is thrown flies and tumbles, and so much of the thrower it is at most."""
WATCHED_S = 0.5
"""Pictures further apart do not show how something came."""
EMPTY_S = 15.0
"""An empty picture so long before a deposit still shows the same light and things."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """Who was there when something came to rest at a place."""

    depositor: Figure | None
    """The largest figure there within two seconds."""
    figure: Figure | None
    """The largest figure there at the very moment, or what looked like it on its way."""
    beside: Visit | None
    """Who was beside it last since then."""


def find_arrival(
    figures: FigureLog, area: Area, pixels: int, *, at_s: float, dt_s: float
) -> Arrival:
    """Return who was there when a thing of so many pixels came to rest in this area.

    `dt_s` is how far the pictures are apart.
    """
    place = area.grown(2)
    visit = figures.largest(place, at_s - 2.0, at_s + 1.0)
    own = visit is not None and visit.figure.is_at(area)
    if visit and (own or visit.figure.pixels <= 2 * pixels):
        # Only itself, at its place or in flight: who brought it was beside it.
        around = area.grown(reach_px(area.size))
        wider = figures.largest(around, at_s - 2.0, at_s + 1.0)
        if own or (wider and wider.figure.pixels > 2 * pixels):
            visit = None if wider and wider.figure.is_at(area) else wider
    moment_s = max(0.6, 1.1 * dt_s)
    arrival = figures.largest(place, at_s - moment_s, at_s + moment_s)
    carrier = visit.figure.pixels if visit else 0
    if arrival and carrier > 2 * pixels and dt_s < WATCHED_S:
        # Somebody larger was beside it: it came by itself if the like of it was there before.
        until_s = at_s
        flew = not arrival.figure.is_at(area)
        if flew:
            # Nor is its flight its coming.
            until_s -= FLIGHT_S
        if not flew or arrival.figure.pixels < FLYING_SHARE * carrier:
            arrival = figures.alike_beside(arrival.figure, area, at_s - APPROACH_S, until_s)
    return Arrival(
        depositor=visit.figure if visit else None,
        figure=arrival.figure if arrival else None,
        beside=figures.last_beside(area, pixels, area.grown(reach_px(pixels)), at_s),
    )


def clear_before_s(
    figures: FigureLog, thing: LeftObject, others: Sequence[Area], size: tuple[int, int]
) -> float | None:
    """Return when whoever brought a thing was not there yet; None if not remembered.

    The last instant at which the plane of this width and height was empty, but for other things,
    if that is not long ago, else the last at which nobody was within a figure's size of the place.
    """
    size_px = thing.reach_px
    for figure in (thing.depositor, thing.arrival, thing.last_beside):
        if figure is not None:
            size_px = max(size_px, figure.area.width, figure.area.height)
    whole = Area(left=0, top=0, width=size[0], height=size[1])
    at_s = thing.deposited_s
    empty_s = figures.last_clear_s(whole, at_s, others)
    if empty_s is not None and at_s - empty_s < EMPTY_S:
        return empty_s
    return figures.last_clear_s(thing.area.grown(size_px), at_s, others)


def was_there(mask: Mask, view: View) -> bool:
    """Whether a piece stood there before the hours of its zone began, or came while nobody looked.

    It is not the zone's business then, like what stands in the first picture: when it came,
    dumping was not watched for, and nothing shows who brought it.
    """
    stands_since_s = np.median(view.background.standing_since[mask])
    begin_s, end_s = view.unseen_s
    if begin_s < stands_since_s <= end_s:
        return True
    return bool(stands_since_s <= np.median(view.allowed_since_s[mask & view.allowed]))


def was_brought(mask: Mask, area: Area, view: View) -> bool:
    """Whether somebody larger was beside a piece when it came to rest."""
    at_s = float(np.median(view.background.standing_since[mask]))
    pixels = int(np.count_nonzero(mask))
    came = find_arrival(view.figures, area, pixels, at_s=at_s, dt_s=view.dt_s)
    return came.depositor is not None and came.depositor.pixels > 2 * pixels
