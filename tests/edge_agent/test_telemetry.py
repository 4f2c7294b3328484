"""Readings become one row a minute; what is read from the kernel is read right."""

import os

import pytest

from contracts.batch import decode_batch
from contracts.codec import decode
from contracts.telemetry import Metric, TelemetryRow
from edge_agent.config import TelemetrySettings
from edge_agent.outbox import Lane, open_outbox
from edge_agent.outbox.importance import Bounds
from edge_agent.telemetry import Samples, Telemetry, busy_share, read_cpu_ticks, read_rss_mb
from tests.edge_agent.outbox.gateway import ADDRESS, make_timekeeper


async def rows_of(outbox) -> list[TelemetryRow]:
    batch = await outbox.next_batch(Lane.TELEMETRY, after=0)
    return [decode(TelemetryRow, row) for row in decode_batch(batch.payload).rows] if batch else []


async def test_one_row_holds_a_minute(clock, tmp_path):
    """Sampled every 10 s, written once a minute: few writes spare an SD card."""
    import asyncio

    timekeeper = make_timekeeper(clock)
    async with open_outbox(
        tmp_path / "o.db", address=ADDRESS, timekeeper=timekeeper, bounds=Bounds(max_bytes=10**6)
    ) as outbox:
        samples = Samples(timekeeper)
        telemetry = Telemetry(
            samples,
            outbox=outbox,
            settings=TelemetrySettings(),
            process_ids=lambda: (os.getpid(),),
        )
        samples.add(Metric.CAMERA_FPS, 15.0, device_id="cam1")
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(telemetry.run_once())
            for _ in range(12):
                await clock.elapse(10)
                await outbox.depth()
                await asyncio.sleep(0.01)
            running.cancel()
        rows = await rows_of(outbox)
    assert len(rows) == 2
    metrics = [sample.metric for sample in rows[0].samples]
    assert metrics.count(Metric.OUTBOX_DEPTH) == 6
    assert metrics.count(Metric.CAMERA_FPS) == 1
    assert all(sample.value > 1 for sample in rows[0].samples if sample.metric is Metric.RSS_MB)


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [((0, 0), (50, 200), 0.25), ((10, 20), (10, 20), 0.0), ((10, 20), (5, 30), 0.0)],
)
def test_busy_share(before, after, share):
    """Between 0 and 1 whatever the kernel says."""
    assert busy_share(before, after) == share


def test_processor_time_is_read_from_proc(tmp_path):
    """Idle and waiting for disk do not count as busy; guest time is not counted twice."""
    (tmp_path / "stat").write_text("cpu  100 5 50 800 45 0 0 0 7 0\ncpu0 1 1 1\n")
    assert read_cpu_ticks(tmp_path / "stat") == (155, 1_000)
    assert read_cpu_ticks(tmp_path / "nothing") == (0, 0)


def test_memory_of_a_process_that_is_gone_is_none():
    """A child that just ended breaks no reading."""
    assert read_rss_mb(os.getpid()) > 5
    assert read_rss_mb(2**22 + 1) == 0.0


async def test_too_many_readings_are_counted_not_kept(clock):
    """A disk that takes nothing for hours does not fill the memory."""
    samples = Samples(make_timekeeper(clock))
    for _ in range(5_001):
        samples.add(Metric.CPU_SHARE, 0.5)
    row = samples.take()
    assert row is not None
    assert len(row.samples) == 5_000
    assert samples.take() is None
