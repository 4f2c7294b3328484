"""Opens a server's store: its connections, and the backlog before them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ioc.clock import Clock
from ioc.timeseries.remote.backlog import open_backlog
from ioc.timeseries.remote.influxdb import InfluxServer
from ioc.timeseries.remote.lines import Lines, Place, read_token
from ioc.timeseries.remote.server import Server
from ioc.timeseries.remote.store import RemoteSeries
from ioc.timeseries.remote.victoriametrics import VictoriaServer, asking_client
from ioc.timeseries.settings import SeriesSettings


@asynccontextmanager
async def open_remote(
    data_dir: Path, settings: SeriesSettings, *, clock: Clock
) -> AsyncIterator[RemoteSeries]:
    """Open the store that the settings name; asks no server.

    Raises:
        SeriesRefused: the token or the authority's certificate cannot be read.
        SeriesUnavailable: the backlog cannot be opened.
    """
    async with (
        open_server(settings) as server,
        open_backlog(data_dir, limit_mb=settings.backlog_mb) as backlog,
    ):
        yield RemoteSeries(server=server, backlog=backlog, clock=clock)


@asynccontextmanager
async def open_server(settings: SeriesSettings) -> AsyncIterator[Server]:
    """Open the connections to the server that the settings name; close them on leaving."""
    place = Place(
        url=settings.url or "",
        token=read_token(settings.token_file),
        org=settings.org or "-",
        bucket=settings.bucket or "-",
        measurement=settings.measurement,
        tls_ca_file=settings.tls_ca_file,
    )
    if settings.store == "influxdb":
        lines = Lines(place)
        try:
            yield InfluxServer(place, lines)
        finally:
            lines.close()
        return
    # A proxy before VictoriaMetrics knows the usual scheme, not InfluxDB's "Token".
    lines = Lines(place, authorisation=f"Bearer {place.token}" if place.token else "")
    try:
        async with asking_client(place) as asking:
            yield VictoriaServer(place, lines, asking)
    finally:
        lines.close()
