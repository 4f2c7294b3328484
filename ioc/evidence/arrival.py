"""A file that is still arriving: written and hashed piece by piece, kept only when it is proven."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

PIECE_BYTES = 1_000_000
"""So much is in memory at once, however long the file."""


class Arrival:
    """A part file; `path` exists until it is moved to its place or the arrival ends."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.size_bytes = 0
        self._file = file
        self._hash = hashlib.sha256()
        self._piece = bytearray()

    @property
    def sha256(self) -> str:
        """Of everything taken, after `finish`."""
        return self._hash.hexdigest()

    async def take(
        self, body: AsyncIterator[bytes], *, check_length: Callable[[int], None]
    ) -> None:
        """Write a body to its end, durably.

        `check_length` is told how many bytes have come; where it raises, no more are read.
        """
        async for chunk in body:
            self.size_bytes += len(chunk)
            check_length(self.size_bytes)
            self._piece += chunk
            if len(self._piece) >= PIECE_BYTES:
                await asyncio.to_thread(self._write)
        await asyncio.to_thread(self._finish)

    def _write(self) -> None:
        self._hash.update(self._piece)
        self._file.write(self._piece)
        self._piece.clear()

    def _finish(self) -> None:
        self._write()
        self._file.flush()
        os.fsync(self._file.fileno())


@asynccontextmanager
async def arriving(folder: Path) -> AsyncIterator[Arrival]:
    """Give an empty part file in `folder`; it is gone at the end unless it was moved."""
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{uuid4()}.part"
    try:
        with path.open("xb") as file:
            yield Arrival(path, file)
    finally:
        # On a full disk every repetition would leave another piece.
        path.unlink(missing_ok=True)


def put_in_place(part: Path, path: Path) -> None:
    """Give a finished part file its name, so that a power cut takes neither; blocking."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # else the name itself may be lost
    finally:
        os.close(folder)
