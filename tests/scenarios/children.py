"""Child processes of a scenario: started, watched through their files, ended or killed."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

Found = TypeVar("Found")


def eventually(
    check: Callable[[], Found], *, within_s: float, what: str, every_s: float = 0.2
) -> Found:
    """Return the first true answer of `check`; fail with `what` after `within_s`."""
    deadline_s = time.monotonic() + within_s
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > deadline_s:
            raise AssertionError(f"not within {within_s:.0f} s: {what} (last: {answer!r})")
        time.sleep(every_s)


class Child:
    """One program; its output goes to files that stay for whoever reads a failed test."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str | Path],
        *,
        folder: Path,
        environment: Mapping[str, str],
    ) -> None:
        self.name = name
        self.output = folder / f"{name}.out"
        self.errors = folder / f"{name}.err"
        self._arguments = [str(argument) for argument in arguments]
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the program; what an earlier run wrote stays."""
        with self.output.open("ab") as output, self.errors.open("ab") as errors:
            self._process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=errors,
                env=self._environment,
            )

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running process."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self, *, within_s: float = 10) -> int:
        """End it as systemd would; return its exit code. It must end by itself."""
        return self._end(signal.SIGTERM, within_s=within_s)

    def wait(self, *, within_s: float) -> int:
        """Return the exit code of a program that ends by itself."""
        return self.process.wait(timeout=within_s)

    def tell(self, **order: object) -> None:
        """Give a simulated device an order on its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """Return the JSON lines it has printed, of one kind or all."""
        lines = self.output.read_text().splitlines() if self.output.exists() else []
        said = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in said if not name or line.get("event") == name]

    def ready(self, *, within_s: float = 30) -> dict[str, Any]:
        """Return its `ready` line once it is there."""

        def look() -> dict[str, Any] | None:
            assert not self.ended, f"{self.name} ended: {self.complaint()}"
            return next(iter(self.events("ready")), None)

        return eventually(look, within_s=within_s, what=f"{self.name} is ready") or {}

    def complaint(self) -> str:
        """Return the end of what it wrote to stderr."""
        text = self.errors.read_text(errors="replace") if self.errors.exists() else ""
        return text[-4_000:]

    def cleanup(self) -> None:
        """End it if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(timeout=10)
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def _end(self, with_signal: signal.Signals, *, within_s: float = 10) -> int:
        self.process.send_signal(with_signal)
        code = self.process.wait(timeout=within_s)
        if self.process.stdin is not None:
            self.process.stdin.close()
        return code


def program(name: str) -> Path:
    """Return a program of this virtual environment."""
    return Path(sys.executable).parent / name
