"""Measured values by series and instant in an SQLite file of their own; redelivery changes nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiosqlite

from contracts.telemetry import Metric

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
  number INTEGER PRIMARY KEY,
  gateway_id TEXT NOT NULL,
  device_id TEXT NOT NULL,        -- empty: the gateway itself
  metric TEXT NOT NULL,
  UNIQUE (gateway_id, device_id, metric)
);
CREATE TABLE IF NOT EXISTS points (
  series INTEGER NOT NULL,
  instant_us INTEGER NOT NULL,    -- microseconds since 1970, UTC
  value REAL NOT NULL,
  PRIMARY KEY (series, instant_us)
) WITHOUT ROWID;
"""

_BUCKETS = """
SELECT instant_us / :step_us, count(value), avg(value), min(value), max(value), sum(value)
FROM points JOIN series ON points.series = series.number
WHERE gateway_id = :gateway_id AND device_id = :device_id AND metric = :metric
  AND instant_us >= :start_us AND instant_us < :end_us
GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, kw_only=True, order=True)
class SeriesKey:
    """Which series: a metric of a device, or of the gateway itself (`device_id` empty)."""

    gateway_id: str
    device_id: str = ""
    metric: Metric


@dataclass(frozen=True, kw_only=True)
class Point:
    """One measured value, in the metric's unit."""

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


class TimeSeries:
    """The embedded store of series; its writes never hold up an alarm."""

    def __init__(self, *, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader
        self._turn = asyncio.Lock()
        self._numbers: dict[SeriesKey, int] = {}

    async def write(self, points: Iterable[Point]) -> None:
        """Store points; a point of the same series and instant is stored once, the last value."""
        wanted = list(points)
        if not wanted:
            return
        async with self._turn:
            try:
                rows = [(await self._number(p.key), _us(p.sampled_at), p.value) for p in wanted]
                await self._writer.executemany(
                    "INSERT OR REPLACE INTO points (series, instant_us, value) VALUES (?, ?, ?)",
                    rows,
                )
                await self._writer.commit()
            except BaseException:
                self._numbers.clear()
                await self._writer.rollback()
                raise

    async def read(
        self, key: SeriesKey, *, start: datetime, end: datetime, step_s: int
    ) -> list[Bucket]:
        """Return the series from `start` up to before `end`, in steps aligned to 1970."""
        step_us = step_s * 1_000_000
        values: dict[str, str | int] = {
            "gateway_id": key.gateway_id,
            "device_id": key.device_id,
            "metric": str(key.metric),
            "start_us": _us(start),
            "end_us": _us(end),
            "step_us": step_us,
        }
        async with self._reader.execute(_BUCKETS, values) as cursor:
            return [_bucket(tuple(row), step_us) async for row in cursor]

    async def keys(self) -> list[SeriesKey]:
        """Return which series there are, sorted."""
        query = "SELECT gateway_id, device_id, metric FROM series"
        async with self._reader.execute(query) as cursor:
            found = [_key(tuple(row)) async for row in cursor]
        return sorted(found)

    async def forget_before(self, instant: datetime) -> int:
        """Delete points older than `instant`; return how many."""
        async with self._turn:
            cursor = await self._writer.execute(
                "DELETE FROM points WHERE instant_us < ?", (_us(instant),)
            )
            await self._writer.commit()
            return cursor.rowcount

    async def _number(self, key: SeriesKey) -> int:
        if key not in self._numbers:
            names = (key.gateway_id, key.device_id, str(key.metric))
            await self._writer.execute(
                "INSERT OR IGNORE INTO series (gateway_id, device_id, metric) VALUES (?, ?, ?)",
                names,
            )
            cursor = await self._writer.execute(
                "SELECT number FROM series WHERE gateway_id = ? AND device_id = ? AND metric = ?",
                names,
            )
            row = await cursor.fetchone()
            self._numbers[key] = int(row[0]) if row else 0
        return self._numbers[key]


@asynccontextmanager
async def open_series(data_dir: Path) -> AsyncIterator[TimeSeries]:
    """Open (and at first make) the series of a data directory; close them on leaving."""
    path = data_dir / "series.db"
    async with aiosqlite.connect(path) as writer, aiosqlite.connect(path) as reader:
        # FULL: the gateway deletes its telemetry rows once they are acknowledged after `write`.
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 10000"):
            await writer.execute(f"PRAGMA {pragma}")
        await writer.executescript(_SCHEMA)
        await writer.commit()
        await reader.execute("PRAGMA query_only = ON")
        yield TimeSeries(writer=writer, reader=reader)


def _us(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _key(row: tuple[str, str, str]) -> SeriesKey:
    return SeriesKey(gateway_id=row[0], device_id=row[1], metric=Metric(row[2]))


def _bucket(row: tuple[int, int, float, float, float, float], step_us: int) -> Bucket:
    index, count, mean, lowest, highest, total = row
    return Bucket(
        start=_EPOCH + index * step_us * _MICROSECOND,
        count=count,
        mean=mean,
        lowest=lowest,
        highest=highest,
        total=total,
    )
