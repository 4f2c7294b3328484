"""Learns whether the sizes of a stream's packets tell motion from rest. Pure: no I/O, no clock.

Where the bit rate follows the scene, a moving figure swells the packets at once, a second before
the next keyframe shows it; where the rate is constant, sizes tell nothing. So a gate is believed
only after it has proved itself on its own stream, and only as long as it does. That nobody moves
it may say sooner, where sizes at rest are so steady that anybody would show.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np

from edge_agent.vision.stream.steadiness import WINDOW_PACKETS, Steadiness

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
_SELDOM = 16
"""Of the groups at rest of a stream that is not believed, one in so many is still learned."""
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
        self._position = self._groups = 0
        self._usual: dict[int, _Usual] = {}
        self._unsure: deque[tuple[int, int]] = deque(maxlen=KEPT_REST)
        """Positions and bytes of samples of which it is not known yet what was seen."""
        self._rest: deque[float] = deque(maxlen=KEPT_REST)
        self._moving: deque[float] = deque(maxlen=KEPT_MOVING)
        self._motions = self._unreckoned = self._above = 0
        self._moved = self._sure = self._loud = False
        self._limit = self._most_at_rest = float("inf")
        self._steadiness = Steadiness()
        self.separation: float | None = None
        """Area under the curve of motion against rest, 0.5 to 1.0 for sizes that tell something;
        None while there is too little evidence."""

    @property
    def told_share(self) -> float | None:
        """How small a share of the picture somebody may be and show; None: not known yet."""
        return self._steadiness.told_share

    def begin_group(self, keyframe_bytes: int) -> None:
        """A keyframe came: positions are counted from it."""
        self._last, self._position = (), 0
        self._groups += 1
        self._steadiness.begin_group(keyframe_bytes)

    def note(self, sizes_bytes: Sequence[int]) -> None:
        """Take the sizes of the next packets, keyframes left out."""
        self._steadiness.note(sizes_bytes)
        for size_bytes in sizes_bytes:
            self._note(size_bytes)

    def note_calm(self, sizes_bytes: Sequence[int]) -> int:
        """Take the sizes of the next packets up to the one that would wake; return how many."""
        calm = self._until_woken(sizes_bytes)
        self._steadiness.note(sizes_bytes[:calm])
        return calm

    def _until_woken(self, sizes_bytes: Sequence[int]) -> int:
        if not self.trusted and self._groups % _SELDOM and len(self._rest) >= LEAST_REST:
            self._last, self._position = (), self._position + len(sizes_bytes)
            return len(sizes_bytes)
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
        if moving or self._moved:
            self._steadiness.forget()
        else:
            self._steadiness.learn()
        if self._moved and not moving:
            self._drop()
        self._moved = moving
        samples = self._moving if moving else self._rest
        for position, sample_bytes in self._unsure:
            ratio = self._ratio(sample_bytes, position)
            if ratio is not None:
                samples.append(ratio)
                self._unreckoned += 1
            if not moving:
                self._usual.setdefault(position, _Usual()).follow(sample_bytes)
        self._drop()
        if self._unreckoned >= _RECKON_EVERY:
            self._reckon()

    def forget(self) -> None:
        """Leave out what came since the last picture: something began, nobody knows when."""
        self._drop()
        self._steadiness.forget()

    def startle(self, *, overlooked: bool) -> int | None:
        """As `forget`, when a keyframe at rest shows motion; `overlooked`: some were left out.

        Returns:
            How many packets of the last group came before the first that told of it, if any did.
        """
        loud_from = self._steadiness.loud_from
        if overlooked and loud_from is None:
            self.contradict()
        else:
            self._drop()
            self._steadiness.be_surprised()
        return loud_from

    def _drop(self) -> None:
        self._unsure.clear()
        self._loud = False

    def contradict(self) -> None:
        """Something moves that the sizes should have told: they have to prove themselves anew."""
        self._drop()
        self._steadiness.doubt()
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
    def tells(self) -> bool:
        """Whether the sizes of this stream say whenever somebody moves."""
        return (self.trusted and self._sure) or self._steadiness.tells

    @property
    def assures(self) -> bool:
        """Whether the packets since the last picture say that nothing has moved.

        They can say so where motion has nearly always been larger than the largest at rest; or,
        before that is known, where rest is so steady that it would be. Ask at a keyframe.
        """
        if self.trusted and self._sure:
            return not self._loud
        return self._steadiness.assures

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
