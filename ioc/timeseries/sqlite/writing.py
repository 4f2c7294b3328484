"""What a write, and what forgetting, does to the tables; runs inside a transaction of the caller."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contracts.telemetry import Metric
from ioc.timeseries.instants import DAY_MS, to_ms
from ioc.timeseries.port import Point, Resolution
from ioc.timeseries.sqlite.plan import WIDTH_MS
from ioc.timeseries.sqlite.schema import KIND_OF, METRICS, Kind

_Source = tuple[str, str]
_Touched = dict[tuple[Metric, int, int], set[int]]
"""Minutes by metric, source and series."""
_OLD = "source IN (SELECT number FROM sources) AND at_ms < ?"
"""By source, because the key begins with it."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """What became of a write."""

    too_old: int
    """Points older than what is kept; storing them would spoil the roll-ups of their time."""


def write(connection: sqlite3.Connection, points: Sequence[Point]) -> Written:
    """Store points and compute the roll-ups they touch anew."""
    horizons = kept_from(connection)
    kept = [p for p in points if to_ms(p.sampled_at) >= horizons.get((p.key.metric, "raw"), 0)]
    sources = _number_sources(connection, {(p.key.gateway_id, p.key.device_id) for p in kept})
    _store_raw(connection, kept, sources)
    touched = _note_latest(connection, kept, sources)
    _roll_up(connection, touched)
    return Written(too_old=len(points) - len(kept))


def kept_from(connection: sqlite3.Connection) -> dict[tuple[Metric, str], int]:
    """Return the millisecond before which nothing is kept, by metric and resolution."""
    rows = connection.execute("SELECT metric, resolution, at_ms FROM kept_from")
    known = frozenset(Metric)
    return {(Metric(row[0]), row[1]): row[2] for row in rows if row[0] in known}


def forget(
    connection: sqlite3.Connection, before_ms: int, metric: Metric, resolution: Resolution
) -> int:
    """Delete older rows of a metric; return how many were changed."""
    before_ms = before_ms // DAY_MS * DAY_MS
    before_ms = min(before_ms, _finer_limit(connection, before_ms, metric, resolution))
    if before_ms <= kept_from(connection).get((metric, resolution), 0):
        return 0
    connection.execute(
        "INSERT OR REPLACE INTO kept_from VALUES (?, ?, ?)", (metric, resolution, before_ms)
    )
    if resolution is Resolution.RAW:
        return _forget_raw(connection, before_ms, metric)
    cursor = connection.execute(
        f"DELETE FROM {resolution}_roll_ups WHERE at_ms < ?"  # noqa: S608 - a name of ours
        " AND series IN (SELECT number FROM series WHERE metric = ?)",
        (before_ms, metric),
    )
    return cursor.rowcount


def _finer_limit(
    connection: sqlite3.Connection, before_ms: int, metric: Metric, resolution: Resolution
) -> int:
    """Return until when all finer rows are gone: a coarser row never goes before a finer one."""
    order = list(WIDTH_MS)
    horizons = kept_from(connection)
    finer = [horizons.get((metric, r), 0) for r in order[: order.index(resolution)]]
    return min(finer, default=before_ms)


def _forget_raw(connection: sqlite3.Connection, before_ms: int, metric: Metric) -> int:
    kind = KIND_OF[metric]
    cursor = connection.execute(
        f"UPDATE {kind}_raw SET {metric} = NULL"  # noqa: S608 - names of ours
        f" WHERE {_OLD} AND {metric} IS NOT NULL",
        (before_ms,),
    )
    empty = " AND ".join(f"{other} IS NULL" for other in METRICS[kind])
    connection.execute(f"DELETE FROM {kind}_raw WHERE {_OLD} AND {empty}", (before_ms,))  # noqa: S608 - names of ours
    return cursor.rowcount


def _number_sources(
    connection: sqlite3.Connection, sources: Iterable[_Source]
) -> dict[_Source, int]:
    numbers = {}
    for source in sources:
        connection.execute(
            "INSERT OR IGNORE INTO sources (gateway_id, device_id) VALUES (?, ?)", source
        )
        query = "SELECT number FROM sources WHERE gateway_id = ? AND device_id = ?"
        (numbers[source],) = connection.execute(query, source).fetchone()
    return numbers


def _store_raw(
    connection: sqlite3.Connection, points: Iterable[Point], sources: dict[_Source, int]
) -> None:
    """Store one row for all that a source told at an instant; a repeated value replaces itself."""
    rows: dict[Kind, dict[tuple[int, int], dict[Metric, float]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for point in points:
        key = point.key
        row = sources[key.gateway_id, key.device_id], to_ms(point.sampled_at)
        rows[KIND_OF[key.metric]][row][key.metric] = point.value
    for kind, wide in rows.items():
        metrics = METRICS[kind]
        names, places = ", ".join(metrics), ", ".join("?" * len(metrics))
        kept = ", ".join(f"{m} = coalesce(excluded.{m}, {m})" for m in metrics)
        connection.executemany(
            f"INSERT INTO {kind}_raw (source, at_ms, {names}) VALUES (?, ?, {places})"  # noqa: S608 - names of ours
            f" ON CONFLICT DO UPDATE SET {kept}",
            [(*row, *(values.get(m) for m in metrics)) for row, values in wide.items()],
        )


def _note_latest(
    connection: sqlite3.Connection, points: Iterable[Point], sources: dict[_Source, int]
) -> _Touched:
    """Keep the newest value of each series at hand; return which minutes were touched."""
    minutes: dict[tuple[int, Metric], set[int]] = defaultdict(set)
    newest: dict[tuple[int, Metric], tuple[int, float]] = {}
    for point in points:
        series = sources[point.key.gateway_id, point.key.device_id], point.key.metric
        at_ms = to_ms(point.sampled_at)
        minutes[series].add(at_ms // 60_000 * 60_000)
        if series not in newest or newest[series][0] <= at_ms:
            newest[series] = at_ms, point.value
    touched = {}
    for (source, metric), (at_ms, value) in newest.items():
        (number,) = connection.execute(
            """INSERT INTO series (source, metric, latest_ms, latest_value) VALUES (?, ?, ?, ?)
               ON CONFLICT DO UPDATE SET
                 latest_value = iif(excluded.latest_ms >= coalesce(latest_ms, excluded.latest_ms),
                                    excluded.latest_value, latest_value),
                 latest_ms = max(excluded.latest_ms, coalesce(latest_ms, excluded.latest_ms))
               RETURNING number""",
            (source, metric, at_ms, value),
        ).fetchone()
        touched[metric, source, number] = minutes[source, metric]
    return touched


def _roll_up(connection: sqlite3.Connection, touched: _Touched) -> None:
    """Compute each touched minute anew from its raw points, its hour from minutes, its day from hours.

    Never incremented: a point that comes twice counts once.
    """
    for metric in {metric for metric, _, _ in touched}:
        connection.executemany(
            f"""INSERT OR REPLACE INTO minute_roll_ups
                SELECT :series, :at_ms, count({metric}), sum({metric}), min({metric}), max({metric})
                FROM {KIND_OF[metric]}_raw
                WHERE source = :source AND at_ms >= :at_ms AND at_ms < :at_ms + 60000
                  AND {metric} IS NOT NULL GROUP BY source""",  # noqa: S608 - names of ours
            [
                {"series": series, "source": source, "at_ms": at_ms}
                for (of, source, series), minutes in touched.items()
                if of is metric
                for at_ms in minutes
            ],
        )
    minutes_of = {series: minutes for (_, _, series), minutes in touched.items()}
    for finer, coarser in (
        (Resolution.MINUTE, Resolution.HOUR),
        (Resolution.HOUR, Resolution.DAY),
    ):
        width_ms = WIDTH_MS[coarser]
        connection.executemany(
            f"""INSERT OR REPLACE INTO {coarser}_roll_ups
                SELECT series, :at_ms, sum(count), sum(total), min(lowest), max(highest)
                FROM {finer}_roll_ups
                WHERE series = :series AND at_ms >= :at_ms AND at_ms < :at_ms + {width_ms}
                GROUP BY series""",  # noqa: S608 - names of ours
            [
                {"series": series, "at_ms": at_ms}
                for series, minutes in minutes_of.items()
                for at_ms in {minute // width_ms * width_ms for minute in minutes}
            ],
        )
