"""Whether a camera repeats one picture; pure.

Every sensor has noise, so no part of two keyframes is ever exactly the same. An encoder that is
given one picture again and again codes it in a few ways only, so its keyframes repeat exactly
those seen lately. A written clock may run on. That a picture changed is no proof of noise: light
changes all of it alike, and what moves changes it by more.
"""

from collections import deque
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.vision.condition.look import CELL_PX, Look, cells
from edge_agent.vision.picture.plane import Luma, Mask, Pixels

FLAT_LUMA = 1.0
"""Standard deviation within a cell: less is a black border or a white sky, always the same."""
REMEMBERED = 6
"""Keyframes among which a repetition is sought."""
FROZEN_SHARE, LIVE_SHARE = 0.5, 0.25
"""Of the cells that show something: so many repeat themselves, or no more than that."""
LEARN_KEYFRAMES = 5
"""So many keyframes show whether this camera's pictures have noise at all."""
NOISE_LUMA = 2.0
"""The mean of a cell typically changes by less where there is only noise, even at a high gain."""
EITHER_SHARE = 0.1
"""At least so many cells become brighter by noise and so many darker; by light, it is one of both."""
BEGIN_KEYFRAMES = 10
"""If so many did not show it, more of them need not be hurried."""
_LINES_APART = 4
"""Of the lines of a picture, so few are compared at a glance."""
NOISELESS_SHARE, NOISELESS_S = 0.9, 60.0
"""Where no noise was ever seen, nearly all must repeat itself for longer."""

_Lines = NDArray[np.int32]


class Liveliness:
    """Whether each picture of an empty scene has noise of its own, told at a fraction of the cost.

    Whoever is lively is not frozen; who is not may have no noise, and only `Stillness` can tell.
    """

    def __init__(self) -> None:
        self._known: _Lines = np.zeros((REMEMBERED, 0), np.int32)
        self._count = 0

    def step(self, plane: Pixels) -> bool:
        """Take a picture; whether it is unlike all those remembered, a written clock left out."""
        lines = cv2.reduce(plane[::_LINES_APART], 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0]
        if self._known.shape[1] != len(lines):
            self._known = np.zeros((REMEMBERED, len(lines)), np.int32)
            self._count = 0
        repeated = np.count_nonzero((self._known == lines).any(axis=0))
        self._known[self._count % REMEMBERED] = lines
        self._count += 1
        return bool(self._count > REMEMBERED and repeated <= LIVE_SHARE * len(lines))


class Stillness:
    """Compares keyframes. Feed those only: between them, a still scene is repeated by design."""

    def __init__(self) -> None:
        self._marks: deque[Luma] = deque(maxlen=REMEMBERED)
        self._shades: Luma | None = None
        """Of the keyframe before."""
        self._keyframes = self._live_keyframes = 0
        self._still_since_s: float | None = None
        self._frozen = False
        self.share = 0.0
        """Of the cells that show something: how many repeated themselves in the last keyframe."""

    def step(self, keyframe: Look, seen: Mask) -> bool | None:
        """Return whether the camera is frozen; None while that cannot be told."""
        self._keyframes += 1
        mark = _mark(keyframe)
        judged = seen & (keyframe.spread > FLAT_LUMA)
        if self._marks and self._marks[-1].shape != mark.shape:
            self._marks.clear()
        known, before = list(self._marks), self._shades
        self._marks.append(mark)
        self._shades = keyframe.shades
        if not known or before is None or np.count_nonzero(judged) < 8:
            self._still_since_s = None
            return None
        repeats: Mask = np.zeros(mark.shape, bool)
        for other in known:
            repeats |= mark == other
        self.share = float(repeats[judged].mean())
        if self.share <= LIVE_SHARE and _is_noise(keyframe.shades[judged] - before[judged]):
            self._live_keyframes += 1
        return self._judge(keyframe.t_s)

    @property
    def begins(self) -> bool:
        """Whether more keyframes may soon show that this camera's pictures have noise."""
        return not self.knows_noise and self._keyframes < BEGIN_KEYFRAMES

    @property
    def knows_noise(self) -> bool:
        """Whether enough keyframes have shown that this camera's pictures have noise."""
        return self._live_keyframes >= LEARN_KEYFRAMES

    def describe(self) -> str:
        """Return what was measured."""
        return f"{self.share:.0%} of the picture repeats itself exactly, without any noise"

    def _judge(self, t_s: float) -> bool | None:
        if self.share < NOISELESS_SHARE:
            self._still_since_s = None
        elif self._still_since_s is None:
            self._still_since_s = t_s
        if self.knows_noise:
            self._frozen = self.share > (LIVE_SHARE if self._frozen else FROZEN_SHARE)
            return self._frozen
        still_s = 0.0 if self._still_since_s is None else t_s - self._still_since_s
        self._frozen = still_s >= NOISELESS_S
        return self._frozen if self._still_since_s is not None else None


def _is_noise(gained: Luma) -> bool:
    """Whether noise alone may have changed the means of cells by so much."""
    typical = float(np.median(np.abs(gained)))
    either = min(float((gained > 0.0).mean()), float((gained < 0.0).mean()))
    return typical < NOISE_LUMA and either >= EITHER_SHARE


def _mark(keyframe: Look) -> Luma:
    """Return one number per cell; equal numbers mean equal cells, as good as surely."""
    return cells(keyframe.luma * _weights(keyframe.luma.shape), CELL_PX)


@lru_cache(maxsize=4)
def _weights(shape: tuple[int, ...]) -> Luma:
    """Return one weight per pixel, the same for all cameras whose planes have this shape."""
    weights = np.random.default_rng(1).uniform(1.0, 2.0, shape).astype(np.float32)
    weights.setflags(write=False)
    return weights
