"""A small InfluxDB 2: refuses what is no line protocol, answers the Flux that the product writes.

No InfluxDB 2 could be had where this was written, so what it does is read from its documentation:
`/api/v2/write` and `/api/v2/query` with annotated CSV, `aggregateWindow` with a first window that
begins where the range does, 401 without the token, 404 without the bucket, 422 for points beyond
the bucket's retention.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

TOKEN = "influx-test-token"
ORG = "xa"
BUCKET = "commune"

Series = tuple[str, str, str | None, str]
"""Measurement, gateway_id, device_id and field."""

_LINE = re.compile(
    r"(?P<name>(?:\\.|[^\\, ])+)(?P<tags>(?:,(?:\\[,= ]|[^,= ])+=(?:\\[,= ]|[^,= ])+)*)"
    r" (?P<fields>[^ ]+) (?P<at>-?\d{1,19})"
)
_FIELD = re.compile(r"(?P<name>[a-z_]+)=(?P<value>[+-]?\d+(\.\d+)?([eE][+-]?\d+)?)")
_SOURCE = re.compile(
    r'from\(bucket: "(?P<bucket>[^"]*)"\) \|> range\(start: (?P<start>\S+?)(, stop: (?P<stop>\S+?))?\)'
)
_INTERPOLATION = re.compile(r"(?<!\\)\$\{")
"""Flux would put a value in its place; names are never values."""
_EQUAL = re.compile(r'r\.(\w+) == "((?:\\.|[^"\\])*)"')
_WINDOW = re.compile(
    r'aggregateWindow\(every: (\d+)s, fn: (\w+), createEmpty: false, timeSrc: "_start"\)'
    r' \|> yield\(name: "(\w+)"\)'
)
_FUNCTIONS: dict[str, Callable[[list[float]], float]] = {
    "count": len,
    "sum": sum,
    "min": min,
    "max": max,
}


@dataclass
class InfluxDB:
    """What the server holds; a test may look, and may break it."""

    url: str = ""
    points: dict[Series, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    down: bool = False
    oldest_ms: int = 0
    """The bucket's retention: older points are refused."""
    writes: list[int] = field(default_factory=list)
    """Points per accepted request."""


class _Malformed(Exception):
    pass


@asynccontextmanager
async def serve_influxdb() -> AsyncIterator[InfluxDB]:
    """Serve on a free port of 127.0.0.1."""
    server = InfluxDB()

    async def write(request: web.Request) -> web.Response:
        return _refused(server, request) or _write(server, request, await request.text())

    async def query(request: web.Request) -> web.Response:
        if refusal := _refused(server, request):
            return refusal
        asked = await request.json()
        return _answer(server, asked["query"])

    application = web.Application()
    application.router.add_post("/api/v2/write", write)
    application.router.add_post("/api/v2/query", query)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def _refused(server: InfluxDB, request: web.Request) -> web.Response | None:
    if server.down:
        return _fault(503, "unavailable", "service unavailable")
    if request.headers.get("Authorization") != f"Token {TOKEN}":
        return _fault(401, "unauthorized", "unauthorized access")
    if request.query.get("org") != ORG:
        return _fault(404, "not found", "organization name not found")
    return None


def _write(server: InfluxDB, request: web.Request, body: str) -> web.Response:
    if request.query.get("bucket") != BUCKET:
        return _fault(404, "not found", "bucket not found")
    if request.query.get("precision") != "ms":
        return _fault(400, "invalid", "precision missing")
    try:
        rows = [row for line in body.split("\n") if line for row in _parse(line)]
    except _Malformed as error:
        return _fault(400, "invalid", f"unable to parse: {error}")
    kept = [row for row in rows if row[1] >= server.oldest_ms]
    for series, at_ms, value in kept:
        server.points[series][at_ms] = value
    if len(kept) < len(rows):
        return _fault(422, "unprocessable entity", "points beyond retention policy dropped")
    server.writes.append(len(rows))
    return web.Response(status=204)


def _parse(line: str) -> Iterable[tuple[Series, int, float]]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise _Malformed(line)
    pairs = [pair.partition("=") for pair in re.split(r"(?<!\\),", found["tags"])[1:]]
    tags = {_plain(name): _plain(value) for name, _, value in pairs}
    for text in found["fields"].split(","):
        value = _FIELD.fullmatch(text)
        if value is None:
            raise _Malformed(line)
        series = (_plain(found["name"]), tags["gateway_id"], tags.get("device_id"), value["name"])
        yield series, int(found["at"]), float(value["value"])


def _plain(text: str) -> str:
    """Return a name or tag value; before any other letter a backslash is only a backslash."""
    return re.sub(r"\\([,= ])", r"\1", text)


def _answer(server: InfluxDB, flux: str) -> web.Response:
    source = _SOURCE.search(flux)
    if source is None or _INTERPOLATION.search(flux):
        return _fault(400, "invalid", f"compilation failed: {flux}")
    if source["bucket"] != BUCKET:
        return _fault(404, "not found", f"could not find bucket {source['bucket']}")
    if source["stop"] is None:
        return _csv([])
    start_ms, stop_ms = _ms(source["start"]), _ms(source["stop"])
    found = {
        series: {at: v for at, v in sorted(points.items()) if start_ms <= at < stop_ms}
        for series, points in server.points.items()
        if _fits(series, flux)
    }
    found = {series: points for series, points in found.items() if points}
    return _csv([row for series in found for row in _rows(flux, series, found[series], start_ms)])


def _fits(series: Series, flux: str) -> bool:
    names = dict(zip(("_measurement", "gateway_id", "device_id", "_field"), series, strict=True))
    wanted = {name: re.sub(r"\\(.)", r"\1", text) for name, text in _EQUAL.findall(flux)}
    if "not exists r.device_id" in flux and series[2] is not None:
        return False
    return all(names[name] == text for name, text in wanted.items())


def _rows(
    flux: str, series: Series, points: dict[int, float], start_ms: int
) -> Iterable[dict[str, Any]]:
    _, gateway_id, device_id, name = series
    tags = {"gateway_id": gateway_id, "device_id": device_id or "", "_field": name}
    windows = _WINDOW.findall(flux)
    if "|> keep(" in flux:
        yield {"result": "_result", **tags}
    elif flux.endswith("|> last()"):
        at, value = max(points.items())
        yield {"result": "_result", "_time": at, "_value": value, **tags}
    elif not windows:
        for at, value in points.items():
            yield {"result": "_result", "_time": at, "_value": value, **tags}
    for every, function, result in windows:
        steps: dict[int, list[float]] = defaultdict(list)
        for at, value in points.items():
            steps[max(start_ms, at // (int(every) * 1000) * int(every) * 1000)].append(value)
        for at, values in steps.items():
            value = _FUNCTIONS[function](values)
            yield {"result": result, "_time": at, "_value": value, **tags}


def _csv(rows: list[dict[str, Any]]) -> web.Response:
    """Write annotated CSV, a table for each row: which is allowed, and tests whoever reads it."""
    text = io.StringIO()
    lines = csv.writer(text)
    for number, row in enumerate(rows):
        columns = [name for name in row if name != "result"]
        types = [_TYPES.get(name, "string") for name in columns]
        cells = [_rfc3339(row[name]) if name == "_time" else str(row[name]) for name in columns]
        lines.writerow(["#datatype", "string", "long", *types])
        lines.writerow(["#group", "false", "false", *("false" for _ in columns)])
        lines.writerow(["#default", row["result"], "", *("" for _ in columns)])
        lines.writerow(["", "result", "table", *columns])
        lines.writerow(["", "", str(number), *cells])
        lines.writerow([])
    return web.Response(text=text.getvalue(), content_type="text/csv")


_TYPES = {"_time": "dateTime:RFC3339", "_value": "double"}


def _rfc3339(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _ms(instant: str) -> int:
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


def _fault(status: int, code: str, sentence: str) -> web.Response:
    return web.json_response({"code": code, "message": sentence}, status=status)
