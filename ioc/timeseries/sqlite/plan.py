"""Decides which stretches of a question are answered from which roll-up; pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from ioc.timeseries.port import Resolution

WIDTH_MS: dict[Resolution, int] = {
    Resolution.RAW: 1,
    Resolution.MINUTE: 60_000,
    Resolution.HOUR: 3_600_000,
    Resolution.DAY: 86_400_000,
}
"""Finest first."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Rows of one resolution whose instant is from `start_ms` up to before `end_ms`."""

    resolution: Resolution
    start_ms: int
    end_ms: int


def plan(
    *, since_ms: int, until_ms: int, step_ms: int, kept_from_ms: Mapping[Resolution, int]
) -> list[Piece]:
    """Return the pieces that together hold each point of the range once.

    Where raw points are gone, the edges of the range are whole minutes (hours, days). A step finer
    than what is kept gets what is kept.

    Args:
        since_ms: first millisecond asked for.
        until_ms: first millisecond not asked for.
        step_ms: width of the answer's buckets.
        kept_from_ms: what is older is gone at that resolution; whole days, coarser never later
            than finer. A missing resolution is kept from the beginning.
    """
    pieces: list[Piece] = []
    resolutions = list(WIDTH_MS)
    end_ms = until_ms
    for index, finest in enumerate(resolutions):
        last = index == len(resolutions) - 1
        start_ms = since_ms if last else max(since_ms, kept_from_ms.get(finest, since_ms))
        if start_ms < end_ms:
            pieces += _split(start_ms, end_ms, step_ms, resolutions[index:])
            end_ms = start_ms
    return sorted(pieces, key=lambda piece: piece.start_ms)


def _split(start_ms: int, end_ms: int, step_ms: int, resolutions: list[Resolution]) -> list[Piece]:
    """Return whole roll-ups for the middle and the finest kept resolution for the edges."""
    finest = resolutions[0]
    best = [r for r in resolutions if step_ms % WIDTH_MS[r] == 0]
    coarse = best[-1] if best else finest
    width_ms = WIDTH_MS[coarse]
    whole_ms, rest_ms = -(-start_ms // width_ms) * width_ms, end_ms // width_ms * width_ms
    floor_ms = start_ms // WIDTH_MS[finest] * WIDTH_MS[finest]
    if coarse is finest or whole_ms >= rest_ms:
        return [Piece(resolution=finest, start_ms=floor_ms, end_ms=end_ms)]
    pieces = (
        Piece(resolution=finest, start_ms=floor_ms, end_ms=whole_ms),
        Piece(resolution=coarse, start_ms=whole_ms, end_ms=rest_ms),
        Piece(resolution=finest, start_ms=rest_ms, end_ms=end_ms),
    )
    return [piece for piece in pieces if piece.start_ms < piece.end_ms]
