"""Who of the figures of one scene is somebody, and what its guarded zones say to that. Pure."""

import math
from collections.abc import Sequence

from edge_agent.vision.picture.background import Background
from edge_agent.vision.picture.figures import Area
from edge_agent.vision.picture.plane import Luma, Mask
from edge_agent.vision.presence.posts import (
    CrowdPost,
    GuardedZone,
    Person,
    PresenceEvent,
    StayPost,
    View,
)
from edge_agent.vision.presence.shapes import THING_S, Shape, ShapeFinder, is_shade
from edge_agent.vision.presence.stays import STILL_S
from edge_agent.vision.presence.track import Track
from edge_agent.vision.presence.tracks import Tracks

LEAST_SIDE, LEAST_SHARE = 0.07, 0.0006
"""Longer side as a share of the picture's height, and pixels as a share of the picture: a cat or
a blown leaf has less, somebody so far away cannot be told from them. Cut by the picture's edge, a
figure must be twice as large: feet and branches are all that is to be seen there."""
PIECE_SHARE = 0.0003
"""Pixels as a share of the picture: less is not even a piece of somebody."""
CLOSE_SHARE, CLOSE_S = 0.4, 2.0
"""Who is so tall in the picture can hardly come from anywhere; so long alone must do."""
LEARNS_S, UNREST = 12.0, 0.02
"""While the picture is not better known, what is where something comes and goes is leaves."""
LEAST_FILL, MOST_SLENDER = 0.4, 6.0
"""Of its box: somebody fills it, leaves that sway are strewn over it or line its sides."""
SOLID, SOLID_HZ = 3, 2.0
"""So many more pictures must show a solid figure than show light, shadow or leaves; where pictures
are rare, each counts as this many per second."""
CALM_SHARE = 0.15
"""Of its size, by which somebody who stays may sway without waking the camera."""


class Guard:
    """Follows everybody and says who is where nobody may be, stays too long, or is too many."""

    def __init__(self, zones: Sequence[GuardedZone], *, shape: tuple[int, int], least: int) -> None:
        """Prepare for planes of this shape (height, width); `least` pixels are a figure."""
        height, width = shape
        self.tracks = Tracks((width, height))
        self._size = (width, height)
        self._finder = ShapeFinder(max(least, round(PIECE_SHARE * height * width)))
        self._since_s = math.inf
        self._last_s = 0.0
        self._solid: dict[int, int] = {}
        self._known: set[int] = set()
        self.busy = False
        """Whether somebody moves about whose stay has not been told, so that every picture counts."""
        self._posts: list[StayPost | CrowdPost] = [
            CrowdPost(zone) if zone.purpose == "crowding" else StayPost(zone) for zone in zones
        ]

    def step(
        self, t_s: float, luma: Luma, background: Background, flickers: Mask, *, steady: bool
    ) -> list[PresenceEvent]:
        """Take the picture that the background has just taken in; return what began or ended.

        `flickers` is where leaves and water come and go; while the light is not `steady`,
        nothing that moves proves that somebody is there.
        """
        # Before the first picture, or the first after a stop, nobody looked.
        dt_s = t_s - self._last_s if math.isfinite(self._since_s) else 0.0
        self._since_s, self._last_s = min(self._since_s, t_s), t_s
        if not self._posts:
            return []
        sight = self._finder.find(luma, background, flickers, t_s)
        shape_of = self.tracks.step(t_s, sight.shapes)
        current = self.tracks.current
        for track in current:
            if track.still_s(t_s) >= THING_S and track.track_id in shape_of:
                self._finder.note_thing(sight, shape_of[track.track_id], background, t_s)
        view = View(
            t_s=t_s, dt_s=dt_s, luma=luma, background=background, sight=sight, steady=steady
        )
        people = [self._person(track, shape_of.get(track.track_id), view) for track in current]
        awaited = self.tracks.awaited
        self._solid = {i: votes for i, votes in self._solid.items() if i in awaited}
        self._known &= awaited
        events = [event for post in self._posts for event in post.step(people, view)]
        calm = self._calm()
        self.busy = any(
            person.somebody and person.stirs and person.track not in calm for person in people
        )
        return events

    def _person(self, track: Track, shape: Shape | None, view: View) -> Person:
        stirs = view.steady and track.stirred_s == view.t_s
        if track.joined_s is not None:
            # Of whom is one figure with others, only the place is guessed.
            somebody = track.track_id in self._known
        else:
            somebody = self._is_large(track) and (track.came or self._is_close(track, view.t_s))
            if somebody and stirs:
                somebody = self._is_solid(track, shape, view)
            (self._known.add if somebody else self._known.discard)(track.track_id)
        return Person(track=track, shape=shape, somebody=somebody, stirs=stirs)

    def _is_large(self, track: Track) -> bool:
        area, (width, height) = track.area, self._size
        least = LEAST_SIDE * height * (2.0 if track.cut_by(self._size) else 1.0)
        if max(area.width, area.height) < least:
            return False
        return track.pixels >= LEAST_SHARE * width * height

    def _is_close(self, track: Track, t_s: float) -> bool:
        return track.area.height >= CLOSE_SHARE * self._size[1] and t_s - track.first_s >= CLOSE_S

    def _is_solid(self, track: Track, shape: Shape | None, view: View) -> bool:
        votes = self._solid.get(track.track_id, 0)
        if track.came_from is not None:
            votes = max(votes, self._solid.get(track.came_from, 0))
        if votes < SOLID and shape is not None:
            learns = view.t_s - self._since_s < LEARNS_S
            fleeting = (
                _is_strewn(shape)
                or (learns and _sways(shape, view))
                or is_shade(view.sight, shape, view.luma, view.background)
            )
            weight = max(1, round(SOLID_HZ * view.dt_s))
            votes += -weight if fleeting else weight
        self._solid[track.track_id] = votes = max(-SOLID, votes)
        return votes >= SOLID

    def arm(self, zone: str, *, armed: bool) -> list[PresenceEvent]:
        """Watch a zone from now on, or do not; return what ends by that."""
        return [e for post in self._posts if post.zone.name == zone for e in post.arm(armed=armed)]

    def stop(self) -> list[PresenceEvent]:
        """End everything and follow nobody, as when the picture has been learned anew."""
        self.tracks.forget()
        self._finder.forget()
        self._solid, self._known = {}, set()
        self._since_s = math.inf
        self.busy = False
        return [event for post in self._posts for event in post.stop()]

    @property
    def calm(self) -> list[Area]:
        """Return where somebody stays whose stay has been told, so that a look now and then does.

        Areas may leave the plane.
        """
        return [t.area.grown(2 + CALM_SHARE * t.size_px) for t in self._calm()]

    @property
    def people(self) -> list[Area]:
        """Return where somebody is who has stirred lately."""
        since_s = self._last_s - STILL_S
        here = [track for track in self.tracks.current if track.track_id in self._known]
        return [t.area for t in here if t.stirred_s is not None and t.stirred_s >= since_s]

    @property
    def awaits(self) -> bool:
        """Whether somebody is there or expected back, or the end of what was told is to come."""
        return bool(self.tracks.awaited) or any(post.open for post in self._posts)

    def _calm(self) -> list[Track]:
        members = {i for post in self._posts for i in post.members}
        current = self.tracks.current if members else ()
        return [track for track in current if track.track_id in members and track.stands]


def _is_strewn(shape: Shape) -> bool:
    area = shape.area
    slender = max(area.width, area.height) > MOST_SLENDER * min(area.width, area.height)
    return slender or shape.figure.pixels < LEAST_FILL * area.size


def _sways(shape: Shape, view: View) -> bool:
    unrest = view.background.unrest[shape.area.slices][view.sight.mask_of(shape)]
    return float(unrest.mean()) > UNREST
