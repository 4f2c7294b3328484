"""Sets of sequence numbers as merged, ascending, closed ranges; pure."""

from collections.abc import Iterable

Range = tuple[int, int]
Ranges = tuple[Range, ...]


def merge(ranges: Iterable[Range]) -> Ranges:
    """Return the union as the fewest ranges, ascending; reversed ranges count as empty."""
    merged: list[Range] = []
    for first, last in sorted(span for span in ranges if span[0] <= span[1]):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def intersect(one: Ranges, other: Ranges) -> Ranges:
    """Return what lies in both; each ascending and merged."""
    common: list[Range] = []
    i = j = 0
    while i < len(one) and j < len(other):
        first, last = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if first <= last:
            common.append((first, last))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return tuple(common)


def of_sequences(sequences: Iterable[int]) -> Ranges:
    """Return the ranges that hold exactly these numbers."""
    return merge((n, n) for n in sequences)


def contains(ranges: Ranges, sequence: int) -> bool:
    """Tell whether a number lies in one of the ranges."""
    return any(first <= sequence <= last for first, last in ranges)


def last_of(ranges: Ranges) -> int:
    """Return the largest number, 0 for no ranges."""
    return max((last for _, last in ranges), default=0)
