"""Framing of batches: a header line, then one JSON line per row, so that one bad row spoils no other.

Pure.
"""

from collections.abc import Sequence as Rows
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from contracts.codec import Sequence, UuidText, Wire, decode, encode
from contracts.errors import ContractError

MAX_BATCH_BYTES = 64 * 1024
MAX_BATCH_ROWS = 512


class Header(Wire):
    """Which rows of which outbox the lines after it are, in the same order."""

    epoch: UuidText
    sequences: Annotated[tuple[Sequence, ...], Field(min_length=1, max_length=MAX_BATCH_ROWS)]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A split batch: `rows[i]` is the undecoded line of `sequences[i]`."""

    epoch: str
    sequences: tuple[int, ...]
    rows: tuple[bytes, ...]


def encode_batch(epoch: str, sequences: Rows[int], rows: Rows[bytes]) -> bytes:
    """Return the payload for rows that hold no line break.

    Raises:
        ContractError: lengths differ, there is no row or too many, or a row has a line break.
    """
    if len(sequences) != len(rows) or not 0 < len(rows) <= MAX_BATCH_ROWS:
        raise ContractError(f"{len(sequences)} sequences for {len(rows)} rows")
    if any(b"\n" in row for row in rows):
        raise ContractError("a row holds a line break")
    return b"\n".join((encode(Header(epoch=epoch, sequences=tuple(sequences))), *rows))


def decode_batch(payload: bytes) -> Batch:
    """Return the rows of a batch, still undecoded.

    Raises:
        ContractError: the header cannot be read or does not count the lines.
    """
    first, *rows = payload.split(b"\n")
    header = decode(Header, first)
    if len(header.sequences) != len(rows):
        raise ContractError(f"{len(header.sequences)} sequences for {len(rows)} rows")
    return Batch(epoch=header.epoch, sequences=header.sequences, rows=tuple(rows))
