"""Who is in the scene when: passers-by, and the person who leaves a bag. Pure: seed and time in, actors out."""

import math
from dataclasses import dataclass

import numpy as np

from simulator.camera.scenes.figures import (
    BAG_SHARE,
    STRIDE_HZ,
    Actor,
    Bag,
    Clothes,
    Person,
)
from simulator.camera.scenes.paint import Colour, Point
from simulator.camera.scenes.places import Place

SLOT_S = 14.0
"""One passer-by may set out in each slot."""
LONGEST_WALK_S = 60.0
BUSY_SHARE = 0.4
WALK_M_S = 1.2
PERSON_M = 1.62
STOOP_S = 1.8
QUIET_S = 45.0
"""Nobody passes while the bag is brought and for a while after: a hamlet lane is mostly empty."""
QUIET_BEFORE_S = 15.0
CLEANER_SHARE = 0.6
"""The cleaner sets out after this share of the time between two bags."""
SHIRTS: tuple[Colour, ...] = (
    (178, 60, 58),
    (62, 92, 150),
    (226, 220, 204),
    (88, 128, 96),
    (150, 96, 140),
    (214, 168, 66),
)
TROUSERS: tuple[Colour, ...] = ((44, 46, 58), (70, 62, 54), (36, 52, 84))
BAGS: tuple[Colour, ...] = ((206, 210, 214), (30, 64, 150), (150, 34, 40))
HAT: Colour = (222, 204, 150)


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """When bags are brought; an empty dumping way brings none."""

    first_dumping_s: float
    dumping_every_s: float


@dataclass(frozen=True, kw_only=True)
class Walk:
    """A way walked at a person's pace, nearer the camera faster in pixels."""

    place: Place
    way: tuple[Point, ...]

    def duration_s(self) -> float:
        """Return how long the walk takes."""
        return sum(self._leg_s(a, b) for a, b in zip(self.way, self.way[1:], strict=False))

    def at(self, elapsed_s: float) -> tuple[Point, float] | None:
        """Return (feet, facing) after a time, or None when the walk is over."""
        for start, end in zip(self.way, self.way[1:], strict=False):
            leg_s = self._leg_s(start, end)
            if elapsed_s < leg_s:
                share = elapsed_s / leg_s
                x = start[0] + share * (end[0] - start[0])
                y = start[1] + share * (end[1] - start[1])
                return (x, y), math.copysign(1.0, end[0] - start[0])
            elapsed_s -= leg_s
        return None

    def _leg_s(self, start: Point, end: Point) -> float:
        metre_px = height_at(self.place, (start[1] + end[1]) / 2) / PERSON_M
        # A way towards the camera is foreshortened: a pixel of depth is more ground.
        metres = math.hypot(end[0] - start[0], 2.2 * (end[1] - start[1])) / metre_px
        return metres / WALK_M_S


def height_at(place: Place, foot_y: float) -> float:
    """Return a person's height in pixels where the feet are on a row."""
    return max(4.0, (foot_y - place.horizon_y) * place.scale)


def actors_at(place: Place, timetable: Timetable, *, seed: int, at_s: float) -> list[Actor]:
    """Return everybody and everything that moves or was brought, at a time of the scene."""
    actors: list[Actor] = []
    if place.dumping_way and at_s >= timetable.first_dumping_s:
        since_s = at_s - timetable.first_dumping_s
        cycle, elapsed_s = divmod(since_s, timetable.dumping_every_s)
        actors += _dumping(place, timetable, _luck(seed, 1, int(cycle)), elapsed_s)
    last_slot = int(at_s // SLOT_S)
    for slot in range(max(0, last_slot - int(LONGEST_WALK_S // SLOT_S)), last_slot + 1):
        passer = _passer(place, timetable, _luck(seed, 2, slot), at_s - slot * SLOT_S, slot)
        if passer is not None:
            actors.append(passer)
    return actors


def _luck(seed: int, kind: int, number: int) -> np.random.Generator:
    return np.random.default_rng((seed, kind, number))


def _clothes(luck: np.random.Generator) -> Clothes:
    return Clothes(
        shirt=SHIRTS[luck.integers(len(SHIRTS))],
        trousers=TROUSERS[luck.integers(len(TROUSERS))],
        hat=HAT if luck.random() < 0.4 else None,
    )


def _passer(
    place: Place, timetable: Timetable, luck: np.random.Generator, elapsed_s: float, slot: int
) -> Person | None:
    sets_out_s = luck.uniform(0, SLOT_S)
    walk = Walk(place=place, way=place.ways[luck.integers(len(place.ways))])
    clothes, busy = _clothes(luck), luck.random() < BUSY_SHARE
    if not busy or (place.dumping_way and _is_quiet(timetable, slot * SLOT_S + sets_out_s)):
        return None
    return _walker(walk, elapsed_s - sets_out_s, clothes, None)


def _is_quiet(timetable: Timetable, at_s: float) -> bool:
    since_s = (at_s - timetable.first_dumping_s) % timetable.dumping_every_s
    before_s = timetable.dumping_every_s - since_s
    return since_s < QUIET_S or before_s < QUIET_BEFORE_S


def _walker(walk: Walk, elapsed_s: float, clothes: Clothes, bag: Colour | None) -> Person | None:
    where = walk.at(elapsed_s) if elapsed_s >= 0 else None
    if where is None:
        return None
    (x, foot_y), facing = where
    return Person(
        x=x,
        foot_y=foot_y,
        height=height_at(walk.place, foot_y),
        facing=facing,
        stride=elapsed_s * STRIDE_HZ,
        walking=True,
        stoop=0.0,
        clothes=clothes,
        bag=bag,
    )


def _dumping(
    place: Place, timetable: Timetable, luck: np.random.Generator, elapsed_s: float
) -> list[Actor]:
    clothes, cleaner = _clothes(luck), _clothes(luck)
    colour = BAGS[luck.integers(len(BAGS))]
    visit_s = 2 * Walk(place=place, way=place.dumping_way).duration_s() + STOOP_S
    cleaning_s = timetable.dumping_every_s * CLEANER_SHARE
    if elapsed_s < cleaning_s:
        person, lies = _visit(place, elapsed_s, clothes, colour, brings=True)
    elif elapsed_s < cleaning_s + visit_s:
        person, lies = _visit(place, elapsed_s - cleaning_s, cleaner, colour, brings=False)
    else:
        return []
    actors: list[Actor] = [] if person is None else [person]
    if lies:
        x, foot_y = place.dumping_way[-1]
        width = height_at(place, foot_y) * BAG_SHARE
        actors.append(Bag(x=x, foot_y=foot_y, width=width, colour=colour))
    return actors


def _visit(
    place: Place, elapsed_s: float, clothes: Clothes, colour: Colour, *, brings: bool
) -> tuple[Person | None, bool]:
    """Return (the visitor, whether the bag lies there) for one visit to the spot."""
    walk = Walk(place=place, way=_beside(place))
    arrives_s = walk.duration_s()
    leaves_s = arrives_s + STOOP_S
    if elapsed_s < arrives_s:
        return _walker(walk, elapsed_s, clothes, colour if brings else None), not brings
    if elapsed_s < leaves_s:
        share = (elapsed_s - arrives_s) / STOOP_S
        lies = (share >= 0.5) == brings
        return _stooping(walk, share, clothes, None if lies else colour), lies
    back = Walk(place=place, way=tuple(reversed(walk.way)))
    return _walker(back, elapsed_s - leaves_s, clothes, None if brings else colour), brings


def _beside(place: Place) -> tuple[Point, ...]:
    """Return the way that ends an arm's length from the spot where the bag stands."""
    *before, spot = place.dumping_way
    reach = height_at(place, spot[1]) * 0.3
    side = math.copysign(reach, before[-1][0] - spot[0])
    return (*before, (spot[0] + side, spot[1] - 3))


def _stooping(walk: Walk, share: float, clothes: Clothes, bag: Colour | None) -> Person:
    x, foot_y = walk.way[-1]
    return Person(
        x=x,
        foot_y=foot_y,
        height=height_at(walk.place, foot_y),
        facing=math.copysign(1.0, x - walk.way[-2][0]),
        stride=0.0,
        walking=False,
        stoop=math.sin(math.pi * share),
        clothes=clothes,
        bag=bag,
    )
