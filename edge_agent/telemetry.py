"""Samples for the time series: gathered in memory, written once a minute in one row."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from contracts.telemetry import Metric, Sample, TelemetryRow
from edge_agent.config import TelemetrySettings
from edge_agent.outbox import Entry, Outbox
from edge_agent.timekeeping import Timekeeper

log = structlog.get_logger(__name__)

_MOST_SAMPLES = 5_000
_CPU = Path("/proc/stat")


class Samples:
    """What was measured since the last row."""

    def __init__(self, timekeeper: Timekeeper) -> None:
        self._timekeeper = timekeeper
        self._samples: list[Sample] = []
        self._left_out = 0

    def add(
        self,
        metric: Metric,
        value: float,
        *,
        device_id: str | None = None,
        at_s: float | None = None,
    ) -> None:
        """Add a reading; beyond 5,000 until the next row readings are counted, not kept."""
        if len(self._samples) == _MOST_SAMPLES:
            self._left_out += 1
            return
        sampled_at = self._timekeeper.moment(at_s).occurred_at
        self._samples.append(
            Sample(sampled_at=sampled_at, device_id=device_id, metric=metric, value=value)
        )

    def take(self) -> TelemetryRow | None:
        """Return everything added since the last time, None for nothing."""
        if self._left_out:
            log.warning("readings left out", count=self._left_out)
            self._left_out = 0
        samples, self._samples = self._samples, []
        return TelemetryRow(samples=tuple(samples)) if samples else None


class Telemetry:
    """Measures the gateway itself and writes the rows."""

    def __init__(
        self,
        samples: Samples,
        *,
        outbox: Outbox,
        settings: TelemetrySettings,
        process_ids: Callable[[], tuple[int, ...]],
    ) -> None:
        self._samples = samples
        self._outbox = outbox
        self._settings = settings
        self._process_ids = process_ids
        self._clock = outbox.timekeeper.clock
        self._ticks = read_cpu_ticks(_CPU)

    async def run_once(self) -> None:
        """Measure and write for ever."""
        written_s = self._clock.monotonic_s()
        while True:
            await self._clock.sleep(self._settings.sample_s)
            await self._measure()
            now_s = self._clock.monotonic_s()
            if now_s - written_s >= self._settings.commit_s - self._settings.sample_s / 2:
                written_s = now_s
                await self.write()

    async def write(self) -> None:
        """Write what was measured as one row."""
        row = self._samples.take()
        if row is not None:
            await self._outbox.write(partial(_record, row=row))

    async def _measure(self) -> None:
        before, self._ticks = self._ticks, read_cpu_ticks(_CPU)
        self._samples.add(Metric.CPU_SHARE, busy_share(before, self._ticks))
        self._samples.add(Metric.RSS_MB, sum(map(read_rss_mb, self._process_ids())))
        self._samples.add(Metric.OUTBOX_DEPTH, float(await self._outbox.depth()))


def _record(entry: Entry, *, row: TelemetryRow) -> None:
    entry.record_telemetry(row)
    entry.note_alive()


def read_cpu_ticks(path: Path) -> tuple[int, int]:
    """Return busy and all ticks of all processors since boot (proc(5), /proc/stat)."""
    try:
        fields = [int(text) for text in path.read_text().split("\n", 1)[0].split()[1:9]]
    except (OSError, ValueError):
        return 0, 0
    idle = sum(fields[3:5])
    return sum(fields) - idle, sum(fields)


def busy_share(before: tuple[int, int], after: tuple[int, int]) -> float:
    """Return the share of processor time that was used between two readings."""
    elapsed = after[1] - before[1]
    return min(1.0, max(0.0, (after[0] - before[0]) / elapsed)) if elapsed > 0 else 0.0


def read_rss_mb(process_id: int) -> float:
    """Return the resident memory of a process, 0 if it is gone."""
    try:
        pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
