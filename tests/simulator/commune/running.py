"""`python -m simulator` as `make run` starts it, seen from outside."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self


class RunningCommune:
    """One run in one data folder; leaving the context ends it."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self._log = data.parent / "runner.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "simulator", "--json", "--data", data, *options],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.end()
        self._process.stdout.close()

    async def wait_until_ready(self) -> dict:
        while line := await asyncio.to_thread(self._process.stdout.readline):
            said = json.loads(line)
            if said["event"] == "ready":
                return said
        raise AssertionError(f"it ended before it was ready: {self._log.read_text()}")

    def end(self) -> int:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=60)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def processes(self) -> list[str]:
        """Command lines of everything else on this machine that works in the data folder."""
        own = str(self._process.pid)
        return [line for pid, line in _command_lines() if str(self.data) in line and pid != own]

    def secrets_in_arguments(self) -> list[str]:
        """Command lines of this machine that show one of the commune's secrets."""
        secrets = [path.read_text().strip() for path in (self.data / "secrets").iterdir()]
        assert all(secrets)
        return [line for _, line in _command_lines() if any(secret in line for secret in secrets)]


def _command_lines() -> list[tuple[str, str]]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked
            found.append((entry.name, arguments))
    return found
