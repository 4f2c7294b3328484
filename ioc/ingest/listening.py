"""Whether the centre takes in what its gateways say, and since when not; knows no broker, no store."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import structlog

from ioc.clock import Clock
from ioc.clock_steps import ClockSteps

Obstacle = Literal["broker", "store", "database"]
"""`store`: nothing can be written, so nothing is kept whatever the broker does; `database`: nor read."""
_GRAVEST_FIRST: tuple[Obstacle, ...] = ("database", "store", "broker")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Deafness:
    """Since when nothing new can be known, and what stands in the way."""

    since: datetime
    why: Obstacle


class Listening:
    """Told by those who connect and commit; asked by those who show."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Nothing is heard before the first connection.
        self._since: dict[Obstacle, datetime] = {"broker": clock.now()}
        self._heard_at: datetime | None = None
        self._freed_at: datetime | None = None
        self._steps = ClockSteps(clock, asker="listening")

    @property
    def deafness(self) -> Deafness | None:
        """What is in the way now; None: nothing."""
        if not self._since:
            return None
        why = next(obstacle for obstacle in _GRAVEST_FIRST if obstacle in self._since)
        return Deafness(since=min(self._since.values()), why=why)

    @property
    def connected_at(self) -> datetime | None:
        """Since when the centre hears its gateways and keeps what they say; None: it does not.

        After the clock was set it has only just begun to: how long anybody was silent is not known.
        """
        if step := self._steps.pending():
            self._steps.followed(step)
            self._freed_at = self._clock.now()
        return None if self._since else self._freed_at

    def heard(self) -> None:
        """Note that something has arrived."""
        self._heard_at = self._clock.now()

    def hindered(self, by: Obstacle, *, reason: str) -> None:
        """Note that something is in the way, if it was not before.

        A broker that hangs is noticed late: nothing has been known since the last word.
        """
        if by not in self._since:
            now = self._clock.now()
            self._since[by] = self._heard_at or now if by == "broker" else now
            _log.warning("ingest.deaf", why=by, reason=reason)

    def freed(self, of: Obstacle) -> None:
        """Note that it is out of the way; what can be written can also be read."""
        if of == "store":
            self.freed("database")
        since = self._since.pop(of, None)
        if since is not None:
            self._freed_at = self._clock.now()
            deaf_s = (self._clock.now() - since).total_seconds()
            _log.info("ingest.hears", why=of, deaf_s=round(deaf_s, 1))
