"""Everything about one camera's pictures: from luma planes in time order to what happened."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edge_agent.vision.scene.attention import Phase
from edge_agent.vision.scene.background import Background
from edge_agent.vision.scene.figures import Area, FigureLog, largest_part
from edge_agent.vision.scene.left_objects import LeftObjects, View
from edge_agent.vision.scene.motion import MotionBegan, MotionGate, MotionStopped
from edge_agent.vision.scene.plane import Luma, Mask, Pixels, Steadier, fit_light
from edge_agent.vision.scene.thing import LeftObject

CHANGED_SHARE = 0.55
"""So much of the picture different at once is a lamp, infra-red or a moved camera."""
RELIT_SHARE, RELIT = 0.3, 35.0
"""So is less of it, if the light has also changed by so many luma levels."""
CHANGED_S, BLANK_S = 0.35, 10.0
"""It must last so long; a picture without contrast, as while a filter switches, much longer."""
BLANK = 12.0
"""Luma levels between the darkest and the brightest parts of such a picture."""
SETTLE_S = 3.0
"""After such a change, light and exposure need this long to come to rest."""
LIGHT_STEP = 3.0
"""Luma levels: when the light is so far from what it was a second ago, nothing new has moved."""
EMPTY_S = 15.0
"""An empty picture so long before a deposit still shows the same light and things."""
FLICKER_HZ = 0.25
"""What comes and goes more often than this is leaves, water or noise, not somebody."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectChanged:
    """A left object entered a phase at `t_s`."""

    t_s: float
    thing: LeftObject
    phase: Phase


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A named zone drawn on the plane."""

    name: str
    mask: Mask


SceneEvent = MotionBegan | MotionStopped | ObjectChanged


class Scene:
    """One fixed camera. Feed planes of one size in time order."""

    def __init__(
        self,
        *,
        motion_zones: Sequence[Place],
        object_zones: Sequence[Place],
        unattended_s: float,
        sensitivity: float = 0.5,
    ) -> None:
        self._sensitivity = sensitivity
        self._unattended_s = unattended_s
        self._motion = [(MotionGate(place.name), place.mask) for place in motion_zones]
        self._object_zones = list(object_zones)
        self._background: Background | None = None
        self._last_s = 0.0
        self._changed_since_s: float | None = None
        self._stirred = False
        self._light_level = self._light_was = 0.0

    def _begin(self, luma: Luma, t_s: float) -> Background:
        height, width = luma.shape
        self._least_pixels = max(8, round(0.00022 * luma.size))
        self._steadier = Steadier(width, height)
        self._figures = FigureLog(self._least_pixels)
        self.objects = LeftObjects(
            unattended_s=self._unattended_s,
            least_pixels=self._least_pixels,
        )
        allowed = np.zeros(luma.shape, bool)
        for place in self._object_zones:
            allowed |= place.mask
        self._allowed = allowed
        self._last_s = t_s
        return Background(luma, t_s, sensitivity=self._sensitivity)

    def step(self, plane: Pixels, t_s: float) -> list[SceneEvent]:
        """Take the next picture, (height, width) uint8; return what happened, in order."""
        luma = cv2.GaussianBlur(plane, (3, 3), 0).astype(np.float32)
        if self._background is None:
            self._background = self._begin(luma, t_s)
            return []
        background = self._background
        dt_s = t_s - self._last_s
        if dt_s <= 0.0:
            return []
        self._last_s = t_s
        luma = self._prepare(luma, background)
        self._light_was += (1.0 - math.exp(-dt_s)) * (self._light_level - self._light_was)
        background.step(luma, t_s, dt_s)
        share = float(background.foreground.mean())
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
        return (luma - np.float32(light.offset)) / np.float32(light.gain)

    def _unsteady(self, t_s: float) -> bool:
        """Whether light or exposure are changing, which looks like motion."""
        assert self._background is not None  # noqa: S101 - narrowed by step
        changes = abs(self._light_level - self._light_was) > LIGHT_STEP
        return changes or self._background.settling(t_s)

    def stirs(self, plane: Pixels) -> bool:
        """Whether this picture shows something that is not known to stand there; learns nothing."""
        if self._background is None:
            return True
        luma = cv2.GaussianBlur(plane, (3, 3), 0).astype(np.float32)
        fresh = self._background.fresh(self._prepare(luma, self._background))
        return largest_part(fresh & (self._background.unrest < FLICKER_HZ)) >= self._least_pixels

    @property
    def moving(self) -> bool:
        """Whether motion has begun in some zone and not ended."""
        return any(gate.active for gate, _ in self._motion)

    @property
    def busy(self) -> bool:
        """Whether something moves now or waits to be confirmed, so that every picture counts."""
        if self._background is None or self._stirred:
            return True
        return any(o.attention.phase is not Phase.CONFIRMED for o in self.objects.objects)

    def zone_of(self, thing: LeftObject) -> str:
        """Return the name of the zone that covers most of it."""

        def covered(zone: Place) -> int:
            return int(np.count_nonzero(zone.mask[thing.at] & thing.mask))

        return max(self._object_zones, key=covered).name

    def clear_before(self, thing: LeftObject) -> float | None:
        """Return when whoever brought it was not there yet; None if not remembered.

        The last instant at which the picture was empty, if that is not long ago, else the last
        at which nobody was within a figure's size of the place.
        """
        size_px = thing.reach_px
        for figure in (thing.depositor, thing.arrival, thing.last_beside):
            if figure is not None:
                size_px = max(size_px, figure.area.width, figure.area.height)
        others = [other.area for other in self.objects.objects if other is not thing]
        height, width = len(self._allowed), len(self._allowed[0])
        whole = Area(left=0, top=0, width=width, height=height)
        at_s = thing.deposited_s
        empty_s = self._figures.last_clear_s(whole, at_s, others)
        if empty_s is not None and at_s - empty_s < EMPTY_S:
            return empty_s
        return self._figures.last_clear_s(thing.area.grown(size_px), at_s, others)

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
        self._background.relearn(luma, t_s, settle_s=SETTLE_S)
        for gate, _ in self._motion:
            gate.forget()
        return [
            ObjectChanged(t_s=t_s, thing=thing, phase=Phase.DISMISSED)
            for thing in self.objects.relearn(luma, self._background)
        ]

    def _watch(self, view: View) -> list[SceneEvent]:
        background = view.background
        self._figures.note(view.t_s, background.foreground, view.luma)
        moving = background.moving & ~background.flickers(view.t_s, FLICKER_HZ)
        events: list[SceneEvent] = []
        self._stirred = False
        for gate, mask in self._motion:
            within = moving & mask
            # Hysteresis: what has begun goes on with less than it takes to begin.
            pixels = largest_part(within, None if gate.active else background.core)
            self._stirred |= pixels >= self._least_pixels
            share = pixels / np.count_nonzero(mask) if pixels >= 2 * self._least_pixels else 0.0
            if event := gate.step(view.t_s, share, may_begin=not self._unsteady(view.t_s)):
                events.append(event)
        events += [
            ObjectChanged(t_s=view.t_s, thing=thing, phase=thing.attention.phase)
            for thing in self.objects.step(view)
        ]
        return events

    def stop(self) -> list[SceneEvent]:
        """End all motion, as at the end of the stream."""
        return [event for gate, _ in self._motion if (event := gate.stop())]
