"""Ten thousand reconnects, and one hung camera among eight, in the real vision child; JSON lines.

The benchmark plays the agent: it orders a camera anew whenever the child says that it is lost.
`--reconnects N` makes it shorter.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from live.drawing import Drawn, draw
from live.dropping import dropping
from live.serving import serving
from live.systems import Agent, watch
from live.usage import resident_mb

OUT = Path(__file__).parent / "out" / "live"
RECONNECTS, WARM_RECONNECTS = 10_000, 500
MOST_GROWTH_MB = 5.0
AT_ONCE = 32
"""Cameras that reconnect at the same time: each is visited some times a second only."""
SOAK_MOST_S, REST_MOST_S = 600.0, 30.0
CAMERAS, HUNG = 8, 3
BEFORE_S, AFTER_S = 34.0, 44.0
"""Enough for two reports of every camera, the first after a start that is not counted."""
MOST_CHANGE = 0.05


def row(measure: str, value: float, unit: str, target: float | None = None) -> dict[str, object]:
    """Return one result; smaller is better."""
    return {
        "bench": "soak",
        "measure": measure,
        "value": round(value, 3),
        "unit": unit,
        "target": target,
        "met": None if target is None else value <= target,
    }


class Reconnecting(Agent):
    """The child, ordered to watch a camera again as soon as it says that it lost it."""

    def __init__(self, uris: list[str], spool: Path) -> None:
        self.reconnects = 0
        self.reasons: dict[str, int] = {}
        self._again = True
        self._uris = uris
        self._watched = set(range(len(uris)))
        super().__init__(uris, spool)

    def take(self, line: str) -> None:
        """Understand one finding; answer a loss with a new order."""
        finding = json.loads(line) if line.startswith("{") else {}
        if finding.get("say") != "lost":
            return
        stream = int(finding["camera_id"])
        self._watched.remove(stream)
        self.reconnects += 1
        self.reasons[finding["reason"]] = self.reasons.get(finding["reason"], 0) + 1
        if self._again:
            self._watch(stream)

    def _watch(self, stream: int) -> None:
        self._watched.add(stream)
        self.order(watch(stream, self._uris[stream]))

    def rest(self) -> None:
        """Order nothing more until every camera is lost."""
        self._again = False
        until_s = time.monotonic() + REST_MOST_S
        while self._watched:
            if time.monotonic() > until_s:
                raise SystemExit(f"soak: cameras that are never lost: {sorted(self._watched)}")
            time.sleep(0.1)

    def go_on(self) -> None:
        """Watch all cameras again; they rest."""
        self._again = True
        for stream in range(len(self._uris)):
            self._watch(stream)


def usual_mb(pid: int) -> float:
    """Return the median memory over three seconds."""
    samples = []
    for _ in range(15):
        samples.append(resident_mb(pid))
        time.sleep(0.2)
    return statistics.median(samples)


def reconnect(times: int) -> Iterator[dict[str, object]]:
    """Yield how the child's memory grew over so many reconnects.

    It is compared where no camera is watched: with some, it breathes by more than it may grow.
    """
    video = draw(Drawn(resolution="640x360", rate="cbr", busy=False), OUT)
    with tempfile.TemporaryDirectory() as folder, dropping(video) as uri:
        agent = Reconnecting([f"{uri}/cam{k}" for k in range(AT_ONCE)], Path(folder))
        until_s = time.monotonic() + SOAK_MOST_S
        while agent.reconnects < WARM_RECONNECTS and time.monotonic() < until_s:
            time.sleep(0.1)
        at_work_mb = usual_mb(agent.process.pid)
        agent.rest()
        warm, warm_mb = agent.reconnects, usual_mb(agent.process.pid)
        agent.go_on()
        while agent.reconnects < warm + times and time.monotonic() < until_s:
            time.sleep(0.1)
        at_work_grown_mb = usual_mb(agent.process.pid) - at_work_mb
        counted = agent.reconnects - warm
        agent.rest()
        grown_mb = usual_mb(agent.process.pid) - warm_mb
        agent.stop()
    sys.stderr.write(f"soak: losses by reason: {agent.reasons}\n")
    sys.stderr.write(f"soak: warm at {warm_mb:.1f} MB without a camera, {at_work_mb:.1f} MB with\n")
    done = row("reconnects_not_reached", max(0, times - counted), "reconnects", 0)
    yield done | {"reconnects": counted}
    yield row("rss_growth", grown_mb, "MB", MOST_GROWTH_MB)
    yield row("rss_growth_at_work", at_work_grown_mb, "MB")


def hang() -> Iterator[dict[str, object]]:
    """Yield by how much the frame rate of any other camera changes when one hangs."""
    video = draw(Drawn(resolution="640x360", rate="cbr", busy=True), OUT)
    with tempfile.TemporaryDirectory() as folder, serving(video, CAMERAS) as served:
        agent = Agent(served.uris, Path(folder))
        time.sleep(BEFORE_S)
        before = {stream: finding["fps"] for stream, finding in agent.health.items()}
        served.hang(HUNG)
        time.sleep(AFTER_S)
        after = {stream: finding["fps"] for stream, finding in agent.health.items()}
        lost = list(agent.lost)
        agent.stop()
    others = [stream for stream in range(CAMERAS) if stream != HUNG]
    changes = [abs(after[stream] - before[stream]) / before[stream] for stream in others]
    yield row("frame_rate_change_of_others", max(changes), "share", MOST_CHANGE)
    yield row("hung_camera_not_told", 0 if len(lost) == 1 else 1, "cameras", 0)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reconnects", type=int, default=RECONNECTS)
    times = parser.parse_args().reconnects
    OUT.mkdir(parents=True, exist_ok=True)
    for line in (*reconnect(times), *hang()):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
