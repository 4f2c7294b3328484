"""Series: each instant once, read in steps; missing data is missing, not zero."""

from datetime import UTC, datetime, timedelta

from contracts.telemetry import Metric
from ioc.timeseries import Point, SeriesKey, open_series

START = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
MOTION = SeriesKey(gateway_id="tu-1", device_id="cam-1", metric=Metric.MOTION_S)
CPU = SeriesKey(gateway_id="tu-1", metric=Metric.CPU_SHARE)


def points(key: SeriesKey, *values: float) -> list[Point]:
    """Return values ten seconds apart."""
    return [
        Point(key=key, sampled_at=START + timedelta(seconds=10 * i), value=value)
        for i, value in enumerate(values)
    ]


async def test_points_are_read_in_steps(tmp_path):
    """Seconds of motion in a step, summed, give its minutes of motion."""
    async with open_series(tmp_path) as series:
        await series.write(points(MOTION, *[10.0] * 9))
        buckets = await series.read(
            MOTION, start=START, end=START + timedelta(minutes=5), step_s=60
        )
    assert [(b.start, b.count, b.total / 60) for b in buckets] == [
        (START, 6, 1.0),
        (START + timedelta(minutes=1), 3, 0.5),
    ]


async def test_redelivered_points_are_stored_once(tmp_path):
    """Whatever the wire repeats."""
    async with open_series(tmp_path) as series:
        for _ in range(3):
            await series.write(points(CPU, 0.5, 0.7))
        (bucket,) = await series.read(CPU, start=START, end=START + timedelta(minutes=1), step_s=60)
    assert (bucket.count, bucket.lowest, bucket.highest) == (2, 0.5, 0.7)


async def test_a_step_without_points_has_no_bucket(tmp_path):
    """The chart shows a hole."""
    async with open_series(tmp_path) as series:
        await series.write(points(CPU, 0.5))
        later = START + timedelta(hours=1)
        assert await series.read(CPU, start=later, end=later + timedelta(hours=1), step_s=60) == []


async def test_series_survive_closing(tmp_path):
    """And say which they are."""
    async with open_series(tmp_path) as series:
        await series.write([*points(CPU, 0.5), *points(MOTION, 1.0)])
    async with open_series(tmp_path) as series:
        assert await series.keys() == [CPU, MOTION]


async def test_old_points_are_forgotten(tmp_path):
    """Only those before the instant."""
    async with open_series(tmp_path) as series:
        await series.write(points(CPU, 0.1, 0.2, 0.3))
        assert await series.forget_before(START + timedelta(seconds=15)) == 2
        (bucket,) = await series.read(CPU, start=START, end=START + timedelta(minutes=1), step_s=60)
    assert bucket.mean == 0.3
