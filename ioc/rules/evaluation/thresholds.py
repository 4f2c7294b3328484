"""Limits on measured values: dead-band, delays, and what is not known; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ioc.rules.language.document import Absence, Band, Rate, RuleShape
from ioc.timeseries.port import Point

FRESH = timedelta(minutes=10)
"""Gateways send once a minute. What is older tells nothing about now."""
WEEK = timedelta(days=7)
_PER_S = {"second": 1.0, "minute": 60.0, "hour": 3_600.0}


class Turn(StrEnum):
    """What became of a condition."""

    BEGUN = "begun"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where a condition stands for one series."""

    active: bool = False
    turning_since: datetime | None = None
    """Since when it is otherwise without a break; None: it is as it was."""


def judge(
    standing: Standing, *, holds: bool | None, at: datetime, rule: RuleShape
) -> tuple[Standing, Turn | None]:
    """Return where the condition stands at `at`, and whether it begins or ends now.

    Args:
        standing: where it stood.
        holds: whether the value is beyond its limit; None: not known, which neither begins nor ends
            anything and starts the delays anew.
        at: not before the previous call's.
        rule: has the delays.
    """
    if holds is None or holds is standing.active:
        return Standing(active=standing.active), None
    since = standing.turning_since or at
    delay = timedelta(seconds=rule.on_delay_s if holds else rule.off_delay_s)
    if at - since < delay:
        return Standing(active=standing.active, turning_since=since), None
    return Standing(active=holds), Turn.BEGUN if holds else Turn.ENDED


def limit_of(rule: RuleShape) -> Band | Absence:
    """Return the one limit of a checked series rule."""
    for limit in (rule.value, rule.rate, rule.change, rule.absence):
        if limit is not None:
            return limit
    raise ValueError(f"the rule {rule.rule_id} has no limit")


def beyond(limit: Band | Absence, measured: float | None, *, active: bool) -> bool | None:
    """Tell whether a value is beyond its limit; once active, until it is back at `clear_at`."""
    if measured is None:
        return None
    if isinstance(limit, Absence):
        return measured > limit.for_s
    if limit.above is not None:
        edge = limit.clear_at if active and limit.clear_at is not None else limit.above
        return measured > edge
    edge = limit.clear_at if active and limit.clear_at is not None else (limit.below or 0.0)
    return measured < edge


def is_fresh(newest: Point | None, at: datetime) -> bool:
    """Tell whether the newest point says anything about now."""
    return newest is not None and at - newest.sampled_at <= FRESH


def rate(limit: Rate, points: Sequence[Point]) -> float | None:
    """Return how fast a value changes; None: the points cover less than half of the time."""
    if len(points) < 2:
        return None
    span_s = (points[-1].sampled_at - points[0].sampled_at).total_seconds()
    if span_s < limit.over_s / 2:
        return None
    return (points[-1].value - points[0].value) / span_s * _PER_S[limit.per]


def change_percent(now: float | None, then: float | None) -> float | None:
    """Return by how many percent a mean differs from last week's; None: nothing to compare with."""
    if now is None or then is None or then == 0.0:
        return None
    return (now - then) / abs(then) * 100.0
