"""Everything about one camera's pictures: from luma planes in time order to what happened."""

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from edge_agent.vision.evidence.depositor import Behind
from edge_agent.vision.objects.arrival import clear_before_s
from edge_agent.vision.objects.attention import Phase
from edge_agent.vision.objects.belongings import Belonging, Belongings
from edge_agent.vision.objects.left_objects import LeftObjects
from edge_agent.vision.objects.thing import LeftObject
from edge_agent.vision.objects.view import NEVER, View
from edge_agent.vision.picture.background import FLICKER_HZ, Background
from edge_agent.vision.picture.figures import Area, FigureLog, find_largest, largest_part
from edge_agent.vision.picture.motion import Course, MotionGate
from edge_agent.vision.picture.plane import Light, Luma, Mask, Pixels, fit_light, relight
from edge_agent.vision.picture.steadier import Steadier
from edge_agent.vision.presence.guard import Guard
from edge_agent.vision.presence.posts import GuardedZone
from edge_agent.vision.scene_events import ObjectChanged, Place, SceneEvent

CHANGED_SHARE = 0.55
"""So much of the picture different at once is a lamp, infra-red or a moved camera."""
RELIT_SHARE, RELIT = 0.3, 35.0
"""So is less of it, if the light has also changed by so many luma levels."""
CHANGED_S, BLANK_S = 0.35, 10.0
"""It must last so long; a picture without contrast, as while a filter switches, much longer."""
BLANK = 12.0
"""Luma levels between the darkest and the brightest parts of such a picture."""
SETTLE_S = 3.0
"""After such a change, light and exposure need this long to come to rest; and so long somebody may
hide what has come to stand while nobody looked."""
LIGHT_STEP = 3.0
"""Luma levels: when the light is so far from what it was a second ago, nothing new has moved."""
SOMEBODY = 3
"""Somebody who stands there has so many times the pixels of what of them moves."""
LINGERED_S = 2.0
"""Nobody just passes by so long after something kept its place: it may be hidden behind them."""
RESUMED_S = 0.2
"""Of the time for which nobody looked, so much counts as that between two pictures."""


class Scene:
    """One fixed camera. Feed planes of one size in time order."""

    def __init__(
        self,
        *,
        motion_zones: Sequence[Place],
        object_zones: Sequence[Place],
        unattended_s: float,
        fixtures: Sequence[Belonging] = (),
        sensitivity: float = 0.5,
        guarded_zones: Sequence[GuardedZone] = (),
    ) -> None:
        self._sensitivity = sensitivity
        self._unattended_s = unattended_s
        self._fixtures = list(fixtures)
        self._motion = [(MotionGate(place.name), Course(), place.mask) for place in motion_zones]
        self._idle = frozenset(place.name for place in motion_zones if not place.armed)
        self._object_zones = list(object_zones)
        self._guarded_zones = list(guarded_zones)
        self._background: Background | None = None
        self._last_s = 0.0
        self._changed_since_s: float | None = None
        self._stirred = False
        self._lingered_s = -math.inf
        """When something last differed that kept its place."""
        self._glanced: tuple[Pixels, Luma] | None = None
        """The picture that was just glanced at, and what it became when prepared."""
        self._light_level = self._light_was = 0.0
        self._unseen_s = NEVER
        self.turned_s = -math.inf
        """When the camera last showed another view than before."""

    def _begin(self, luma: Luma, t_s: float) -> Background:
        height, width = luma.shape
        self._least_pixels = max(8, round(0.00022 * luma.size))
        self._steadier = Steadier(width, height)
        self._figures = FigureLog(self._least_pixels)
        self.objects = LeftObjects(
            unattended_s=self._unattended_s,
            least_pixels=self._least_pixels,
            belongings=Belongings(width, height, self._fixtures),
        )
        self._guard = Guard(self._guarded_zones, shape=(height, width), least=self._least_pixels)
        self._allowed: Mask = np.zeros((height, width), bool)
        self._allowed_since_s = np.full((height, width), -math.inf)
        self._allow(-math.inf)
        self._last_s = t_s
        return Background(luma, t_s, sensitivity=self._sensitivity)

    def step(self, plane: Pixels, t_s: float) -> list[SceneEvent]:
        """Take the next picture, (height, width) uint8; return what happened, in order."""
        glanced, self._glanced = self._glanced, None
        if glanced is not None and glanced[0] is plane:
            luma = glanced[1]
        else:
            glanced = None
            luma = cv2.GaussianBlur(plane, (3, 3), 0).astype(np.float32)
        if self._background is None:
            self._background = self._begin(luma, t_s)
            return []
        background = self._background
        dt_s = t_s - self._last_s
        if dt_s <= 0.0:
            return []
        self._last_s = t_s
        if glanced is None:
            luma = self._prepare(luma, background)
        self._light_was += (1.0 - math.exp(-dt_s)) * (self._light_level - self._light_was)
        background.step(luma, t_s)
        share = np.count_nonzero(background.foreground[background.window.slices]) / luma.size
        relit = share > RELIT_SHARE and abs(self._light_level) > RELIT
        if share > CHANGED_SHARE or relit:
            return self._changed(luma, t_s)
        self._changed_since_s = None
        return self._watch(
            View(
                t_s=t_s,
                dt_s=dt_s,
                luma=luma,
                allowed=self._allowed,
                allowed_since_s=self._allowed_since_s,
                unseen_s=self._unseen_s,
                background=background,
                figures=self._figures,
            )
        )

    def _prepare(self, luma: Luma, background: Background) -> Luma:
        luma = self._steadier.hold(luma, background.always)
        if background.settling(self._last_s):
            # What has just been learned is to become this picture, in the light it now has.
            self._light_level = 0.0
            return luma
        light = fit_light(luma, background.always, ~background.foreground)
        self._light_level = 128.0 * (light.gain - 1.0) + light.offset
        return luma if light == Light() else relight(luma, background.always, light)

    def _unsteady(self, t_s: float) -> bool:
        """Whether light or exposure are changing, which looks like motion."""
        assert self._background is not None  # noqa: S101 - narrowed by step
        changes = abs(self._light_level - self._light_was) > LIGHT_STEP
        return changes or self._background.settling(t_s)

    def stirs(self, plane: Pixels) -> bool:
        """Whether this picture shows something that is not known to stand there; learns nothing."""
        if self._background is None:
            return True
        blurred: Pixels = np.asarray(cv2.GaussianBlur(plane, (3, 3), 0), np.uint8)
        if self._background.resembles(blurred, self._least_pixels):
            return False
        luma = self._prepare(blurred.astype(np.float32), self._background)
        self._glanced = (plane, luma)
        fresh = self._background.fresh(luma)
        fresh &= self._background.unrest < FLICKER_HZ
        height, width = plane.shape
        whole = Area(left=0, top=0, width=width, height=height)
        return self._wakes(fresh, largest_part(fresh), whole)

    def _wakes(self, moving: Mask, pixels: int, window: Area) -> bool:
        """Whether what moves in a window, its largest part so many pixels, is more than who stays.

        Whose stay has been told is looked at with the keyframes only until they go.
        """
        calm = self._guard.calm
        if calm and pixels >= self._least_pixels:
            moving = moving.copy()
            for area in calm:
                moving[area.within(window).clipped(window.width, window.height).slices] = False
            pixels = largest_part(moving)
        return pixels >= self._least_pixels

    def arm(self, zone: str, *, armed: bool) -> list[SceneEvent]:
        """Watch a zone from now on, or do not; return what ends by that.

        An object that was there while its zone was armed is followed to its end. What stands in
        a zone when it is armed is no left object.
        """
        self._guarded_zones = [
            replace(z, armed=armed) if z.name == zone else z for z in self._guarded_zones
        ]
        self._object_zones = [
            replace(z, armed=armed) if z.name == zone else z for z in self._object_zones
        ]
        self._idle = (self._idle - {zone}) if armed else (self._idle | {zone})
        if self._background is None:
            return []
        self._allow(self._last_s)
        gates = [gate for gate, _, _ in self._motion if gate.zone == zone and not armed]
        motion = [event for gate in gates if (event := gate.stop())]
        return [*self._guard.arm(zone, armed=armed), *motion]

    def know(self, fixtures: Sequence[Belonging]) -> None:
        """Report the like of these fixtures no more, and that of others again."""
        self._fixtures = list(fixtures)
        if self._background is not None:
            self.objects.know(Belongings(*self.plane_size, self._fixtures))

    def _allow(self, since_s: float) -> None:
        """Watch for left objects in the zones that are armed, in what is new since then."""
        before = self._allowed.copy()
        self._allowed[:] = False
        for place in self._object_zones:
            if place.armed:
                self._allowed |= place.mask
        self._allowed_since_s[self._allowed & ~before] = since_s

    @property
    def left(self) -> Sequence[LeftObject]:
        """Candidates and confirmed objects."""
        return self.objects.objects if self._background is not None else ()

    @property
    def always(self) -> Luma | None:
        """The view without what stands in it, (height, width); None before the first picture."""
        return None if self._background is None else self._background.always

    @property
    def plane_size(self) -> tuple[int, int]:
        """Width and height of the planes; (1, 1) before the first."""
        if self._background is None:
            return 1, 1
        return len(self._allowed[0]), len(self._allowed)

    @property
    def figure_boxes(self) -> list[tuple[float, float, float, float]]:
        """Boxes of everything that differed from the background last, as shares."""
        if self._background is None:
            return []
        return [figure.area.shares_of(self.plane_size) for figure in self._figures.latest]

    @property
    def stirred(self) -> bool:
        """Whether something moved in the last picture."""
        return self._stirred

    @property
    def moving(self) -> bool:
        """Whether motion has begun in some zone and not ended."""
        return any(gate.active for gate, _, _ in self._motion)

    @property
    def busy(self) -> bool:
        """Whether something moves now or waits to be confirmed, so that every picture counts."""
        if self._background is None or self._stirred:
            return True
        return any(o.attention.phase is not Phase.CONFIRMED for o in self.objects.objects)

    @property
    def empty(self) -> bool:
        """Whether there was only what is always there, and nothing is awaited or creeps away."""
        background = self._background
        if background is None or background.creeps or background.settling(self._last_s):
            return False
        return self.vacant and bool(np.count_nonzero(background.foreground) < self._least_pixels)

    @property
    def vacant(self) -> bool:
        """Whether nothing moves or lies there and nobody is awaited; light may creep."""
        awaits = self.busy or self.moving or self.objects.objects or self._guard.awaits
        return not awaits

    @property
    def passing(self) -> bool:
        """Whether all that differs just passes by: it moves, that is told, and nothing else is due.

        Then nothing is lost by looking away for a second: what is put down meanwhile stands.
        """
        background = self._background
        if background is None or self.objects.objects or not self.moving:
            return False
        if any(gate.pending for gate, _, _ in self._motion) or self._unsteady(self._last_s):
            return False
        if any(zone.armed for zone in self._guarded_zones):
            return False
        return self._stirred and self._last_s - self._lingered_s > LINGERED_S

    def behind(self, thing: LeftObject) -> Behind:
        """Return the picture without this object and without anybody."""
        background = self._background
        assert background is not None  # noqa: S101 - things come from a background
        others = [other for other in self.objects.objects if other is not thing]
        return Behind.of(background, others, self._least_pixels)

    def zone_of(self, thing: LeftObject) -> str:
        """Return the name of the zone that covers most of it."""

        def covered(zone: Place) -> int:
            return int(np.count_nonzero(zone.mask[thing.at] & thing.mask))

        return max(self._object_zones, key=covered).name

    def clear_before(self, thing: LeftObject) -> float | None:
        """Return when whoever brought it was not there yet; None if not remembered."""
        others = [other.area for other in self.objects.objects if other is not thing]
        return clear_before_s(self._figures, thing, others, self.plane_size)

    def _changed(self, luma: Luma, t_s: float) -> list[SceneEvent]:
        assert self._background is not None  # noqa: S101 - narrowed by step
        self._stirred = True
        if self._changed_since_s is None:
            self._changed_since_s = t_s
            return []
        sample = luma[::3, ::3]
        contrast = float(np.percentile(sample, 97)) - float(np.percentile(sample, 3))
        wait_s = BLANK_S if contrast < BLANK else CHANGED_S
        if t_s - self._changed_since_s < wait_s:
            return []
        former = self._background.always
        self._background.relearn(luma, t_s, settle_s=SETTLE_S)
        for gate, _, _ in self._motion:
            gate.forget()
        return [
            *self._guard.stop(),
            *_changes(self.objects.relearn(luma, t_s, self._background, former), t_s),
        ]

    def resume(self, t_s: float) -> None:
        """Go on after nobody looked up to now, as when a connection was broken; ends nothing.

        What has come to stand meanwhile is not looked at: nobody saw how it came.
        """
        if self._background is None:
            return
        gap_s = max(0.0, t_s - self._last_s)
        self._background.look_away(gap_s)
        self.objects.look_away(gap_s, t_s)
        self._figures.look_away(gap_s, t_s)
        begin_s, end_s = self._unseen_s
        # Where nobody has looked long enough in between, both breaks are one.
        self._unseen_s = (begin_s if self._last_s <= end_s else self._last_s, t_s + SETTLE_S)
        self._last_s = t_s - RESUMED_S
        self._changed_since_s = None

    def turn(self, plane: Pixels, t_s: float) -> list[SceneEvent]:
        """Learn another view from this picture: what was known, and what was left, is not in it."""
        if self._background is None:
            return []
        lost = [
            ObjectChanged(t_s=t_s, thing=thing, phase=Phase.DISMISSED)
            for thing in self.objects.objects
        ]
        ended = self.stop()
        luma = cv2.GaussianBlur(plane, (3, 3), 0).astype(np.float32)
        self._background = self._begin(luma, t_s)
        self._background.relearn(luma, t_s, settle_s=SETTLE_S)
        self.turned_s = t_s
        self._changed_since_s = None
        self._light_level = self._light_was = 0.0
        return [*ended, *lost]

    def _watch(self, view: View) -> list[SceneEvent]:
        background, window = view.background, view.background.window
        at = window.slices
        self._figures.note(view.t_s, background.foreground, view.luma, window)
        flickers = background.flickers(view.t_s, window)
        moving = background.moving[at] & ~flickers
        if np.count_nonzero(background.lingers(view.t_s)) >= self._least_pixels:
            self._lingered_s = view.t_s
        events: list[SceneEvent] = []
        self._stirred = False
        steady = not self._unsteady(view.t_s)
        for gate, course, mask in self._motion:
            within = moving & mask[at]
            # Hysteresis: what has begun goes on with less than it takes to begin.
            pixels, place = find_largest(within, None if gate.active else background.core[at])
            area = place and place.moved(window)
            self._stirred |= self._wakes(within, pixels, window)
            share = pixels / np.count_nonzero(mask) if pixels >= 2 * self._least_pixels else 0.0
            if gate.zone in self._idle:
                share = 0.0
            counts = course.step(view.t_s, view.dt_s, area if share > 0.0 else None)
            if not counts and area is not None:
                # An arm or a head that moves is part of somebody who stands there.
                whole = self._figures.largest(area, view.t_s, view.t_s)
                counts = whole is not None and whole.figure.pixels >= SOMEBODY * pixels
            if event := gate.step(
                view.t_s, share, may_begin=steady and counts, since_s=course.since_s
            ):
                events.append(event)
        events += self._guard.step(view.t_s, view.luma, background, flickers, steady=steady)
        self._stirred |= self._guard.busy
        view = replace(view, people=self._guard.people)
        return [*events, *_changes(self.objects.step(view), view.t_s)]

    def stop(self) -> list[SceneEvent]:
        """End all motion and every stay, as at the end of the stream."""
        stays = self._guard.stop() if self._background is not None else []
        return [*stays, *(event for gate, _, _ in self._motion if (event := gate.stop()))]


def _changes(things: Sequence[LeftObject], t_s: float) -> list[SceneEvent]:
    return [ObjectChanged(t_s=t_s, thing=one, phase=one.attention.phase) for one in things]
