"""CPU seconds per stream second of `edge-agent replay` on drawn H.264 streams; prints JSON lines.

The scene is textured, has sensor noise, and somebody walks through it 20 % of the time; 15 fps,
GOP 2 s, no B-frames, constant bit rate. Sixty drawn seconds are repeated by remuxing.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
FPS, DRAWN_S, REPEATS = 15, 60, 10
WALKS = ((10.0, 16.0), (34.0, 40.0))
"""Seconds of every minute in which somebody walks through the picture."""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One stream to draw and the most that its analysis may cost."""

    name: str
    width: int
    height: int
    kbit_s: int
    target: float


STREAMS = (
    Stream(name="640x360", width=640, height=360, kbit_s=512, target=0.0066),
    Stream(name="1080p", width=1920, height=1080, kbit_s=2000, target=0.024),
)


class Drawing:
    """A street that stands still, and who walks in it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        rng = np.random.default_rng(7)
        coarse = rng.uniform(60, 190, (12, 20))
        fine = rng.normal(0, 10, (stream.height, stream.width))
        repeat = (-(-stream.height // 12), -(-stream.width // 20))
        blocks = np.kron(coarse, np.ones(repeat))[: stream.height, : stream.width]
        self._still = blocks + fine
        self._noise = [rng.normal(0, 2.0, blocks.shape) for _ in range(7)]

    def picture(self, number: int) -> NDArray[np.uint8]:
        """Return the luma of one picture."""
        image = self._still + self._noise[(number * 5) % 7]
        t_s = number / FPS
        for begin_s, end_s in WALKS:
            if begin_s <= t_s < end_s:
                self._walk(image, (t_s - begin_s) / (end_s - begin_s))
        return np.clip(image, 0, 255).astype(np.uint8)

    def _walk(self, image: NDArray[np.float64], way: float) -> None:
        height, width = self._stream.height // 4, self._stream.height // 12
        left = round(way * (self._stream.width + width)) - width
        top = round(0.55 * self._stream.height + 3 * np.sin(way * 60))
        image[top : top + height, max(0, left) : max(0, left + width)] = 35


def draw(stream: Stream, folder: Path) -> Path:
    """Return the stream as a file, drawn and encoded unless it is there."""
    target = folder / f"{stream.name}.mp4"
    if target.exists():
        return target
    once = folder / f"{stream.name}.once.mp4"
    rate = f"{stream.kbit_s}k"
    source = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{stream.width}x{stream.height}")
    codec = ("-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-bf", "0")
    gop = ("-g", str(2 * FPS), "-keyint_min", str(2 * FPS), "-sc_threshold", "0")
    constant = ("-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate)
    command = ["ffmpeg", "-y", "-v", "error", *source, "-r", str(FPS), "-i", "-"]
    command += [*codec, *gop, *constant, "-x264-params", "nal-hrd=cbr", str(once)]
    drawing = Drawing(stream)
    with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin is not None  # noqa: S101 - a pipe was asked for
        for number in range(FPS * DRAWN_S):
            ffmpeg.stdin.write(drawing.picture(number).tobytes())
    partial = folder / f"{stream.name}.part.mp4"
    loop = ["-stream_loop", str(REPEATS - 1), "-i", str(once), "-c", "copy", str(partial)]
    subprocess.run(["ffmpeg", "-y", "-v", "error", *loop], check=True)
    once.unlink()
    return partial.replace(target)


def measure(video: Path) -> dict[str, float]:
    """Return the summary of one replay and how many walks it saw."""
    command = [sys.executable, "-m", "edge_agent", "replay", str(video)]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [json.loads(line) for line in shown.splitlines()]
    summary: dict[str, float] = lines[-1]
    motions = [(m["t_start_s"], m["t_end_s"]) for m in lines if m["type"] == "motion"]
    walks = [
        (minute * DRAWN_S + begin, minute * DRAWN_S + end)
        for minute in range(REPEATS)
        for begin, end in WALKS
    ]
    seen = sum(any(a < end and b > begin for a, b in motions) for begin, end in walks)
    return {**summary, "walks_seen": seen / len(walks)}


def row(measure_name: str, value: float, unit: str, target: float, *, met: bool) -> None:
    """Print one result."""
    line = {
        "bench": "replay",
        "measure": measure_name,
        "value": round(value, 5),
        "unit": unit,
        "target": target,
        "met": met,
    }
    print(json.dumps(line), flush=True)


def main() -> None:
    """Draw what is missing, replay and report."""
    folder = HERE / "out"
    folder.mkdir(exist_ok=True)
    for stream in STREAMS:
        cost = measure(draw(stream, folder))
        per_s = cost["cpu_s"] / cost["stream_s"]
        row(
            f"cpu_s_per_stream_s_{stream.name}",
            per_s,
            "s/s",
            stream.target,
            met=per_s <= stream.target,
        )
        seen = cost["walks_seen"]
        row(f"walks_seen_{stream.name}", seen, "share", 0.95, met=seen >= 0.95)
        peak = cost["peak_rss_mb"]
        row(f"peak_rss_{stream.name}", peak, "MB", 200.0, met=peak <= 200.0)


if __name__ == "__main__":
    main()
