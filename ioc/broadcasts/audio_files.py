"""Sound files named by the hash of their content; written once, never changed."""

import asyncio
import os
import re
from hashlib import sha256
from pathlib import Path

_SHA256 = re.compile(r"[0-9a-f]{64}")


class AudioFiles:
    """A folder of announcements; a file is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, audio: bytes) -> str:
        """Store the bytes durably and return their SHA-256."""
        return await asyncio.to_thread(self._keep, audio)

    def path_of(self, audio_sha256: str) -> Path | None:
        """Return the file of a hash, or None; anything that is no hash is None."""
        if not _SHA256.fullmatch(audio_sha256):
            return None
        path = self._folder / f"{audio_sha256}.ogg"
        return path if path.is_file() else None

    def _keep(self, audio: bytes) -> str:
        audio_sha256 = sha256(audio).hexdigest()
        if self.path_of(audio_sha256):
            return audio_sha256
        self._folder.mkdir(parents=True, exist_ok=True)
        # Two authors may store the same sound at once: each writes its own file, the last rename wins.
        unfinished = self._folder / f".{audio_sha256}.{os.urandom(6).hex()}"
        try:
            with unfinished.open("wb") as file:
                file.write(audio)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(self._folder / f"{audio_sha256}.ogg")
        finally:
            # On a full disk every attempt would leave another piece.
            unfinished.unlink(missing_ok=True)
        _sync_folder(self._folder)
        return audio_sha256


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
