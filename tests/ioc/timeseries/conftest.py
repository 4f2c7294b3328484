"""The three stores of series, each as the product opens it, behind one pair of hands."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from ioc.timeseries import Point, SeriesSettings, SeriesStore, open_series
from tests.fakes import influxdb
from tests.fakes.clock import FakeClock
from tests.fakes.victoria_metrics import VictoriaMetrics
from tests.ioc.timeseries.measured import arrive

STORES = ("sqlite", "influxdb", "victoriametrics")


@dataclass
class Opened:
    """A store, with what a test needs to know when written points can be read."""

    store: SeriesStore
    flush: Callable[[], None] = lambda: None
    remote: bool = True

    async def write(self, points: list[Point]) -> None:
        """Write and wait until the store answers with it."""
        await self.store.write(points)
        if self.remote:
            await arrive(self.store)
        self.flush()


@pytest.fixture(scope="session")
def victoria(tmp_path_factory) -> Iterator[VictoriaMetrics]:
    """One real server for all tests of a process; each test finds it empty."""
    server = VictoriaMetrics(tmp_path_factory.mktemp("victoria"))
    server.start()
    try:
        yield server
    finally:
        server.kill()


@asynccontextmanager
async def _influx(folder, clock) -> AsyncIterator[Opened]:
    async with influxdb.serve_influxdb() as server:
        settings = influx_settings(folder, server.url)
        async with open_series(folder, settings, clock=clock) as store:
            yield Opened(store=store)


def influx_settings(folder, url: str) -> SeriesSettings:
    """Return the settings for the small InfluxDB."""
    token_file = folder / "token"
    token_file.write_text(f"{influxdb.TOKEN}\n")
    return SeriesSettings(
        store="influxdb",
        url=url,
        token_file=token_file,
        org=influxdb.ORG,
        bucket=influxdb.BUCKET,
    )


@pytest.fixture(params=STORES)
async def opened(request, tmp_path) -> AsyncIterator[Opened]:
    """An empty store of each kind."""
    clock = FakeClock(datetime(2026, 1, 9, tzinfo=UTC))
    if request.param == "sqlite":
        async with open_series(tmp_path) as store:
            yield Opened(store=store, remote=False)
    elif request.param == "influxdb":
        async with _influx(tmp_path, clock) as influx:
            yield influx
    else:
        victoria = request.getfixturevalue("victoria")
        victoria.forget_everything()
        settings = SeriesSettings(store="victoriametrics", url=victoria.url)
        async with open_series(tmp_path, settings, clock=clock) as store:
            yield Opened(store=store, flush=victoria.flush)
