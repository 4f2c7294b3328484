"""A history through the rules, by its own clock: what would have called, when and why."""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import merge

from ioc.rules.evaluation.book import Outcome, RuleBook
from ioc.rules.evaluation.happenings import Ending, Firing, Happening, Why
from ioc.rules.history import History, first_instant, last_instant
from ioc.rules.records import KeptStanding
from ioc.rules.watch import Kept, Round, over_by_clock
from ioc.timeseries.port import Bucket, Point, SeriesKey

STEP = timedelta(seconds=60)
_MOST_STEPS = 12_000
"""Longer histories of series are looked at less often."""


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One alarm that a rule would have raised."""

    rule_id: str
    name: str
    priority: str
    subject: str
    began_at: datetime
    ended_at: datetime | None
    """None: not within the history."""
    times: int
    """How often it fired meanwhile."""
    late: bool
    """It would only have been recorded: what arrives late calls nobody."""
    why: Why


class PastSeries:
    """Measured values as they were known at `now`."""

    def __init__(self, points: dict[SeriesKey, list[Point]]) -> None:
        self.now: datetime | None = None
        self._points = points
        self._instants = {key: [p.sampled_at for p in some] for key, some in points.items()}

    async def keys(self) -> list[SeriesKey]:
        """Return which series had begun."""
        return [key for key in self._points if await self.latest(key) is not None]

    async def latest(self, key: SeriesKey) -> Point | None:
        """Return the newest point by now."""
        index = self._known(key)
        return self._points[key][index - 1] if index else None

    async def read(self, key: SeriesKey, since: datetime, until: datetime) -> list[Point]:
        """Return points from `since` up to before `until`, and none after now."""
        instants = self._instants[key]
        last = min(bisect_left(instants, until), self._known(key))
        return self._points[key][bisect_left(instants, since) : last]

    async def buckets(
        self, key: SeriesKey, since: datetime, until: datetime, step_s: int
    ) -> list[Bucket]:
        """Return all points of the span as one bucket; rules only ask for means."""
        del step_s
        values = [point.value for point in await self.read(key, since, until)]
        if not values:
            return []
        total = sum(values)
        return [
            Bucket(
                start=since,
                count=len(values),
                mean=total / len(values),
                lowest=min(values),
                highest=max(values),
                total=total,
            )
        ]

    def _known(self, key: SeriesKey) -> int:
        instants = self._instants[key]
        return len(instants) if self.now is None else bisect_right(instants, self.now)


async def replay(
    book: RuleBook, history: History, *, since: datetime | None = None, step: timedelta = STEP
) -> list[Episode]:
    """Return what would have called, in order of its beginning.

    Args:
        book: fresh; its windows are filled by the history.
        history: of events and measured values.
        since: where series are first looked at; None: where the history begins.
        step: how often series are looked at.
    """
    run = _Run(book, history)
    for at, happening in merge(
        ((one.occurred_at, one) for one in history.happenings),
        ((at, None) for at in _instants(book, history, since, step)),
        key=lambda pair: pair[0],
    ):
        await run.step(at, happening)
    return sorted(run.episodes, key=lambda episode: episode.began_at)


def _instants(
    book: RuleBook, history: History, since: datetime | None, step: timedelta
) -> Iterator[datetime]:
    """Return when the clock is looked at: all along where series are watched, and at the end."""
    first, last = first_instant(history), last_instant(history)
    if first is None or last is None:
        return
    first = first if since is None else max(first, min(since, last))
    if book.series_rules and history.points:
        step = max(step, (last - first) / _MOST_STEPS)
        at = first
        while at < last:
            yield at
            at += step
    yield last


class _Run:
    def __init__(self, book: RuleBook, history: History) -> None:
        self.episodes: list[Episode] = []
        self._open: dict[tuple[str, str], int] = {}
        self._kept: Kept = {}
        self._book = book
        self._where = history.where
        self._series = PastSeries(history.points)
        self._steps = 0

    async def step(self, at: datetime, happening: Happening | None) -> None:
        """Let the clock come to `at`, and something happen or be looked at there."""
        self._steps += 1
        if self._steps % 200 == 0:
            await asyncio.sleep(0)  # others wait for the loop
        for standing, _, ended_at in over_by_clock(
            list(self._kept.values()), self._book, self._where, at=at
        ):
            self._close((standing.rule_id, standing.subject), at=ended_at)
        if happening is not None:
            self._take(self._book.evaluate(happening))
            return
        self._series.now = at
        looking = Round(
            book=self._book, series=self._series, kept=self._kept, where=self._where, at=at
        )
        for judged in await looking.judge_all():
            standing, outcome = judged.standing, judged.outcome
            self._kept[standing.rule_id, standing.subject] = standing
            if outcome is not None:
                following = self._book.follow(outcome) if isinstance(outcome, Firing) else []
                self._take([outcome, *following])

    def _take(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            key = (outcome.rule.rule_id, outcome.subject)
            if isinstance(outcome, Ending):
                self._close(key, at=outcome.happening.occurred_at)
            else:
                self._fire(key, outcome)

    def _fire(self, key: tuple[str, str], firing: Firing) -> None:
        happening, rule = firing.happening, firing.rule
        if key in self._open:
            index = self._open[key]
            self.episodes[index] = replace(
                self.episodes[index], times=self.episodes[index].times + 1
            )
        else:
            self._open[key] = len(self.episodes)
            self.episodes.append(
                Episode(
                    rule_id=rule.rule_id,
                    name=rule.name,
                    priority=str(rule.priority),
                    subject=firing.subject,
                    began_at=happening.occurred_at,
                    ended_at=None,
                    times=1,
                    late=happening.late,
                    why=firing.why,
                )
            )
        self._kept[key] = KeptStanding(
            rule_id=rule.rule_id,
            subject=firing.subject,
            place=happening.place,
            active=True,
            fired_at=happening.occurred_at,
        )

    def _close(self, key: tuple[str, str], *, at: datetime) -> None:
        if key in self._open:
            index = self._open.pop(key)
            self.episodes[index] = replace(self.episodes[index], ended_at=at)
        if key in self._kept:
            self._kept[key] = replace(self._kept[key], active=False, turning_since=None)
