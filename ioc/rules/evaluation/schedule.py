"""When a rule is in force: hours and days by the commune's clock; pure."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from ioc.rules.language.document import RuleShape

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTES = 24 * 60


def compile_schedule(rule: RuleShape, zone: ZoneInfo) -> Callable[[datetime], bool]:
    """Return whether the rule is in force at an instant.

    A span over midnight belongs to the day on which it begins: `22:00-05:00` on Saturday lasts
    until Sunday morning.
    """
    days = frozenset(map(_DAYS.index, rule.days)) or frozenset(range(7))
    spans = [_span(hours) for hours in rule.hours]
    if not spans:
        return lambda instant: instant.astimezone(zone).weekday() in days

    def holds(instant: datetime) -> bool:
        local = instant.astimezone(zone)
        minute, day = local.hour * 60 + local.minute, local.weekday()
        return any(
            (start <= minute < end and day in days)
            or (end > _MINUTES and minute < end - _MINUTES and (day - 1) % 7 in days)
            for start, end in spans
        )

    if not rule.days and spans == [(0, _MINUTES)]:
        return lambda _instant: True
    return holds


def _span(hours: str) -> tuple[int, int]:
    """Return first and last minute since midnight; the last counts on beyond the next midnight."""
    start, end = (_minute(clock) for clock in hours.split("-"))
    return start, end if end > start else end + _MINUTES


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
