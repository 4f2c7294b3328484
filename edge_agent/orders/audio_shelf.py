"""Announcements on disk under their hash, bounded; what is there is complete and verified."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

MAX_SHELF_BYTES = 200_000_000


class AudioShelf:
    """A folder of `{sha256}.ogg`; the least recently used files give way."""

    def __init__(self, folder: Path, *, max_bytes: int = MAX_SHELF_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._max_bytes = max_bytes
        self._pinned: frozenset[str] = frozenset()
        for torn in folder.glob("*.part"):
            torn.unlink()

    def find(self, sha256: str) -> Path | None:
        """Return the file with this hash and mark it used; a damaged one is deleted."""
        path = self._path(sha256)
        if not path.is_file():
            return None
        if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            path.unlink()
            return None
        path.touch()
        return path

    def put(self, sha256: str, body: bytes) -> Path:
        """Store verified audio, durable on return.

        Raises:
            OSError: the disk does not take it.
        """
        path = self._path(sha256)
        # A file of its own: the same audio may be fetched for two commands at once.
        part = path.with_name(f"{sha256}.{uuid4().hex}.part")
        try:
            with part.open("xb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)
        return path

    def pin(self, hashes: Iterable[str]) -> None:
        """Have these give way to nothing, and what was pinned before give way again."""
        self._pinned = frozenset(hashes)

    def tidy(self, in_use: Iterable[str]) -> None:
        """Delete the least recently used files above the bound, except those in use or pinned."""
        keep = {self._path(sha256) for sha256 in self._pinned.union(in_use)}
        files = sorted(
            (file.stat().st_mtime, file.stat().st_size, file) for file in self._folder.glob("*.ogg")
        )
        excess = sum(size for _, size, _ in files) - self._max_bytes
        for _, size, file in files:
            if excess <= 0:
                return
            if file not in keep:
                file.unlink(missing_ok=True)
                excess -= size

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.ogg"
