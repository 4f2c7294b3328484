"""Learns how steady a stream's packet sizes are at rest, and how small a figure would show in them.

Pure: no I/O, no clock. What a keyframe takes for each part of the picture says what a figure costs
that comes, goes or moves; where rest varies by less than that, packets that are as at rest say that
no such figure is there, though none has been seen yet.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WINDOW_PACKETS = 3
"""So many packets together are one sample: one alone is mostly noise."""
LEAST_GROUPS = 8
"""Groups at rest that show how much the sizes vary at a position of the group."""
MOST_POSITIONS = 300
"""Longer groups are not judged."""
_MORE_POSITIONS = 1
"""So much longer or shorter than others a group may be: a picture in a minute is left out."""
FIGURE_SHARE = 0.015
"""Of the picture: somebody two sevenths of its height tall. Who is larger must show in the sizes."""
_FIGURE_COST = 0.5
"""Each packet takes so much of what a keyframe takes for the place of a figure that moves. One
without arms and legs that glides by takes about as much as the keyframe."""
_TELLING_SHARE = 0.25
"""Of the positions of a group, so many must tell: who stays for a whole group passes them all."""
_SPREADS = 5.0
"""A sample so many standard deviations larger than usual does not come from noise."""
_LEAST_SPREAD = 0.02
"""Of the usual size: a camera is not always as regular as lately."""
_FOLLOW = 0.05
_HOPELESS, _SELDOM = 2.0, 16
"""Where only figures so many times larger would show, one group in so many is judged."""
_MOST_UNTOLD, _LEAST_TOLD = 2, 3
"""So many motions in a row that the sizes did not tell end their vouching; so many that they told
let them vouch again. One alone may have begun with the keyframe."""

Bytes = NDArray[np.float32]


class Steadiness:
    """One stream's groups of pictures, position by position, at rest."""

    def __init__(self) -> None:
        self._sizes: list[int] = []
        self._closed: list[Bytes] = []
        """Samples of whole groups of which it is not known yet whether something moved."""
        self._loud_from: int | None = None
        self._keyframe_bytes = 0
        self._begun = self._mixed = self._loud = self._doubted = False
        self._groups = self._passed = self._told = self._untold = 0
        self._mean_keyframe_bytes = 0.0
        self._mean = self._variance = self._limit = np.zeros(0, np.float32)
        self.told_share: float | None = None
        """The smallest share of the picture of which a figure must show; None: not known yet."""

    def begin_group(self, keyframe_bytes: int) -> None:
        """Take a keyframe, with which the group before it is complete."""
        sizes, self._sizes, self._loud_from = self._sizes, [], None
        if self._mixed or not self._begun or not WINDOW_PACKETS <= len(sizes) < MOST_POSITIONS:
            self._loud = True
        else:
            total = np.cumsum([0, *sizes], dtype=np.float32)
            samples: Bytes = total[WINDOW_PACKETS:] - total[:-WINDOW_PACKETS]
            self._loud_from = self._find_loud(samples)
            self._loud |= self._loud_from is not None
            self._closed.append(samples)
        self._begun, self._mixed = True, self._is_hopeless()
        self._keyframe_bytes = keyframe_bytes

    def _is_hopeless(self) -> bool:
        """Whether the group that begins is not worth its judgement."""
        if self.told_share is None or self.told_share < _HOPELESS * FIGURE_SHARE:
            return False
        self._passed += 1
        return self._passed % _SELDOM > 0

    def note(self, sizes_bytes: Sequence[int]) -> None:
        """Take the sizes of the next packets, keyframes left out."""
        if not self._mixed and len(self._sizes) < MOST_POSITIONS:
            self._sizes += sizes_bytes

    @property
    def silent(self) -> bool:
        """Whether no packet of the groups since the last picture was larger than at rest."""
        return bool(self._closed) and not self._loud

    @property
    def assures(self) -> bool:
        """Whether the groups since the last picture say that nobody of `FIGURE_SHARE` moves."""
        return self.tells and self.silent

    @property
    def loud_from(self) -> int | None:
        """How many packets of the last group came before the first that told of somebody.

        None: they told of nobody, or may not have told of all.
        """
        return self._loud_from if self.tells and self._closed else None

    @property
    def tells(self) -> bool:
        """Whether somebody of `FIGURE_SHARE` shows in the sizes of this stream."""
        told = self.told_share
        return told is not None and told <= FIGURE_SHARE and not self._doubted

    def learn(self) -> None:
        """Take the groups since the last picture, which shows that nothing moves, for rest."""
        for samples in self._closed:
            self._follow(samples)
        self._closed, self._loud = [], False

    def forget(self) -> None:
        """Leave out the groups since the last picture and the one that has begun."""
        self._closed, self._loud, self._mixed = [], False, True

    def be_surprised(self) -> None:
        """Take notice of motion in the picture after these groups: did they tell?"""
        if self._closed and self.told_share is not None:
            self._count(told=self._loud)
        self.forget()

    def doubt(self) -> None:
        """Vouch for nothing until motions have shown again: one came unnoticed."""
        self._doubted, self._told = True, 0
        self.forget()

    def _count(self, *, told: bool) -> None:
        self._told, self._untold = (self._told + 1, 0) if told else (0, self._untold + 1)
        if self._untold >= _MOST_UNTOLD:
            self._doubted = True
        elif self._told >= _LEAST_TOLD:
            self._doubted = False

    def _find_loud(self, samples: Bytes) -> int | None:
        """Return which sample is the first that is larger than at rest; all are while rest is unknown."""
        both = min(len(samples), len(self._limit))
        if len(samples) > both + _MORE_POSITIONS:
            return 0
        loud = np.flatnonzero(samples[:both] > self._limit[:both])
        return int(loud[0]) if len(loud) else None

    def _follow(self, samples: Bytes) -> None:
        if not self._groups or abs(len(samples) - len(self._mean)) > _MORE_POSITIONS:
            # Another rate or another distance of keyframes: all positions mean something else.
            self._mean, self._variance = samples.copy(), np.zeros_like(samples)
            self._limit, self.told_share = self._limit[:0], None
            self._groups = 0
        self._groups += 1
        rate = max(_FOLLOW, 1.0 / self._groups)
        both = min(len(samples), len(self._mean))
        self._mean, self._variance = self._mean[:both], self._variance[:both]
        if len(self._limit):
            # What came and went unseen is not usual, unless it stays so.
            samples = np.minimum(samples[:both], self._limit[:both])
        differs = samples[:both] - self._mean
        self._mean += rate * differs
        self._variance = (1.0 - rate) * (self._variance + rate * differs * differs)
        self._mean_keyframe_bytes += rate * (self._keyframe_bytes - self._mean_keyframe_bytes)
        if self._groups >= LEAST_GROUPS:
            self._reckon()

    def _reckon(self) -> None:
        spread = np.maximum(np.sqrt(self._variance), _LEAST_SPREAD * self._mean)
        more: Bytes = _SPREADS * spread
        self._limit = self._mean + more
        figure_bytes = _FIGURE_COST * WINDOW_PACKETS * max(1.0, self._mean_keyframe_bytes)
        telling = int(_TELLING_SHARE * len(more))
        self.told_share = float(np.partition(more, telling)[telling]) / figure_bytes
