"""InfluxDB 2: points as line protocol, answers by Flux."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contracts.telemetry import Metric
from ioc.timeseries.instants import from_ms, to_ms
from ioc.timeseries.port import Bucket, Point, SeriesKey
from ioc.timeseries.remote.lines import Lines, Place

_FUNCTIONS = ("count", "sum", "min", "max")
_ALWAYS = "start: 1970-01-01T00:00:00Z, stop: 2200-01-01T00:00:00Z"


class InfluxServer:
    """Implements Server; see there for what its methods promise."""

    def __init__(self, place: Place, lines: Lines) -> None:
        self._place = place
        self._lines = lines

    async def probe(self) -> None:
        """Ask for nothing, which token, organisation and bucket must still allow."""
        flux = f"from(bucket: {_text(self._place.bucket)}) |> range(start: -1s) |> limit(n: 1)"
        await self._lines.ask(flux)

    async def write(self, points: Sequence[Point]) -> None:
        """Send line protocol; InfluxDB replaces a point of the same tags, field and instant."""
        await self._lines.write(points)

    async def read(self, key: SeriesKey, since: datetime, until: datetime) -> list[Point]:
        """Return the points of a range."""
        if to_ms(since) >= to_ms(until):
            return []
        records = await self._lines.ask(self._series(key, _range(since, until)))
        return sorted(
            (_point(key, record) for record in records), key=lambda point: point.sampled_at
        )

    async def buckets(
        self, key: SeriesKey, since: datetime, until: datetime, step_s: int
    ) -> list[Bucket]:
        """Return the windows of a range, each function as a result of its own."""
        if to_ms(since) >= to_ms(until):
            return []
        windows = "\n".join(
            f"points |> aggregateWindow(every: {step_s}s, fn: {name}, createEmpty: false,"
            f' timeSrc: "_start") |> yield(name: "{name}")'
            for name in _FUNCTIONS
        )
        flux = f"points = {self._series(key, _range(since, until))}\n{windows}"
        found: dict[int, dict[str, float]] = {}
        for record in await self._lines.ask(flux):
            # The first window begins where the range does: its step began before.
            step = to_ms(record["_time"]) // (step_s * 1_000)
            found.setdefault(step, {})[record["result"]] = float(record["_value"])
        return [
            Bucket(
                start=from_ms(step * step_s * 1_000),
                count=int(values["count"]),
                mean=values["sum"] / values["count"],
                lowest=values["min"],
                highest=values["max"],
                total=values["sum"],
            )
            for step, values in sorted(found.items())
        ]

    async def latest(self, key: SeriesKey) -> Point | None:
        """Return the newest point."""
        records = await self._lines.ask(f"{self._series(key, _ALWAYS)} |> last()")
        return _point(key, records[0]) if records else None

    async def keys(self) -> list[SeriesKey]:
        """Return which series hold a point."""
        measurement = _text(self._place.measurement)
        records = await self._lines.ask(
            f"from(bucket: {_text(self._place.bucket)}) |> range({_ALWAYS})"
            f" |> filter(fn: (r) => r._measurement == {measurement})"
            ' |> last() |> keep(columns: ["gateway_id", "device_id", "_field"])'
        )
        known = frozenset[str](Metric)
        return sorted(
            SeriesKey(
                gateway_id=record["gateway_id"],
                device_id=record.get("device_id") or "",
                metric=Metric(record["_field"]),
            )
            for record in records
            if record["_field"] in known
        )

    def _series(self, key: SeriesKey, within: str) -> str:
        device = (
            f"r.device_id == {_text(key.device_id)}" if key.device_id else "not exists r.device_id"
        )
        return (
            f"from(bucket: {_text(self._place.bucket)}) |> range({within})"
            f" |> filter(fn: (r) => r._measurement == {_text(self._place.measurement)}"
            f" and r._field == {_text(key.metric)} and r.gateway_id == {_text(key.gateway_id)}"
            f" and {device})"
        )


def _range(since: datetime, until: datetime) -> str:
    return f"start: {_instant(since)}, stop: {_instant(until)}"


def _instant(instant: datetime) -> str:
    return f"{from_ms(to_ms(instant)):%Y-%m-%dT%H:%M:%S.%fZ}"


def _text(text: str) -> str:
    """Return a Flux string literal; Flux puts values into `${…}`, so that is escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("${", "\\${")


def _point(key: SeriesKey, record: dict[str, Any]) -> Point:
    return Point(key=key, sampled_at=record["_time"], value=float(record["_value"]))
