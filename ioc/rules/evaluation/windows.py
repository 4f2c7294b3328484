"""What happened lately at each place: counts and sequences, whatever order events arrive in; pure.

The same event noted again changes nothing, so a batch that had to be taken twice fires alike.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from datetime import datetime, timedelta

Instant = tuple[datetime, str]
"""When, and which event."""

_KEPT = 256
"""Of the newest per place and step: a step further back is only needed if none is nearer."""
_BROUGHT, _BROUGHT_EACH = 4_096, 64
"""Firings of other rules of which is known what stood behind them, and of how many events."""
_FIRST, _LAST = "", "\uffff"
"""Sort before and after every event id."""


class Track:
    """The newest instants of one thing at one place, in order."""

    def __init__(self, kept: int = _KEPT) -> None:
        self.instants: list[Instant] = []
        self._kept = kept

    def note(self, instant: Instant) -> None:
        """Remember an instant, once."""
        index = bisect_left(self.instants, instant)
        if index < len(self.instants) and self.instants[index] == instant:
            return
        insort(self.instants, instant)
        del self.instants[: -self._kept]

    def before(self, instant: Instant) -> Instant | None:
        """Return the newest other instant not after this one."""
        index = bisect_right(self.instants, (instant[0], _LAST)) - 1
        while index >= 0 and self.instants[index][1] == instant[1]:
            index -= 1
        return self.instants[index] if index >= 0 else None

    def after(self, instant: Instant) -> Instant | None:
        """Return the oldest other instant not before this one."""
        index = bisect_left(self.instants, (instant[0], _FIRST))
        while index < len(self.instants) and self.instants[index][1] == instant[1]:
            index += 1
        return self.instants[index] if index < len(self.instants) else None


class Counter:
    """Whether something happens so often within a window, per subject."""

    def __init__(self, *, times: int, within_s: float) -> None:
        self._times = times
        self._within = timedelta(seconds=within_s)
        kept = max(_KEPT, 2 * times)
        self._tracks: dict[str, Track] = defaultdict(lambda: Track(kept))

    def note(self, subject: str, instant: Instant) -> list[Instant]:
        """Remember an instant; return so many within the window with it among them, or nothing."""
        track = self._tracks[subject]
        track.note(instant)
        instants, times = track.instants, self._times
        at = bisect_left(instants, instant)
        for first in range(max(0, at - times + 1), at + 1):
            window = instants[first : first + times]
            if len(window) == times and window[-1][0] - window[0][0] <= self._within:
                return window
        return []


class Steps:
    """Whether steps follow each other within a window, per subject."""

    def __init__(self, *, count: int, within_s: float) -> None:
        self._within = timedelta(seconds=within_s)
        self._tracks: dict[str, tuple[Track, ...]] = defaultdict(
            lambda: tuple(Track() for _ in range(count))
        )
        self._brought: dict[Instant, tuple[str, ...]] = {}

    def brought(self, instant: Instant) -> tuple[str, ...]:
        """Return what stood behind a step that was another rule's firing."""
        return self._brought.get(instant, ())

    def note(
        self, subject: str, step: int, instant: Instant, *, brought: tuple[str, ...] = ()
    ) -> list[Instant] | None:
        """Remember that a step happened, and what it `brought`; return all steps if that completes them."""
        if brought:
            both = dict.fromkeys((*self._brought.pop(instant, ()), *brought))
            self._brought[instant] = tuple(both)[-_BROUGHT_EACH:]
            if len(self._brought) > _BROUGHT:
                del self._brought[next(iter(self._brought))]
        tracks = self._tracks[subject]
        tracks[step].note(instant)
        chain = [instant]
        for track in reversed(tracks[:step]):
            earlier = track.before(chain[0])
            if earlier is None:
                return None
            chain.insert(0, earlier)
        for track in tracks[step + 1 :]:
            later = track.after(chain[-1])
            if later is None:
                return None
            chain.append(later)
        return chain if chain[-1][0] - chain[0][0] <= self._within else None
