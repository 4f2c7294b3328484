"""VictoriaMetrics: points as line protocol, answers by its query_range and export."""

import json
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from contracts.telemetry import Metric
from ioc.timeseries.instants import from_ms, gather, merge, to_ms
from ioc.timeseries.port import Bucket, Point, SeriesKey, SeriesRefused, SeriesUnavailable
from ioc.timeseries.remote.lines import TIMEOUT_MS, Lines, Place, refusal
from ioc.timeseries.remote.server import PointsRejected

_FUNCTIONS = ("count_over_time", "sum_over_time", "min_over_time", "max_over_time")
_MOST_STEPS = 10_000
"""A third of what the server answers at once (-search.maxPointsPerTimeseries)."""
_RAW_BELOW_S = 60
"""The server makes the last half minute of finer steps up (-search.latencyOffset)."""
_LOOKING_BACK = ("25h", "3d", "36d", "40y")
"""How far the newest point is looked for, from a day ahead of now; mostly the first finds it.

Not before 1970, of which the server makes nothing."""
_DEDUPLICATION = "dedup.minScrapeInterval"


class VictoriaServer:
    """Implements Server; see there for what its methods promise."""

    def __init__(self, place: Place, lines: Lines, asking: httpx.AsyncClient) -> None:
        self._place = place
        self._lines = lines
        self._asking = asking

    async def probe(self) -> None:
        """Look whether the server drops repeated points, which it does only when told to.

        A proxy before it may hide its flags; then this cannot be known.
        """
        response = await self._get("flags", {}, passing=(400, 401, 403, 404))
        flags = response.text if response.is_success else f'-{_DEDUPLICATION}="hidden"'
        values = [
            line.partition("=")[2].strip('" ')
            for line in flags.splitlines()
            if line.startswith(f"-{_DEDUPLICATION}=")
        ]
        if values and values[0] in ("0", "0s", "0ms"):
            raise SeriesRefused(
                f"{self._place.url} would store repeated points twice: start VictoriaMetrics with"
                f" -{_DEDUPLICATION}=1ms"
            )

    async def write(self, points: Sequence[Point]) -> None:
        """Send line protocol; the server's deduplication keeps one point of a millisecond."""
        await self._lines.write(points)

    async def read(self, key: SeriesKey, since: datetime, until: datetime) -> list[Point]:
        """Return the points of a range; the server's end is inclusive, ours is not."""
        since_ms, until_ms = to_ms(since), to_ms(until)
        if since_ms >= until_ms:
            return []
        values = {
            "match[]": self._selector(key),
            "start": _seconds(since_ms),
            "end": _seconds(until_ms - 1),
        }
        response = await self._get("api/v1/export", values)
        rows = [json.loads(line) for line in response.text.splitlines() if line]
        found = {
            at_ms: float(value)
            for row in rows
            for at_ms, value in zip(row["timestamps"], row["values"], strict=True)
        }
        return [
            Point(key=key, sampled_at=from_ms(at_ms), value=found[at_ms]) for at_ms in sorted(found)
        ]

    async def buckets(
        self, key: SeriesKey, since: datetime, until: datetime, step_s: int
    ) -> list[Bucket]:
        """Return whole steps as the server sums them, and the range's edges from raw points."""
        step_ms = step_s * 1_000
        first = -(-to_ms(since) // step_ms)
        last = to_ms(until) // step_ms
        if step_s < _RAW_BELOW_S or first >= last:
            return gather(await self.read(key, since, until), step_s)
        found = gather(await self.read(key, since, from_ms(first * step_ms)), step_s)
        for begin in range(first, last, _MOST_STEPS):
            end = min(begin + _MOST_STEPS, last)
            found += await self._whole_steps(key, begin * step_ms, end * step_ms, step_ms)
        found += gather(await self.read(key, from_ms(last * step_ms), until), step_s)
        return merge(found)

    async def latest(self, key: SeriesKey) -> Point | None:
        """Return the newest point, looking back further and further."""
        for window in _LOOKING_BACK:
            functions = '"tlast_over_time", "last_over_time"'
            query = f"aggr_over_time(({functions}), {self._selector(key)}[{window}] offset -1d)"
            values = {"query": query, "nocache": "1"}
            found = {
                row["metric"]["rollup"]: float(row["value"][1])
                for row in await self._result("api/v1/query", values)
            }
            if found:
                at_ms = round(found["tlast_over_time"] * 1_000)
                return Point(key=key, sampled_at=from_ms(at_ms), value=found["last_over_time"])
        return None

    async def keys(self) -> list[SeriesKey]:
        """Return which series there are, by the names that line protocol gave them."""
        prefix = f"{self._place.measurement}_"
        names = "|".join(prefix + metric for metric in Metric)
        values = {"match[]": f'{{__name__=~"{names}"}}', "start": "1"}  # 0 is taken for none
        return sorted(
            SeriesKey(
                gateway_id=labels["gateway_id"],
                device_id=labels.get("device_id", ""),
                metric=Metric(labels["__name__"].removeprefix(prefix)),
            )
            for labels in await self._rows("api/v1/series", values)
        )

    async def _whole_steps(
        self, key: SeriesKey, start_ms: int, end_ms: int, step_ms: int
    ) -> list[Bucket]:
        """Ask for the steps between two instants aligned to the step.

        The server's window is (t - step, t]; asked at the last millisecond of a step it is ours.
        """
        functions = ", ".join(f'"{name}"' for name in _FUNCTIONS)
        values = {
            "query": f"aggr_over_time(({functions}), {self._selector(key)}[{step_ms}ms])",
            "start": _seconds(start_ms + step_ms - 1),
            "end": _seconds(end_ms - 1),
            "step": f"{step_ms}ms",
            "nocache": "1",  # else the server moves start and end to whole steps
        }
        found: dict[int, dict[str, float]] = {}
        for row in await self._result("api/v1/query_range", values):
            for at_s, value in row["values"]:
                step = round(float(at_s) * 1_000) // step_ms
                found.setdefault(step, {})[row["metric"]["rollup"]] = float(value)
        return [_bucket(from_ms(step * step_ms), values) for step, values in found.items()]

    def _selector(self, key: SeriesKey) -> str:
        gateway, device = json.dumps(key.gateway_id), json.dumps(key.device_id)
        name = f"{self._place.measurement}_{key.metric}"
        return f"{name}{{gateway_id={gateway},device_id={device}}}"

    async def _result(self, path: str, values: Mapping[str, str]) -> list[Any]:
        rows: list[Any] = (await self._get(path, values)).json()["data"]["result"]
        return rows

    async def _rows(self, path: str, values: Mapping[str, str]) -> list[Any]:
        rows: list[Any] = (await self._get(path, values)).json()["data"]
        return rows

    async def _get(
        self, path: str, values: Mapping[str, str], *, passing: tuple[int, ...] = ()
    ) -> httpx.Response:
        try:
            response = await self._asking.get(path, params=values)
        except httpx.HTTPError as error:
            url = self._place.url
            raise SeriesUnavailable(f"{url} does not answer: {type(error).__name__}") from error
        if not response.is_success and response.status_code not in passing:
            refused = refusal(self._place.url, response.status_code, response.text)
            if isinstance(refused, PointsRejected):
                raise SeriesRefused(str(refused))
            raise refused
        return response


def asking_client(place: Place) -> httpx.AsyncClient:
    """Return the client for questions; whoever calls closes it."""
    return httpx.AsyncClient(
        base_url=f"{place.url.rstrip('/')}/",
        headers={"Authorization": f"Bearer {place.token}"} if place.token else {},
        timeout=TIMEOUT_MS / 1_000,
        verify=ssl.create_default_context(cafile=place.tls_ca_file),
        trust_env=False,  # influxdb-client asks no proxy either
    )


def _seconds(at_ms: int) -> str:
    return f"{at_ms // 1_000}.{at_ms % 1_000:03}"


def _bucket(start: datetime, values: Mapping[str, float]) -> Bucket:
    count, total = values["count_over_time"], values["sum_over_time"]
    return Bucket(
        start=start,
        count=int(count),
        mean=total / count,
        lowest=values["min_over_time"],
        highest=values["max_over_time"],
        total=total,
    )
