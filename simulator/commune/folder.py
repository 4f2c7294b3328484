"""The one folder in which a commune keeps everything: names, private files, the lock."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class FolderBusy(Exception):
    """Another process runs the commune in this folder; end it first or choose another `--data`."""


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Paths below `root`, all absolute."""

    root: Path

    @property
    def centre(self) -> Path:
        """Data of the control centre."""
        return self.root / "centre"

    @property
    def gateway(self) -> Path:
        """Data of the gateway."""
        return self.root / "gateway"

    @property
    def broker(self) -> Path:
        """What mosquitto stores."""
        return self.root / "broker"

    @property
    def devices(self) -> Path:
        """Settings of the simulated devices and what the loudspeakers played."""
        return self.root / "devices"

    @property
    def secrets(self) -> Path:
        """Passwords and tokens, one a file."""
        return self.root / "secrets"

    @property
    def log(self) -> Path:
        """One log a process."""
        return self.root / "log"

    def prepare(self) -> None:
        """Make all folders, while `locked`; only their owner may look into them.

        The broker begins with an empty memory: nothing rests on it, and what it still believes
        of a gateway that ended after the centre would be news of yesterday.
        """
        shutil.rmtree(self.broker, ignore_errors=True)
        for path in (self.centre, self.gateway, self.broker, self.devices, self.secrets, self.log):
            path.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)

    def write_secret(self, name: str, text: str) -> Path:
        """Keep a secret in a file that only its owner can read."""
        path = self.secrets / name
        write_private(path, text)
        return path

    def find_or_make_secret(self, name: str) -> Path:
        """Return the file of a password; a new one is generated where there is none."""
        path = self.secrets / name
        return path if path.exists() else self.write_secret(name, secrets.token_urlsafe(18))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process.

        Raises:
            FolderBusy: another process holds it.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FolderBusy(
                    f"{self.root} is in use: a commune runs there already; "
                    "end it (Ctrl-C in its terminal) or choose another folder with --data"
                ) from None
            yield


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody but its owner can ever read, complete or not at all."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
