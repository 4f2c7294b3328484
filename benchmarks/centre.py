"""What a whole centre takes: events a second, the way to a console, a backlog beside live alarms.

A real mosquitto, a real `ioc serve` with 30 rules that look at every event, a hundred gateways that
keep at most eight batches of 64 unacknowledged, as outboxes do, on SQLite and on PostgreSQL; then
ten million points of series. Takes about fifteen minutes.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import series
from ingest import BATCH_EVENTS, Gateway, connected, listen
from load.installation import Installation, installation
from load.processes import machine_busy_s

from contracts.events import DeviceDown, DeviceKind, DownReason, MotionStarted
from contracts.topics import Channel

GATEWAYS = 100
EVENTS_PER_S = 10_000
PACE_PER_S = 1_000
CONSOLE_P99_MS = 500
LIVE_P99_MS = 2_000
MEMORY_MB = 300
CAMERAS = 60


@dataclass(kw_only=True)
class Report:
    """Prints results, each with the database it was measured on."""

    database: str

    def line(self, measure: str, value: float, *, unit: str, **more: object) -> None:
        """Print one result."""
        row = {"bench": "centre", "measure": measure, "value": round(value, 1), "unit": unit}
        print(json.dumps({**row, **more, "database": self.database}), flush=True)

    def at_least(self, measure: str, value: float, *, unit: str, target: float) -> None:
        """Print a result that must reach its target."""
        self.line(measure, value, unit=unit, target=target, met=value >= target)

    def at_most(self, measure: str, value: float, *, unit: str, target: float) -> None:
        """Print a result that must not be above its target."""
        self.line(measure, value, unit=unit, target=target, met=value <= target)


def batch_of(gateway: Gateway, *, alarms: int = 0) -> tuple[int, bytes]:
    """Return the last sequence and the payload of a batch of 64, some of them new alarms."""
    motion = MotionStarted(zone="cổng làng", share=0.034)
    down = DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.STALLED)
    events = [gateway.event(motion) for _ in range(BATCH_EVENTS - alarms)]
    events += [gateway.event(down, f"cam-{gateway.sequence % CAMERAS}") for _ in range(alarms)]
    return gateway.batch(events)


async def measure_throughput(at: Installation, gateways: list[Gateway], events: int) -> dict:
    """Return events per second to the last acknowledgement, and the CPU each program took."""
    share = max(1, events // len(gateways) // BATCH_EVENTS)
    # One alarm in two batches of three: one event in a hundred.
    work = [
        [batch_of(gateway, alarms=int(n % 3 != 0)) for n in range(share)] for gateway in gateways
    ]
    before, busy_s, started_s = at.programs.cpu_s(), machine_busy_s(), time.monotonic()
    async with asyncio.TaskGroup() as group:
        for gateway, batches in zip(gateways, work, strict=True):
            group.create_task(gateway.send_all(batches))
    took_s = time.monotonic() - started_s
    used = {name: cpu - before[name] for name, cpu in at.programs.cpu_s().items()}
    # On a machine that others use at the same time, their share explains the rate.
    used["others"] = max(0.0, machine_busy_s() - busy_s - sum(used.values()))
    return {"rate": share * len(gateways) * BATCH_EVENTS / took_s, "took_s": took_s, "cpu": used}


async def measure_console(
    gateways: list[Gateway], console: httpx.AsyncClient, samples: int
) -> list[float]:
    """Return milliseconds from publishing a fault to its frame at a console, at 1,000 events/s."""
    found: list[float] = []
    heard_s: asyncio.Queue[float] = asyncio.Queue()
    probe, others = gateways[0], gateways[1:]
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(listen(console, heard_s))
        pacing = group.create_task(keep_pace(others))
        await heard_s.get()
        for n in range(samples):
            await asyncio.sleep(0.3)  # frames come at most every 250 ms, by design
            while not heard_s.empty():
                heard_s.get_nowait()
            down = DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.STALLED)
            _, payload = probe.batch([probe.event(down, f"cam-{n % CAMERAS}")])
            started_s = time.monotonic()
            await probe.publish(payload)
            async with asyncio.timeout(30):
                found.append((await heard_s.get() - started_s) * 1_000)
        for task in (listening, pacing):
            task.cancel()
    return found


async def keep_pace(gateways: Sequence[Gateway]) -> None:
    """Publish 1,000 events a second for ever, from one gateway after the other; no alarms."""
    next_s, n = time.monotonic(), 0
    while True:
        gateway = gateways[n % len(gateways)]
        await gateway.publish(batch_of(gateway)[1])
        n, next_s = n + 1, next_s + BATCH_EVENTS / PACE_PER_S
        await asyncio.sleep(max(0.0, next_s - time.monotonic()))


async def measure_backlog(gateways: list[Gateway], events: int) -> tuple[list[float], float]:
    """Return milliseconds of live events to their acknowledgement while a backlog arrives.

    And the backlog's events per second.
    """
    probe, others = gateways[0], gateways[1:]
    share = max(1, events // len(others) // BATCH_EVENTS)
    found: list[float] = []
    started_s = time.monotonic()
    async with asyncio.TaskGroup() as group:
        sending = [group.create_task(_drain(gateway, share)) for gateway in others]
        while not all(task.done() for task in sending):
            last, payload = batch_of(probe, alarms=1)
            sent_s = time.monotonic()
            await probe.publish(payload)
            await probe.wait_until_committed(last)
            found.append((time.monotonic() - sent_s) * 1_000)
            await asyncio.sleep(0.1)
    return found, share * len(others) * BATCH_EVENTS / (time.monotonic() - started_s)


async def _drain(gateway: Gateway, batches: int) -> None:
    """Send batches by the backfill lane, at most eight unacknowledged."""
    topic = gateway.address.topic_name(Channel.EVENTS_BACKFILL)
    for _ in range(batches):
        last, payload = batch_of(gateway)
        await gateway.wait_until_committed(last - 8 * BATCH_EVENTS)
        await gateway.connection.publish(topic, payload, qos=1)
    await gateway.wait_until_committed(gateway.sequence)


async def run(database: str, options: argparse.Namespace, at: Installation) -> None:
    """Measure one database and print."""
    report = Report(database=database)
    async with (
        connected(at.broker_port, at.credentials) as gateways,
        httpx.AsyncClient(base_url=at.address, timeout=60, follow_redirects=True) as console,
    ):
        form = {"login": "bench", "password": at.password}
        origin = {"Origin": at.address}
        (await console.post("/dang-nhap", data=form, headers=origin)).raise_for_status()
        await measure_throughput(at, gateways, options.events // 10)  # everything is warm after it
        measured = await measure_throughput(at, gateways, options.events)
        report.at_least("committed", measured["rate"], unit="events/s", target=EVENTS_PER_S)
        for name, cpu_s in measured["cpu"].items():
            report.line(f"cpu_{name}", 100 * cpu_s / measured["took_s"], unit="% of a core")
        centre_s = measured["cpu"]["centre"] + measured["cpu"].get("postgresql", 0.0)
        alone = measured["rate"] * measured["took_s"] / centre_s
        report.line("committed_per_cpu_second", alone, unit="events")
        ways = sorted(await measure_console(gateways, console, options.samples))
        report.line("detection_to_console_p50", statistics.median(ways), unit="ms")
        report.at_most("detection_to_console_p99", _p99(ways), unit="ms", target=CONSOLE_P99_MS)
        live, rate = await measure_backlog(gateways, options.backlog)
        report.line("backlog", options.backlog, unit="events")
        report.line("backlog_rate", rate, unit="events/s")
        report.at_most("live_beside_backlog_p99", _p99(sorted(live)), unit="ms", target=LIVE_P99_MS)
    report.at_most("memory", at.programs.peak_mb("centre"), unit="MB", target=MEMORY_MB)


def _p99(ordered: Sequence[float]) -> float:
    return ordered[int(0.99 * len(ordered))]


def main() -> None:
    """Read arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--samples", type=int, default=100, help="ways to the console to measure")
    parser.add_argument("--backlog", type=int, default=1_000_000, help="events behind live ones")
    parser.add_argument(
        "--database",
        choices=["sqlite", "postgresql"],
        action="append",
        help="only this one, and no series",
    )
    options = parser.parse_args()
    for database in options.database or ["sqlite", "postgresql"]:
        with installation(gateways=GATEWAYS, database=database) as at:
            asyncio.run(run(database, options, at))
    if options.database is None:
        series.run()


if __name__ == "__main__":
    main()
