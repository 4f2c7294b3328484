"""The hours of a day within which a zone watches; pure.

Hours are those of the clock on the wall: an hour that summer time repeats counts twice, one that it
leaves out not at all.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Self

_DAY_MIN = 24 * 60
_WRITTEN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Hours:
    """A part of every day, over midnight if it ends before it begins."""

    begin_min: int
    """Minute of the day, the first one within."""
    end_min: int
    """The first minute no longer within; 1440 is midnight."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return hours written as `22:00-05:00`.

        Raises:
            ValueError: they are written otherwise.
        """
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise ValueError(f"{text!r} are no hours; write them like 22:00-05:00")
        hour, minute, end_hour, end_minute = map(int, written.groups())
        begin_min, end_min = hour * 60 + minute, end_hour * 60 + end_minute
        if begin_min >= _DAY_MIN or end_min > _DAY_MIN:
            raise ValueError(f"{text!r}: a day ends at 24:00")
        if begin_min == end_min:
            raise ValueError(f"{text!r} is no time at all; leave hours out to watch always")
        return cls(begin_min=begin_min, end_min=end_min)

    def contains(self, minute_of_day: int) -> bool:
        """Tell whether a minute of the day, 0 to 1439, is within."""
        if self.begin_min < self.end_min:
            return self.begin_min <= minute_of_day < self.end_min
        return minute_of_day >= self.begin_min or minute_of_day < self.end_min


class Arming:
    """Which zones of a camera watch, and what has changed since that was told last.

    Asked for the present instant, in whatever order instants come: a clock that was set only
    changes the answer.
    """

    def __init__(self, hours_of_zones: Mapping[str, Iterable[Hours]], time_zone: tzinfo) -> None:
        """Args: a zone without hours always watches."""
        self._hours = {zone: tuple(hours) for zone, hours in hours_of_zones.items()}
        self._time_zone = time_zone
        self._told: dict[str, bool] = {}

    def tell_all(self, now: datetime) -> dict[str, bool]:
        """Return for every zone whether it watches at an aware instant."""
        local = now.astimezone(self._time_zone)
        minute = local.hour * 60 + local.minute
        self._told = {
            zone: not hours or any(one.contains(minute) for one in hours)
            for zone, hours in self._hours.items()
        }
        return dict(self._told)

    def tell_changes(self, now: datetime) -> dict[str, bool]:
        """Return the zones that watch at this instant and did not when told last, or vice versa."""
        before = self._told
        return {zone: armed for zone, armed in self.tell_all(now).items() if before[zone] != armed}
