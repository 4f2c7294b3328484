"""Pieces put one after the other into one Opus file; blocking, in little memory however long."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ioc.sounds.opus import OpusWriter, Samples, read_opus, silence

PIECE_BYTES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Silence:
    """A pause."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class FromFile:
    """A sound that this centre has made before."""

    path: Path


Part = Silence | FromFile | Samples
"""What sounds next; samples are mono at 48 kHz."""


@dataclass(frozen=True, kw_only=True)
class Joined:
    """One file of several pieces."""

    sha256: str
    size_bytes: int
    duration_s: float


def join(parts: Sequence[Part], target: Path) -> Joined:
    """Write all parts, in order, to a new file; blocking.

    Raises:
        ValueError: a file among them is no audio.
    """
    with target.open("xb") as file, OpusWriter(file) as writer:
        for part in parts:
            for samples in _samples(part):
                writer.write(samples)
    with target.open("rb") as written:
        sha256, size_bytes = digest(written)
    return Joined(sha256=sha256, size_bytes=size_bytes, duration_s=writer.duration_s)


def digest(file: BinaryIO) -> tuple[str, int]:
    """Return the SHA-256 and the length of a file, from where it is read on."""
    found, size_bytes = hashlib.sha256(), 0
    while piece := file.read(PIECE_BYTES):
        found.update(piece)
        size_bytes += len(piece)
    return found.hexdigest(), size_bytes


def _samples(part: Part) -> Iterator[Samples]:
    match part:
        case Silence():
            yield silence(part.seconds)
        case FromFile():
            yield from read_opus(part.path)
        case _:
            yield part
