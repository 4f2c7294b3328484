"""Points on their way to a server: on disk before anybody is told that they are safe."""

import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from contracts.telemetry import Metric
from ioc.timeseries.instants import from_ms, to_ms
from ioc.timeseries.port import Point, SeriesKey, Standing
from ioc.timeseries.sqlite.seat import Seat, open_seat

_PAGE_BYTES = 4_096
_REFUSED_KEPT = 10_000
"""Rows of what a server would not have; enough to see why."""

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS waiting (
         number INTEGER PRIMARY KEY AUTOINCREMENT,  -- a repeated point gets a later one
         gateway_id TEXT NOT NULL,
         device_id TEXT NOT NULL,
         metric TEXT NOT NULL,
         at_ms INTEGER NOT NULL,
         value REAL NOT NULL,
         taken_ms INTEGER NOT NULL,
         UNIQUE (gateway_id, device_id, metric, at_ms)
       )""",
    """CREATE TABLE IF NOT EXISTS refused (
         number INTEGER PRIMARY KEY AUTOINCREMENT,
         gateway_id TEXT NOT NULL,
         device_id TEXT NOT NULL,
         metric TEXT NOT NULL,
         at_ms INTEGER NOT NULL,
         value REAL NOT NULL,
         why TEXT NOT NULL
       )""",
)


class Backlog:
    """A bounded queue on disk in which a point stands once; full, it refuses what comes."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    async def append(self, points: Iterable[Point], *, taken_at: datetime) -> None:
        """Keep points until they are taken off; of a repeated point the last value.

        Raises:
            SeriesUnavailable: the backlog is full, or its disk is.
        """
        taken_ms = to_ms(taken_at)
        rows = [
            (
                point.key.gateway_id,
                point.key.device_id,
                point.key.metric,
                to_ms(point.sampled_at),
                point.value,
                taken_ms,
            )
            for point in points
        ]
        await self._seat.change(_append, rows)

    async def oldest(self, limit: int) -> list[tuple[int, Point]]:
        """Return the points that wait longest, with their numbers, ascending."""
        return await self._seat.run(_oldest, limit)

    async def take_off(self, numbers: Sequence[int]) -> None:
        """Remove points that have arrived; one that was repeated meanwhile has another number."""
        await self._seat.change(_take_off, numbers)

    async def set_aside(self, number: int, *, why: str) -> None:
        """Count a point as one that the server will never have."""
        await self._seat.change(_set_aside, number, why)

    async def standing(self, *, fault: str) -> Standing:
        """Return what waits."""
        waiting, since_ms, refused = await self._seat.run(_count)
        since = None if since_ms is None else from_ms(since_ms)
        return Standing(waiting=waiting, waiting_since=since, refused=refused, fault=fault)


@asynccontextmanager
async def open_backlog(data_dir: Path, *, limit_mb: int) -> AsyncIterator[Backlog]:
    """Open (and at first make) the backlog; close it on leaving.

    Raises:
        SeriesUnavailable: it cannot be opened.
    """
    async with open_seat(data_dir / "series_backlog.db") as seat:
        await seat.run(_prepare, limit_mb * 1_000_000 // _PAGE_BYTES)
        yield Backlog(seat)


def _prepare(connection: sqlite3.Connection, pages: int) -> None:
    for statement in _SCHEMA:
        connection.execute(statement)
    # SQLite itself keeps the bound: a write beyond it fails as on a full disk.
    connection.execute(f"PRAGMA max_page_count = {pages}")


def _append(connection: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO waiting (gateway_id, device_id, metric, at_ms, value, taken_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        rows,
    )


def _oldest(connection: sqlite3.Connection, limit: int) -> list[tuple[int, Point]]:
    rows = connection.execute(
        "SELECT number, gateway_id, device_id, metric, at_ms, value FROM waiting"
        " ORDER BY number LIMIT ?",
        (limit,),
    )
    return [
        (
            number,
            Point(
                key=SeriesKey(gateway_id=gateway_id, device_id=device_id, metric=Metric(metric)),
                sampled_at=from_ms(at_ms),
                value=value,
            ),
        )
        for number, gateway_id, device_id, metric, at_ms, value in rows
    ]


def _take_off(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
    connection.executemany("DELETE FROM waiting WHERE number = ?", [(n,) for n in numbers])


def _set_aside(connection: sqlite3.Connection, number: int, why: str) -> None:
    connection.execute(
        "INSERT INTO refused (gateway_id, device_id, metric, at_ms, value, why)"
        " SELECT gateway_id, device_id, metric, at_ms, value, ? FROM waiting WHERE number = ?",
        (why, number),
    )
    connection.execute("DELETE FROM waiting WHERE number = ?", (number,))
    connection.execute(
        "DELETE FROM refused WHERE number <= (SELECT max(number) FROM refused) - ?",
        (_REFUSED_KEPT,),
    )


def _count(connection: sqlite3.Connection) -> tuple[int, int | None, int]:
    (waiting,) = connection.execute("SELECT count(*) FROM waiting").fetchone()
    first = connection.execute("SELECT taken_ms FROM waiting ORDER BY number LIMIT 1").fetchone()
    # AUTOINCREMENT never repeats a number, so the largest one counts all there ever were.
    (refused,) = connection.execute("SELECT coalesce(max(number), 0) FROM refused").fetchone()
    return waiting, None if first is None else first[0], refused
