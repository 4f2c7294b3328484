"""Who is on duty at every instant, whatever the roster, the zone and its clocks."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.duty.roster import Crew, Shift, find_clash, find_gaps, find_watch

PATH = ("ban-chuong", "xa")
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
BERLIN = ZoneInfo("Europe/Berlin")
"""Its clocks change on 29 March and 25 October 2026, at 01:00 UTC."""
ZONES = st.sampled_from([HANOI, BERLIN, ZoneInfo("Australia/Lord_Howe"), UTC])
INSTANTS = st.datetimes(
    min_value=datetime.fromisoformat("2026-01-01"),
    max_value=datetime.fromisoformat("2027-01-01"),
    timezones=st.just(UTC),
)
LOGINS = st.sampled_from(["lan", "hao", "quan", None])
HOURS = st.times().map(lambda each: each.replace(second=0, microsecond=0))


@st.composite
def crews(draw):
    drawn = [draw(LOGINS) for _ in range(3)]
    first = [each if drawn.index(each) == index else None for index, each in enumerate(drawn)]
    return Crew(**dict(zip(("person", "deputy", "leader"), first, strict=True)))


@st.composite
def shifts(draw):
    plain = {
        "area_id": draw(st.sampled_from(PATH)),
        "begins": draw(HOURS),
        "ends": draw(HOURS),
        "crew": draw(crews()),
    }
    if draw(st.booleans()):
        return Shift(**plain, days=draw(st.frozensets(st.integers(0, 6), min_size=1)))
    first = draw(st.dates(date(2026, 1, 1), date(2026, 12, 1)))
    return Shift(
        **plain, first_day=first, last_day=first + timedelta(days=draw(st.integers(0, 20)))
    )


@st.composite
def rosters(draw):
    """Return shifts entered one after another, as the page lets them be."""
    kept: list[Shift] = []
    for number, shift in enumerate(draw(st.lists(shifts(), max_size=8)), start=1):
        numbered = replace(shift, number=number)
        if find_clash(kept, numbered) is None:
            kept.append(numbered)
    return kept


@given(rosters(), INSTANTS, ZONES)
def test_every_instant_has_at_most_one_shift_of_an_area_and_kind(kept, at, zone):
    """Whatever was entered without a clash; so no two people have the same rank."""
    reading = at.astimezone(zone).replace(tzinfo=None)
    for area_id in PATH:
        for dated in (True, False):
            standing = [
                shift
                for shift in kept
                if (shift.area_id, shift.is_dated) == (area_id, dated) and shift.span_at(reading)
            ]
            assert len(standing) <= 1
    watch = find_watch(kept, PATH, at=at, zone=zone)
    named = [each for each in (watch.person, watch.deputy, watch.leader) if each]
    assert len(set(named)) == len(named)
    assert find_watch(reversed(kept), PATH, at=at, zone=zone) == watch
    assert (watch.until is None) == (not watch.is_kept)
    if watch.until is not None:
        assert reading < watch.until <= reading + timedelta(days=1)


@given(st.lists(HOURS, min_size=1, max_size=6, unique=True), INSTANTS, ZONES)
def test_shifts_that_follow_one_another_leave_no_gap(marks, at, zone):
    """Nor on the day when clocks change, nor in another zone: the wall clock decides."""
    marks = sorted(marks)
    kept = [
        Shift(
            area_id="xa",
            begins=begins,
            ends=marks[(index + 1) % len(marks)],
            crew=Crew(person=f"nguoi-{index}"),
            days=frozenset(range(7)),
            number=index,
        )
        for index, begins in enumerate(marks)
    ]
    assert all(find_clash(kept, shift) is None for shift in kept)
    assert find_gaps(kept, "xa") == ()
    person = find_watch(kept, PATH, at=at, zone=zone).person
    reading = at.astimezone(zone).time()
    expected = max((i for i, m in enumerate(marks) if m <= reading), default=len(marks) - 1)
    assert person == f"nguoi-{expected}"


@given(rosters(), INSTANTS)
def test_somebody_stands_wherever_no_gap_is_told(kept, at):
    """What the page says of gaps is what will happen."""
    weekly = [shift for shift in kept if not shift.is_dated and shift.area_id == "xa"]
    reading = at.replace(tzinfo=None)
    as_told = (
        datetime.fromisoformat("2001-01-01")
        + timedelta(days=reading.weekday())
        + (reading - datetime.combine(reading.date(), time.min))
    )
    in_gap = any(begins <= as_told < ends for begins, ends in find_gaps(weekly, "xa"))
    assert in_gap == (not any(shift.span_at(reading) for shift in weekly))


def watch_at(kept, hour, *, day=5, zone=HANOI):
    """Return who is on duty on a day of January 2026 (the 5th is a Monday) by the wall clock."""
    at = datetime(2026, 1, day, *hour, tzinfo=zone)
    watch = find_watch(kept, PATH, at=at.astimezone(UTC), zone=zone)
    return watch.person, watch.deputy, watch.leader


NIGHT = Shift(
    area_id="xa",
    begins=time(22),
    ends=time(6),
    days=frozenset({6}),
    crew=Crew(person="lan", deputy="hao", leader="quan"),
    number=1,
)


def test_a_night_shift_belongs_to_the_day_on_which_it_begins():
    """Sunday's ends on Monday morning."""
    assert watch_at([NIGHT], (5, 59)) == ("lan", "hao", "quan")
    assert watch_at([NIGHT], (6, 0)) == (None, None, None)
    assert watch_at([NIGHT], (21, 59), day=4) == (None, None, None)
    assert watch_at([NIGHT], (22, 0), day=4) == ("lan", "hao", "quan")
    assert watch_at([NIGHT], (23, 0)) == (None, None, None)


def test_what_a_hamlet_leaves_open_its_commune_fills():
    """Rank by rank, and nobody has two turns."""
    head = replace(NIGHT, area_id="ban-chuong", crew=Crew(person="hao"), number=2)
    assert watch_at([NIGHT, head], (1, 0)) == ("hao", None, "quan")
    assert find_watch(
        [NIGHT, head], ("xa",), at=datetime(2026, 1, 4, 18, tzinfo=UTC), zone=HANOI
    ) == (find_watch([NIGHT], ("xa",), at=datetime(2026, 1, 4, 18, tzinfo=UTC), zone=HANOI))


def test_an_exception_stands_instead_of_the_week_in_its_hours_only():
    """Before it the weekly shift lasts until then, after it goes on."""
    ill = Shift(
        area_id="xa",
        begins=time(1),
        ends=time(3),
        first_day=date(2026, 1, 5),
        last_day=date(2026, 1, 5),
        crew=Crew(person="quan"),
        number=2,
    )
    kept = [NIGHT, ill]
    assert [watch_at(kept, (hour, 0))[0] for hour in (0, 1, 2, 3)] == ["lan", "quan", "quan", "lan"]
    before = find_watch(kept, PATH, at=datetime(2026, 1, 5, 0, tzinfo=HANOI), zone=HANOI)
    assert before.until == datetime.fromisoformat("2026-01-05T01:00")
    assert watch_at(kept, (1, 0), day=12)[0] == "lan"


@pytest.mark.parametrize(
    "instant", [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]
)
def test_when_clocks_change_exactly_one_person_is_on_duty(instant):
    """Every minute of the night, by what the clock on the wall says."""
    early = Shift(
        area_id="xa",
        begins=time(14),
        ends=time(2, 30),
        days=frozenset(range(7)),
        number=1,
        crew=Crew(person="lan"),
    )
    late = replace(early, begins=time(2, 30), ends=time(14), crew=Crew(person="hao"), number=2)
    for minutes in range(-180, 181):
        at = instant + timedelta(minutes=minutes)
        wall = at.astimezone(BERLIN).time()
        expected = "hao" if time(2, 30) <= wall < time(14) else "lan"
        assert find_watch([early, late], PATH, at=at, zone=BERLIN).person == expected


def test_the_hours_move_with_the_communes_zone():
    """After a change of the setting the same roster is read by the other wall clock."""
    at = datetime(2026, 1, 4, 23, 30, tzinfo=UTC)  # 06:30 on Monday in Hà Nội
    assert find_watch([NIGHT], PATH, at=at, zone=HANOI).person is None
    assert find_watch([NIGHT], PATH, at=at, zone=UTC).person == "lan"
