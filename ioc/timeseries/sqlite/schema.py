"""The tables of `series.db`: which there are, and how older files become today's.

Raw points stand in wide rows, one table for each kind of source: a camera tells nine things at the
same instant, which costs one key instead of nine. Roll-ups have a row per series, because a chart
asks for one series.
"""

import sqlite3
from enum import StrEnum

import structlog

from contracts.telemetry import Metric
from ioc.timeseries.port import SeriesRefused

VERSION = 2
ROLL_UPS = ("minute", "hour", "day")

_log = structlog.get_logger(__name__)


class Kind(StrEnum):
    """What kinds of source there are; each has its table of raw points."""

    CAMERA = "camera"
    LOUDSPEAKER = "loudspeaker"
    GATEWAY = "gateway"


METRICS: dict[Kind, tuple[Metric, ...]] = {
    Kind.LOUDSPEAKER: (
        Metric.LOUDSPEAKER_VOLUME,
        Metric.LOUDSPEAKER_TEMPERATURE_C,
        Metric.FRAMES_LATE_MS,
    ),
    Kind.GATEWAY: (Metric.CPU_SHARE, Metric.OUTBOX_DEPTH, Metric.RSS_MB),
}
METRICS[Kind.CAMERA] = tuple(m for m in Metric if not any(m in some for some in METRICS.values()))
KIND_OF = {metric: kind for kind, metrics in METRICS.items() for metric in metrics}

_TABLES = """
CREATE TABLE IF NOT EXISTS sources (
  number INTEGER PRIMARY KEY,
  gateway_id TEXT NOT NULL,
  device_id TEXT NOT NULL,        -- empty: the gateway itself
  UNIQUE (gateway_id, device_id)
);
CREATE TABLE IF NOT EXISTS series (
  number INTEGER PRIMARY KEY,
  source INTEGER NOT NULL,
  metric TEXT NOT NULL,
  latest_ms INTEGER,
  latest_value REAL,
  UNIQUE (source, metric)
);
CREATE TABLE IF NOT EXISTS kept_from (
  metric TEXT NOT NULL,
  resolution TEXT NOT NULL,
  at_ms INTEGER NOT NULL,         -- older rows are gone, and are not taken again
  PRIMARY KEY (metric, resolution)
) WITHOUT ROWID;
"""
_RAW = """
CREATE TABLE IF NOT EXISTS {kind}_raw (
  source INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,         -- milliseconds since 1970, UTC
  {columns},
  PRIMARY KEY (source, at_ms)
) WITHOUT ROWID;
"""
_ROLL_UP = """
CREATE TABLE IF NOT EXISTS {name}_roll_ups (
  series INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,         -- begin of the minute, hour or day, UTC
  count INTEGER NOT NULL,
  total REAL NOT NULL,
  lowest REAL NOT NULL,
  highest REAL NOT NULL,
  PRIMARY KEY (series, at_ms)
) WITHOUT ROWID;
"""


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables, or bring those of an older file up to date; all or nothing.

    Raises:
        SeriesRefused: a later release wrote the file.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise SeriesRefused(
            f"series.db was written by a later release (format {version}, this one knows"
            f" {VERSION}): install that release again"
        )
    connection.execute("BEGIN IMMEDIATE")
    try:
        narrow = version == 0 and _has(connection, "points")
        if narrow:
            connection.execute("ALTER TABLE series RENAME TO narrow_series")
            connection.execute("ALTER TABLE points RENAME TO narrow_points")
        _create(connection)
        if narrow:
            _widen(connection)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def roll_up_all(connection: sqlite3.Connection) -> None:
    """Compute every roll-up from all raw points."""
    for metric, kind in KIND_OF.items():
        connection.execute(
            f"""INSERT OR REPLACE INTO minute_roll_ups
                SELECT series.number, at_ms / 60000 * 60000, count({metric}), sum({metric}),
                       min({metric}), max({metric})
                FROM {kind}_raw JOIN series USING (source)
                WHERE series.metric = ? AND {metric} IS NOT NULL GROUP BY 1, 2""",  # noqa: S608 - names of ours
            (metric,),
        )
    for finer, coarser, width_ms in (("minute", "hour", 3_600_000), ("hour", "day", 86_400_000)):
        connection.execute(
            f"""INSERT OR REPLACE INTO {coarser}_roll_ups
                SELECT series, at_ms / {width_ms} * {width_ms}, sum(count), sum(total),
                       min(lowest), max(highest)
                FROM {finer}_roll_ups GROUP BY 1, 2"""  # noqa: S608 - names of ours
        )


def _create(connection: sqlite3.Connection) -> None:
    scripts = [_TABLES]
    for kind, metrics in METRICS.items():
        columns = ",\n  ".join(f"{metric} REAL" for metric in metrics)
        scripts.append(_RAW.format(kind=kind, columns=columns))
    scripts += [_ROLL_UP.format(name=name) for name in ROLL_UPS]
    for script in scripts:
        # Not `executescript`, which would commit before everything is in place.
        for statement in filter(str.strip, script.split(";\n")):
            connection.execute(statement)
    for kind, metrics in METRICS.items():
        present = {row[1] for row in connection.execute(f"PRAGMA table_info({kind}_raw)")}
        for metric in metrics:
            if metric not in present:
                connection.execute(f"ALTER TABLE {kind}_raw ADD COLUMN {metric} REAL")


def _widen(connection: sqlite3.Connection) -> None:
    """Take over the file of release 0.1, which had one row for each value and no roll-ups."""
    _log.info("series.widening", advice="once, after the update; large files take minutes")
    connection.execute(
        "INSERT INTO sources (gateway_id, device_id)"
        " SELECT DISTINCT gateway_id, device_id FROM narrow_series"
    )
    connection.execute(
        "INSERT INTO series (number, source, metric)"
        " SELECT old.number, sources.number, old.metric"
        " FROM narrow_series AS old JOIN sources USING (gateway_id, device_id)"
    )
    for kind, metrics in METRICS.items():
        columns = ", ".join(f"max(CASE metric WHEN '{m}' THEN value END)" for m in metrics)
        wanted = ", ".join(f"'{metric}'" for metric in metrics)
        connection.execute(
            f"""INSERT INTO {kind}_raw (source, at_ms, {", ".join(metrics)})
                SELECT source, instant_us / 1000, {columns}
                FROM narrow_points AS old JOIN series ON series.number = old.series
                WHERE metric IN ({wanted}) GROUP BY 1, 2"""  # noqa: S608 - names of ours
        )
    connection.execute(
        """UPDATE series SET (latest_ms, latest_value) = (
             SELECT instant_us / 1000, value FROM narrow_points
             WHERE narrow_points.series = series.number ORDER BY instant_us DESC LIMIT 1)"""
    )
    roll_up_all(connection)
    connection.execute("DROP TABLE narrow_points")
    connection.execute("DROP TABLE narrow_series")


def _has(connection: sqlite3.Connection, table: str) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return connection.execute(query, (table,)).fetchone() is not None
