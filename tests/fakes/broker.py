"""A real mosquitto of its own for a test: free port, no anonymous access, everything in one folder."""

import base64
import getpass
import hashlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.fakes.ports import find_free_port, wait_until_listening

_RUNNING = b" running\n"
_START_PATIENCE_S = 10.0


class RealBroker:
    """One mosquitto process on 127.0.0.1; `start`, `kill` and `stop` may alternate on the same port.

    `username` and `password` name a user who may read and write everything. An ACL for others is
    what the test writes with `write_acl`; until then every user may do everything.
    """

    host = "127.0.0.1"
    username = "test"
    password = "test-password"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = find_free_port()
        self._passwords = folder / "passwords"
        self._acl = folder / "acl"
        self._log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "store").mkdir(exist_ok=True)
        self._private(self._passwords, "")
        self._private(self._acl, "topic readwrite #\npattern readwrite #\n")
        self.add_user(self.username, self.password)

    def add_user(self, username: str, password: str) -> None:
        """Let `username` in; a running broker learns it at once."""
        salt = os.urandom(12)
        digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)
        fields = (base64.b64encode(part).decode() for part in (salt, digest))
        with self._passwords.open("a") as file:
            file.write(f"{username}:$7$101${'$'.join(fields)}\n")
        self.reload()

    def write_acl(self, text: str) -> None:
        """Replace the access list; `text` is in mosquitto's acl_file format."""
        self._private(self._acl, f"user {self.username}\ntopic readwrite #\n\n{text}")
        self.reload()

    def use_files(self, *, passwords: Path, acl: Path) -> None:
        """Serve with access files that the product wrote, instead of the test's own."""
        self._passwords, self._acl = passwords, acl

    def reload(self) -> None:
        """Make a running broker read its access files again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def start(self) -> None:
        """Start the process and wait until it accepts connections and signals."""
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise AssertionError("mosquitto is missing: run `make setup` (tests never skip it)")
        config = self.folder / "mosquitto.conf"
        config.write_text(self._config())
        with self._log.open("ab") as log:
            earlier_bytes = log.tell()
            self._process = subprocess.Popen([program, "-c", config], stdout=log, stderr=log)
        wait_until_listening(self.port)
        self._wait_until_running(earlier_bytes)

    def stop(self) -> None:
        """End the process as an operator would (SIGTERM)."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the process as a power cut would (SIGKILL)."""
        self._end(signal.SIGKILL)

    def wipe(self) -> None:
        """Forget everything the broker stored; only while it does not run."""
        shutil.rmtree(self.folder / "store")
        (self.folder / "store").mkdir()

    def _wait_until_running(self, earlier_bytes: int) -> None:
        """Return when a SIGHUP no longer ends it: mosquitto 2.0 listens before it handles signals."""
        deadline_s = time.monotonic() + _START_PATIENCE_S
        while _RUNNING not in self._log.read_bytes()[earlier_bytes:]:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"mosquitto does not say that it runs: {self._log}")
            time.sleep(0.005)

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(with_signal)
        self._process.wait(timeout=10)
        self._process = None

    def _config(self) -> str:
        return "\n".join(
            [
                # Started as root, mosquitto would become another user, who cannot read the folder.
                f"user {getpass.getuser()}",
                "per_listener_settings false",
                f"listener {self.port} {self.host}",
                "allow_anonymous false",
                f"password_file {self._passwords}",
                f"acl_file {self._acl}",
                "persistence true",
                f"persistence_location {self.folder / 'store'}/",
                "max_queued_messages 0",
                "log_dest stderr",
                "log_type all",
                "",
            ]
        )

    @staticmethod
    def _private(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o600)
