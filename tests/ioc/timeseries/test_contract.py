"""Whatever store is chosen: each instant once, read in steps; missing data is missing, not zero.

SQLite and VictoriaMetrics are the real ones. InfluxDB is the small server of tests/fakes.
"""

from datetime import timedelta

import pytest

from ioc.timeseries import SeriesKey
from tests.ioc.timeseries.measured import CPU, FPS, MOTION, START, points

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


async def test_points_are_read_in_steps(opened):
    """Seconds of motion in a step, summed, give its minutes of motion."""
    await opened.write(points(MOTION, *[10.0] * 9))
    buckets = await opened.store.buckets(MOTION, START, START + 5 * MINUTE, 60)
    assert [(b.start, b.count, b.total / 60) for b in buckets] == [
        (START, 6, 1.0),
        (START + MINUTE, 3, 0.5),
    ]


@pytest.mark.parametrize("step_s", [10, 60, 300, 3_600, 86_400])
async def test_every_step_tells_count_mean_and_extremes(opened, step_s):
    """Of a week of hours with a ramp in the first one."""
    ramp = [float(i) for i in range(360)]
    await opened.write(points(CPU, *ramp))
    buckets = await opened.store.buckets(CPU, START, START + 24 * 7 * HOUR, step_s)
    assert sum(b.count for b in buckets) == len(ramp)
    assert sum(b.total for b in buckets) == pytest.approx(sum(ramp))
    assert min(b.lowest for b in buckets) == 0.0
    assert max(b.highest for b in buckets) == 359.0
    first = ramp[: step_s // 10]
    assert buckets[0].mean == pytest.approx(sum(first) / len(first))


async def test_long_ranges_in_short_steps_are_whole(opened):
    """More steps than a server answers at once: eight days of minutes."""
    last = START + 8 * 24 * HOUR - MINUTE
    await opened.write([*points(CPU, 1.0), *points(CPU, 2.0, start=last)])
    buckets = await opened.store.buckets(CPU, START, START + 8 * 24 * HOUR, 60)
    assert [(b.start, b.mean) for b in buckets] == [(START, 1.0), (last, 2.0)]


async def test_a_range_begins_and_ends_where_it_was_asked(opened):
    """The point at its beginning belongs to it, the point at its end does not."""
    await opened.write(points(FPS, *map(float, range(100))))
    since, until = START + timedelta(seconds=50), START + timedelta(seconds=700)
    buckets = await opened.store.buckets(FPS, since, until, 300)
    read = await opened.store.read(FPS, since, until)
    assert [(b.start, b.count, b.lowest, b.highest) for b in buckets] == [
        (START, 25, 5.0, 29.0),
        (START + 5 * MINUTE, 30, 30.0, 59.0),
        (START + 10 * MINUTE, 10, 60.0, 69.0),
    ]
    assert [point.value for point in read] == [float(n) for n in range(5, 70)]
    assert read[0].sampled_at == since


async def test_a_range_without_length_holds_nothing(opened):
    """Nor does one that ends before it begins."""
    await opened.write(points(CPU, 0.5))
    for until in (START, START - MINUTE):
        assert await opened.store.buckets(CPU, START, until, 60) == []
        assert await opened.store.read(CPU, START, until) == []


async def test_redelivered_points_are_stored_once(opened):
    """Whatever the wire repeats."""
    for _ in range(3):
        await opened.write(points(CPU, 0.5, 0.7))
    (bucket,) = await opened.store.buckets(CPU, START, START + MINUTE, 60)
    assert (bucket.count, bucket.lowest, bucket.highest) == (2, 0.5, 0.7)
    assert len(await opened.store.read(CPU, START, START + MINUTE)) == 2


async def test_a_step_without_points_has_no_bucket(opened):
    """The chart shows a hole."""
    await opened.write(points(CPU, 0.5))
    later = START + HOUR
    assert await opened.store.buckets(CPU, later, later + HOUR, 60) == []
    assert await opened.store.read(CPU, later, later + HOUR) == []


async def test_points_that_come_late_are_in_their_steps(opened):
    """A gateway sends its past after the present."""
    await opened.write(points(FPS, 5.0, 5.0, start=START + 2 * HOUR))
    await opened.write(points(FPS, 1.0, 3.0))
    buckets = await opened.store.buckets(FPS, START, START + 3 * HOUR, 3_600)
    assert [(b.start, b.count, b.mean) for b in buckets] == [
        (START, 2, 2.0),
        (START + 2 * HOUR, 2, 5.0),
    ]


async def test_the_newest_point_is_the_latest_measured_not_the_last_written(opened):
    """And a series that was never measured has none."""
    await opened.write(points(CPU, 0.5, 0.6))
    await opened.write(points(CPU, 0.1, start=START - HOUR))
    latest = await opened.store.latest(CPU)
    assert (latest.value, latest.sampled_at) == (0.6, START + timedelta(seconds=10))
    assert await opened.store.latest(FPS) is None


async def test_the_store_says_which_series_there_are(opened):
    """Those of the gateway itself before those of its devices."""
    await opened.write([*points(CPU, 0.5), *points(MOTION, 1.0), *points(FPS, 15.0)])
    assert await opened.store.keys() == [CPU, FPS, MOTION]


async def test_series_of_others_are_not_mixed_in(opened):
    """Neither another gateway's, nor a device's with the gateway's own."""
    others = [
        SeriesKey(gateway_id="tu-2", metric=CPU.metric),
        SeriesKey(gateway_id="tu-1", device_id="cam-1", metric=CPU.metric),
    ]
    await opened.write([p for key in (CPU, *others) for p in points(key, 0.5)])
    (bucket,) = await opened.store.buckets(CPU, START, START + MINUTE, 60)
    assert bucket.count == 1


async def test_names_with_every_odd_letter_are_only_names(opened):
    """Quotes, commas, equal signs and template braces of three query languages."""
    for name in ('a"b', "a b,c=d", "a\\b", "a${x}b", "a'b;--", "Tủ số 1"):
        key = SeriesKey(gateway_id="tu-1", device_id=name, metric=FPS.metric)
        await opened.write(points(key, 15.0))
        (bucket,) = await opened.store.buckets(key, START, START + MINUTE, 60)
        assert bucket.count == 1
        assert key in await opened.store.keys()
