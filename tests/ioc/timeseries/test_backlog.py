"""A server that is away, refuses, or comes back: nothing is lost, nothing is there twice."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from ioc.timeseries import (
    SeriesKey,
    SeriesRefused,
    SeriesSettings,
    SeriesUnavailable,
    open_series,
)
from ioc.timeseries.instants import to_ms
from tests.fakes import influxdb
from tests.fakes.http_answers import serve_answer
from tests.fakes.victoria_metrics import VictoriaMetrics
from tests.ioc.timeseries.conftest import influx_settings
from tests.ioc.timeseries.measured import CPU, FPS, START, arrive, points

HOUR = timedelta(hours=1)


@asynccontextmanager
async def influx(tmp_path, clock):
    async with influxdb.serve_influxdb() as server:
        settings = influx_settings(tmp_path, server.url)
        async with open_series(tmp_path, settings, clock=clock) as store:
            yield server, store


async def test_points_wait_while_the_server_is_away(tmp_path, clock):
    """The store says how many, since when and why; then they arrive, each once."""
    async with influx(tmp_path, clock) as (server, store):
        server.down = True
        await store.write(points(CPU, 0.5, 0.6))
        with pytest.raises(SeriesUnavailable):
            await store.run()
        await store.write(points(CPU, 0.5, 0.6))
        standing = await store.standing()
        assert (standing.waiting, standing.waiting_since) == (2, clock.now())
        assert "503" in standing.fault
        with pytest.raises(SeriesUnavailable):
            await store.buckets(CPU, START, START + HOUR, 60)
        server.down = False
        await arrive(store)
        assert server.writes == [2]
        assert (await store.standing()).fault == ""
        assert len(await store.read(CPU, START, START + HOUR)) == 2


async def test_what_waits_survives_the_centre(tmp_path, clock):
    """It was on the disk before the gateway was told that it may forget it."""
    async with influx(tmp_path, clock) as (_, store):
        await store.write(points(CPU, 0.5, 0.6))
    async with influx(tmp_path, clock) as (server, store):
        assert (await store.standing()).waiting == 2
        await arrive(store)
        assert sum(server.writes) == 2


async def test_a_full_backlog_leaves_points_with_the_gateways(tmp_path, clock):
    """The write fails, so it is not acknowledged; what waited goes on waiting."""
    settings = influx_settings(tmp_path, "http://127.0.0.1:9").model_copy(update={"backlog_mb": 1})
    async with open_series(tmp_path, settings, clock=clock) as store:
        with pytest.raises(SeriesUnavailable, match="full"):
            await write_hour_after_hour(store)
        waiting = (await store.standing()).waiting
        assert waiting > 5_000
        assert waiting % 1_000 == 0  # each write is there whole, or not at all


async def test_points_the_server_will_never_have_hold_up_no_others(tmp_path, clock):
    """They are set aside and counted."""
    async with influx(tmp_path, clock) as (server, store):
        server.oldest_ms = to_ms(START)
        past = points(FPS, 1.0, 2.0, 3.0, start=START - HOUR)
        await store.write([*points(CPU, *[0.5] * 20), *past, *points(FPS, *[9.0] * 20)])
        await arrive(store)
        standing = await store.standing()
        assert (standing.waiting, standing.refused) == (0, 3)
        assert sum(map(len, server.points.values())) == 40


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"bucket": "other"}, "bucket"),
        ({"org": "other"}, "org"),
        ({"token_file": "wrong"}, "series.token_file"),
    ],
)
async def test_wrong_settings_are_named_and_nothing_is_thrown_away(
    tmp_path, clock, change, sentence
):
    """Whoever mends them finds every point still waiting."""
    (tmp_path / "wrong").write_text("some-other-token\n")
    if "token_file" in change:
        change = {"token_file": tmp_path / "wrong"}
    async with influxdb.serve_influxdb() as server:
        settings = influx_settings(tmp_path, server.url).model_copy(update=change)
        async with open_series(tmp_path, settings, clock=clock) as store:
            await store.write(points(CPU, 0.5))
            with pytest.raises(SeriesRefused, match=sentence):
                await store.run()
            assert (await store.standing()).waiting == 1


@pytest.mark.parametrize("status", [400, 401, 404, 500])
async def test_an_address_of_something_else_takes_no_points_away(tmp_path, clock, status):
    """A web server that knows nothing of series answers with faults; all points go on waiting."""
    async with serve_answer(status, b"unsupported path requested") as url:
        settings = SeriesSettings(store="victoriametrics", url=url)
        async with open_series(tmp_path, settings, clock=clock) as store:
            await store.write(points(CPU, 0.5, 0.6))
            with pytest.raises((SeriesRefused, SeriesUnavailable), match=str(status)):
                await store.run()
            standing = await store.standing()
            assert (standing.waiting, standing.refused) == (2, 0)


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
async def test_a_token_that_cannot_be_read_is_named(tmp_path, clock, content):
    """Before anything starts; the token itself is in no message."""
    settings = influx_settings(tmp_path, "http://127.0.0.1:9")
    if content is None:
        settings.token_file.unlink()
    else:
        settings.token_file.write_bytes(content)
    with pytest.raises(SeriesRefused, match="token_file"):
        async with open_series(tmp_path, settings, clock=clock):
            pass


async def test_the_server_s_books_are_line_protocol(tmp_path, clock):
    """One line for what a device told at an instant; the gateway itself has no device tag."""
    motion = SeriesKey(gateway_id="tu-1", device_id="cam-1", metric="motion_s")
    async with influx(tmp_path, clock) as (server, store):
        await store.write([*points(FPS, 15.0), *points(motion, 1e-7), *points(CPU, 0.25)])
        await arrive(store)
        assert server.points == {
            ("commune", "tu-1", "cam-1", "camera_fps"): {to_ms(START): 15.0},
            ("commune", "tu-1", "cam-1", "motion_s"): {to_ms(START): 1e-7},
            ("commune", "tu-1", None, "cpu_share"): {to_ms(START): 0.25},
        }


@pytest.mark.timeout(40)
async def test_a_killed_victoria_metrics_gets_everything_once(tmp_path, clock):
    """Killed in the middle of a stream of points, and again before it was told to keep them."""
    server = VictoriaMetrics(tmp_path / "victoria")
    settings = SeriesSettings(store="victoriametrics", url=server.url)
    server.start()
    try:
        async with open_series(tmp_path, settings, clock=clock) as store:
            await store.write(points(CPU, *[0.5] * 100))
            await arrive(store)
            server.flush()
            server.kill()
            await store.write(points(CPU, *[0.5] * 300))
            with pytest.raises(SeriesUnavailable):
                await arrive_or_fail(store)
            assert (await store.standing()).waiting == 300
            server.start()
            await arrive(store)
            server.flush()
            buckets = await store.buckets(CPU, START, START + HOUR, 3_600)
            assert [(b.count, b.mean) for b in buckets] == [(300, 0.5)]
    finally:
        server.kill()


@pytest.mark.timeout(40)
async def test_a_victoria_metrics_that_would_count_twice_is_refused(tmp_path, clock):
    """It must be told to drop repeated points; the sentence names the flag."""
    server = VictoriaMetrics(tmp_path / "victoria")
    settings = SeriesSettings(store="victoriametrics", url=server.url)
    server.start(deduplication="0")
    try:
        async with open_series(tmp_path, settings, clock=clock) as store:
            await store.write(points(CPU, 0.5))
            with pytest.raises(SeriesRefused, match=r"-dedup\.minScrapeInterval=1ms"):
                await arrive_or_fail(store)
            assert (await store.standing()).waiting == 1
    finally:
        server.kill()


async def test_a_repeat_on_its_way_is_not_taken_for_arrived(tmp_path, clock):
    """A point that is corrected while its first value is being sent is sent again."""
    async with influx(tmp_path, clock) as (server, store):
        await store.write(points(CPU, 0.5))
        backlog = store._backlog
        first = await backlog.oldest(10)
        await store.write(points(CPU, 0.7))
        await backlog.take_off([number for number, _ in first])
        await arrive(store)
        assert server.points == {("commune", "tu-1", None, "cpu_share"): {to_ms(START): 0.7}}


async def write_hour_after_hour(store) -> None:
    """Write until the store takes no more."""
    for hour in range(100):
        await store.write(points(CPU, *[0.5] * 1_000, start=START + hour * 3 * HOUR))


async def arrive_or_fail(store) -> None:
    """Run the store's work until it gives up."""
    async with asyncio.timeout(15):
        await store.run()
