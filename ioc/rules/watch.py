"""What rules decide by the clock: limits on series, and the end of what has been quiet for long."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from typing import Protocol

from contracts.telemetry import Metric
from ioc.clock import Clock
from ioc.clock_steps import ClockSteps
from ioc.rules import records
from ioc.rules.evaluation import saying
from ioc.rules.evaluation.book import Outcome, RuleBook
from ioc.rules.evaluation.happenings import Ending, Firing, Happening, Place
from ioc.rules.evaluation.thresholds import Standing, Turn, beyond, judge, limit_of
from ioc.rules.language.document import QUIET_S, RuleShape
from ioc.rules.records import KeptStanding, Whereabouts
from ioc.rules.running import RunningRules
from ioc.rules.sampling import Series, is_meant, measure
from ioc.store.engine import Store
from ioc.timeseries.port import Point, SeriesKey

EVERY_S = 30.0
_AT_ONCE = 500
"""Looks, a few milliseconds' worth."""
SERIES_KIND = ""
"""Of a happening that no event brought about."""

Kept = dict[tuple[str, str], KeptStanding]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One series rule at one series: where it stands, and what has come about."""

    standing: KeptStanding
    outcome: Outcome | None


class Listener(Protocol):
    """The centre's ear."""

    @property
    def connected_at(self) -> datetime | None:
        """Since when it hears its gateways; None: it does not."""
        ...


class RuleWatch:
    """Looks at the series and at what is active; a supervised task runs it for ever."""

    def __init__(self, *, store: Store, series: Series, rules: RunningRules, clock: Clock) -> None:
        self._store = store
        self._series = series
        self._rules = rules
        self._clock = clock
        self._started_at = clock.now()
        self._listener: Listener | None = None
        self._steps = ClockSteps(clock, asker="rules")

    async def run(self, listener: Listener) -> None:
        """Look every `EVERY_S`; what is not measured while nobody listens is nobody's fault."""
        self._listener = listener
        while True:
            await self.run_once()
            await self._clock.sleep(EVERY_S)

    async def run_once(self) -> None:
        """Do what is due now, each rule's effects in a transaction.

        Raises:
            SeriesUnavailable: the series cannot be read now; nothing begins and nothing ends.
        """
        at, book = await self._follow_clock(), self._rules.book
        async with self._store.read() as connection:
            kept = await records.standings(connection)
            where = await records.read_whereabouts(connection)
            online = await records.read_online_since(connection)
        ending = list(over_by_clock(kept.values(), book, where, at=at))
        if ending:
            async with self._store.begin() as connection:
                for standing, outcome, _ in ending:
                    await self._rules.end_standing(connection, standing, at=at, outcome=outcome)
                    if outcome != "quiet":
                        await records.forget_standing(connection, standing)
        if book is None or not book.series_rules:
            return
        looking = Round(
            book=book,
            series=self._series,
            kept=kept,
            where=where,
            at=at,
            heard_since=self._heard_since(online),
        )
        judged = await looking.judge_all()
        if judged:
            await self._keep(book, judged, at=at)

    async def _follow_clock(self) -> datetime:
        """Move what has lasted along with a clock that was set, and return now by the clock it follows."""
        now = self._clock.now()
        while step := self._steps.pending():
            async with self._store.begin() as connection:
                for standing in (await records.standings(connection)).values():
                    await records.keep_standing(connection, _moved(standing, step))
            # How old a value is is not known until the next one has come.
            self._started_at = now = self._clock.now()
            self._steps.followed(step)
        return now

    def _heard_since(self, online: dict[str, datetime]) -> dict[str, datetime]:
        since = self._started_at
        if self._listener is not None:
            if self._listener.connected_at is None:
                return {}
            since = max(since, self._listener.connected_at)
        # One that is online since later than now was noted before the clock was set back.
        now = self._clock.now()
        return {
            gateway_id: max(since, at) if at <= now else since for gateway_id, at in online.items()
        }

    async def _keep(self, book: RuleBook, judged: list[Judged], *, at: datetime) -> None:
        async with self._store.begin() as connection:
            for one in judged:
                await records.keep_standing(connection, one.standing)
                if one.outcome is not None:
                    following = book.follow(one.outcome) if isinstance(one.outcome, Firing) else []
                    await self._rules.apply(connection, [one.outcome, *following], at=at)


@dataclass(frozen=True, kw_only=True)
class Round:
    """One look at all series."""

    book: RuleBook
    series: Series
    kept: Kept
    where: Whereabouts
    at: datetime
    heard_since: Mapping[str, datetime] | None = None
    """Gateways that are heard; None: all are, and always were."""

    async def judge_all(self) -> list[Judged]:
        """Return every rule at every series where something has changed."""
        wanted = {rule.series.metric for rule in self.book.series_rules if rule.series is not None}
        newest = {
            key: await self.series.latest(key)
            for key in await self.series.keys()
            if key.metric in wanted and (key.gateway_id, key.device_id) in self.where
        }
        found: list[Judged] = []
        for number, (rule, key) in enumerate(product(self.book.series_rules, newest)):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)  # events wait for the loop; most looks ask nobody else
            if not is_watched(self.book, rule, key, self.where):
                continue
            judged = await self._judge(rule, key, newest[key])
            if judged is not None:
                found.append(judged)
        return found

    async def _judge(self, rule: RuleShape, key: SeriesKey, newest: Point | None) -> Judged | None:
        area_id = self.where[key.gateway_id, key.device_id]
        place = Place(gateway_id=key.gateway_id, device_id=key.device_id, area_id=area_id)
        subject = place.subject("device")
        known = self.kept.get((rule.rule_id, subject)) or KeptStanding(
            rule_id=rule.rule_id, subject=subject, place=place, active=False
        )
        limit = limit_of(rule)
        value = await measure(self.series, rule, key, newest, at=self.at)
        if rule.absence is not None and value is not None:
            value = self._missed_s(key.gateway_id, value)
        in_force = self.book.scopes[rule.rule_id].holds_at(self.at)
        standing, turn = judge(
            Standing(active=known.active, turning_since=known.turning_since),
            holds=beyond(limit, value, active=known.active) if in_force else False,
            at=self.at,
            rule=rule,
        )
        after = replace(known, turning_since=standing.turning_since)
        happening = Happening(
            event_id="", kind=SERIES_KIND, occurred_at=self.at, place=place, fields=None
        )
        if turn is Turn.BEGUN:
            why = saying.of_series(rule, limit, value or 0.0)
            begun = Firing(rule=rule, subject=subject, happening=happening, why=why)
            return Judged(standing=after, outcome=begun)
        if turn is Turn.ENDED:
            over = Ending(rule=rule, subject=subject, happening=happening)
            return Judged(standing=after, outcome=over)
        return None if after == known else Judged(standing=after, outcome=None)

    def _missed_s(self, gateway_id: str, age_s: float) -> float | None:
        """Return how long a value is overdue: a gateway that is away owes none."""
        if self.heard_since is None:
            return age_s
        since = self.heard_since.get(gateway_id)
        return None if since is None else min(age_s, (self.at - since).total_seconds())


def is_watched(book: RuleBook, rule: RuleShape, key: SeriesKey, where: Whereabouts) -> bool:
    """Tell whether a rule looks at a series of a device that is there."""
    area_id = where.get((key.gateway_id, key.device_id))
    return (
        area_id is not None and is_meant(rule, key) and book.scopes[rule.rule_id].reaches(area_id)
    )


def over_by_clock(
    kept: Iterable[KeptStanding], book: RuleBook | None, where: Whereabouts, *, at: datetime
) -> Iterable[tuple[KeptStanding, str, datetime]]:
    """Return what ends without an event, how, and when it has ended."""
    rules = {} if book is None else {rule.rule_id: rule for rule in book.rules}
    for standing in kept:
        rule = rules.get(standing.rule_id)
        if rule is None or book is None:
            yield standing, "rule_off", at
        elif rule.series is not None:
            if not is_watched(book, rule, _key(rule.series.metric, standing.place), where):
                yield standing, "device_gone", at
        elif standing.active:
            quiet_at = _quiet_at(rule, standing)
            if quiet_at is not None and quiet_at <= at:
                yield standing, "quiet", quiet_at


def _quiet_at(rule: RuleShape, standing: KeptStanding) -> datetime | None:
    """Return when a rule on events ends unless it fires again; None: an event ends it."""
    after_s = rule.ends_after_s
    if after_s is None and rule.ends is None:
        after_s = QUIET_S
    if after_s is None or standing.fired_at is None:
        return None
    return standing.fired_at + timedelta(seconds=after_s)


def _key(metric: str, place: Place) -> SeriesKey:
    return SeriesKey(gateway_id=place.gateway_id, device_id=place.device_id, metric=Metric(metric))


def _moved(standing: KeptStanding, step: timedelta) -> KeptStanding:
    turning, fired = standing.turning_since, standing.fired_at
    return replace(
        standing,
        turning_since=None if turning is None else turning + step,
        fired_at=None if fired is None else fired + step,
    )
