"""The operator's load of a bad day, before and after suppression, after ISA-18.2.

40,000 reports are drawn: littering, intruders, dead and flapping cameras, a storm, a power cut, and an
outage with its backfill. They pass the real alarm desk, clockwork and store on a clock that jumps; an
operator answers every call after three minutes. Takes about two minutes.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.alarms.drawing import MIDNIGHT, SUPPLIES, Day, draw_day
from benchmarks.alarms.replaying import count_before, missed, replay
from ioc.alarms.settings import AlarmSettings, policies_of
from tests.ioc.commune import open_commune
from tests.timeline import Call, Stage, open_stage

TEN_MINUTES = timedelta(minutes=10)
FLOOD = 10
CALLS_TARGET = 2.0
"""Per ten minutes and operator, on average."""


def settings() -> AlarmSettings:
    """Return what this commune has decided: the product's own, its supplies, and its market."""
    market = {"name": "Chợ phiên", "kinds": ["crowding"], "from": "05:00", "to": "09:00"}
    return AlarmSettings.model_validate({"depends_on": SUPPLIES, "expected": [market]})


async def run_day(day: Day, folder: Path) -> tuple[Stage, list[Call], list[str]]:
    """Replay a day in a store of its own; return the calls and the incidents they missed."""
    async with open_commune(folder) as store:
        stage = open_stage(store, policies_of(settings(), ZoneInfo("UTC")))
        calls = await replay(day, stage)
        return stage, calls, await missed(day, stage, calls)


def per_ten_minutes(calls: Sequence[datetime]) -> list[int]:
    """Return how many calls each ten minutes of the day had."""
    counts = [0] * 144
    for at in calls:
        index = (at - MIDNIGHT) // TEN_MINUTES
        if 0 <= index < len(counts):
            counts[index] += 1
    return counts


def main() -> None:
    """Draw, replay, print JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=18_2)
    given = parser.parse_args()
    day = draw_day(given.seed, events=given.events)
    _say(f"{len(day.reports)} reports, {len(day.incidents)} incidents; replaying")
    with tempfile.TemporaryDirectory() as folder:
        _, calls, overlooked = asyncio.run(run_day(day, Path(folder)))
    for name in overlooked:
        _say(f"missed: {name}")
    _row("reports", len(day.reports), "reports")
    _load("before", count_before(day))
    _load("after", [call.at for call in calls], target=CALLS_TARGET)
    for reason in sorted({call.reason for call in calls}):
        _row(f"after_{reason}", sum(call.reason == reason for call in calls), "calls")
    _row("incidents", len(day.incidents), "incidents")
    _row("incidents_missed", len(overlooked), "incidents", target=0, met=not overlooked)


def _load(when: str, calls: Sequence[datetime], *, target: float | None = None) -> None:
    counts = per_ten_minutes(calls)
    mean = sum(counts) / len(counts)
    _row(f"{when}_calls", len(calls), "calls")
    met = None if target is None else mean <= target
    _row(f"{when}_mean", round(mean, 2), "calls/10 min", target=target, met=met)
    _row(f"{when}_most", max(counts), "calls/10 min")
    flooded = sum(count >= FLOOD for count in counts) / len(counts)
    _row(f"{when}_in_flood", round(100 * flooded, 1), "% of the day")


def _row(
    measure: str,
    value: float,
    unit: str,
    *,
    target: float | None = None,
    met: bool | None = None,
) -> None:
    row = {"bench": "alarm_day", "measure": measure, "value": value, "unit": unit}
    print(json.dumps({**row, "target": target, "met": met}), flush=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
