"""The last day of the commune through rules that are not in force: what would have called."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from ioc.rules import records
from ioc.rules.evaluation.book import RuleBook
from ioc.rules.evaluation.thresholds import WEEK
from ioc.rules.history import History
from ioc.rules.replay import STEP, Episode, replay
from ioc.rules.sampling import Series, is_meant
from ioc.store.engine import Store
from ioc.timeseries.port import Point, SeriesKey

TRIED = timedelta(days=1)
MOST_EVENTS = 20_000
"""Of a trial, and of the memory of windows; the newest count."""
MOST_SERIES = 300
MOST_JUDGED = 2_000_000
"""Looks of one rule at one series; some ten microseconds each."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What would have called during the last day."""

    since: datetime
    until: datetime
    events: int
    series: int
    episodes: tuple[Episode, ...]
    cut: bool
    """There was more than is tried: only the newest events and the first series were, or series
    were looked at less often than every minute."""


async def try_book(book: RuleBook, *, store: Store, series: Series, until: datetime) -> Trial:
    """Return what a fresh book makes of the day before `until`.

    Raises:
        SeriesUnavailable: measured values cannot be read now.
    """
    since = until - TRIED
    async with store.read() as connection:
        where = await records.read_whereabouts(connection)
        happenings = await records.stored_happenings(
            connection, since=since, kinds=book.kinds, most=MOST_EVENTS
        )
    keys = [
        key for key in await series.keys() if any(is_meant(rule, key) for rule in book.series_rules)
    ]
    points = {key: await _past(book, series, key, until=until) for key in keys[:MOST_SERIES]}
    history = History(
        happenings=tuple(happenings),
        points={key: some for key, some in points.items() if some},
        where=where,
    )
    pairs = sum(is_meant(rule, key) for rule in book.series_rules for key in history.points)
    step = max(STEP, TRIED * pairs / MOST_JUDGED)
    # In a thread: what takes half a minute here must not keep a gateway's alarm waiting.
    episodes = await asyncio.to_thread(asyncio.run, replay(book, history, since=since, step=step))
    return Trial(
        since=since,
        until=until,
        events=len(happenings),
        series=len(history.points),
        episodes=tuple(episodes),
        cut=len(happenings) == MOST_EVENTS or len(keys) > MOST_SERIES or step > STEP,
    )


async def _past(book: RuleBook, series: Series, key: SeriesKey, *, until: datetime) -> list[Point]:
    """Return two days' points, and those of a week before where a rule compares them."""
    points: list[Point] = []
    if any(rule.change is not None and is_meant(rule, key) for rule in book.series_rules):
        points += await series.read(key, until - WEEK - 2 * TRIED, until - WEEK)
    return points + await series.read(key, until - 2 * TRIED, until)
