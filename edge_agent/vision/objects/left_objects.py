"""Left objects of one scene: finds what stands where nothing stood, and follows it to its end."""

from collections.abc import Iterator

import cv2
import numpy as np

from edge_agent.vision.objects.arrival import find_arrival, was_brought, was_there
from edge_agent.vision.objects.attention import Attention, Phase, Sighting, attend, look_away
from edge_agent.vision.objects.belongings import Belongings
from edge_agent.vision.objects.statues import STAYS_S, Statues
from edge_agent.vision.objects.surroundings import Nearby, Surroundings
from edge_agent.vision.objects.thing import LeftObject, crop
from edge_agent.vision.objects.verdict import judge, taken_away
from edge_agent.vision.objects.view import NEVER, View
from edge_agent.vision.picture.background import Background
from edge_agent.vision.picture.figures import Area, area_of, count_large
from edge_agent.vision.picture.plane import Luma, Mask

OPEN_S = 1.5
"""A candidate opens when something has stood this long."""
STATUE_S = 10.0
"""What has stood beside an object for this long without stirring is no figure."""
MAX_SHARE = 0.06
"""Of the picture; what is larger is a vehicle before the lens or a change of light."""
LARGE_S = 4.0
"""After this long, something larger is background."""
STANDING_SHARE = 0.7
"""Of what differs in one piece: the rest stirs, as somebody who stands does."""
MAX_OBJECTS = 24
RESTLESS_S = 3.0
INHERIT_S = 5.0
"""What stands where a candidate was until this long ago is that candidate in another shape."""
SEEN = 0.8
"""Of a thing must be visible to compare its looks."""
CHANGED_S = 60.0
"""So long after its looks changed, the light around it may still have to be learned."""
MISSED_S = 2.0
"""So long somebody comes and goes without being seen."""
SPECK_SHARE = 0.15
"""Of the object's pixels; smaller pieces are rain, insects or leaves, however many."""
NEAR_SHARE = 0.3
"""A figure has at least this share of the object's pixels within reach."""
_CLOSE = np.ones((5, 5), np.uint8)
_SPECK = np.ones((2, 2), np.uint8)


class LeftObjects:
    """Opens, follows and ends left objects."""

    def __init__(self, *, unattended_s: float, least_pixels: int, belongings: Belongings) -> None:
        self._unattended_s = unattended_s
        self._belongings = belongings
        self._least_pixels = least_pixels
        self._next_id = 1
        self._ended: list[tuple[float, LeftObject]] = []
        self._statues = Statues()
        self._away_s, self._back_s = NEVER
        """From when to when nobody looked last."""
        self._unseen_s = 0.0
        """For how long nobody looked then and in the breaks shortly before."""
        self.objects: list[LeftObject] = []
        """Candidates and confirmed objects."""

    def step(self, view: View) -> list[LeftObject]:
        """Follow all objects through one picture; return those whose phase changed."""
        alive = self._alive(view)
        changed = [thing for thing in self.objects if self._follow(thing, view, alive)]
        self._ended = [(t_s, o) for t_s, o in self._ended if t_s > view.t_s - INHERIT_S]
        self._ended += [(view.t_s, o) for o in self.objects if o.attention.phase.ended]
        self.objects = [o for o in self.objects if not o.attention.phase.ended]
        return changed + list(self._open(view))

    def know(self, belongings: Belongings) -> None:
        """Report the like of these no more; what of others stands there stays unreported."""
        self._belongings = belongings
        for thing in self.objects:
            if thing.fixture_id not in belongings.fixture_ids:
                thing.fixture_id = ""

    def look_away(self, gap_s: float, t_s: float) -> None:
        """Go on after so many seconds without a look, up to now: they speak neither for nor against."""
        away_s = t_s - gap_s
        self._unseen_s = gap_s + (self._unseen_s if away_s - self._back_s < STATUE_S else 0.0)
        self._away_s, self._back_s = away_s, t_s
        self._statues.look_away(gap_s)
        for thing in self.objects:
            thing.attention = look_away(thing.attention, gap_s)
            thing.stirred_s += gap_s
            thing.changed_s += gap_s
            if gap_s > MISSED_S:
                # Whoever took it meanwhile need not be who was beside it before.
                thing.last_beside = None

    def relearn(
        self, luma: Luma, t_s: float, background: Background, former: Luma
    ) -> list[LeftObject]:
        """Find all objects again in a picture that was just learned; return what has ended.

        A lamp or infra-red changes every pixel, but not where the edges are. A confirmed object
        that cannot be seen now is hidden: it stays until its place is seen as it was without it,
        in `former`, the background before it was hidden.
        """
        self._statues.clear()
        for thing in self.objects:
            bare = former[thing.at] if thing.bare is None else thing.bare
            # The first picture that hides it does not say that it went.
            empty = thing.bare is not None and thing.shows(bare, luma)
            if not empty and thing.is_in(luma):
                thing.patch, thing.bare = luma[thing.at].copy(), None
                sure = thing.attention.phase is Phase.CONFIRMED
                background.keep(thing.window, thing.halo, bare if sure else None)
            elif thing.attention.phase is Phase.CONFIRMED and not empty:
                thing.bare = bare.copy()
            else:
                lost = Sighting(t_s=t_s, figure_near=False, gone=True)
                thing.attention = attend(thing.attention, lost)
        ended = [o for o in self.objects if o.attention.phase.ended]
        self.objects = [o for o in self.objects if not o.attention.phase.ended]
        return ended

    def _alive(self, view: View) -> Mask:
        """Return what may be a figure: not a confirmed object and not still as a statue."""
        background, at = view.background, view.background.window.slices
        alive: Mask = np.zeros(background.foreground.shape, bool)
        if not self.objects or not background.window.size:
            return alive
        alive[at] = background.foreground[at] & ~self._still(view)
        for thing in self.objects:
            if thing.attention.phase is Phase.CONFIRMED:
                alive[thing.at] &= ~thing.halo
        shape = cv2.morphologyEx(alive[at].view(np.uint8), cv2.MORPH_OPEN, _SPECK)
        alive[at] = shape.view(bool)
        return alive

    def _still(self, view: View) -> Mask:
        """Return where in the window something has been seen to stand for as long as no figure does."""
        background = view.background
        still = background.standing(view.t_s, STATUE_S)
        if view.t_s - self._back_s < STATUE_S:
            # Who stands there still may have stirred meanwhile.
            before = background.standing(view.t_s, view.t_s - self._away_s)
            still &= ~before | background.standing(view.t_s, STATUE_S + self._unseen_s)
        return still

    def _follow(self, thing: LeftObject, view: View, alive: Mask) -> bool:
        """Bring one object up to this picture; return whether its phase changed."""
        background, at = view.background, thing.at
        same = np.abs(view.luma[at] - thing.patch) < background.tolerance[at]
        empty = ~background.foreground[at] & background.settled[at]
        hidden = thing.bare is not None
        thing.visible = 0.0 if hidden else float(same[thing.mask].mean())
        phase = thing.attention.phase
        confirmed = phase is Phase.CONFIRMED
        if thing.visible < 0.5 and not confirmed:
            self._renew(thing, view)
        emptied = float(empty[thing.mask].mean())
        gone = not hidden and emptied > (0.6 if confirmed else 0.3)
        near = self._look_around(thing, view, alive, same)
        if confirmed and not hidden and not near.anybody:
            gone |= self._is_ground(thing, view)
        seen = Sighting(
            t_s=view.t_s,
            figure_near=near.stays,
            near_s=thing.around.visited_s,
            figure_passes=near.anybody and not near.stays,
        )
        marked = bool(thing.fixture_id)
        if marked or (not near.anybody and self._is_known(thing, view)):
            seen = Sighting(t_s=view.t_s, figure_near=near.stays, belongs=True)
            # Whatever is put there later is looked at anew, and said.
            background.absorb(thing.window, thing.halo, once=True)
        elif gone:
            back = thing.taken_back
            seen = Sighting(t_s=view.t_s, figure_near=near.stays, gone=True, same_figure=back)
        elif not near.stays and not near.touches and phase is not Phase.CONFIRMED:
            seen = self._judge(thing, view)
        if marked:
            self._belongings.learn(thing)
        thing.attention = attend(thing.attention, seen)
        return thing.attention.phase is not phase

    def _is_known(self, thing: LeftObject, view: View) -> bool:
        """Note which fixture it is; return whether it is something that belongs here."""
        if thing.attention.phase is Phase.CONFIRMED or thing.visible <= SEEN:
            return False
        known = self._belongings.find(thing, view.luma)
        thing.fixture_id = known or ""
        return known is not None

    def _look_around(self, thing: LeftObject, view: View, alive: Mask, same: Mask) -> Nearby:
        """Return who is near; if nobody is, note how restless the thing itself is."""
        self._statues.step(view.background, view.t_s)
        around = thing.around
        if around.sways is None:
            around.sways = view.background.flickers(view.t_s, around.area)
        others = alive[around.area.slices] & around.within
        crowd = count_large(others, max(self._least_pixels, round(SPECK_SHARE * thing.pixels)))
        enough = max(6.0, NEAR_SHARE * thing.pixels)
        if around.sways.any():
            others |= around.standing & self._unmoved(view)[around.area.slices]
        nearby = around.look(others, view.dt_s, crowd=crowd, enough=enough)
        if nearby.anybody:
            if visit := view.figures.largest(around.area, view.t_s, view.t_s):
                thing.last_beside = visit.figure
            return nearby
        if self._statues.are_beside(thing):
            return Nearby(anybody=True, stays=True)
        weight = 1.0 - float(np.exp(-view.dt_s / RESTLESS_S))
        stirs = max(1.0 - thing.visible, min(1.0, crowd / thing.pixels))
        unlike = ~same & ~thing.relit(view.luma[thing.at], view.background.tolerance[thing.at])
        thing.stir(unlike & view.background.foreground[thing.at], view.t_s)
        thing.restless += weight * (stirs - thing.restless)
        if thing.visible > 0.5:
            thing.patch += np.float32(0.2) * (view.luma[thing.at] - thing.patch)
        return nearby

    def _unmoved(self, view: View) -> Mask:
        """Return what differs and is no thing, also what has not stirred for long."""
        unmoved = view.background.foreground.copy()
        for thing in self.objects:
            unmoved[thing.at] &= ~thing.halo
        return unmoved

    def _renew(self, thing: LeftObject, view: View) -> bool:
        """Learn its looks again once all of it stands still anew; return whether it is gone.

        If it did not tip over, it is the ground, in another light than when it was covered.
        """
        stands = view.background.settled[thing.at] & view.background.foreground[thing.at]
        if stands[thing.mask].mean() <= 0.7:
            return False
        gone = False
        if not thing.is_in(view.luma):
            thing.changed_s = view.t_s
            gone = thing.shows(view.background.always[thing.at], view.luma)
        thing.patch = view.luma[thing.at].copy()
        return gone

    def _is_ground(self, thing: LeftObject, view: View) -> bool:
        """Whether a confirmed thing that has changed its looks and is alone is a mere gap."""
        gap = thing.visible < 0.5 and self._renew(thing, view)
        if thing.visible > SEEN and view.t_s - thing.changed_s < CHANGED_S:
            parts = (view.luma[thing.at], view.background.always[thing.at], thing.mask)
            gap = taken_away(*parts)
        if gap:
            view.background.absorb(thing.window, thing.halo)
        return gap

    def _judge(self, thing: LeftObject, view: View) -> Sighting:
        parts = (view.luma[thing.at], view.background.always[thing.at], thing.mask)
        if thing.visible > 0.9 and taken_away(*parts):
            view.background.absorb(thing.window, thing.halo)
            return Sighting(t_s=view.t_s, figure_near=False, gone=True)
        pixels = self._whole(thing, view)
        verdict = judge(thing, view.luma, view.background, view.t_s, pixels=pixels)
        thing.score, thing.reasons = verdict.score, verdict.reasons
        attention, long_s = thing.attention, 2.0 * verdict.patience * self._unattended_s
        is_alone = attention.alone_since_s is not None
        stays = is_alone and attention.alone_s(view.t_s) > max(STAYS_S, long_s)
        gone = stays and not verdict.convincing and not view.is_somebody(thing.mask, thing.window)
        if gone:
            view.background.absorb(thing.window, thing.halo)
        return Sighting(
            t_s=view.t_s,
            figure_near=False,
            gone=gone,
            required_s=verdict.patience * self._unattended_s,
            convincing=verdict.convincing,
        )

    def _whole(self, thing: LeftObject, view: View) -> int:
        """Return how much differs in one piece with it, if that lies where it arrived."""
        if thing.arrival is None:
            return 0
        whole = view.figures.largest(thing.area, view.t_s, view.t_s)
        same = whole is not None and whole.figure.is_at(thing.arrival.area)
        return whole.figure.pixels if whole is not None and same else 0

    def _open(self, view: View) -> Iterator[LeftObject]:
        """Open a candidate for every piece of foreground that stands still."""
        background, window = view.background, view.background.window
        at = window.slices
        free = background.foreground.copy()
        for thing in self.objects:
            free[thing.at] &= ~thing.halo
        free = free[at]
        still = background.standing(view.t_s, OPEN_S) & background.settled[at] & free
        allowed = still & view.allowed[at]
        if np.count_nonzero(allowed) < self._least_pixels:
            return
        shape = cv2.morphologyEx(free.view(np.uint8), cv2.MORPH_CLOSE, _CLOSE)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(shape, connectivity=8)
        differs = np.bincount(labels[free], minlength=count)
        stands = np.bincount(labels[still], minlength=count)
        inside = np.bincount(labels[allowed], minlength=count)
        enough = (stands >= self._least_pixels) & (stands >= STANDING_SHARE * differs)
        for label in np.flatnonzero(enough & (inside > 0.5 * stands)):
            area = area_of(stats, int(label)).moved(window)
            thin = min(area.width, area.height) < 3
            if label == 0 or thin:
                continue
            piece: Mask = np.zeros(view.luma.shape, bool)
            piece[at] = labels == label
            if stands[label] > MAX_SHARE * view.luma.size:
                self._absorb_large(piece, area, view)
                continue
            piece[at] &= still
            if opened := self._meet(piece, area, view):
                yield opened

    def _absorb_large(self, mask: Mask, area: Area, view: View) -> None:
        since_s = view.background.standing_since[mask & view.background.foreground]
        stands_since_s = float(np.median(since_s))
        where = mask[area.slices]
        if view.t_s - stands_since_s > LARGE_S and not view.is_somebody(where, area):
            gap = taken_away(view.luma[area.slices], view.background.always[area.slices], where)
            view.background.absorb(area, where)
            if gap:
                return
            self._statues.add(area, where, stands_since_s)

    def _meet(self, mask: Mask, area: Area, view: View) -> LeftObject | None:
        """Decide what a standing piece is: a gap in the background, a part, or something new."""
        window, inside, halo, luma = crop(mask, area, view.luma)
        gap = taken_away(luma, view.background.always[window.slices], inside)
        if gap or was_there(mask, view):
            view.background.absorb(window, halo)
            return None
        for thing in self.objects:
            # A bag that fell over, or its darker half, is one bag.
            confirmed = thing.attention.phase is Phase.CONFIRMED
            share = 0.3 if confirmed else 0.1
            beside = thing.area.grown(1 + share * thing.reach_px).shared(area) > 0.5 * area.size
            # What cannot be seen has not fallen over; what lies as it did has lost no part.
            if not beside or thing.bare is not None:
                continue
            if not (confirmed and thing.visible > SEEN and was_brought(mask, area, view)):
                thing.take(mask, area, view.luma)
                return None
        return self._begin(mask, area, view) if len(self.objects) < MAX_OBJECTS else None

    def _begin(self, mask: Mask, area: Area, view: View) -> LeftObject:
        window, inside, halo, luma = crop(mask, area, view.luma)
        deposited_s = float(np.median(view.background.standing_since[mask]))
        pixels = int(np.count_nonzero(inside))
        came = find_arrival(view.figures, area, pixels, at_s=deposited_s, dt_s=view.dt_s)
        thing = LeftObject(
            object_id=self._next_id,
            area=area,
            window=window,
            mask=inside,
            halo=halo,
            patch=luma,
            deposited_s=deposited_s,
            attention=Attention(
                # Before it was opened nobody watched whether it stirs.
                opened_s=max(deposited_s, view.t_s - view.dt_s - 2.0 * OPEN_S),
                last_near_s=came.beside.at_s if came.beside else None,
            ),
            depositor=came.depositor,
            arrival=came.figure,
            last_beside=came.beside.figure if came.beside else None,
            stirred_s=np.full(inside.shape, -np.inf),
            around=Surroundings.of(mask, area),
        )
        for _, former in self._ended:
            thing.inherit(former)
        self._next_id += 1
        self.objects.append(thing)
        return thing
