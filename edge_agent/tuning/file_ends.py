"""Whether a recording's file ends before the parts that it names; reads their headers only."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_BOXES = frozenset(
    b"ftyp styp moov moof mdat mfra sidx ssix prft emsg free skip wide uuid meta pdin".split()
)
"""What may lie side by side in an MP4 file (ISO/IEC 14496-12, table 1)."""
_UNKNOWN_SIZES = (0, 0xFFFF_FFFF)
"""What stands in a RIFF header until the recorder closes its file."""


def missing_bytes(video: Path) -> int:
    """Return how many bytes the last part of an AVI or MP4 file lacks; 0: none, or it is neither.

    A file cut off exactly between two parts lacks nothing that could be known.
    """
    size = video.stat().st_size
    with video.open("rb") as file:
        kind = file.read(12)
        if kind.startswith(b"RIFF") and kind.endswith(b"AVI "):
            ends = _riff_ends(file)
        elif kind[4:8] in _BOXES:
            ends = _box_ends(file, size)
        else:
            return 0
        return max(0, max(ends, default=0) - size)


def _riff_ends(file: BinaryIO) -> Iterator[int]:
    """Yield where each part ends; long recordings have one per gigabyte."""
    at = 0
    while (head := _read(file, at, 8)).startswith(b"RIFF") and len(head) == 8:
        size = int.from_bytes(head[4:], "little")
        if size in _UNKNOWN_SIZES:
            return
        yield at + 8 + size
        at += 8 + size + size % 2


def _box_ends(file: BinaryIO, end: int) -> Iterator[int]:
    at = 0
    while (head := _read(file, at, 16))[4:8] in _BOXES:
        size = int.from_bytes(head[:4], "big")
        if size == 1 and len(head) == 16:
            size = int.from_bytes(head[8:], "big")
        elif size == 0:
            size = end - at
        if size < 8:
            return
        at += size
        yield at


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)
