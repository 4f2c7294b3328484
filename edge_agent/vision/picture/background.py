"""Two memories of every pixel: what is always there, and what has stood there for a while."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.vision.picture.figures import Area, bounds
from edge_agent.vision.picture.plane import Luma, Mask, Pixels, middle, relit_like

STABLE_S = 1.0
"""A pixel that keeps its value this long stands still."""
MOTION_S = 0.6
"""What has not changed for this long has stopped moving."""
LINGERS_S = 0.3
"""Who walks covers no pixel unchanged for longer, or not many of them."""
CORE = 1.5
"""Times the threshold by which the core of something that moves differs from the background."""
UNREST_S = 30.0
"""Over this time a pixel shows how often its place comes and goes: leaves, water, a bad lamp."""
FLICKER_HZ = 0.25
"""What comes and goes more often than this is leaves, water or noise, not somebody."""
LIT, DARK = 90.0, 0.7
"""Below this luma the threshold sinks, in black to this share of itself."""
ADAPT_S = 20.0
"""Time constant with which the background follows the light."""
LEARN_S = 0.9
"""What lies still is learned at most so often; in between, only what stirs is looked at."""
YOUNG_S = 10.0
"""Until so long after it was learned anew, the background learns from every picture."""
TUNE_S = 8.0
"""Noise changes no faster than by dusk: how much must differ is reckoned anew so often."""
_SPECK = np.ones((2, 2), np.uint8)


class _Standing:
    """What stands before the background; most scenes are empty and need none."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.value: Luma = np.zeros(shape, np.float32)
        self.since = np.full(shape, np.inf, np.float64)


class _Absorbed:
    """What was background before something was absorbed; most scenes never need it."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.former: Luma = np.zeros(shape, np.float32)
        self.has_former: Mask = np.zeros(shape, bool)
        self.once: Mask = np.zeros(shape, bool)
        """Where what was absorbed is not known again once it has gone."""
        self.covered: Mask = np.zeros(shape, bool)


class Background:
    """The long-term background, frozen wherever something stands before it, and what stands there.

    A pixel *runs* while it keeps its value. A run longer than `STABLE_S` that equals the
    background refreshes it; one that differs becomes the pixel's standing value, with the
    instant at which that run began.

    Most of most pictures is background that lies still. Once a second all of it is learned; in the
    pictures between, only the `window` around what differs or has lately stirred is followed.
    """

    def __init__(self, luma: Luma, t_s: float, *, sensitivity: float) -> None:
        self._strictness = 1.6 - 1.2 * sensitivity
        height, width = luma.shape
        self._whole = Area(left=0, top=0, width=width, height=height)
        self.creeps = True
        """Whether the light was half way off the background in the picture last compared to it."""
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
        self._standing: _Standing | None = None
        """Only while something stands somewhere."""
        self._spread = np.full(luma.shape, 1.6, np.float32)
        """Mean distance of what lies still from the background."""
        self.foreground: Mask = np.zeros(luma.shape, bool)
        self.moving: Mask = np.zeros(luma.shape, bool)
        """Where something differs from the background and moves just now."""
        self.core: Mask = np.zeros(luma.shape, bool)
        """Where it differs so much that neither noise nor light explains it."""
        self.settled: Mask = np.ones(luma.shape, bool)
        self.unrest = np.zeros(luma.shape, np.float32)
        """How often per second the pixel left the background and returned to it, lately."""
        self._drifts: Mask = np.ones(luma.shape, bool)
        self._kept: Mask | None = None
        self._absorbed: _Absorbed | None = None
        """Only once something has been absorbed."""
        self.window = self._whole
        """Beyond it nothing differs and nothing has stirred lately, but for single specks."""
        self._awake: Mask = np.zeros(luma.shape, bool)
        """Where something differs or has lately stirred."""
        self._all_settled, self._any_unrest = True, False
        self._learned_since_s = self._learned_s = t_s
        self._sample = luma[::7, ::7].copy()
        self._grain = 1.0
        self._outline: Pixels = np.empty(luma.shape, np.uint8)
        """The background in whole luma levels, for a glimpse at a quarter of the bytes."""
        self._set_floor()
        self._tune(t_s)
        self._draw(self._whole)

    def look_away(self, gap_s: float) -> None:
        """Go on after so many seconds in which nobody looked."""
        self._learned_s += gap_s
        self._learned_since_s += gap_s

    def keep(self, window: Area, where: Mask, bare: Luma | None) -> None:
        """After relearning: what is at the masked pixels of a window is not background.

        Behind it lies what is known from before, `bare`, if the window's rest has only another
        light; else the background is made up from its surroundings.
        """
        at, rest = window.slices, ~where
        now = self.always[at]
        behind: Luma = now if bare is None else relit_like(bare, now, rest)
        if bare is None or np.abs(behind - now)[rest].mean() > self.tolerance[at].mean():
            around = np.clip(now, 0, 255).astype(np.uint8)
            made_up = cv2.inpaint(around, where.view(np.uint8), 3, cv2.INPAINT_TELEA)
            behind = np.asarray(made_up, np.float32)
        now[where] = behind[where]
        if self._kept is None:
            self._kept = np.zeros(self.always.shape, bool)
        self._kept[at] |= where
        self._drifts[at] &= ~where
        self._draw(window)

    def _draw(self, window: Area) -> None:
        """Bring the outline of a window up to the background."""
        self._outline[window.slices] = cv2.convertScaleAbs(self.always[window.slices])

    def _set_floor(self) -> None:
        low, high = np.percentile(self.always[::3, ::3], (3, 97))
        self.floor = float(np.clip(0.075 * (high - low), 5.0, 14.0)) * self._strictness
        # What is dark differs by less from what is darker.
        lit = np.clip(self.always / LIT, 0.0, 1.0)
        self._floors: Luma = np.maximum(4.0, self.floor * (DARK + (1.0 - DARK) * lit))

    def _tune(self, t_s: float) -> None:
        """Reckon by how much a pixel must differ: of contrast, light and noise, the most."""
        # 1.25: from mean distance to standard deviation.
        noise = np.clip(1.25 * self._spread, max(1.0, self._grain), 12.0)
        self.threshold: Luma = np.maximum(self._floors, 3.0 * noise)
        self.tolerance: Luma = np.maximum(0.7 * self.threshold, 2.8 * noise)
        """By how much two values of one thing may differ."""
        # Less by what two roundings may take from a difference.
        self._least = (self.threshold - 1.0).astype(np.uint8)
        self._half = self._least // 2
        self._tuned_s = t_s

    def _measure_grain(self, luma: Luma) -> None:
        """Follow the sensor's noise, which moves most pixels a little in every picture."""
        sample = luma[::7, ::7]
        # 0.954: median of the absolute difference of two values, in standard deviations.
        grain = middle(np.abs(sample - self._sample)) / 0.954
        self._grain += 0.1 * (min(grain, 12.0) - self._grain)
        self._sample = sample.copy()

    def step(self, luma: Luma, t_s: float) -> None:
        """Take in one picture, held still and brought to the background's light."""
        young = t_s - self._learned_since_s < YOUNG_S
        learns = young or t_s - self._learned_s >= LEARN_S
        if learns:
            self._measure_grain(luma)
            if young or t_s - self._tuned_s >= TUNE_S:
                self._tune(t_s)
        self.window = self._whole if learns else self._find_window(self._glimpse(luma))
        if self.window.size:
            self._follow(luma, t_s, learns=learns)
        if learns:
            self.window = self._find_window(self.foreground)

    def resembles(self, picture: Pixels, least: int) -> bool:
        """Whether fewer than `least` pixels of a picture can differ from the background.

        The picture is as it came, in whole luma levels, neither held still nor relit.
        """
        differs = cv2.absdiff(picture, self._outline)
        resembles = bool(np.count_nonzero(differs > self._least) < least)
        self.creeps = not resembles or _has_parts(differs > self._half, least)
        return resembles

    def _glimpse(self, luma: Luma) -> Mask:
        """Return where the picture may differ from the background: nowhere else it does."""
        differs = cv2.absdiff(cv2.convertScaleAbs(luma), self._outline)
        mask: Mask = differs > self._least
        return mask

    def _find_window(self, foreground: Mask) -> Area:
        """Return the rectangle around what differs now or has lately stirred, specks left out."""
        awake = foreground | self._awake
        if awake.any():
            awake = cv2.morphologyEx(awake.view(np.uint8), cv2.MORPH_OPEN, _SPECK).view(bool)
        if not (within := bounds(awake)).size:
            return within
        return within.grown(2).clipped(self._whole.width, self._whole.height)

    def _follow(self, luma: Luma, t_s: float, *, learns: bool) -> None:
        """Take in what the window shows."""
        at = self.window.slices
        luma = luma[at]
        differs = np.asarray(cv2.absdiff(luma, self.always[at]), np.float32)
        foreground = differs > self.threshold[at]
        self._count_returns(self.foreground[at] & ~foreground)
        self.foreground[at] = foreground
        self._run(luma, t_s)
        self._drift()
        if self._absorbed is not None:
            self._return(luma, self._absorbed)
        foreground = self.foreground[at]
        self.moving[at] = self.core[at] = False
        if foreground.any():
            self.moving[at] = foreground & (self._run_since[at] > t_s - MOTION_S)
            self.core[at] = self.moving[at] & (differs > CORE * self.threshold[at])
        self._stand()
        self._awake[at] = foreground | ~self.settled[at]
        if learns:
            self._adapt(luma, differs, t_s)

    def _count_returns(self, returned: Mask) -> None:
        # Each return to the background counts once; the weight makes it a rate per second.
        if returned.any():
            unrest = self.unrest[self.window.slices]
            np.add(unrest, np.float32(1.0 / UNREST_S), out=unrest, where=returned)
            self._any_unrest = True

    def flickers(self, t_s: float, area: Area) -> Mask:
        """Return where in an area the picture comes and goes, as leaves do.

        The rate counts from the last relearning, so that leaves are known after three swings.
        """
        learned = 1.0 - float(np.exp(-(t_s - self._learned_since_s) / UNREST_S))
        unrest = self.unrest[area.slices]
        flickers: Mask = unrest > max(2.5 / UNREST_S, FLICKER_HZ * learned)
        return flickers

    def settling(self, t_s: float) -> bool:
        """Whether the picture has just been learned anew and may still come to rest."""
        return t_s < self._settles_until_s

    def _run(self, luma: Luma, t_s: float) -> None:
        at = self.window.slices
        value = self._run_value[at]
        changed: Mask = cv2.absdiff(luma, value) >= self.tolerance[at]
        cv2.addWeighted(luma, 0.3, value, 0.7, 0.0, dst=value)
        if changed.any():
            np.copyto(value, luma, where=changed)
            np.copyto(self._run_since[at], t_s, where=changed)
            self._drifts[at] &= ~changed
        elif self._all_settled:
            return
        self.settled[at] = self._run_since[at] <= t_s - STABLE_S
        self._all_settled = self.window == self._whole and bool(self.settled.all())

    def _drift(self) -> None:
        """Find runs that began as background and crept away: light creeps, objects jump."""
        at = self.window.slices
        foreground, settled, drifts = self.foreground[at], self.settled[at], self._drifts[at]
        drifts |= settled & ~foreground
        if not foreground.any():
            return
        rests = foreground & settled & (self._run_since[at] < self._settles_until_s)
        if self._kept is not None:
            rests &= ~self._kept[at]
        if rests.any():
            np.copyto(self.always[at], self._run_value[at], where=rests)
            self._draw(self.window)
        drifts |= rests
        foreground &= ~(drifts & settled)

    def _return(self, luma: Luma, absorbed: "_Absorbed") -> None:
        """Know again what was background before something that was absorbed stood there."""
        at = self.window.slices
        foreground, former, always = self.foreground[at], absorbed.former[at], self.always[at]
        back = absorbed.has_former[at] & foreground & self.settled[at]
        back &= cv2.absdiff(luma, former) < self.threshold[at]
        if not back.any():
            return
        former[back], always[back] = always[back], former[back]
        self._draw(self.window)
        absorbed.covered[at] ^= back
        foreground &= ~back
        absorbed.has_former[at] &= ~(back & absorbed.once[at])

    def _stand(self) -> None:
        at = self.window.slices
        settled, foreground = self.settled[at], self.foreground[at]
        stands = settled & foreground
        any_stands = bool(stands.any())
        if self._standing is None and not any_stands:
            return
        standing = self._what_stands()
        value, since = standing.value[at], standing.since[at]
        if any_stands:
            other = cv2.absdiff(self._run_value[at], value) >= self.tolerance[at]
            begun = stands & (~np.isfinite(since) | other)
            np.copyto(value, self._run_value[at], where=begun)
            np.copyto(since, self._run_since[at], where=begun)
        clear = settled & ~foreground
        np.copyto(since, np.inf, where=clear)
        if self.window == self._whole and clear.all():
            self._standing = None

    def _adapt(self, luma: Luma, differs: Luma, t_s: float) -> None:
        """Learn everything that lies still."""
        dt_s, self._learned_s = t_s - self._learned_s, t_s
        if self._any_unrest:
            self.unrest *= np.float32(np.exp(-dt_s / UNREST_S))
        age_s = t_s - self._learned_since_s
        rate = float(1.0 - np.exp(-dt_s / min(ADAPT_S, max(2.0, age_s))))
        quiet = self.settled & ~self.foreground
        mask = None if quiet.all() else quiet.view(np.uint8)
        cv2.accumulateWeighted(luma, self.always, rate, mask)
        cv2.accumulateWeighted(differs, self._spread, 0.3 * rate, mask)
        self._draw(self._whole)

    def fresh(self, luma: Luma) -> Mask:
        """Return where the picture is neither the background nor what ran there last."""
        unlike = self._glimpse(luma)
        if not unlike.any():
            return unlike
        unlike &= cv2.absdiff(luma, self.always) > self.threshold
        unknown: Mask = cv2.absdiff(luma, self._run_value) > 0.7 * self.threshold
        return unlike & unknown

    def standing(self, t_s: float, since_s: float) -> Mask:
        """Return where something has stood for at least `since_s` seconds, in the window."""
        at = self.window.slices
        if self._standing is None:
            return np.zeros(self.foreground[at].shape, bool)
        return self._standing.since[at] <= t_s - since_s

    @property
    def standing_since(self) -> NDArray[np.float64]:
        """Since when something has stood at each pixel of the plane; infinity: nothing does."""
        return self._what_stands().since

    @property
    def standing_value(self) -> Luma:
        """What stands at each pixel of the plane, where something does."""
        return self._what_stands().value

    def _what_stands(self) -> "_Standing":
        if self._standing is None:
            self._standing = _Standing(self.always.shape)
        return self._standing

    @property
    def covered(self) -> Mask:
        """Where what was absorbed still stands before what was background before it."""
        if self._absorbed is None:
            return np.zeros(self.always.shape, bool)
        return self._absorbed.covered

    def lingers(self, t_s: float) -> Mask:
        """Return where in the window something differs and has already kept its place."""
        at = self.window.slices
        return self.foreground[at] & (self._run_since[at] <= t_s - LINGERS_S)

    def absorb(self, window: Area, where: Mask, *, once: bool = False) -> None:
        """Take what stands at the masked pixels of a window for background.

        What was background before is kept in mind: a door, a parked car, or somebody who stood
        there for long uncovers it again. So is what was absorbed, unless `once`: then its coming
        back is seen as that of something new.
        """
        at = window.slices
        if self._absorbed is None:
            self._absorbed = _Absorbed(self.always.shape)
        self._absorbed.once[at][where] = once
        self._absorbed.former[at][where] = self.always[at][where]
        self._absorbed.has_former[at] |= where
        self._absorbed.covered[at] |= where
        self.always[at][where] = self._run_value[at][where]
        if self._standing is not None:
            self._standing.since[at][where] = np.inf
        self.foreground[at] &= ~where
        self._draw(window)


def _has_parts(mask: Mask, least: int) -> bool:
    """Whether so many pixels are set, specks left out."""
    if np.count_nonzero(mask) < least:
        return False
    eroded = cv2.erode(mask.view(np.uint8), _SPECK)
    cores = int(np.count_nonzero(eroded))
    # Each is one of at most four pixels that an opening keeps: mostly that is the answer.
    if cores >= least or _SPECK.size * cores < least:
        return cores >= least
    return int(np.count_nonzero(cv2.dilate(eroded, _SPECK))) >= least
