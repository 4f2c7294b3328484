"""Series and points that the tests of the stores share."""

import asyncio
from datetime import UTC, datetime, timedelta

from contracts.telemetry import Metric
from ioc.timeseries import Point, SeriesKey, SeriesStore

START = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
MOTION = SeriesKey(gateway_id="tu-1", device_id="cam-1", metric=Metric.MOTION_S)
FPS = SeriesKey(gateway_id="tu-1", device_id="cam-1", metric=Metric.CAMERA_FPS)
CPU = SeriesKey(gateway_id="tu-1", metric=Metric.CPU_SHARE)


def points(key: SeriesKey, *values: float, start: datetime = START) -> list[Point]:
    """Return values ten seconds apart."""
    return [
        Point(key=key, sampled_at=start + timedelta(seconds=10 * i), value=value)
        for i, value in enumerate(values)
    ]


async def arrive(store: SeriesStore) -> None:
    """Run a store's background work until nothing waits any more."""
    async with asyncio.TaskGroup() as group:
        running = group.create_task(store.run(), name="series")
        while (await store.standing()).waiting:
            await asyncio.sleep(0.01)
        running.cancel()
