"""The parent's side of the RTSP server process."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from live.drawing import FPS, LOOP_S, WALKS
from live.feed import phase_of

BENCHMARKS = Path(__file__).resolve().parents[1]
LOOPS = 4
"""Packed so often that sequence numbers run on for as long as anybody watches."""


class Served:
    """Streams that are being served."""

    def __init__(self, process: "subprocess.Popen[str]", streams: int) -> None:
        self._process = process
        self._streams = streams
        listening = self._next()
        self._begun_s: float = listening["begun_s"]
        self.uris = [f"rtsp://127.0.0.1:{listening['port']}/cam{k}" for k in range(streams)]

    def _next(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told

    def _order(self, order: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()

    def report(self) -> dict[str, Any]:
        """Return how late viewers were since the last report, how many play, what it has cost."""
        self._order("report")
        return self._next()

    def hang(self, stream: int) -> None:
        """Let one stream fall silent, its connections open."""
        self._order(f"hang {stream}")

    def walks(self, stream: int, begin_s: float, end_s: float) -> list[tuple[float, float]]:
        """Return when somebody walks through a stream, of walks mostly within the interval."""
        begun_s = self._begun_s - phase_of(stream, self._streams) / FPS
        walks = [
            (begun_s + loop * LOOP_S + begin, begun_s + loop * LOOP_S + end)
            for loop in range(LOOPS)
            for begin, end in WALKS
        ]
        return [(begin, end) for begin, end in walks if begin_s <= begin and begin + 3.0 <= end_s]


@contextmanager
def serving(video: Path, streams: int) -> Iterator[Served]:
    """Serve a drawn file as so many streams; ended on exit."""
    command = [sys.executable, "-m", "live.feed", str(video), str(streams), str(LOOPS)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=BENCHMARKS
    ) as process:
        try:
            yield Served(process, streams)
        finally:
            assert process.stdin is not None  # noqa: S101 - a pipe was asked for
            process.stdin.close()
            process.wait(5)
