"""A real VictoriaMetrics of its own for a test: free port, everything in one folder."""

import subprocess
from pathlib import Path

import httpx

from tests.fakes.ports import find_free_port, wait_until_listening
from tests.fakes.programs import find_program


class VictoriaMetrics:
    """One process on 127.0.0.1; `start` and `kill` may alternate on the same port and files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = find_free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, deduplication: str = "1ms") -> None:
        """Start the process and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [
            find_program("victoria-metrics"),
            f"-httpListenAddr=127.0.0.1:{self.port}",
            f"-storageDataPath={self.folder / 'data'}",
            f"-dedup.minScrapeInterval={deduplication}",
            "-retentionPeriod=100y",
            "-memory.allowedBytes=64MB",
            "-loggerLevel=ERROR",
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until_listening(self.port)

    def flush(self) -> None:
        """Make what was written visible, which happens by itself about a second later."""
        httpx.get(f"{self.url}/internal/force_flush", trust_env=False).raise_for_status()

    def forget_everything(self) -> None:
        """Delete all series, for the next test."""
        httpx.get(
            f"{self.url}/api/v1/admin/tsdb/delete_series",
            params={"match[]": '{__name__!=""}'},
            trust_env=False,
        ).raise_for_status()

    def kill(self) -> None:
        """End the process as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
