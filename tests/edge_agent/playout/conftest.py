"""A real player child, real loudspeakers and audio to play on them."""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

PATIENCE_S = 30.0


class Child:
    """A process that speaks JSON lines."""

    def __init__(self, *arguments: str, stderr: int | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        self.heard: list[dict] = []
        self._lines: queue.Queue[dict | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def say(self, line: dict | str) -> None:
        text = line if isinstance(line, str) else json.dumps(line)
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def wait_for(self, wanted: Callable[[dict], bool]) -> dict:
        """Return the first line heard, now or later, that is wanted."""
        for line in self.heard:
            if wanted(line):
                return line
        deadline_s = time.monotonic() + PATIENCE_S
        try:
            while line := self._lines.get(timeout=max(0.0, deadline_s - time.monotonic())):
                self.heard.append(line)
                if wanted(line):
                    return line
        except queue.Empty:
            raise AssertionError(f"in time it only said {self.heard}") from None
        raise AssertionError(f"it ended and only said {self.heard}")

    def end(self) -> int:
        """Close stdin and wait; the rest of what it said is in `heard`."""
        self.process.stdin.close()
        code = self.process.wait(PATIENCE_S)
        self._reader.join()
        while line := self._lines.get_nowait():
            self.heard.append(line)
        self.process.stdout.close()
        return code

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe and not pipe.closed:
                pipe.close()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)


class Loudspeaker(Child):
    """A simulated loudspeaker and where it listens."""

    def __init__(self, address: str, codec: str, record: Path) -> None:
        super().__init__(
            "simulator.loudspeaker", "--listen", address, "--port", "0",
            "--record", str(record), "--codec", codec,
        )  # fmt: skip
        self.codec = codec
        self.address = address
        self.port = self.wait_for(lambda line: line["event"] == "ready")["port"]

    def sink(self) -> dict:
        where = {"address": self.address, "port": self.port, "codec": self.codec}
        return {"driver": "rtp_multicast", **where, "interface": "127.0.0.1"}

    def played(self) -> list[dict]:
        return [line for line in self.heard if line["event"] == "played"]


class Player(Child):
    """The player child under test."""

    def __init__(self, stderr: int | None = None) -> None:
        super().__init__("edge_agent.playout", stderr=stderr)

    def install(self, loudspeaker_id: str, sink: dict) -> None:
        self.say({"do": "install", "loudspeaker_id": loudspeaker_id, "sink": sink})

    def play(self, broadcast_id: str, on: str, audio: Path, priority="routine", **more) -> None:
        order = {"do": "play", "broadcast_id": broadcast_id, "loudspeaker_id": on}
        self.say({**order, "audio_path": str(audio), "priority": priority, **more})

    def states(self, broadcast_id: str, on: str | None = None) -> list[str]:
        return [
            line["state"]
            for line in self.heard
            if line.get("broadcast_id") == broadcast_id and on in {None, line["loudspeaker_id"]}
        ]

    def wait_until(self, broadcast_id: str, state: str, on: str | None = None) -> dict:
        return self.wait_for(
            lambda line: (
                line.get("broadcast_id") == broadcast_id
                and line.get("state") == state
                and on in {None, line["loudspeaker_id"]}
            )
        )


@pytest.fixture
def player():
    child = Player()
    yield child
    child.kill()


@pytest.fixture
def loudspeaker(tmp_path):
    """Make loudspeakers; each records into a folder of its own."""
    made: list[Loudspeaker] = []

    def make(address: str = "127.0.0.1", codec: str = "pcmu") -> Loudspeaker:
        made.append(Loudspeaker(address, codec, tmp_path / f"loa-{len(made)}"))
        return made[-1]

    yield make
    for one in made:
        one.kill()


@pytest.fixture(scope="session")
def announcement(tmp_path_factory) -> Path:
    """1.5 s of noise in syllables, Opus in Ogg, 48 kHz mono."""
    return write_opus(tmp_path_factory.mktemp("audio") / "announcement.opus", seconds=1.5, seed=1)


@pytest.fixture(scope="session")
def programme(tmp_path_factory) -> Path:
    """30 s, to be cut short."""
    return write_opus(tmp_path_factory.mktemp("audio") / "programme.opus", seconds=30, seed=2)


def write_opus(path: Path, *, seconds: float, seed: int) -> Path:
    count = int(seconds * 48000)
    noise = np.random.default_rng(seed).standard_normal(count)
    smooth = np.convolve(noise, np.ones(48) / 12, mode="same")
    loudness = 0.3 + np.abs(np.sin(np.arange(count) / 7000))
    samples = (smooth * loudness * 4000).clip(-32000, 32000).astype(np.int16)
    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48000)
        stream.layout = "mono"
        stream.bit_rate = 48000
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
