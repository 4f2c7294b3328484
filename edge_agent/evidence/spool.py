"""The folder the vision child writes evidence to: what lies there, and what must leave first.

Blocking; knows nothing of events.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MEDIA_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4"}
MAX_SPOOL_BYTES = 1_000_000_000
"""Thousands of alarms; a gateway whose centre stays away must not fill its disk with evidence."""
KEPT_FREE_BYTES = 32_000_000
"""Evidence gives way before the outbox has to stop growing."""


@dataclass(frozen=True, kw_only=True)
class _Lying:
    sha256: str
    is_clip: bool
    size_bytes: int
    written_unix_s: float


class Spool:
    """Pictures (`{sha256}.jpg`) and clips (`{sha256}.mp4`), each complete once it is there."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    def find(self, sha256: str) -> Path | None:
        """Return where a picture or clip lies."""
        files = (self.folder / f"{sha256}{suffix}" for suffix in MEDIA_TYPES)
        return next((file for file in files if file.is_file()), None)

    def has(self, sha256: str) -> bool:
        """Tell whether a picture or clip is there."""
        return self.find(sha256) is not None

    def clips(self) -> frozenset[str]:
        """Return the hashes of the clips."""
        return frozenset(file.stem for file in self.folder.glob("*.mp4"))

    def delete(self, sha256: str) -> None:
        """Delete a picture or clip; one that is gone is no fault."""
        for suffix in MEDIA_TYPES:
            (self.folder / f"{sha256}{suffix}").unlink(missing_ok=True)

    def excess(self) -> list[str]:
        """Return the hashes of what must go to keep within the bounds.

        Clips go first, a clip being as large as hundreds of pictures and less needed; among their
        like the oldest.
        """
        lying = list(self._lying())
        disk = os.statvfs(self.folder)
        too_much = max(
            sum(one.size_bytes for one in lying) - MAX_SPOOL_BYTES,
            KEPT_FREE_BYTES - disk.f_bavail * disk.f_frsize,
        )
        going = []
        for one in sorted(lying, key=_leaves_first):
            if too_much <= 0:
                break
            too_much -= one.size_bytes
            going.append(one.sha256)
        return going

    def sweep(self, wanted: frozenset[str], *, before_unix_s: float | None = None) -> int:
        """Delete files that no upload waits for, all or those older; return how many."""
        files = (file for file in self.folder.iterdir() if file.stem not in wanted)
        strays = [
            file
            for file, measured in _measured(files)
            if before_unix_s is None or measured.st_mtime < before_unix_s
        ]
        for stray in strays:
            stray.unlink(missing_ok=True)
        return len(strays)

    def _lying(self) -> Iterator[_Lying]:
        files = (file for file in self.folder.iterdir() if file.suffix in MEDIA_TYPES)
        for file, measured in _measured(files):
            yield _Lying(
                sha256=file.stem,
                is_clip=file.suffix == ".mp4",
                size_bytes=measured.st_size,
                written_unix_s=measured.st_mtime,
            )


def _measured(files: Iterable[Path]) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield those that are still there and are files."""
    for file in files:
        with suppress(FileNotFoundError):
            measured = file.stat()
            if stat.S_ISREG(measured.st_mode):
                yield file, measured


def _leaves_first(lying: _Lying) -> tuple[bool, float, str]:
    return not lying.is_clip, lying.written_unix_s, lying.sha256
