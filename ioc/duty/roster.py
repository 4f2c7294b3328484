"""The duty roster by hour and area: weekly shifts, and dated ones that stand instead of them; pure.

Hours are those of the wall clock where the commune is. Every instant has exactly one reading there,
also when clocks change, so shifts that follow one another on the clock neither leave a gap nor meet.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

DAY = timedelta(days=1)
LONGEST_EXCEPTION = timedelta(days=62)
_MONDAY = date(2001, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Crew:
    """The logins of who is called first, next and last; None: nobody of that rank."""

    person: str | None = None
    deputy: str | None = None
    leader: str | None = None

    @property
    def logins(self) -> tuple[str, ...]:
        """Everybody of the crew, first who is called first."""
        return tuple(each for each in (self.person, self.deputy, self.leader) if each is not None)


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Hours of one area: on some days of every week, or from one date to another."""

    area_id: str
    begins: time
    ends: time
    """Not after `begins`: on the next day."""
    crew: Crew
    days: frozenset[int] = frozenset()
    """Of a weekly shift, on which it begins: 0 is Monday."""
    first_day: date | None = None
    """Of a dated one, with `last_day`: it stands instead of the weekly ones in its hours."""
    last_day: date | None = None
    number: int = 0

    @property
    def is_dated(self) -> bool:
        """Whether it is an exception."""
        return self.first_day is not None

    def begins_on(self, day: date) -> bool:
        """Tell whether it begins on this day."""
        if self.first_day is not None and self.last_day is not None:
            return self.first_day <= day <= self.last_day
        return day.weekday() in self.days

    def span_on(self, day: date) -> tuple[datetime, datetime]:
        """Return its hours that begin on a day, by the wall clock."""
        overnight = self.ends <= self.begins
        last = day + DAY if overnight else day
        return datetime.combine(day, self.begins), datetime.combine(last, self.ends)

    def span_at(self, reading: datetime) -> tuple[datetime, datetime] | None:
        """Return its hours in which the wall clock's `reading` lies; None: in none."""
        for day in (reading.date(), reading.date() - DAY):
            begins, ends = self.span_on(day)
            if self.begins_on(day) and begins <= reading < ends:
                return begins, ends
        return None


@dataclass(frozen=True, kw_only=True)
class OnWatch:
    """Who is on duty for an area at an instant."""

    person: str | None = None
    deputy: str | None = None
    leader: str | None = None
    until: datetime | None = None
    """The wall clock's reading at which the first of these hours end; None: there are none."""

    @property
    def is_kept(self) -> bool:
        """Whether anybody is on duty."""
        return any((self.person, self.deputy, self.leader))


def find_watch(
    shifts: Iterable[Shift], path: Sequence[str], *, at: datetime, zone: tzinfo
) -> OnWatch:
    """Return who is on duty.

    Args:
        shifts: the roster.
        path: the area, then those above it: a rank nobody has in one is looked for in the next.
        at: the instant.
        zone: of the commune.
    """
    reading = at.astimezone(zone).replace(tzinfo=None)
    of_areas: dict[str, list[Shift]] = {}
    for shift in shifts:
        of_areas.setdefault(shift.area_id, []).append(shift)
    ranks: dict[str, str] = {}
    until: datetime | None = None
    for area_id in path:
        stands = _standing(of_areas.get(area_id, ()), reading)
        if stands is None:
            continue
        shift, ends = stands
        for rank in ("person", "deputy", "leader"):
            login = getattr(shift.crew, rank)
            # One person has one turn: who is called first is not called again as another's deputy.
            if login is not None and rank not in ranks and login not in ranks.values():
                ranks[rank] = login
                until = ends if until is None else min(until, ends)
    return OnWatch(**ranks, until=until)


def find_clash(shifts: Iterable[Shift], wanted: Shift) -> Shift | None:
    """Return a shift of the same area and kind that shares hours with `wanted`; None: none does."""
    for known in shifts:
        same = known.area_id == wanted.area_id and known.is_dated == wanted.is_dated
        if same and known.number != wanted.number and _meet(known, wanted):
            return known
    return None


def find_gaps(shifts: Iterable[Shift], area_id: str) -> tuple[tuple[datetime, datetime], ...]:
    """Return when in a week (that of 1 January 2001) no weekly shift of the area stands."""
    week = _MONDAY, _MONDAY + 7 * DAY
    begins, end = (datetime.combine(day, time.min) for day in week)
    spans = sorted(
        (max(since, begins), min(until, end))
        for shift in shifts
        if shift.area_id == area_id and not shift.is_dated
        for since, until in _spans(shift, _MONDAY - DAY, week[1])
        if since < end and until > begins
    )
    gaps: list[tuple[datetime, datetime]] = []
    for since, until in [*spans, (end, end)]:
        if since > begins:
            gaps.append((begins, since))
        begins = max(begins, until)
    return tuple(gaps)


def _standing(shifts: Iterable[Shift], reading: datetime) -> tuple[Shift, datetime] | None:
    """Return the shift that stands and when it ends or an exception takes its place."""
    held = [(shift, span[1]) for shift in shifts if (span := shift.span_at(reading)) is not None]
    if not held:
        return None
    shift, ends = min(held, key=lambda each: (not each[0].is_dated, each[0].number))
    if shift.is_dated:
        return shift, ends
    exceptions = (
        since
        for each in shifts
        if each.is_dated
        for since, _ in _spans(each, reading.date(), ends.date())
        if since > reading
    )
    return shift, min([ends, *exceptions])


def _spans(shift: Shift, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
    """Give a shift's hours that begin from one day to another."""
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        if shift.begins_on(day):
            yield shift.span_on(day)


def _meet(one: Shift, other: Shift) -> bool:
    first, last = _common_days(one, other)
    if first > last:
        return False
    others = list(_spans(other, first, last))
    return any(
        since < until_other and since_other < until
        for since, until in _spans(one, first, last)
        for since_other, until_other in others
    )


def _common_days(one: Shift, other: Shift) -> tuple[date, date]:
    """Return the days on which to look whether two shifts meet: two weeks stand for all weeks."""
    if one.first_day is None or other.first_day is None:
        return _MONDAY, _MONDAY + 14 * DAY
    lasts = [each.last_day or each.first_day for each in (one, other) if each.first_day is not None]
    return max(one.first_day, other.first_day) - DAY, min(lasts) + DAY
