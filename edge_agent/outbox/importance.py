"""What the outbox gives up first when it is full; pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from contracts.ranges import Ranges, of_sequences

KEPT_SHARE = 0.25
"""Largest share of the bound for rows the centre has committed already."""
LOW_WATER_SHARE = 0.9
"""A full outbox is emptied to here at once, so that one gap stands for many dropped rows."""
ROW_OVERHEAD_BYTES = 160
"""Columns and indexes of a row beside its body."""
MAX_GAP_RANGES = 1_000


class Importance(IntEnum):
    """Least important first."""

    MOTION = 0
    OPERATION = 1
    INCIDENT = 2
    GAP = 3
    """Never dropped: it stands for what was."""


_BY_PREFIX = {
    "motion.": Importance.MOTION,
    "camera.reported.": Importance.MOTION,
    "littering.": Importance.INCIDENT,
    "intrusion.": Importance.INCIDENT,
    "loitering.": Importance.INCIDENT,
    "crowding.": Importance.INCIDENT,
    "outbox.gap.": Importance.GAP,
}


def importance_of(kind: str) -> Importance:
    """Return how important events of a kind are; devices, broadcasts and clips lie between."""
    return next(
        (rank for prefix, rank in _BY_PREFIX.items() if kind.startswith(prefix)),
        Importance.OPERATION,
    )


@dataclass(kw_only=True)
class Usage:
    """Bytes in the outbox, of each sort."""

    pending_bytes: int = 0
    kept_bytes: int = 0
    telemetry_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        """All of it."""
        return self.pending_bytes + self.kept_bytes + self.telemetry_bytes


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much the outbox may hold and for how long it keeps what was committed."""

    max_bytes: int
    late_after_s: float = 300.0
    keep_s: float = 86_400.0

    def excess_bytes(self, usage: Usage) -> int:
        """Return how much to free now; 0 while there is room."""
        if usage.total_bytes <= self.max_bytes:
            return 0
        return usage.total_bytes - int(self.max_bytes * LOW_WATER_SHARE)

    def kept_excess_bytes(self, usage: Usage) -> int:
        """Return how much of the kept rows lies above their share."""
        return max(0, usage.kept_bytes - int(self.max_bytes * KEPT_SHARE))


def take_until(rows: Iterable[tuple[int, int]], bytes_wanted: int) -> list[tuple[int, int]]:
    """Return the first (sequence, bytes) rows that together reach `bytes_wanted`, or all."""
    taken: list[tuple[int, int]] = []
    for row in rows:
        if bytes_wanted <= 0:
            break
        taken.append(row)
        bytes_wanted -= row[1]
    return taken


def gap_chunks(sequences: Iterable[int]) -> Iterator[Ranges]:
    """Yield the ranges of dropped sequences, as many as one gap event may name."""
    ranges = of_sequences(sequences)
    for start in range(0, len(ranges), MAX_GAP_RANGES):
        yield ranges[start : start + MAX_GAP_RANGES]
