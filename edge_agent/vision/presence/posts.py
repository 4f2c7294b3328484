"""The zones in which somebody's presence matters, each with its own memory of who is there. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np

from edge_agent.vision.picture.background import Background
from edge_agent.vision.picture.figures import Area, bounds
from edge_agent.vision.picture.plane import Luma, Mask
from edge_agent.vision.presence.shapes import Shape, Sight, is_shade
from edge_agent.vision.presence.stays import CALMS, Began, Crowd, Ended, Presence, Stay
from edge_agent.vision.presence.track import Track

Purpose = Literal["intrusion", "loitering", "crowding"]

FOOT_SHARE = 0.12
"""Of a figure's height."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardedZone:
    """A zone drawn on the plane, without what privacy masks hide."""

    name: str
    purpose: Purpose
    mask: Mask
    present_s: float
    crowd_share: float
    armed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A figure of this picture, as the zones see it."""

    track: Track
    shape: Shape | None
    """None: it is hidden in another's."""
    somebody: bool
    """Large and dense enough, has come from somewhere, and is neither light nor shadow."""
    stirs: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PresenceBegan:
    """Somebody has been in a zone since `since_s`, or many have."""

    zone: str
    purpose: Purpose
    since_s: float
    t_s: float
    area: Area
    share: float
    """Of the zone that is covered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PresenceStopped:
    """Nobody has been there since `until_s`."""

    zone: str
    purpose: Purpose
    since_s: float
    until_s: float


PresenceEvent = PresenceBegan | PresenceStopped


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """One picture, as the zones see it."""

    t_s: float
    dt_s: float
    """Since the picture before."""
    luma: Luma
    background: Background
    sight: Sight
    steady: bool
    """While the light changes, nothing that moves proves that somebody is there."""


class StayPost:
    """One zone that nobody may enter, or where nobody may stay long."""

    def __init__(self, zone: GuardedZone) -> None:
        self.zone = zone
        self._stay = Stay(zone.present_s, armed=zone.armed)

    @property
    def members(self) -> frozenset[int]:
        """The tracks of those whose stay has been told."""
        return self._stay.members if self._stay.open else frozenset()

    @property
    def open(self) -> bool:
        """Whether a stay has been told, and not its end."""
        return self._stay.open

    def step(self, people: Sequence[Person], view: View) -> Iterator[PresenceEvent]:
        """Take everybody in a picture; yield what began or ended by it."""
        seen = [
            Presence(
                track_id=person.track.track_id,
                within=_foot_within(person.track.area, self.zone.mask),
                stirs=person.stirs and person.somebody,
                came_from=person.track.came_from,
            )
            for person in people
            if person.somebody or self._stay.knows(person.track.track_id)
        ]
        match self._stay.step(view.t_s, seen):
            case Began() as began:
                person = next(p for p in people if p.track.track_id == began.track_id)
                area = person.track.area
                covered = area.size
                if person.shape is not None:
                    covered = view.sight.covered(self.zone.mask, [person.shape])
                yield _began(self.zone, began, area, covered)
            case Ended() as ended:
                yield _stopped(self.zone, ended)
            case None:
                pass

    def arm(self, *, armed: bool) -> Iterator[PresenceEvent]:
        """Watch from now on, or do not; yield what ends by that."""
        if ended := self._stay.arm(armed=armed):
            yield _stopped(self.zone, ended)

    def stop(self) -> Iterator[PresenceEvent]:
        """End what is open and forget everybody."""
        if ended := self._stay.stop():
            yield _stopped(self.zone, ended)


class CrowdPost:
    """One zone where many may not gather."""

    members: frozenset[int] = frozenset()
    """Nobody in particular."""

    def __init__(self, zone: GuardedZone) -> None:
        self.zone = zone
        self._pixels = max(1, int(np.count_nonzero(zone.mask)))
        self._crowd = Crowd(zone.crowd_share, zone.present_s, armed=zone.armed)

    @property
    def open(self) -> bool:
        """Whether a crowd has been told, and not its end."""
        return self._crowd.open

    def step(self, people: Sequence[Person], view: View) -> Iterator[PresenceEvent]:
        """Take everybody in a picture; yield what began or ended by it."""
        if not view.steady:
            return
        shapes = [person.shape for person in people if person.shape is not None]
        zone = self.zone
        covered = view.sight.covered(zone.mask, shapes)
        if covered >= CALMS * zone.crowd_share * self._pixels:
            # Costly, and only worth it where it decides.
            shapes = [s for s in shapes if not is_shade(view.sight, s, view.luma, view.background)]
            covered = view.sight.covered(zone.mask, shapes)
        match self._crowd.step(view.t_s, covered / self._pixels):
            case Began() as began:
                yield _began(zone, began, _around(shapes, zone.mask), covered)
            case Ended() as ended:
                yield _stopped(zone, ended)
            case None:
                pass

    def arm(self, *, armed: bool) -> Iterator[PresenceEvent]:
        """Watch from now on, or do not; yield what ends by that."""
        if ended := self._crowd.arm(armed=armed):
            yield _stopped(self.zone, ended)

    def stop(self) -> Iterator[PresenceEvent]:
        """End what is open and forget everybody."""
        if ended := self._crowd.stop():
            yield _stopped(self.zone, ended)


def _foot_within(area: Area, mask: Mask) -> float:
    """Return which share of a figure's foot lies in a zone."""
    height, width = mask.shape
    rows = max(2, round(FOOT_SHARE * area.height))
    foot = Area(
        left=area.left + area.width // 4,
        top=area.bottom - rows,
        width=max(1, area.width // 2),
        height=rows,
    ).clipped(width, height)
    return int(np.count_nonzero(mask[foot.slices])) / foot.size if foot.size else 0.0


def _around(shapes: Sequence[Shape], mask: Mask) -> Area:
    """Return the box around the shapes that touch a zone, as far as it lies in the zone's box."""
    zone = bounds(mask)
    touching = [shape.area for shape in shapes if shape.area.shared(zone)]
    whole = reduce(Area.joined, touching)
    left, top = max(whole.left, zone.left), max(whole.top, zone.top)
    return Area(
        left=left,
        top=top,
        width=min(whole.right, zone.right) - left,
        height=min(whole.bottom, zone.bottom) - top,
    )


def _began(zone: GuardedZone, began: Began, area: Area, covered: int) -> PresenceBegan:
    pixels = max(1, int(np.count_nonzero(zone.mask)))
    return PresenceBegan(
        zone=zone.name,
        purpose=zone.purpose,
        since_s=began.since_s,
        t_s=began.t_s,
        area=area,
        share=min(1.0, covered / pixels),
    )


def _stopped(zone: GuardedZone, ended: Ended) -> PresenceStopped:
    return PresenceStopped(
        zone=zone.name, purpose=zone.purpose, since_s=ended.since_s, until_s=ended.until_s
    )
