"""When things happen, on both clocks of this boot; reads time only through a clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from edge_agent.clock import Clock, instant_of


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When something happened, on both clocks of one boot."""

    occurred_at: datetime
    monotonic_s: float
    boot_id: str
    clock_synced: bool


def between_s(since: Moment, until: Moment) -> float:
    """Return the seconds between two moments, at least 0; within a boot no clock step counts."""
    if since.boot_id == until.boot_id:
        return max(0.0, until.monotonic_s - since.monotonic_s)
    return max(0.0, (until.occurred_at - since.occurred_at).total_seconds())


@dataclass(frozen=True, kw_only=True)
class Timekeeper:
    """The clock of this boot, and whether its wall clock can be trusted."""

    clock: Clock
    boot_id: str
    is_synced: Callable[[], bool]

    def moment(self, monotonic_s: float | None = None) -> Moment:
        """Return the moment of a reading of the monotonic clock; None: the present."""
        at_s = self.clock.monotonic_s() if monotonic_s is None else max(0.0, monotonic_s)
        return Moment(
            occurred_at=instant_of(self.clock, at_s),
            monotonic_s=at_s,
            boot_id=self.boot_id,
            clock_synced=self.is_synced(),
        )
