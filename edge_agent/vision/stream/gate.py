"""Learns whether the sizes of a stream's packets tell motion from rest. Pure: no I/O, no clock.

Where the bit rate follows the scene, a moving figure swells the packets at once, a second before
the next keyframe shows it; where the rate is constant, sizes tell nothing. So a gate is believed
only after it has proved itself on its own stream, and only as long as it does.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np

WINDOW_PACKETS = 3
"""So many packets together are one sample: one alone is mostly noise."""
TRUSTED_SEPARATION = 0.9
"""Chance that a sample with motion is larger than one at rest, from which it is believed."""
LEAST_REST, LEAST_MOVING, LEAST_MOTIONS = 200, 40, 3
"""Evidence below which nothing is believed: samples at rest, with motion, and separate motions."""
KEPT_REST, KEPT_MOVING = 900, 300
_RECKON_EVERY = 50
_QUANTILE, _MARGIN = 0.995, 1.1


class SizeGate:
    """One stream's packet sizes and what was seen while they came."""

    def __init__(self) -> None:
        self._last: list[int] = []
        self._unsure: deque[int] = deque(maxlen=KEPT_REST)
        self._rest: deque[int] = deque(maxlen=KEPT_REST)
        self._moving: deque[int] = deque(maxlen=KEPT_MOVING)
        self._motions = self._unreckoned = self._above = 0
        self._moved = False
        self._limit = float("inf")
        self.separation: float | None = None
        """Area under the curve of motion against rest, 0.5 to 1.0 for sizes that tell something;
        None while there is too little evidence."""

    def note(self, sizes_bytes: Sequence[int]) -> None:
        """Take the sizes of the next packets, keyframes left out."""
        known = [*self._last, *sizes_bytes]
        windows = zip(*(known[k:] for k in range(WINDOW_PACKETS)), strict=False)
        for sample in map(sum, windows):
            self._unsure.append(sample)
            self._above = self._above + 1 if sample > self._limit else 0
        self._last = known[1 - WINDOW_PACKETS :]

    def learn(self, *, moving: bool) -> None:
        """Take what a picture showed that follows the last packet; all since the last are so."""
        if moving and not self._moved:
            self._motions += 1
        self._moved = moving
        (self._moving if moving else self._rest).extend(self._unsure)
        self._unreckoned += len(self._unsure)
        self._unsure.clear()
        if self._unreckoned >= _RECKON_EVERY:
            self._reckon()

    def forget(self) -> None:
        """Leave out what came since the last picture: something began, nobody knows when."""
        self._unsure.clear()

    @property
    def trusted(self) -> bool:
        """Whether this stream's sizes have proved to tell motion from rest."""
        return self.separation is not None and self.separation >= TRUSTED_SEPARATION

    @property
    def wakes(self) -> bool:
        """Whether the last packets say that something moves: two samples, on a trusted stream."""
        return self.trusted and self._above >= 2

    def _reckon(self) -> None:
        self._unreckoned = 0
        enough = len(self._rest) >= LEAST_REST and len(self._moving) >= LEAST_MOVING
        if not enough or self._motions < LEAST_MOTIONS:
            return
        rest, moving = np.sort(np.array(self._rest)), np.array(self._moving)
        # Mann and Whitney: the mean rank of motion among rest is the area under the curve.
        below, upto = np.searchsorted(rest, moving, "left"), np.searchsorted(rest, moving, "right")
        self.separation = float((below + upto).mean() / 2 / len(rest))
        self._limit = _MARGIN * float(np.quantile(rest, _QUANTILE))
