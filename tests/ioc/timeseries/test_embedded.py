"""The file of series: roll-ups that agree with the raw points, keeping by series, older files."""

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.telemetry import Metric
from ioc.timeseries import (
    Point,
    Resolution,
    SeriesKey,
    SeriesRefused,
    SeriesSettings,
    SeriesUnavailable,
    forget_past,
    open_series,
)
from ioc.timeseries.instants import gather
from ioc.timeseries.settings import Kept
from ioc.timeseries.sqlite.plan import WIDTH_MS, plan
from ioc.timeseries.sqlite.schema import KIND_OF, METRICS
from tests.ioc.timeseries.measured import CPU, FPS, MOTION, START, points

DAY = timedelta(days=1)
STEPS_S = (7, 10, 60, 90, 300, 3_600, 7_200, 86_400, 172_800)
DAY_MS = WIDTH_MS[Resolution.DAY]

measured = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=4 * 86_400), st.integers(min_value=-50, max_value=50)
    ),
    min_size=1,
    max_size=30,
)


@given(
    batches=st.lists(measured, min_size=1, max_size=3),
    since_s=st.integers(min_value=0, max_value=4 * 86_400),
    length_s=st.integers(min_value=1, max_value=5 * 86_400),
    step_s=st.sampled_from(STEPS_S),
)
@settings(max_examples=25)
def test_steps_are_those_of_the_raw_points(tmp_path_factory, batches, since_s, length_s, step_s):
    """Whatever came in which order, however often, and whichever roll-ups answered."""
    since = START + timedelta(seconds=since_s)
    until = since + timedelta(seconds=length_s)

    async def ask():
        async with open_series(tmp_path_factory.mktemp("series")) as store:
            for batch in (*batches, batches[0]):
                await store.write(
                    Point(key=FPS, sampled_at=START + timedelta(seconds=s), value=float(value))
                    for s, value in batch
                )
            return (
                await store.buckets(FPS, since, until, step_s),
                await store.read(FPS, since, until),
            )

    buckets, raw = asyncio.run(ask())
    assert buckets == gather(raw, step_s)


@given(
    since_ms=st.integers(min_value=0, max_value=9 * DAY_MS),
    length_ms=st.integers(min_value=1, max_value=9 * DAY_MS),
    step_s=st.sampled_from(STEPS_S),
    horizons=st.lists(st.integers(min_value=0, max_value=9), min_size=4, max_size=4),
)
def test_each_instant_is_answered_once_by_what_is_kept(since_ms, length_ms, step_s, horizons):
    """Pieces follow each other without overlap or hole, none reaches into what is gone."""
    days = sorted(horizons, reverse=True)
    gone = {r: day * DAY_MS for r, day in zip(Resolution, days, strict=True)}
    until_ms = since_ms + length_ms
    pieces = plan(since_ms=since_ms, until_ms=until_ms, step_ms=step_s * 1_000, kept_from_ms=gone)
    assert pieces[0].start_ms <= since_ms < pieces[0].end_ms
    assert pieces[-1].end_ms == until_ms
    for piece, following in pairwise(pieces):
        assert piece.end_ms == following.start_ms
    for piece in pieces:
        assert piece.start_ms % WIDTH_MS[piece.resolution] == 0
        if piece.resolution is not Resolution.DAY:
            assert piece.start_ms >= gone[piece.resolution]


def test_every_metric_has_its_place():
    """In the wide rows of one kind of source."""
    assert sorted(KIND_OF) == sorted(Metric)
    assert sum(map(len, METRICS.values())) == len(Metric)


async def test_what_a_source_tells_at_an_instant_is_one_row(tmp_path):
    """Also when half of it comes later; a repeated value replaces the one before."""
    async with open_series(tmp_path) as store:
        await store.write([*points(FPS, 14.0), *points(MOTION, 3.0)])
        await store.write(points(FPS, 15.0))
        (bucket,) = await store.buckets(FPS, START, START + DAY, 86_400)
    rows = sqlite3.connect(tmp_path / "series.db").execute(
        "SELECT camera_fps, motion_s, sharpness FROM camera_raw"
    )
    assert rows.fetchall() == [(15.0, 3.0, None)]
    assert (bucket.count, bucket.mean) == (1, 15.0)


async def test_raw_points_go_and_their_means_stay(tmp_path):
    """Each series as long as the settings say, its newest value for ever."""
    kept = SeriesSettings(kept_by_metric={Metric.CAMERA_FPS: Kept(raw_days=2, minute_days=3)})
    async with open_series(tmp_path) as store:
        for day in range(6):
            await store.write(
                [*points(FPS, 10.0, 20.0, start=START + day * DAY), *points(MOTION, 5.0)]
            )
        await forget_past(store, kept, now=START + 6 * DAY)
        raw = await store.read(FPS, START, START + 6 * DAY)
        minutes = await store.buckets(FPS, START, START + 6 * DAY, 60)
        other = await store.read(MOTION, START, START + 6 * DAY)
        latest = await store.latest(FPS)
    assert [p.sampled_at for p in raw[::2]] == [START + 4 * DAY, START + 5 * DAY]
    assert [(b.start, b.count, b.mean) for b in minutes] == [
        (START + day * DAY, 2, 15.0) for day in range(6)
    ]
    assert len(other) == 1
    assert latest.sampled_at == START + 5 * DAY + timedelta(seconds=10)


async def test_a_point_from_before_what_is_kept_spoils_no_mean(tmp_path):
    """Its time is past; the roll-up of the points that are gone stays as it was."""
    async with open_series(tmp_path) as store:
        await store.write([*points(FPS, 10.0, 20.0), *points(MOTION, 1.0)])
        assert await store.forget_before(START + DAY, metric=FPS.metric) == 2
        await store.write(points(FPS, 99.0))
        await store.write(points(MOTION, 2.0))
        (fps,) = await store.buckets(FPS, START, START + DAY, 3_600)
        (motion,) = await store.buckets(MOTION, START, START + DAY, 3_600)
    assert (fps.count, fps.highest) == (2, 20.0)
    assert (motion.count, motion.mean) == (1, 2.0)


async def test_a_coarse_value_never_goes_before_the_fine_ones(tmp_path):
    """Else it could not be computed again when a point of its time comes late."""
    async with open_series(tmp_path) as store:
        await store.write(points(FPS, 10.0))
        gone = await store.forget_before(START + DAY, metric=FPS.metric, resolution=Resolution.HOUR)
        assert gone == 0
        assert len(await store.buckets(FPS, START, START + DAY, 3_600)) == 1


async def test_the_file_of_the_first_release_is_taken_over(tmp_path):
    """With every point, also of a metric that this release does not know, which is left out."""
    old = sqlite3.connect(tmp_path / "series.db")
    old.executescript(
        """CREATE TABLE series (number INTEGER PRIMARY KEY, gateway_id TEXT NOT NULL,
             device_id TEXT NOT NULL, metric TEXT NOT NULL, UNIQUE (gateway_id, device_id, metric));
           CREATE TABLE points (series INTEGER NOT NULL, instant_us INTEGER NOT NULL,
             value REAL NOT NULL, PRIMARY KEY (series, instant_us)) WITHOUT ROWID;
           INSERT INTO series VALUES (1, 'tu-1', '', 'cpu_share'), (2, 'tu-1', 'cam-1', 'motion_s'),
             (3, 'tu-1', 'cam-1', 'camera_fps'), (4, 'tu-1', 'cam-1', 'unheard_of');"""
    )
    first_us = (START - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    old.executemany(
        "INSERT INTO points VALUES (?, ?, ?)",
        [(n, first_us + i * 10_000_000 + 7, float(i)) for n in (1, 2, 3, 4) for i in range(100)],
    )
    old.commit()
    old.close()
    for _ in range(2):  # the second time it is today's
        async with open_series(tmp_path) as store:
            for key in (CPU, MOTION, FPS):
                assert len(await store.read(key, START, START + DAY)) == 100
                buckets = await store.buckets(key, START, START + DAY, 300)
                assert [b.count for b in buckets] == [30, 30, 30, 10]
                assert (await store.latest(key)).value == 99.0
            assert await store.keys() == [CPU, FPS, MOTION]


async def test_a_later_release_is_not_overwritten(tmp_path):
    """Who went back is told to go forward again."""
    later = sqlite3.connect(tmp_path / "series.db")
    later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(SeriesRefused, match="later release"):
        async with open_series(tmp_path):
            pass


async def test_a_file_that_is_no_database_is_said_so(tmp_path):
    """In words that name it."""
    (tmp_path / "series.db").write_bytes(b"not a database at all" * 400)
    with pytest.raises(SeriesUnavailable, match="time series"):
        async with open_series(tmp_path):
            pass


async def test_a_full_disk_loses_nothing_that_was_there(tmp_path):
    """The write that does not fit is undone whole, the next one that fits succeeds."""
    async with open_series(tmp_path) as store:
        await store.write(points(CPU, 0.5))
        seat = store._writer
        (pages,) = await seat.run(lambda c: c.execute("PRAGMA page_count").fetchone())
        await seat.run(lambda c: c.execute(f"PRAGMA max_page_count = {pages}"))
        with pytest.raises(SeriesUnavailable, match="full"):
            await store.write(points(FPS, *[1.0] * 5_000))
        assert await store.keys() == [CPU]
        await seat.run(lambda c: c.execute("PRAGMA max_page_count = 1000000"))
        await store.write(points(FPS, 1.0))
        assert await store.keys() == [CPU, FPS]


async def test_years_of_a_key_nobody_measured_are_empty(tmp_path):
    """Nothing is made up."""
    key = SeriesKey(gateway_id="tu-9", metric=Metric.RSS_MB)
    async with open_series(tmp_path) as store:
        assert await store.buckets(key, START - 900 * DAY, START, 86_400) == []
        assert await store.latest(key) is None
