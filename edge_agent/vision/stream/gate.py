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
MOST_POSITIONS = 300
"""Of a longer group, the rest is all alike."""
_LEAST_SEEN, _FOLLOW = 3, 0.05
"""Groups that show what is usual at a position, and the share by which that follows one more."""
_ENOUGH = 2
"""So many samples in a row that are larger than at rest say that something moves."""
_RECKON_EVERY = 50
_QUANTILE, _MARGIN = 0.995, 1.1
_FAINTEST = 0.25
"""Of the samples with motion, so many may be as small as at rest where rest can be relied on."""


class _Usual:
    """The mean sample of one position in the group, at rest."""

    __slots__ = ("mean_bytes", "seen")

    def __init__(self) -> None:
        self.mean_bytes = 1.0
        self.seen = 0

    def follow(self, sample_bytes: int) -> None:
        self.seen += 1
        rate = max(_FOLLOW, 1.0 / self.seen)
        self.mean_bytes += rate * (max(1, sample_bytes) - self.mean_bytes)


class SizeGate:
    """One stream's packet sizes and what was seen while they came.

    The first packets after a keyframe are large, whatever the scene does: each sample is compared
    with what is usual at its position in the group.
    """

    def __init__(self) -> None:
        self._last: tuple[int, ...] = ()
        self._position = 0
        self._usual: dict[int, _Usual] = {}
        self._unsure: deque[tuple[int, int]] = deque(maxlen=KEPT_REST)
        """Positions and bytes of samples of which it is not known yet what was seen."""
        self._rest: deque[float] = deque(maxlen=KEPT_REST)
        self._moving: deque[float] = deque(maxlen=KEPT_MOVING)
        self._motions = self._unreckoned = self._above = 0
        self._moved = self._sure = self._loud = False
        self._limit = self._most_at_rest = float("inf")
        self.separation: float | None = None
        """Area under the curve of motion against rest, 0.5 to 1.0 for sizes that tell something;
        None while there is too little evidence."""

    def begin_group(self) -> None:
        """A keyframe came: positions are counted from it."""
        self._last, self._position = (), 0

    def note(self, sizes_bytes: Sequence[int]) -> None:
        """Take the sizes of the next packets, keyframes left out."""
        for size_bytes in sizes_bytes:
            self._note(size_bytes)

    def note_calm(self, sizes_bytes: Sequence[int]) -> int:
        """Take the sizes of the next packets up to the one that would wake; return how many."""
        for calm, size_bytes in enumerate(sizes_bytes):
            if self.trusted and self._above + 1 >= _ENOUGH:
                ratio = self._ratio(sum((*self._last, size_bytes)), self._position + 1)
                if ratio is not None and ratio > self._limit:
                    return calm
            self._note(size_bytes)
        return len(sizes_bytes)

    def _note(self, size_bytes: int) -> None:
        self._position = min(self._position + 1, MOST_POSITIONS)
        window = (*self._last, size_bytes)
        self._last = window[1 - WINDOW_PACKETS :]
        if len(window) < WINDOW_PACKETS:
            return
        sample = sum(window)
        self._unsure.append((self._position, sample))
        ratio = self._ratio(sample, self._position)
        above = ratio is not None and ratio > self._limit
        self._above = self._above + 1 if above else 0
        self._loud |= ratio is None or ratio > self._most_at_rest

    def _ratio(self, sample_bytes: int, position: int) -> float | None:
        """Return a sample against the usual one there; None while that is not known."""
        usual = self._usual.get(min(position, MOST_POSITIONS))
        if usual is None or usual.seen < _LEAST_SEEN:
            return None
        return sample_bytes / usual.mean_bytes

    def learn(self, *, moving: bool) -> None:
        """Take what a picture showed that follows the last packet; all since the last are so.

        But for those with which motion ended: some came while it still moved.
        """
        if moving and not self._moved:
            self._motions += 1
        if self._moved and not moving:
            self.forget()
        self._moved = moving
        samples = self._moving if moving else self._rest
        for position, sample_bytes in self._unsure:
            ratio = self._ratio(sample_bytes, position)
            if ratio is not None:
                samples.append(ratio)
                self._unreckoned += 1
            if not moving:
                self._usual.setdefault(position, _Usual()).follow(sample_bytes)
        self.forget()
        if self._unreckoned >= _RECKON_EVERY:
            self._reckon()

    def forget(self) -> None:
        """Leave out what came since the last picture: something began, nobody knows when."""
        self._unsure.clear()
        self._loud = False

    def contradict(self) -> None:
        """Something moves that the sizes should have told: they have to prove themselves anew."""
        self.forget()
        self._moving.clear()
        self._motions = 0
        self._moved = self._sure = False
        self.separation = None

    @property
    def trusted(self) -> bool:
        """Whether this stream's sizes have proved to tell motion from rest."""
        return self.separation is not None and self.separation >= TRUSTED_SEPARATION

    @property
    def wakes(self) -> bool:
        """Whether the last packets say that something moves: two samples, on a trusted stream."""
        return self.trusted and self._above >= _ENOUGH

    @property
    def assures(self) -> bool:
        """Whether the packets since the last picture say that nothing has moved.

        Only where motion is nearly always larger than the largest at rest can they say so.
        """
        return self.trusted and self._sure and not self._loud

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
        self._most_at_rest = float(rest[-1])
        self._sure = float(np.quantile(moving, _FAINTEST)) > self._most_at_rest
