"""What a series rule compares with its limit, read from a store of series."""

from datetime import datetime, timedelta
from typing import Protocol

from ioc.rules.evaluation.thresholds import WEEK, change_percent, is_fresh, rate
from ioc.rules.language.document import Absence, Change, Rate, RuleShape
from ioc.timeseries.port import Bucket, Point, SeriesKey


class Series(Protocol):
    """As much of a store of series as rules read."""

    async def read(self, key: SeriesKey, since: datetime, until: datetime) -> list[Point]:
        """Return points from `since` up to before `until`, in order."""
        ...

    async def buckets(
        self, key: SeriesKey, since: datetime, until: datetime, step_s: int
    ) -> list[Bucket]:
        """Return the series in steps aligned to 1970 UTC."""
        ...

    async def latest(self, key: SeriesKey) -> Point | None:
        """Return the newest point."""
        ...

    async def keys(self) -> list[SeriesKey]:
        """Return which series there are."""
        ...


async def measure(
    series: Series, rule: RuleShape, key: SeriesKey, newest: Point | None, *, at: datetime
) -> float | None:
    """Return what the rule compares at `at`; None: not known, which is neither good nor bad.

    Raises:
        SeriesUnavailable: the store does not answer now.
    """
    if newest is None:
        return None
    if rule.absence is not None:
        return (at - newest.sampled_at).total_seconds()
    if not is_fresh(newest, at):
        return None
    if rule.rate is not None:
        since = at - timedelta(seconds=rule.rate.over_s)
        return rate(rule.rate, await series.read(key, since, at + timedelta(milliseconds=1)))
    if rule.change is not None:
        return await _change(series, rule.change, key, at=at)
    return newest.value


async def _change(series: Series, change: Change, key: SeriesKey, *, at: datetime) -> float | None:
    now = await _mean(series, key, over_s=change.over_s, until=at)
    return change_percent(now, await _mean(series, key, over_s=change.over_s, until=at - WEEK))


async def _mean(series: Series, key: SeriesKey, *, over_s: float, until: datetime) -> float | None:
    """Return the mean of the whole minutes before `until`; None: nothing was measured."""
    since = until - timedelta(seconds=over_s)
    buckets = await series.buckets(key, since, until, 60)
    count = sum(bucket.count for bucket in buckets)
    return sum(bucket.total for bucket in buckets) / count if count else None


def is_meant(rule: RuleShape, key: SeriesKey) -> bool:
    """Tell whether a rule watches a series."""
    test = rule.series
    if test is None or key.metric != test.metric:
        return False
    if test.gateways and key.gateway_id not in test.gateways:
        return False
    return not test.devices or key.device_id in test.devices


__all__ = ["Absence", "Rate", "Series", "is_meant", "measure"]
