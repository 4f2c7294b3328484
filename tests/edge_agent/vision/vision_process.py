"""A real vision child and the clips and cameras that tests give it to watch."""

import json
import queue
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import av
import numpy as np
from av.video.frame import VideoFrame

from edge_agent.vision.findings import FINDING
from edge_agent.vision.orders import Watch, Zone
from tests.edge_agent.vision.stage import Paint, pictures

YARD = Zone(name="yard", purpose="no_dumping", polygon=((0, 0), (1, 0), (1, 1), (0, 1)))


def write_clip(path: Path, paint: Paint, *, until_s: float, fps: int = 10, gop: int = 20) -> Path:
    """Encode a drawn scene as H.264."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.options = {"preset": "ultrafast", "x264-params": f"keyint={gop}:scenecut=0"}
        for number, (_, picture) in enumerate(pictures(paint, until_s=until_s, fps=fps)):
            planes = np.full((270, 320), 128, np.uint8)
            planes[:180] = picture
            frame = VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def watch(camera_id: str, uri: str | Path, **more: Any) -> Watch:
    """Return an order that takes the whole picture for a no-dumping zone."""
    settings = {"zones": (YARD,), "unattended_s": 5.0} | more
    return Watch(camera_id=camera_id, analysis_uri=str(uri), **settings)


class VisionProcess:
    """One `python -m edge_agent.vision`; use it as a context manager."""

    def __init__(self, spool: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edge_agent.vision", "--spool", str(spool)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.seen: list[Any] = []
        self.logged = ""
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._log)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _log(self) -> None:
        self.logged = self.process.stderr.read()

    def order(self, line: Any) -> None:
        """Give an order, or a raw line."""
        text = line if isinstance(line, str) else line.model_dump_json()
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def wait_for(self, say: str, camera_id: str, *, timeout_s: float = 15) -> Any:
        """Return the first finding of this kind about this camera."""
        for finding in self.seen:
            if finding.say == say and finding.camera_id == camera_id:
                return finding
        until_s = time.monotonic() + timeout_s
        while True:
            line = self._lines.get(timeout=max(0.01, until_s - time.monotonic()))
            assert line is not None, f"the child ended: {self.logged}"
            finding = FINDING.validate_json(line)
            self.seen.append(finding)
            if finding.say == say and finding.camera_id == camera_id:
                return finding

    def stop(self) -> int:
        """End its orders; return its exit code."""
        if self.process.stdout.closed:
            return self.process.returncode
        self.process.stdin.close()
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        for thread in self._threads:
            thread.join(5)
        while (line := self._lines.get()) is not None:
            self.seen.append(FINDING.validate_json(line))
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()
        return code

    @property
    def log_lines(self) -> list[dict[str, Any]]:
        """What it logged, after `stop`."""
        return [json.loads(line) for line in self.logged.splitlines()]
