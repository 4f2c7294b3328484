"""Tells that the wall clock was set, by the monotonic clock beside it; moves nothing itself.

Deadlines stand in the store as instants, so that they outlast the centre. Whoever waits for them asks
here each time it looks, and moves them along with the clock: then they fall due after the time they were
meant to take, whichever way the clock was set. What a person has named by the clock ("until 06:00"), and
what the centre slept through, is not meant by this.
"""

from datetime import datetime, timedelta

import structlog

from ioc.clock import Clock

LEAST = timedelta(seconds=1)
"""Smaller ones are how time servers keep a clock right; the shortest delay is fifteen seconds."""
NONE = timedelta(0)
_AT_ONCE_S = 0.1

_log = structlog.get_logger(__name__)


class ClockSteps:
    """Watches one clock for one asker."""

    def __init__(self, clock: Clock, *, asker: str) -> None:
        self._clock = clock
        self._asker = asker
        self._began_at = self._beginning()

    def pending(self) -> timedelta:
        """Return by how much the clock was set and nobody has followed; zero: it runs on."""
        step = self._beginning() - self._began_at
        return NONE if abs(step) < LEAST else step

    def followed(self, step: timedelta) -> None:
        """Note that everything was moved along; called once that is committed."""
        self._began_at += step
        _log.warning("clock.set", asker=self._asker, by_s=round(step.total_seconds(), 1))

    def _beginning(self) -> datetime:
        """Return what the wall clock would show where the monotonic one shows zero."""
        while True:
            before_s, now = self._clock.monotonic_s(), self._clock.now()
            # A process that was stopped between the two readings would take that for a step.
            if self._clock.monotonic_s() - before_s < _AT_ONCE_S:
                return now - timedelta(seconds=before_s)


def is_before(instant: datetime, *, now: datetime, step: timedelta) -> bool:
    """Tell whether a recent instant was read from the clock before it was set by `step`, just now."""
    return abs(instant - (now - step)) < abs(instant - now)
