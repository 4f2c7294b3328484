"""Hours in which a kind of alarm is expected and calls nobody, such as a crowd on market day; pure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from ioc.alarms.rules import AlarmKind

EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Daily hours by the commune's clock; past midnight where `ends` is not after `begins`."""

    name: str
    kinds: frozenset[AlarmKind]
    begins: time
    ends: time
    days: frozenset[int] = EVERY_DAY
    """On which they begin: 0 is Monday."""
    area_ids: frozenset[str] | None = None
    """None: everywhere."""
    device_ids: frozenset[str] | None = None

    def expects(self, kind: AlarmKind, *, area_id: str, device_id: str | None) -> bool:
        """Tell whether it is about such an alarm at all."""
        return (
            kind in self.kinds
            and (self.area_ids is None or area_id in self.area_ids)
            and (self.device_ids is None or device_id in self.device_ids)
        )

    def holds_until(self, at: datetime, zone: tzinfo) -> datetime | None:
        """Return when the hours end in which `at` lies; None: it lies in none."""
        local = at.astimezone(zone)
        for back in (0, 1):
            day = (local - timedelta(days=back)).date()
            if day.weekday() not in self.days:
                continue
            begins = datetime.combine(day, self.begins, tzinfo=zone)
            overnight = self.ends <= self.begins
            last = day + timedelta(days=1) if overnight else day
            ends = datetime.combine(last, self.ends, tzinfo=zone)
            # Compared in UTC: across a change of the clocks local differences lie.
            if begins.astimezone(at.tzinfo) <= at < ends.astimezone(at.tzinfo):
                return ends.astimezone(at.tzinfo)
        return None
