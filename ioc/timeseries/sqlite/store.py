"""The store of series in an SQLite file of its own, so that its writes never hold up an alarm."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import structlog

from contracts.telemetry import Metric
from ioc.timeseries.instants import from_ms, to_ms
from ioc.timeseries.port import Bucket, Point, Resolution, SeriesKey, Standing
from ioc.timeseries.sqlite.plan import Piece, plan
from ioc.timeseries.sqlite.schema import KIND_OF, prepare
from ioc.timeseries.sqlite.seat import Seat, open_seat
from ioc.timeseries.sqlite.writing import forget, kept_from, write

_log = structlog.get_logger(__name__)

_Found = tuple[int, int]
"""Numbers of a source and of a series."""


class SqliteSeries:
    """Implements SeriesStore; see there for what its methods promise."""

    def __init__(self, *, writer: Seat, reader: Seat) -> None:
        self._writer = writer
        self._reader = reader

    async def write(self, points: Iterable[Point]) -> None:
        """Store points with the roll-ups they touch, in one transaction."""
        wanted = list(points)
        if not wanted:
            return
        written = await self._writer.change(write, wanted)
        if written.too_old:
            _log.warning(
                "series.too_old",
                points=written.too_old,
                advice="older than what is kept of them: see series.kept in the settings",
            )

    async def read(self, key: SeriesKey, since: datetime, until: datetime) -> list[Point]:
        """Return the raw points that are still kept."""
        rows = await self._reader.run(_raw_rows, key, to_ms(since), to_ms(until))
        return [Point(key=key, sampled_at=from_ms(at_ms), value=value) for at_ms, value in rows]

    async def buckets(
        self, key: SeriesKey, since: datetime, until: datetime, step_s: int
    ) -> list[Bucket]:
        """Return the steps, from the coarsest roll-up that fits into them."""
        step_ms = step_s * 1_000
        rows = await self._reader.run(_bucket_rows, key, to_ms(since), to_ms(until), step_ms)
        return [
            Bucket(
                start=from_ms(index * step_ms),
                count=count,
                mean=total / count,
                lowest=lowest,
                highest=highest,
                total=total,
            )
            for index, count, total, lowest, highest in rows
        ]

    async def latest(self, key: SeriesKey) -> Point | None:
        """Return the newest point; it is known even when its raw row is no longer kept."""
        row = await self._reader.run(_latest_row, key)
        if row is None or row[0] is None:
            return None
        return Point(key=key, sampled_at=from_ms(row[0]), value=row[1])

    async def keys(self) -> list[SeriesKey]:
        """Return which series there are."""
        return await self._reader.run(_keys)

    async def forget_before(
        self, instant: datetime, *, metric: Metric, resolution: Resolution = Resolution.RAW
    ) -> int:
        """Delete older rows; of a coarser resolution never more than is gone of a finer one."""
        return await self._writer.change(forget, to_ms(instant), metric, resolution)

    async def standing(self) -> Standing:
        """Nothing ever waits here: what cannot be written stays with the gateways."""
        return Standing()

    async def run(self) -> None:
        """Rest: there is nothing to do in the background."""
        await asyncio.Event().wait()


@asynccontextmanager
async def open_sqlite(data_dir: Path) -> AsyncIterator[SqliteSeries]:
    """Open (and at first make, or bring up to date) the file; close it on leaving.

    Raises:
        SeriesRefused: a later release wrote the file.
        SeriesUnavailable: it cannot be opened.
    """
    path = data_dir / "series.db"
    async with open_seat(path) as writer:
        await writer.run(prepare)
        async with open_seat(path, reading_only=True) as reader:
            yield SqliteSeries(writer=writer, reader=reader)


def _find(connection: sqlite3.Connection, key: SeriesKey) -> _Found | None:
    found: _Found | None = connection.execute(
        "SELECT sources.number, series.number FROM sources JOIN series ON source = sources.number"
        " WHERE gateway_id = ? AND device_id = ? AND metric = ?",
        (key.gateway_id, key.device_id, key.metric),
    ).fetchone()
    return found


def _raw_rows(
    connection: sqlite3.Connection, key: SeriesKey, since_ms: int, until_ms: int
) -> list[tuple[int, float]]:
    found = _find(connection, key)
    if found is None:
        return []
    return connection.execute(
        f"SELECT at_ms, {key.metric} FROM {KIND_OF[key.metric]}_raw"  # noqa: S608 - names of ours
        f" WHERE source = ? AND at_ms >= ? AND at_ms < ? AND {key.metric} IS NOT NULL"
        " ORDER BY at_ms",
        (found[0], since_ms, until_ms),
    ).fetchall()


def _bucket_rows(
    connection: sqlite3.Connection, key: SeriesKey, since_ms: int, until_ms: int, step_ms: int
) -> list[tuple[int, int, float, float, float]]:
    connection.execute("BEGIN")  # one state of the file for all that follows
    try:
        found = _find(connection, key)
        if found is None or since_ms >= until_ms:
            return []
        gone = kept_from(connection)
        horizons = {r: gone[key.metric, r] for r in Resolution if (key.metric, r) in gone}
        pieces = plan(since_ms=since_ms, until_ms=until_ms, step_ms=step_ms, kept_from_ms=horizons)
        selects = " UNION ALL ".join(_select(key.metric, found, piece) for piece in pieces)
        return connection.execute(
            f"SELECT at_ms / {step_ms}, sum(count), sum(total), min(lowest), max(highest)"  # noqa: S608 - numbers and names of ours
            f" FROM ({selects}) GROUP BY 1 ORDER BY 1"
        ).fetchall()
    finally:
        connection.execute("ROLLBACK")


def _select(metric: Metric, found: _Found, piece: Piece) -> str:
    source, series = found
    within = f"at_ms >= {piece.start_ms} AND at_ms < {piece.end_ms}"
    if piece.resolution is Resolution.RAW:
        return (
            f"SELECT at_ms, 1 AS count, {metric} AS total, {metric} AS lowest, {metric} AS highest"  # noqa: S608 - numbers and names of ours
            f" FROM {KIND_OF[metric]}_raw WHERE source = {source} AND {within}"
            f" AND {metric} IS NOT NULL"
        )
    return (
        f"SELECT at_ms, count, total, lowest, highest FROM {piece.resolution}_roll_ups"  # noqa: S608 - numbers and names of ours
        f" WHERE series = {series} AND {within}"
    )


def _latest_row(connection: sqlite3.Connection, key: SeriesKey) -> tuple[int | None, float] | None:
    found = _find(connection, key)
    if found is None:
        return None
    query = "SELECT latest_ms, latest_value FROM series WHERE number = ?"
    row: tuple[int | None, float] = connection.execute(query, (found[1],)).fetchone()
    return row


def _keys(connection: sqlite3.Connection) -> list[SeriesKey]:
    known = frozenset[str](Metric)
    rows = connection.execute(
        "SELECT gateway_id, device_id, metric FROM series JOIN sources ON source = sources.number"
    )
    return sorted(
        SeriesKey(gateway_id=gateway_id, device_id=device_id, metric=Metric(metric))
        for gateway_id, device_id, metric in rows
        if metric in known
    )
