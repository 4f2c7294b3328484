"""Two memories of every pixel: what is always there, and what has stood there for a while."""

import cv2
import numpy as np

from edge_agent.vision.picture.figures import Area
from edge_agent.vision.picture.plane import Luma, Mask, Pixels, middle

STABLE_S = 1.0
"""A pixel that keeps its value this long stands still."""
MOTION_S = 0.6
"""What has not changed for this long has stopped moving."""
CORE = 1.5
"""Times the threshold by which the core of something that moves differs from the background."""
UNREST_S = 30.0
"""Over this time a pixel shows how often its place comes and goes: leaves, water, a bad lamp."""
LIT, DARK = 90.0, 0.7
"""Below this luma the threshold sinks, in black to this share of itself."""
ADAPT_S = 20.0
"""Time constant with which the background follows the light."""


class Background:
    """The long-term background, frozen wherever something stands before it, and what stands there.

    A pixel *runs* while it keeps its value. A run longer than `STABLE_S` that equals the
    background refreshes it; one that differs becomes the pixel's standing value, with the
    instant at which that run began.
    """

    def __init__(self, luma: Luma, t_s: float, *, sensitivity: float) -> None:
        self._strictness = 1.6 - 1.2 * sensitivity
        self.relearn(luma, t_s, settle_s=STABLE_S)

    def relearn(self, luma: Luma, t_s: float, *, settle_s: float) -> None:
        """Forget everything and take this picture for the background.

        What comes to rest within `settle_s` is background too: a lamp or a camera's exposure
        needs some seconds to reach its final state.
        """
        self._settles_until_s = t_s + settle_s
        self.always = luma.copy()
        self._run_value = luma.copy()
        self._run_since = np.full(luma.shape, t_s, np.float64)
        self.standing_value = luma.copy()
        self.standing_since = np.full(luma.shape, np.inf, np.float64)
        self.noise = np.full(luma.shape, 2.0, np.float32)
        self.foreground: Mask = np.zeros(luma.shape, bool)
        self.moving: Mask = np.zeros(luma.shape, bool)
        """Where something differs from the background and moves just now."""
        self.core: Mask = np.zeros(luma.shape, bool)
        """Where it differs so much that neither noise nor light explains it."""
        self.settled: Mask = np.ones(luma.shape, bool)
        self.unrest = np.zeros(luma.shape, np.float32)
        """How often per second the pixel left the background and returned to it, lately."""
        self._drifts: Mask = np.ones(luma.shape, bool)
        self._kept: Mask = np.zeros(luma.shape, bool)
        self._former = luma.copy()
        self._has_former: Mask = np.zeros(luma.shape, bool)
        self._once: Mask = np.zeros(luma.shape, bool)
        """Where what was absorbed is not known again once it has gone."""
        self.covered: Mask = np.zeros(luma.shape, bool)
        """Where what was absorbed still stands before what was background before it."""
        self._returns = False
        self._learned_since_s = t_s
        self._sample = luma[::5, ::5].copy()
        self._grain = 1.0
        self._set_floor()

    def keep(self, window: Area, where: Mask) -> None:
        """After relearning: what is at the masked pixels of a window is not background.

        Behind it, the background is made up from its surroundings.
        """
        at = window.slices
        around = np.clip(self.always[at], 0, 255).astype(np.uint8)
        behind = cv2.inpaint(around, where.astype(np.uint8), 3, cv2.INPAINT_TELEA)
        self.always[at][where] = behind[where]
        self._kept[at] |= where
        self._drifts[at] &= ~where

    def _set_floor(self) -> None:
        low, high = np.percentile(self.always[::3, ::3], (3, 97))
        self.floor = float(np.clip(0.075 * (high - low), 5.0, 14.0)) * self._strictness
        # What is dark differs by less from what is darker.
        lit = np.clip(self.always / LIT, 0.0, 1.0)
        self._floors: Luma = np.maximum(4.0, self.floor * (DARK + (1.0 - DARK) * lit))

    def _threshold(self) -> Luma:
        """Return by how much a pixel must differ: of contrast, light and noise, the most."""
        return np.maximum(self._floors, 3.0 * np.maximum(self.noise, np.float32(self._grain)))

    def _measure_grain(self, luma: Luma) -> None:
        """Follow the sensor's noise, which moves most pixels a little in every picture."""
        sample = luma[::5, ::5]
        # 0.954: median of the absolute difference of two values, in standard deviations.
        grain = middle(np.abs(sample - self._sample)) / 0.954
        self._grain += 0.1 * (min(grain, 12.0) - self._grain)
        self._sample = sample.copy()

    def step(self, luma: Luma, t_s: float, dt_s: float) -> None:
        """Take in one picture, held still and brought to the background's light."""
        self._measure_grain(luma)
        noise = np.maximum(self.noise, np.float32(self._grain))
        self.threshold = threshold = np.maximum(self._floors, 3.0 * noise)
        self.tolerance = np.maximum(0.7 * threshold, 2.8 * noise)
        differs: Luma = np.asarray(cv2.absdiff(luma, self.always), np.float32)
        foreground = differs > threshold
        self._flicker(self.foreground & ~foreground, dt_s)
        self.foreground = foreground
        self._run(luma, t_s)
        age = t_s - self._run_since
        self.settled = age >= STABLE_S
        self._drift()
        if self._returns:
            self._return(luma, threshold)
        self.moving = self.foreground & (age < MOTION_S)
        self.core = self.moving & (differs > CORE * threshold)
        self._stand()
        self._adapt(luma, differs, t_s, dt_s)

    def _flicker(self, returned: Mask, dt_s: float) -> None:
        # Each return to the background counts once; the weight makes it a rate per second.
        self.unrest *= np.float32(np.exp(-dt_s / UNREST_S))
        np.add(self.unrest, np.float32(1.0 / UNREST_S), out=self.unrest, where=returned)

    def flickers(self, t_s: float, limit_hz: float) -> Mask:
        """Return where the picture comes and goes more often than this.

        The rate counts from the last relearning, so that leaves are known after three swings.
        """
        learned = 1.0 - float(np.exp(-(t_s - self._learned_since_s) / UNREST_S))
        flickers: Mask = self.unrest > max(2.5 / UNREST_S, limit_hz * learned)
        return flickers

    def settling(self, t_s: float) -> bool:
        """Whether the picture has just been learned anew and may still come to rest."""
        return t_s < self._settles_until_s

    def _run(self, luma: Luma, t_s: float) -> None:
        same = cv2.absdiff(luma, self._run_value) < self.tolerance
        followed = cv2.addWeighted(luma, 0.3, self._run_value, 0.7, 0.0)
        self._run_value = np.where(same, followed, luma)
        np.copyto(self._run_since, t_s, where=~same)
        self._drifts &= same

    def _drift(self) -> None:
        """Find runs that began as background and crept away: light creeps, objects jump."""
        self._drifts |= self.settled & ~self.foreground
        rests = self.foreground & self.settled & (self._run_since < self._settles_until_s)
        rests &= ~self._kept
        np.copyto(self.always, self._run_value, where=rests)
        self._drifts |= rests
        self.foreground = self.foreground & ~(self._drifts & self.settled)

    def _return(self, luma: Luma, threshold: Luma) -> None:
        """Know again what was background before something that was absorbed stood there."""
        back = self._has_former & self.foreground & self.settled
        back &= cv2.absdiff(luma, self._former) < threshold
        if not back.any():
            return
        self._former[back], self.always[back] = self.always[back], self._former[back]
        self.covered ^= back
        self.foreground &= ~back
        self._has_former &= ~(back & self._once)

    def _stand(self) -> None:
        stands = self.settled & self.foreground
        if stands.any():
            known = np.isfinite(self.standing_since)
            other = cv2.absdiff(self._run_value, self.standing_value) >= self.tolerance
            begun = stands & (~known | other)
            np.copyto(self.standing_value, self._run_value, where=begun)
            np.copyto(self.standing_since, self._run_since, where=begun)
        np.copyto(self.standing_since, np.inf, where=self.settled & ~self.foreground)

    def _adapt(self, luma: Luma, differs: Luma, t_s: float, dt_s: float) -> None:
        age_s = t_s - self._learned_since_s
        rate = float(1.0 - np.exp(-dt_s / min(ADAPT_S, max(2.0, age_s))))
        quiet: Pixels = (self.settled & ~self.foreground).view(np.uint8)
        cv2.accumulateWeighted(luma, self.always, rate, quiet)
        cv2.accumulateWeighted(1.25 * differs, self.noise, 0.3 * rate, quiet)
        np.clip(self.noise, 1.0, 12.0, out=self.noise)

    def fresh(self, luma: Luma) -> Mask:
        """Return where the picture is neither the background nor what ran there last."""
        threshold = self._threshold()
        unlike: Mask = cv2.absdiff(luma, self.always) > threshold
        if not unlike.any():
            return unlike
        unknown: Mask = cv2.absdiff(luma, self._run_value) > 0.7 * threshold
        return unlike & unknown

    def standing(self, t_s: float, since_s: float) -> Mask:
        """Return where something has stood for at least `since_s` seconds."""
        return self.standing_since <= t_s - since_s

    def absorb(self, window: Area, where: Mask, *, once: bool = False) -> None:
        """Take what stands at the masked pixels of a window for background.

        What was background before is kept in mind: a door, a parked car, or somebody who stood
        there for long uncovers it again. So is what was absorbed, unless `once`: then its coming
        back is seen as that of something new.
        """
        at = window.slices
        self._once[at][where] = once
        self._former[at][where] = self.always[at][where]
        self._has_former[at] |= where
        self.covered[at] |= where
        self._returns = True
        self.always[at][where] = self._run_value[at][where]
        self.standing_since[at][where] = np.inf
        self.foreground[at] &= ~where
