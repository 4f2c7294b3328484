"""A simulated camera as a process of its own, and the few words tests exchange with it."""

import json
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

PASSWORD = "cam & p@ss:w/ord"


class SimulatedCamera:
    """One `python -m simulator.camera`; `settings` are those of simulator/README.md."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "camera.json"
        config.write_text(json.dumps({"password": PASSWORD, **settings}, default=str))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "simulator.camera", "--config", str(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.seen: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        try:
            ready = self.wait_for("ready", timeout_s=20)
        except BaseException:
            self.stop()
            raise
        self.xaddr: str = ready["xaddr"]
        self.main: str = ready["rtsp"][0]
        self.sub: str = ready["rtsp"][1]
        self.snapshot: str = ready["snapshot"]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._events.put(json.loads(line))
        self._events.put(None)

    def wait_for(self, name: str, *, timeout_s: float = 15) -> dict[str, Any]:
        """Return the next event of this name.

        Raises:
            TimeoutError: it does not come, or the camera ended.
        """
        while True:
            try:
                event = self._events.get(timeout=timeout_s)
            except queue.Empty:
                event = None
            if event is None:
                raise TimeoutError(f"the camera never said {name!r}, but {self.seen}")
            self.seen.append(event)
            if event["event"] == name:
                return event

    def count(self, name: str) -> int:
        """Return how many events of this name have come so far."""
        while not self._events.empty():
            event = self._events.get()
            if event is None:
                break
            self.seen.append(event)
        return sum(event["event"] == name for event in self.seen)

    def order(self, **order: Any) -> None:
        """Give one order and wait until it is obeyed."""
        self.send(json.dumps(order))
        self.wait_for("done")

    def send(self, line: str) -> None:
        """Write one line to the camera."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def stop(self) -> int:
        """End the camera by ending its standard input; return its exit code."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait(10)
        self._reader.join(10)
        self.process.stdout.close()
        return code
