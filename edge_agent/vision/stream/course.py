"""What a recording's own times tell of the pictures that it lacks; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge_agent.vision.stream.timeline import BACK_S

LEAST_GAP_S = 2.0
"""Recorders that leave out pictures of a resting scene send one a second or so."""
GAP_SPACINGS = 5.0
"""Pictures come out of the order of showing, by up to four of them: less than this is no gap."""
MOST_GAPS_SHARE = 0.1
"""Where more of the steps from picture to picture are so long, that is how the recording was made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A time without pictures, as the recording's own times say."""

    after_s: float
    """When the last picture before it is shown, on the clock of the watch."""
    lasted_s: float


class Course:
    """Follows the times that the pictures of one recording were given, before they are made continuous."""

    def __init__(self, *, tick_s: float, spacing_s: float) -> None:
        """Prepare; `spacing_s` is the usual time between two pictures."""
        self._tick_s = tick_s
        self._spacing_s = spacing_s
        self._back_s = max(BACK_S, 4.0 * spacing_s)
        self._gap_ticks = max(LEAST_GAP_S, GAP_SPACINGS * spacing_s) / tick_s
        self._first: int | None = None
        self._newest = self._last = 0
        self._newest_s = 0.0
        self._pictures = 0
        self._gaps: list[tuple[int, Gap]] = []
        """Each with the time at which pictures came again."""

    def follow(self, ticks: Sequence[int], times_s: Sequence[float]) -> None:
        """Take packets in decoding order: their own times, and those on the clock of the watch."""
        for at, at_s in zip(ticks, times_s, strict=True):
            if self._first is None:
                self._first = self._newest = self._last = at
            self._follow(at, at_s)

    def _follow(self, at: int, at_s: float) -> None:
        step = at - self._newest
        self._pictures += 1
        if step > self._gap_ticks:
            gap = Gap(after_s=self._newest_s, lasted_s=step * self._tick_s)
            self._gaps.append((at, gap))
        elif step * self._tick_s < -self._back_s:
            # One time was wrong, or the clock was set: what lies before did not last that long.
            self._gaps = [one for one in self._gaps if one[0] <= at]
            self._newest = at
        self._newest = max(self._newest, at)
        self._last = max(self._last, at)
        self._newest_s = max(self._newest_s, at_s)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The times without pictures so far, in their order."""
        if len(self._gaps) > MOST_GAPS_SHARE * self._pictures:
            return ()
        return tuple(gap for _, gap in self._gaps)

    def missing_s(self, promised_s: float, *, counted_from_zero: bool) -> float:
        """Return how much too early the last picture comes, below 0 if it comes later.

        `counted_from_zero` says from where the header counts: from the zero of the recording's own
        times, or from its first picture.
        """
        first = self._first or 0
        begin = min(first, 0) if counted_from_zero else first
        return promised_s - (self._last - begin) * self._tick_s - self._spacing_s
