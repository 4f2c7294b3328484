"""A gateway without devices that records numbered events as fast as asked, on the real outbox and wire.

`python -m tests.scenarios.busy_gateway CONFIG TOTAL LOG PAUSE_S`: goes on after the last number in
LOG, which gets a line `number event_id` once an event is durable. Runs until SIGTERM.
"""

import asyncio
import signal
import sys
from pathlib import Path

from contracts.events import MotionStarted
from edge_agent.app import EventSource, configure_logging, make_timekeeper, run_gateway
from edge_agent.config import load
from edge_agent.outbox import Draft, Outbox


def last_number(log: Path) -> int:
    """Return how many events are durable for certain."""
    lines = log.read_text().splitlines() if log.exists() else []
    return int(lines[-1].split()[0]) if lines else 0


async def record_numbered(outbox: Outbox, *, total: int, log: Path, pause_s: float) -> None:
    """Record the events that are still missing."""
    with log.open("ab", buffering=0) as file:
        for number in range(last_number(log) + 1, total + 1):
            draft = Draft(
                data=MotionStarted(zone=f"khu {number}", share=0.5),
                moment=outbox.timekeeper.moment(),
                device_id="camera-1",
            )
            event_id = await outbox.record(draft)
            file.write(f"{number} {event_id}\n".encode())
            await asyncio.sleep(pause_s)


async def run(config: Path, source: EventSource) -> None:
    """Run the gateway of `config` with `source` as its only device, until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run_gateway(load(config), timekeeper=make_timekeeper(), stop=stop, source=source)


def main() -> None:
    """Read the command line and run."""
    config, total, log, pause_s = sys.argv[1:]
    configure_logging()

    async def source(outbox: Outbox) -> None:
        await record_numbered(outbox, total=int(total), log=Path(log), pause_s=float(pause_s))

    asyncio.run(run(Path(config), source))


if __name__ == "__main__":
    main()
