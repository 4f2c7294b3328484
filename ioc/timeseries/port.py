"""What the centre asks of a store of time series, whichever it is; values and one protocol, no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from contracts.telemetry import Metric


@dataclass(frozen=True, kw_only=True, order=True)
class SeriesKey:
    """Which series: a metric of a device, or of the gateway itself (`device_id` empty)."""

    gateway_id: str
    device_id: str = ""
    metric: Metric


@dataclass(frozen=True, kw_only=True)
class Point:
    """One measured value, in the metric's unit; its instant is kept to the millisecond."""

    key: SeriesKey
    sampled_at: datetime
    value: float


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """The points of one step; a step without points has no bucket, which is not zero."""

    start: datetime
    count: int
    mean: float
    lowest: float
    highest: float
    total: float
    """Sum of the values; of `motion_s` divided by 60: minutes with motion."""


class Resolution(StrEnum):
    """How finely something is kept; a day is a day of UTC."""

    RAW = "raw"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How the store is at the moment, for those who look after it."""

    waiting: int = 0
    """Points taken but not yet in the store; they are safe on the centre's disk."""
    waiting_since: datetime | None = None
    """When the oldest of them was taken."""
    refused: int = 0
    """Points that the store would not have, ever; logged when it happened."""
    fault: str = ""
    """Why the store cannot be written just now; empty: it can, or nothing was tried."""


class SeriesUnavailable(Exception):
    """The store of time series does not answer; what is not acknowledged is sent again."""

    outside_fault = True


class SeriesRefused(Exception):
    """The store of time series refuses the centre; its address, token or flags must be mended."""

    outside_fault = True


class SeriesStore(Protocol):
    """A store of series. Every method may raise SeriesUnavailable or SeriesRefused."""

    async def write(self, points: Iterable[Point]) -> None:
        """Take points for good: on return they survive a crash of the centre.

        A point of the same series and millisecond is stored once, the last value.
        """
        ...

    async def read(self, key: SeriesKey, since: datetime, until: datetime) -> list[Point]:
        """Return the points as they were measured, from `since` up to before `until`, in order."""
        ...

    async def buckets(
        self, key: SeriesKey, since: datetime, until: datetime, step_s: int
    ) -> list[Bucket]:
        """Return the series from `since` up to before `until`, in steps aligned to 1970 UTC."""
        ...

    async def latest(self, key: SeriesKey) -> Point | None:
        """Return the newest point, however old; None: nothing was ever measured or all is gone."""
        ...

    async def keys(self) -> list[SeriesKey]:
        """Return which series there are, sorted."""
        ...

    async def forget_before(
        self, instant: datetime, *, metric: Metric, resolution: Resolution = Resolution.RAW
    ) -> int:
        """Delete what is older, of one metric at one resolution; coarser resolutions stay.

        Rounded down to a day of UTC. Returns how many rows it changed; 0 where the server itself
        keeps to its own retention.
        """
        ...

    async def standing(self) -> Standing:
        """Return how the store is; asks nobody, so it answers while the store is down."""
        ...

    async def run(self) -> None:
        """Do what the store needs in the background, for ever; the supervisor calls it again."""
        ...
