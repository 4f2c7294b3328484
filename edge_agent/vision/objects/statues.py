"""What is large, has come to a stand and become background: a parked car, somebody near. Pure."""

from dataclasses import dataclass, replace

from edge_agent.vision.objects.thing import LeftObject
from edge_agent.vision.picture.background import Background
from edge_agent.vision.picture.figures import Area
from edge_agent.vision.picture.plane import Mask

MOST = 24
STAYS_S = 90.0
"""What has stood so long, as a parked car, belongs to the scene; so does a thing that never convinces."""
STILL_THERE = 0.5
"""So much of something large that was absorbed still covers what was behind it."""
OF_STATUE = 0.6
"""A figure that covers so much of it is it, stirring."""
WITH_STATUE_S = 2.0
"""What came to rest so long after it, or before, may be a part of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Statue:
    area: Area
    where: Mask
    """Of the area."""
    since_s: float
    until_s: float
    """When it belongs to the scene."""


class Statues:
    """The statues of one scene."""

    def __init__(self) -> None:
        self._standing: list[_Statue] = []

    def add(self, area: Area, where: Mask, since_s: float) -> None:
        """Know what stands at the masked pixels of an area; the oldest are forgotten first."""
        statue = _Statue(area=area, where=where, since_s=since_s, until_s=since_s + STAYS_S)
        self._standing = [*self._standing[-MOST:], statue]

    def look_away(self, gap_s: float) -> None:
        """Go on after so many seconds in which nobody looked: they make nothing a part of it."""
        self._standing = [replace(one, until_s=one.until_s + gap_s) for one in self._standing]

    def clear(self) -> None:
        """Know none any more."""
        self._standing = []

    def step(self, background: Background, t_s: float) -> None:
        """Forget whoever went, and what has been there for long: a car, a stall."""
        self._standing = [
            statue
            for statue in self._standing
            if t_s < statue.until_s
            and background.covered[statue.area.slices][statue.where].mean() > STILL_THERE
        ]

    def are_beside(self, thing: LeftObject) -> bool:
        """Whether something large has come to a stand beside a thing since it came, and is there.

        Of somebody who stands behind a table or a fence, the legs are a thing of their own. What
        is put down beside a car that had parked before is not the car's, unless all of the car
        stirred when it came.
        """
        came = [figure.area for figure in (thing.arrival, thing.depositor) if figure is not None]
        return any(
            statue.area.grown(thing.reach_px).shared(thing.area)
            and (
                thing.deposited_s < statue.since_s + WITH_STATUE_S
                or any(area.shared(statue.area) > OF_STATUE * statue.area.size for area in came)
            )
            for statue in self._standing
        )
