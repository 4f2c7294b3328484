"""Real player children, as the agent starts them, and what they cost."""

import json
import subprocess
import sys
import wave
from pathlib import Path
from typing import IO, Any, Self

import numpy as np


class Player:
    """One `python -m edge_agent.playout`."""

    def __init__(self, *, codec: str = "pcmu") -> None:
        self._codec = codec
        self._process = subprocess.Popen(
            [sys.executable, "-m", "edge_agent.playout"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _pipe(self._process.stdin).close()
        _pipe(self._process.stdout).read()
        self._process.wait()

    def install(self, ports: list[int]) -> None:
        """Make loudspeakers known, one at each port."""
        self._say(
            {
                "do": "install",
                "loudspeaker_id": str(port),
                "sink": {
                    "driver": "rtp_multicast",
                    "address": "127.0.0.1",
                    "port": port,
                    "codec": self._codec,
                },
                "volume_db": -6,
            }
            for port in ports
        )

    def play(
        self,
        name: str,
        ports: list[int],
        audio: Path,
        *,
        start_at_s: float | None,
        priority: str = "routine",
    ) -> None:
        """Order one broadcast on loudspeakers."""
        self._say(
            {
                "do": "play",
                "broadcast_id": name,
                "loudspeaker_id": str(port),
                "priority": priority,
                "audio_path": str(audio),
                "start_at_s": start_at_s,
            }
            for port in ports
        )

    def wait_for(self, state: str, count: int) -> list[dict[str, Any]]:
        """The next reports of this state, so many."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            line = json.loads(_pipe(self._process.stdout).readline())
            if line.get("state") == "failed":
                raise RuntimeError(line["detail"])
            if line.get("state") == state:
                found.append(line)
        return found

    def cpu_s(self) -> float:
        """CPU time it has used so far, its decoder not counted."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        fields = stat.rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def _say(self, orders: Any) -> None:  # noqa: ANN401 - JSON objects
        lines = "".join(json.dumps(order) + "\n" for order in orders)
        _pipe(self._process.stdin).write(lines.encode())
        _pipe(self._process.stdin).flush()


def write_tone(path: Path, seconds: float) -> Path:
    """A tone at 48 kHz."""
    samples = np.sin(np.arange(round(seconds * 48000)) * 0.05) * 8000
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48000)
        out.writeframes(samples.astype("<i2").tobytes())
    return path


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("the child was started without a pipe")
    return stream
