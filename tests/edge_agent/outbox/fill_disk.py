"""Fills the small disk in argv[1] while an outbox lives there; prints what came of it as JSON."""

import json
import sys
from pathlib import Path

from contracts.telemetry import Metric, Sample, TelemetryRow
from tests.edge_agent.outbox.gateway import littering, make_clock, open_store, record, sent


def main() -> None:
    folder, clock = Path(sys.argv[1]), make_clock()
    store = open_store(folder, clock, max_bytes=100_000_000)
    sample = Sample(sampled_at=clock.now(), metric=Metric.CPU_SHARE, value=0.25)
    row = TelemetryRow(samples=(sample,) * 100)
    for _ in range(200):
        store.write(lambda entry: entry.record_telemetry(row))
    with (folder / "others").open("wb", buffering=0) as others:
        try:
            while True:
                others.write(bytes(4_096))
        except OSError:
            pass
    ids = [record(store, littering()) for _ in range(1_000)]
    store.close()
    events = sent(open_store(folder, clock, max_bytes=100_000_000))
    gaps = [event.data for event in events if event.kind == "outbox.gap.v1"]
    print(
        json.dumps(
            {
                "recorded": len(ids),
                "kept": len(set(ids) & {event.event_id for event in events}),
                "dropped": sum(gap.events for gap in gaps),
                "telemetry_rows": sum(gap.telemetry_rows for gap in gaps),
                "first": [gaps[0].reason, gaps[0].events],
            }
        )
    )


if __name__ == "__main__":
    main()
