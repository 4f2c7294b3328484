"""The only module that imports influxdb-client: writes line protocol, asks Flux, translates errors."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from ioc.timeseries.instants import to_ms
from ioc.timeseries.port import Point, SeriesRefused, SeriesUnavailable
from ioc.timeseries.remote.server import PointsRejected

TIMEOUT_MS = 8_000
"""Shorter than systemd's patience with a stop."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where points go: address, and names at that address."""

    url: str
    token: str = field(repr=False)
    org: str
    bucket: str
    measurement: str
    tls_ca_file: Path | None = None


class Lines:
    """A server that takes InfluxDB's line protocol; `close` it."""

    def __init__(self, place: Place, *, authorisation: str | None = None) -> None:
        self._place = place
        # The library is half typed: what it is given and gives is checked by tests.
        self._client: Any = InfluxDBClient(
            url=place.url,
            token=place.token,
            org=place.org,
            timeout=TIMEOUT_MS,
            retries=False,
            enable_gzip=True,
            ssl_ca_cert=None if place.tls_ca_file is None else str(place.tls_ca_file),
        )
        if authorisation is not None:
            self._client.api_client.default_headers["Authorization"] = authorisation
        self._writing: Any = self._client.write_api(write_options=SYNCHRONOUS)
        self._asking = self._client.query_api()

    async def write(self, points: Sequence[Point]) -> None:
        """Send points, those of one device and instant as one line.

        Raises:
            PointsRejected: the server will not have some of them.
            SeriesRefused: it will not have the centre.
            SeriesUnavailable: it does not answer.
        """
        records = list(_wide(points, self._place.measurement))
        await self._call(
            lambda: self._writing.write(
                bucket=self._place.bucket, record=records, write_precision=WritePrecision.MS
            )
        )

    async def ask(self, flux: str) -> list[dict[str, Any]]:
        """Return the records that answer a Flux script, in the server's order.

        Raises:
            SeriesRefused: the server will not have the centre.
            SeriesUnavailable: it does not answer.
        """
        try:
            tables = await self._call(lambda: self._asking.query(flux))
        except PointsRejected as error:
            raise SeriesRefused(str(error)) from error
        return [record.values for table in tables for record in table.records]

    def close(self) -> None:
        """Close the connections."""
        self._writing.close()
        self._client.close()

    async def _call(self, work: Callable[[], _Result]) -> _Result:
        def translated() -> _Result:
            with _errors(self._place.url):
                return work()

        return await asyncio.to_thread(translated)


def refusal(url: str, status: int, said: str) -> Exception:
    """Return what an HTTP status means for the centre."""
    sentence = f"{url} answered {status}: {' '.join(said.split())[:300]}"
    if status in (401, 403):
        return SeriesRefused(f"{sentence}; is the token in series.token_file right?")
    # 400 too: lines are the library's, so it is the address, not a point, that is wrong.
    if status in (400, 404):
        return SeriesRefused(f"{sentence}; are series.url, org and bucket right?")
    if status in (413, 422):
        return PointsRejected(sentence)
    return SeriesUnavailable(sentence)


@contextmanager
def _errors(url: str) -> Iterator[None]:
    try:
        yield
    except ApiException as error:
        raise refusal(url, error.status or 0, str(error.body or error.reason or "")) from error
    except (HTTPError, OSError) as error:
        raise SeriesUnavailable(f"{url} does not answer: {type(error).__name__}") from error


def _wide(points: Sequence[Point], measurement: str) -> Iterator[dict[str, Any]]:
    rows: dict[tuple[str, str, int], dict[str, float]] = defaultdict(dict)
    for point in points:
        row = point.key.gateway_id, point.key.device_id, to_ms(point.sampled_at)
        rows[row][point.key.metric] = float(point.value)
    for (gateway_id, device_id, at_ms), fields in rows.items():
        tags = {"gateway_id": gateway_id}
        if device_id:  # the gateway itself has no such tag: an empty one is not allowed
            tags["device_id"] = device_id
        yield {"measurement": measurement, "tags": tags, "fields": fields, "time": at_ms}


def read_token(path: Path | None) -> str:
    """Return the first line of a token file; empty without one.

    Raises:
        SeriesRefused: the file cannot be read, or is empty.
    """
    if path is None:
        return ""
    try:
        token = path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SeriesRefused(f"series.token_file {path} cannot be read: {error}") from error
    if not token:
        raise SeriesRefused(f"series.token_file {path} is empty; its first line is the token")
    return token
