"""Writes evidence pictures to the spool directory, complete and durable; never reads them."""

import hashlib
import os
from pathlib import Path
from typing import Literal

from edge_agent.vision.codec import Jpeg
from edge_agent.vision.messages import Picture

Role = Literal["before", "depositing", "after"]


def store(spool: Path, jpeg: Jpeg, role: Role) -> Picture:
    """Write `{spool}/{sha256}.jpg`, fsynced and renamed into place, and describe it.

    Raises:
        OSError: the disk is full or not writable.
    """
    sha256 = hashlib.sha256(jpeg.body).hexdigest()
    target = spool / f"{sha256}.jpg"
    partial = spool / f".{sha256}.{os.getpid()}.part"
    with partial.open("wb") as file:
        file.write(jpeg.body)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(target)
    directory = os.open(spool, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return Picture(
        role=role,
        sha256=sha256,
        width_px=jpeg.width_px,
        height_px=jpeg.height_px,
        size_bytes=len(jpeg.body),
        taken_at_s=jpeg.taken_at_s,
    )
