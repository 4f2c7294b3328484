"""Writes evidence to the spool directory, complete and durable, named by its hash; reads none."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from edge_agent.vision.findings import Picture, PictureRole
from edge_agent.vision.stream.codec import Jpeg

_CHUNK_BYTES = 1 << 20


def store(spool: Path, jpeg: Jpeg, role: PictureRole) -> Picture:
    """Write `{spool}/{sha256}.jpg`, fsynced and renamed into place, and describe it.

    Raises:
        OSError: the disk is full or not writable.
    """
    with draft(spool) as partial:
        partial.write_bytes(jpeg.body)
        sha256 = settle(partial, ".jpg")
    return Picture(
        role=role,
        sha256=sha256,
        width_px=jpeg.width_px,
        height_px=jpeg.height_px,
        size_bytes=len(jpeg.body),
        taken_at_s=jpeg.taken_at_s,
    )


@contextmanager
def draft(spool: Path) -> Iterator[Path]:
    """Give a name in the spool to write to; what is not settled by the end is deleted."""
    partial = spool / f".{uuid4().hex}.part"
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def settle(partial: Path, suffix: str) -> str:
    """Fsync a draft and rename it to its SHA-256, which is returned.

    Raises:
        OSError: the disk is full or not writable.
    """
    digest = hashlib.sha256()
    with partial.open("rb+") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
        os.fsync(file.fileno())
    sha256 = digest.hexdigest()
    partial.replace(partial.with_name(sha256 + suffix))
    directory = os.open(partial.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return sha256
