"""A store of series on a server: what is written waits on disk until the server has it."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog

from contracts.telemetry import Metric
from ioc.clock import Clock
from ioc.timeseries.port import (
    Bucket,
    Point,
    Resolution,
    SeriesKey,
    SeriesRefused,
    SeriesUnavailable,
    Standing,
)
from ioc.timeseries.remote.backlog import Backlog
from ioc.timeseries.remote.server import PointsRejected, Server

BATCH_POINTS = 5_000

_log = structlog.get_logger(__name__)


class RemoteSeries:
    """Implements SeriesStore; see there for what its methods promise."""

    def __init__(self, *, server: Server, backlog: Backlog, clock: Clock) -> None:
        self._server = server
        self._backlog = backlog
        self._clock = clock
        self._fault = ""
        self._arrived = asyncio.Event()

    async def write(self, points: Iterable[Point]) -> None:
        """Put points into the backlog, from which `run` sends them."""
        wanted = list(points)
        if wanted:
            await self._backlog.append(wanted, taken_at=self._clock.now())
            self._arrived.set()

    async def read(self, key: SeriesKey, since: datetime, until: datetime) -> list[Point]:
        """Return what the server has."""
        return await self._server.read(key, since, until)

    async def buckets(
        self, key: SeriesKey, since: datetime, until: datetime, step_s: int
    ) -> list[Bucket]:
        """Return what the server has."""
        return await self._server.buckets(key, since, until, step_s)

    async def latest(self, key: SeriesKey) -> Point | None:
        """Return what the server has."""
        return await self._server.latest(key)

    async def keys(self) -> list[SeriesKey]:
        """Return what the server has."""
        return await self._server.keys()

    async def forget_before(
        self,
        instant: datetime,  # noqa: ARG002 - the port's
        *,
        metric: Metric,  # noqa: ARG002 - the port's
        resolution: Resolution = Resolution.RAW,  # noqa: ARG002 - the port's
    ) -> int:
        """Leave it to the server: neither can delete one metric's past, both have a retention."""
        return 0

    async def standing(self) -> Standing:
        """Return what waits, and why."""
        return await self._backlog.standing(fault=self._fault)

    async def run(self) -> None:
        """Send what waits, oldest first, for ever.

        Raises:
            SeriesRefused: somebody must mend the settings or the server; nothing is lost meanwhile.
            SeriesUnavailable: the server does not answer; nothing is lost meanwhile.
        """
        try:
            await self._server.probe()
            while True:
                self._arrived.clear()
                while await self._send_some():
                    pass
                await self._arrived.wait()
        except (SeriesRefused, SeriesUnavailable) as error:
            self._fault = str(error)
            raise

    async def _send_some(self) -> bool:
        """Send one batch; return whether there was any."""
        batch = await self._backlog.oldest(BATCH_POINTS)
        if batch:
            await self._send(batch)
        if self._fault:
            _log.info("series.reachable_again", was=self._fault)
            self._fault = ""
        return bool(batch)

    async def _send(self, batch: Sequence[tuple[int, Point]]) -> None:
        """Send a batch; where the server refuses it, halves of it, down to the points refused."""
        try:
            await self._server.write([point for _, point in batch])
        except PointsRejected as error:
            if len(batch) > 1:
                half = len(batch) // 2
                await self._send(batch[:half])
                await self._send(batch[half:])
                return
            number, point = batch[0]
            _log.warning("series.point_refused", key=str(point.key), why=str(error))
            await self._backlog.set_aside(number, why=str(error))
            return
        await self._backlog.take_off([number for number, _ in batch])
