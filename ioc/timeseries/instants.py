"""Instants as milliseconds since 1970 UTC, and points gathered into steps; pure."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ioc.timeseries.port import Bucket, Point

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS = 86_400_000
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(instant: datetime) -> int:
    """Return the millisecond that an instant lies in."""
    return (instant - EPOCH) // _MILLISECOND


def from_ms(instant_ms: int) -> datetime:
    """Return the instant of a millisecond."""
    return EPOCH + instant_ms * _MILLISECOND


def gather(points: Iterable[Point], step_s: int) -> list[Bucket]:
    """Return the buckets of raw points."""
    step_ms = step_s * 1_000
    values: dict[int, list[float]] = defaultdict(list)
    for point in points:
        values[to_ms(point.sampled_at) // step_ms].append(point.value)
    return [
        Bucket(
            start=from_ms(index * step_ms),
            count=len(some),
            mean=sum(some) / len(some),
            lowest=min(some),
            highest=max(some),
            total=sum(some),
        )
        for index, some in sorted(values.items())
    ]


def merge(buckets: Iterable[Bucket]) -> list[Bucket]:
    """Return buckets in order, those of the same start made one."""
    merged: dict[datetime, Bucket] = {}
    for bucket in buckets:
        other = merged.get(bucket.start)
        merged[bucket.start] = bucket if other is None else _sum(other, bucket)
    return [merged[start] for start in sorted(merged)]


def _sum(one: Bucket, other: Bucket) -> Bucket:
    count, total = one.count + other.count, one.total + other.total
    return Bucket(
        start=one.start,
        count=count,
        mean=total / count,
        lowest=min(one.lowest, other.lowest),
        highest=max(one.highest, other.highest),
        total=total,
    )
