"""Brings a camera's own times to the clock of the watch, whatever they do; pure."""

from collections.abc import Sequence

JUMP_S = 5.0
"""Camera time and arrival may disagree by this much before the camera's clock has jumped."""
FILE_GAP_S = 60.0
"""A longer gap between two pictures of a file is a jump of its clock."""
BACK_S = 1.0
"""Pictures that others are predicted from come earlier than they are shown, but not by more."""
BEGINNING_S = 5.0
"""Until then a stream may still be given its first true time, which is no jump of a clock."""
SETTLE_S = 30.0
"""Until then the shortest way of a packet is still being found."""


class Timeline:
    """Makes presentation times continuous: after a jump they go on where they were."""

    def __init__(self, *, live: bool, time_base_s: float, spacing_s: float) -> None:
        """Prepare; `spacing_s` is the usual time between two pictures."""
        self._live = live
        self._time_base_s = time_base_s
        self._spacing_s = spacing_s
        self._back_s = max(BACK_S, 4.0 * spacing_s)
        self._ahead_s = JUMP_S if live else FILE_GAP_S
        self._usual = range(-int(self._back_s / time_base_s), int(self._ahead_s / time_base_s) + 1)
        """Steps that are no jump, however soon after the last packet they come."""
        self._shift = 0
        self._newest: int | None = None
        self._begun_s: float | None = None
        self._arrived_s = 0.0
        self.jumped_s = 0.0
        """By how much the clock of a live camera has jumped so far, forward being positive."""

    def follow_all(self, ticks: Sequence[int], arrived_s: float) -> list[int]:
        """Return the continuous times of packets that came together, in decoding order."""
        newest, usual = self._newest, self._usual
        for pts in ticks:
            if newest is None or pts - newest not in usual:
                return [self.follow(one, arrived_s) for one in ticks]
            newest = max(newest, pts)
        self._newest, self._arrived_s = newest, arrived_s
        return [pts + self._shift for pts in ticks]

    def follow(self, pts: int, arrived_s: float) -> int:
        """Return the continuous time, in the same units, of the next packet in decoding order."""
        if self._newest is None or self._begun_s is None:
            self._newest, self._begun_s = pts, arrived_s
        elif pts - self._newest in self._usual or not self._jumps(pts, arrived_s):
            self._newest = max(self._newest, pts)
        else:
            self._newest = pts
        self._arrived_s = arrived_s
        return pts + self._shift

    def _jumps(self, pts: int, arrived_s: float) -> bool:
        """Whether this is another clock; if so, the times go on where they were."""
        assert self._newest is not None and self._begun_s is not None  # noqa: S101,PT018 - followed
        step_s = (pts - self._newest) * self._time_base_s
        expected_s = max(self._spacing_s, arrived_s - self._arrived_s if self._live else 0.0)
        ahead_s = step_s - expected_s
        if step_s >= -self._back_s and ahead_s <= self._ahead_s:
            return False
        if arrived_s - self._begun_s > BEGINNING_S:
            self.jumped_s += ahead_s
        self._shift -= round(ahead_s / self._time_base_s)
        return True


class StreamClock:
    """Maps a camera's presentation times to the clock of the watch.

    The fastest packet is the truest: the difference between arrival and camera time follows
    downwards at once and upwards slowly (crystals drift by some 50 ppm).
    """

    def __init__(self, *, live: bool, start_s: float = 0.0) -> None:
        self._live = live
        self._offset_s: float | None = None
        self._start_s = start_s
        self._begun_s: float | None = None
        self._first_offset_s = 0.0

    @property
    def gained_s(self) -> float | None:
        """How much further the camera's clock went than ours since it settled, jumps left out.

        What comes later and later, because the network or the gateway cannot keep up, looks like
        a camera's clock that is too slow. None: not known yet, or a file.
        """
        if self._begun_s is None or self._offset_s is None:
            return None
        return self._first_offset_s - self._offset_s

    def map(self, pts_s: float, arrived_s: float) -> float:
        """Return the instant of `pts_s`; starts again when the camera's time jumps."""
        return self.map_all((pts_s,), arrived_s)[0]

    def map_all(self, pts_s: Sequence[float], arrived_s: float) -> list[float]:
        """Return the instants of packets that came together.

        Only the newest has not waited for those after it: the others say nothing about the way.
        """
        if not pts_s:
            return []
        if not self._live:
            if self._offset_s is None:
                self._offset_s = self._start_s - pts_s[0]
            return [one_s + self._offset_s for one_s in pts_s]
        offset_s = arrived_s - max(pts_s)
        ahead_s = 0.0 if self._offset_s is None else offset_s - self._offset_s
        if self._offset_s is None or not 0.0 <= ahead_s <= JUMP_S:
            self._offset_s = offset_s
        else:
            self._offset_s += min(1.0, 0.0005 * len(pts_s)) * ahead_s
        self._settle(arrived_s)
        return [one_s + self._offset_s for one_s in pts_s]

    def _settle(self, arrived_s: float) -> None:
        if self._begun_s is None:
            self._begun_s = arrived_s
        if arrived_s - self._begun_s < SETTLE_S and self._offset_s is not None:
            self._first_offset_s = self._offset_s
