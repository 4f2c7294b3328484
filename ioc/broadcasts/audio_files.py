"""Sound files named by the hash of their content; written once, never changed."""

import asyncio
import os
import re
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from ioc.evidence.arrival import put_in_place

_JUST_MADE_S = 3_600.0
_SHA256 = re.compile(r"[0-9a-f]{64}")


class AudioFiles:
    """A folder of announcements; a file is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def arrivals(self) -> Path:
        """Where files lie that are not whole yet, on the same disk."""
        return self._folder / "arriving"

    async def adopt(self, unfinished: Path, audio_sha256: str) -> None:
        """Give a whole file of `arrivals` its name, durably."""
        await asyncio.to_thread(self._adopt, unfinished, audio_sha256)

    def forget_unfinished(self) -> None:
        """Delete what was still arriving when the centre ended; call before it takes anything."""
        for part in self.arrivals.glob("*.part"):
            part.unlink(missing_ok=True)

    async def forget(self, audio_sha256: str, *, now: datetime) -> None:
        """Delete a sound, unless somebody has just made the very same one again."""
        await asyncio.to_thread(self._forget, audio_sha256, now.timestamp())

    async def forget_unnamed(self, named: Collection[str], *, now: datetime) -> None:
        """Delete sounds that no row names; a power cut may have left one behind."""
        await asyncio.to_thread(self._forget_unnamed, named, now.timestamp())

    def path_of(self, audio_sha256: str) -> Path | None:
        """Return the file of a hash, or None; anything that is no hash is None."""
        if not _SHA256.fullmatch(audio_sha256):
            return None
        path = self._folder / f"{audio_sha256}.ogg"
        return path if path.is_file() else None

    def _forget(self, audio_sha256: str, now_s: float) -> None:
        path = self.path_of(audio_sha256)
        if path is not None and path.stat().st_mtime < now_s - _JUST_MADE_S:
            path.unlink()

    def _forget_unnamed(self, named: Collection[str], now_s: float) -> None:
        for path in self._folder.glob("*.ogg"):
            if path.stem not in named:
                self._forget(path.stem, now_s)

    def _adopt(self, unfinished: Path, audio_sha256: str) -> None:
        if path := self.path_of(audio_sha256):
            path.touch()  # else `forget` might take it from whoever has just made it
            return
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        put_in_place(unfinished, self._folder / f"{audio_sha256}.ogg")
