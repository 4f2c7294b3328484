"""Opens the store of series that the settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ioc.clock import Clock
from ioc.timeseries.port import SeriesStore
from ioc.timeseries.settings import SeriesSettings
from ioc.timeseries.sqlite import open_sqlite


@asynccontextmanager
async def open_series(
    data_dir: Path, settings: SeriesSettings | None = None, *, clock: Clock | None = None
) -> AsyncIterator[SeriesStore]:
    """Open (and at first make) the series of a data directory; close them on leaving.

    Opening asks no server: while one is away, points wait in the data directory.

    Args:
        data_dir: the centre's.
        settings: None: the file beside the database.
        clock: needed by every store but SQLite.

    Raises:
        SeriesRefused: the settings' files cannot be used, or a later release wrote them.
        SeriesUnavailable: a file of the data directory cannot be opened.
    """
    if settings is None or settings.store == "sqlite":
        async with open_sqlite(data_dir) as embedded:
            yield embedded
        return
    # Only here: a centre without a server should not carry its library (20 MB).
    from ioc.timeseries.remote import open_remote  # noqa: PLC0415

    if clock is None:
        raise ValueError("a store on a server needs a clock")
    async with open_remote(data_dir, settings, clock=clock) as remote:
        yield remote


async def probe_series(settings: SeriesSettings) -> None:
    """Look whether the store could be used; a file of the centre's own always can.

    Raises:
        SeriesRefused: somebody must mend the settings or the server first.
        SeriesUnavailable: the server does not answer.
    """
    if settings.store == "sqlite":
        return
    from ioc.timeseries.remote import open_server  # noqa: PLC0415 - as above

    async with open_server(settings) as server:
        await server.probe()
