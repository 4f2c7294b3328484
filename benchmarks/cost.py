"""CPU and memory per live stream: this agent, Debian's `motion`, the usual pipeline; JSON lines.

All watch the same drawn streams over RTSP on the loopback, those of one row at the same time or
one after the other within the same minutes. `--quick` measures a small part in seven minutes.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from live.drawing import Drawn, draw
from live.serving import Served, serving
from live.systems import Agent, Name, System, running
from live.usage import CORES, family, idle_s, usage

OUT = Path(__file__).parent / "out" / "live"
NAMES: tuple[Name, ...] = ("agent", "motion", "usual")
WARM_S, REST_S, QUIET_S, BUSY_S, LAST_WORDS_S = 24.0, 64.0, 120.0, 30.0, 5.0
"""A camera is watched for months: what is learned of a stream within its first twenty seconds is
known when counting begins, by every system. At rest, where little else is done, also the pictures of a
whole minute are kept by then, by whoever keeps them; and what is done once or twice a minute is counted
as often as it comes."""
LATE_S = 1.0
"""Who takes a picture so long after it was sent does not keep up."""
FULL_SHARE = 0.85
"""Nor does who needs so much of all cores: `motion` then passes over pictures and says nothing."""
CROWDED_SHARE = 0.25
"""More of the machine than this for others makes figures doubtful."""
FOUND = 0.95


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is measured: so many streams of one kind."""

    drawn: Drawn
    streams: int
    together: bool = False
    """All systems at once, which two cores can carry only for few streams.

    Not at rest: who does a little now and then, on cores that others keep busy, pays up to a tenth more for
    it, and no camera comes with three systems.
    """

    @property
    def window_s(self) -> float:
        """How long it is measured: half the loop holds one walk in every stream.

        The kernel counts in hundredths of a second, of which one stream uses few.
        """
        return (BUSY_S if self.drawn.busy else QUIET_S) * (4 if self.streams == 1 else 1)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one system needed in one case."""

    case: Case
    system: Name
    kept_up: bool
    ms_per_stream_s: float = 0.0
    peak_mb: float = 0.0
    ring_mb: float = 0.0
    walkers_found: float | None = None
    false_motions: int = 0


def cases(*, quick: bool) -> Iterator[Case]:
    """Yield everything to be measured, in order."""
    sub, main = "640x360", "1080p"
    few = [(sub, "cbr", True, 8, True), (sub, "cbr", False, 8, True)]
    few += [(main, "cbr", True, 1, True)]
    more = [(sub, "cbr", True, n, n <= 8) for n in (1, 8, 32, 64)]
    more += [(sub, "cbr", False, n, False) for n in (8, 64)]
    more += [(sub, "vbr", busy, 8, busy) for busy in (True, False)]
    more += [(main, "cbr", True, n, n == 1) for n in (1, 8, 32, 64)]
    more += [(main, "cbr", False, n, False) for n in (8, 64)]
    more += [(main, "vbr", busy, 4, busy) for busy in (True, False)]
    for resolution, rate, busy, streams, together in few if quick else more:
        drawn = Drawn(resolution=resolution, rate=rate, busy=busy)  # type: ignore[arg-type]
        yield Case(drawn=drawn, streams=streams, together=together)


class Watched:
    """One system in one case, over the time of its measurement."""

    def __init__(self, case: Case, system: Name, running: System, served: Served) -> None:
        self._case, self._name, self._running, self._served = case, system, running, served
        self._late_s = self._peak_mb = self._begin_s = self._begin_cpu_s = 0.0
        self._begin_idle_s = self._used = self._end_s = self._ring_mb = 0.0
        self._failed = False
        self.share = self.idle_share = 0.0
        """Of all cores, what this system used and what nobody used."""

    def begin(self) -> None:
        """Begin to count; everything is warm."""
        playing = self._served.report()["playing"]
        self._failed = playing < self._case.streams or self._running.process.poll() is not None
        self._pids = family(self._running.process.pid)
        self._begin_s, self._begin_idle_s = time.monotonic(), idle_s()
        self._begin_cpu_s = usage(self._pids).cpu_s

    def look(self) -> bool:
        """Note memory and delay; return whether it keeps up."""
        self._peak_mb = max(self._peak_mb, usage(self._pids).memory_mb)
        self._late_s = max(self._late_s, self._served.report()["late_s"])
        return not self._failed and self._late_s < LATE_S

    def end(self) -> None:
        """Stop counting."""
        self._used = usage(self._pids).cpu_s - self._begin_cpu_s
        self._end_s = time.monotonic()
        passed_s = self._end_s - self._begin_s
        self.share = self._used / passed_s / CORES
        self.idle_share = (idle_s() - self._begin_idle_s) / passed_s / CORES
        if isinstance(self._running, Agent):
            self._ring_mb = self._running.ring_mb

    def result(self, *, full: bool) -> Result:
        """Return what was measured; the system has ended; `full`: the cores did not suffice."""
        streams = range(self._case.streams)
        found = walks = false = 0
        for stream in streams:
            moved = self._running.intervals.get(stream, [])
            walked = []
            if self._case.drawn.busy:
                walked = self._served.walks(stream, self._begin_s, self._end_s)
            walks += len(walked)
            found += sum(any(a < end and b > begin for a, b in moved) for begin, end in walked)
            if not self._case.drawn.busy:
                false += sum(b > self._begin_s for _, b in moved)
        lost = isinstance(self._running, Agent) and self._running.has_missed
        return Result(
            case=self._case,
            system=self._name,
            kept_up=not (self._failed or lost or self._late_s >= LATE_S or full),
            ms_per_stream_s=1000 * self._used / (self._end_s - self._begin_s) / len(streams),
            peak_mb=self._peak_mb,
            ring_mb=self._ring_mb,
            walkers_found=found / walks if walks else None,
            false_motions=false,
        )


def measure(case: Case, names: tuple[Name, ...]) -> list[Result]:
    """Run these systems at the same time; return what each needed."""
    video = draw(case.drawn, OUT)
    watched: list[Watched] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = [stack.enter_context(serving(video, case.streams)) for _ in names]
        for name, served in zip(names, servers, strict=True):
            system = stack.enter_context(running(name, served.uris, folder, case.drawn.size))
            watched.append(Watched(case, name, system, served))
        time.sleep(WARM_S if case.drawn.busy else REST_S)
        for one in watched:
            one.begin()
        until_s = time.monotonic() + case.window_s
        keeps_up = True
        while time.monotonic() < until_s and keeps_up:
            time.sleep(2.0)
            looks = [one.look() for one in watched]
            keeps_up = all(looks)
        for one in watched:
            one.end()
        time.sleep(LAST_WORDS_S if case.drawn.busy else 0.0)
    share = sum(one.share for one in watched)
    if (others := 1.0 - share - watched[0].idle_share) > CROWDED_SHARE:
        sys.stderr.write(f"cost: something else used {others:.0%} of this machine meanwhile\n")
    return [one.result(full=share > FULL_SHARE) for one in watched]


def measure_all(case: Case, hopeless: set[Name]) -> list[Result]:
    """Measure every system that may still keep up; note those that did not."""
    names = tuple(name for name in NAMES if name not in hopeless)
    turns = [names] if case.together else [(name,) for name in names]
    results = [result for turn in turns for result in measure(case, turn)]
    hopeless |= {result.system for result in results if not result.kept_up}
    missing = [name for name in NAMES if name not in names]
    return results + [Result(case=case, system=name, kept_up=False) for name in missing]


def row(result: Result, peers: dict[Name, float]) -> dict[str, object]:
    """Return one row; where a system did not keep up, it holds no figure of cost."""
    drawn, kept_up = result.case.drawn, result.kept_up

    def ratio(name: Name) -> float | None:
        peer = peers.get(name)
        return round(result.ms_per_stream_s / peer, 4) if kept_up and peer else None

    line: dict[str, object] = {
        "bench": "cost",
        "system": result.system,
        "resolution": drawn.resolution,
        "rate": drawn.rate,
        "busy": 0.2 if drawn.busy else 0.0,
        "streams": result.case.streams,
        "ms_per_stream_s": round(result.ms_per_stream_s, 3) if kept_up else None,
        "ratio_vs_motion": ratio("motion"),
        "ratio_vs_usual": ratio("usual"),
        "peak_rss_mb": round(result.peak_mb, 1) if kept_up else None,
        "walkers_found": None if result.walkers_found is None else round(result.walkers_found, 3),
    }
    return line if kept_up else line | {"kept_up": False}


def target(measure_name: str, value: float, limit: float, unit: str) -> dict[str, object]:
    """Return one row about a target; smaller is better."""
    return {
        "bench": "cost",
        "measure": measure_name,
        "value": round(value, 4),
        "unit": unit,
        "target": limit,
        "met": value <= limit,
    }


def targets(results: list[Result]) -> Iterator[dict[str, object]]:
    """Yield a row for every promise that these results speak of."""
    kept = [result for result in results if result.kept_up]
    costs = {(r.case, r.system): r.ms_per_stream_s for r in kept}
    agents = [result for result in kept if result.system == "agent"]
    for result in agents:
        case, drawn = result.case, result.case.drawn
        of = f"{drawn.name}-{case.streams}"
        for peer in ("motion", "usual"):
            if cost := costs.get((case, peer)):
                limit = 0.2 if drawn.busy else 0.1
                yield target(f"ratio_vs_{peer}:{of}", result.ms_per_stream_s / cost, limit, "1")
        if case.streams == 64 and drawn.resolution == "640x360" and drawn.busy:
            share = result.ms_per_stream_s * case.streams / 1000
            yield target(f"cores:{of}", share, 1 / 3, "cores")
    yield from memory(agents)
    missed = [1 - r.walkers_found for r in kept if r.walkers_found is not None]
    yield target("walkers_missed_by_any", max(missed, default=0.0), 1 - FOUND, "share")
    false = sum(result.false_motions for result in kept)
    yield target("motions_where_nobody_walks", false, 0, "motions")


def memory(agents: list[Result]) -> Iterator[dict[str, object]]:
    """Yield what one more camera takes in memory, its ring left out."""
    for resolution in ("640x360", "1080p"):
        same = [r for r in agents if r.case.drawn.resolution == resolution and r.case.drawn.busy]
        same = [r for r in same if r.case.drawn.rate == "cbr"]
        if len(same) > 1:
            few = min(same, key=lambda r: r.case.streams)
            many = max(same, key=lambda r: r.case.streams)
            grown = (many.peak_mb - many.ring_mb) - (few.peak_mb - few.ring_mb)
            each = grown / (many.case.streams - few.case.streams)
            name = f"memory_per_camera:{resolution}-{few.case.streams}..{many.case.streams}"
            yield target(name, each, 12.0, "MB")


def put(line: dict[str, object]) -> None:
    """Print one row."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Measure case by case and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small part, in three minutes")
    quick = parser.parse_args().quick
    if shutil.which("motion") is None:
        raise SystemExit("cost: motion is not installed; run scripts/setup bench")
    OUT.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    hopeless: dict[Drawn, set[Name]] = {}
    for case in cases(quick=quick):
        sys.stderr.write(f"cost: {case.streams} × {case.drawn.name}\n")
        measured = measure_all(case, hopeless.setdefault(case.drawn, set()))
        peers = {r.system: r.ms_per_stream_s for r in measured if r.kept_up}
        for result in measured:
            put(row(result, peers))
        results += measured
    for line in targets(results):
        put(line)


if __name__ == "__main__":
    main()
