"""The systems that are compared: how each is started, and when it says that something moves."""

import json
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from edge_agent.vision.orders import Watch, Zone

BENCHMARKS = Path(__file__).resolve().parents[1]
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
Name = Literal["agent", "motion", "usual"]
MOTION_EVENT_GAP_S = 3
MOTION_SHARE = 0.0065
"""Of the picture that must change: `motion`'s own default of 1500 pixels at 640×360."""


class System(ABC):
    """One running system; `intervals` are when each stream moved, open ones without end."""

    def __init__(self, command: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=BENCHMARKS,
        )
        self.intervals: dict[int, list[tuple[float, float]]] = {}
        self._since_s: dict[int, float] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 - a pipe was asked for
        for line in self.process.stdout:
            self.take(line)

    @abstractmethod
    def take(self, line: str) -> None:
        """Understand one line of its output."""

    def moves(self, stream: int, since_s: float) -> None:
        """Note that motion began."""
        self._since_s[stream] = since_s

    def rests(self, stream: int, until_s: float) -> None:
        """Note that motion ended."""
        since_s = self._since_s.pop(stream, until_s)
        self.intervals.setdefault(stream, []).append((since_s, until_s))

    def stop(self) -> None:
        """End it and take in its last words."""
        assert self.process.stdin is not None  # noqa: S101 - a pipe was asked for
        with suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)
        for stream in list(self._since_s):
            self.rests(stream, float("inf"))


def watch(stream: int, uri: str) -> Watch:
    """Return the order for one stream: the whole picture is watched, for both purposes."""
    zones = (
        Zone(name="street", purpose="no_dumping", polygon=WHOLE),
        Zone(name="street", purpose="motion", polygon=WHOLE),
    )
    return Watch(camera_id=str(stream), analysis_uri=uri, zones=zones)


class Agent(System):
    """The vision child, started and ordered as the agent does."""

    def __init__(self, uris: Sequence[str], spool: Path) -> None:
        self.health: dict[int, dict[str, Any]] = {}
        self.lost: list[str] = []
        python = (sys.executable, "-m", "edge_agent.vision")
        super().__init__((*python, "--spool", str(spool)))
        for stream, uri in enumerate(uris):
            self.order(watch(stream, uri))

    def order(self, order: Watch) -> None:
        """Have a camera watched."""
        assert self.process.stdin is not None  # noqa: S101 - a pipe was asked for
        self.process.stdin.write(order.model_dump_json() + "\n")
        self.process.stdin.flush()

    def take(self, line: str) -> None:
        """Understand one finding."""
        try:
            finding = json.loads(line)
        except ValueError:
            sys.stderr.write(line)
            return
        match finding.get("say"):
            case "motion_started":
                self.moves(int(finding["camera_id"]), finding["at_s"])
            case "motion_ended":
                self.rests(int(finding["camera_id"]), finding["at_s"])
            case "health":
                self.health[int(finding["camera_id"])] = finding
            case "lost":
                self.lost.append(finding["detail"])

    @property
    def has_missed(self) -> bool:
        """Whether it lost a camera, or had no time for some of the pictures."""
        return bool(self.lost) or any(f["dropped_frames"] for f in self.health.values())

    @property
    def ring_mb(self) -> float:
        """What its rings held when it last said."""
        return sum(finding["ring_bytes"] for finding in self.health.values()) / 1024 / 1024


class Motion(System):
    """Debian's `motion`: one process, detection only, nothing recorded."""

    def __init__(self, uris: Sequence[str], folder: Path, size: tuple[int, int]) -> None:
        width, height = size
        shared = {
            "daemon": "off",
            "log_level": 6,
            "target_dir": folder,
            "width": width,
            "height": height,
            "framerate": 15,
            "threshold": round(MOTION_SHARE * width * height),
            "event_gap": MOTION_EVENT_GAP_S,
            "picture_output": "off",
            "movie_output": "off",
            "webcontrol_port": 0,
            "stream_port": 0,
        }
        lines = [f"{key} {value}\n" for key, value in shared.items()]
        for stream, uri in enumerate(uris):
            camera = folder / f"camera{stream}.conf"
            camera.write_text(f"camera_id {stream + 1}\nnetcam_url {uri}\n")
            lines.append(f"camera {camera}\n")
        (folder / "motion.conf").write_text("".join(lines))
        super().__init__(("motion", "-n", "-c", str(folder / "motion.conf")))

    def take(self, line: str) -> None:
        """Understand one line of its log: `[1:ml1] [NTC] … Motion detected - starting event 1`."""
        thread = line.partition("]")[0].strip("[")
        if ":ml" not in thread:
            return
        stream = int(thread.partition(":ml")[2]) - 1
        if "starting event" in line:
            self.moves(stream, time.monotonic())
        elif "End of event" in line:
            self.rests(stream, time.monotonic() - MOTION_EVENT_GAP_S)

    def stop(self) -> None:
        """End it: it does not read its standard input."""
        self.process.terminate()
        super().stop()


class Usual(System):
    """An ffmpeg child per camera and a running average over its raw pictures."""

    def __init__(self, uris: Sequence[str], size: tuple[int, int]) -> None:
        # Such pipelines look at 1280×720 at most.
        width, height = min(size, (1280, 720))
        python = (sys.executable, "-m", "live.usual")
        super().__init__((*python, str(width), str(height), *uris))

    def take(self, line: str) -> None:
        """Understand one line."""
        try:
            told = json.loads(line)
        except ValueError:
            return
        (self.moves if told["moving"] else self.rests)(told["stream"], told["at_s"])


@contextmanager
def running(
    name: Name, uris: Sequence[str], folder: Path, size: tuple[int, int]
) -> Iterator[System]:
    """Run one system on these streams; ended on exit."""
    folder = folder / name
    folder.mkdir()
    system: System
    match name:
        case "agent":
            system = Agent(uris, folder)
        case "motion":
            system = Motion(uris, folder, size)
        case "usual":
            system = Usual(uris, size)
    try:
        yield system
    finally:
        system.stop()
