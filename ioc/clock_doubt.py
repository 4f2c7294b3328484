"""Says whether the wall clock can be believed before anything is deleted for its age."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select

from ioc.clock import Clock
from ioc.store.engine import Store
from ioc.store.tables import journal

LEAP = timedelta(days=1)
"""Against the monotonic clock: no time server corrects as much without something being wrong."""
AWAY = timedelta(days=7)
"""Since the last change before this start: the centre was off, or the machine woke in another year."""
DOUBTED_S = 86_400.0
"""So long somebody has time to set the clock; after that it is believed."""
_OWN_LINES = timedelta(minutes=10)

_log = structlog.get_logger(__name__)


class ClockDoubt:
    """Watches one clock; whoever deletes by age asks first, at least once an hour."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seen: tuple[datetime, float] | None = None
        self._until_s: float | None = None

    async def is_doubted(self) -> bool:
        """Tell whether the clock has leapt ahead within the last day.

        A machine whose battery is empty may wake up in another year: what is young would be old.
        """
        now, monotonic_s = self._clock.now(), self._clock.monotonic_s()
        ahead, most = await self._leap(now, monotonic_s)
        self._seen = now, monotonic_s
        if ahead > most:
            self._until_s = monotonic_s + DOUBTED_S
            _log.warning(
                "clock.doubted",
                ahead_days=ahead.days,
                advice="nothing is deleted for its age for a day: set the machine's clock",
            )
        elif ahead < -LEAP or (self._until_s is not None and monotonic_s >= self._until_s):
            self._until_s = None
        return self._until_s is not None

    async def _leap(self, now: datetime, monotonic_s: float) -> tuple[timedelta, timedelta]:
        """Return by how much the clock is ahead of what is known, and how much may be."""
        if self._seen is not None:
            seen_at, seen_s = self._seen
            return now - seen_at - timedelta(seconds=monotonic_s - seen_s), LEAP
        async with self._store.read() as connection:
            # This process has written lines by the clock that is in doubt.
            last = await connection.scalar(
                select(func.max(journal.c.at)).where(journal.c.at < now - _OWN_LINES)
            )
        return timedelta(0) if last is None else now - last, AWAY
