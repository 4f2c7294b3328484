"""What a server of time series must be able to do behind the backlog; one protocol, no I/O."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ioc.timeseries.port import Bucket, Point, SeriesKey


class PointsRejected(Exception):
    """The server refuses some of these points and would refuse them again; others may be fine."""


class Server(Protocol):
    """A server; every method may raise SeriesUnavailable or SeriesRefused."""

    async def probe(self) -> None:
        """Return when the server answers and is set up as the product needs it."""
        ...

    async def write(self, points: Sequence[Point]) -> None:
        """Store points; a point that came before is not stored twice.

        Raises:
            PointsRejected: see there.
        """
        ...

    async def read(self, key: SeriesKey, since: datetime, until: datetime) -> list[Point]:
        """Return raw points in order."""
        ...

    async def buckets(
        self, key: SeriesKey, since: datetime, until: datetime, step_s: int
    ) -> list[Bucket]:
        """Return steps aligned to 1970 UTC."""
        ...

    async def latest(self, key: SeriesKey) -> Point | None:
        """Return the newest point."""
        ...

    async def keys(self) -> list[SeriesKey]:
        """Return which series there are, sorted."""
        ...
