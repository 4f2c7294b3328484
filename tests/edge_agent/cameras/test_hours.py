"""The hours within which a zone watches."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cameras.hours import Arming, Hours

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
BERLIN = ZoneInfo("Europe/Berlin")
MINUTES = st.integers(min_value=0, max_value=1_439)
INSTANTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 -- hypothesis adds the zone
    max_value=datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def written(begin_min: int, end_min: int) -> str:
    return "{:02}:{:02}-{:02}:{:02}".format(*divmod(begin_min, 60), *divmod(end_min, 60))


def arming(*hours: str, zone=VIETNAM) -> Arming:
    return Arming({"cổng": [Hours.parse(text) for text in hours]}, zone)


def is_armed(hours: str, instant: datetime, zone=VIETNAM) -> bool:
    return arming(hours, zone=zone).tell_all(instant)["cổng"]


@pytest.mark.parametrize(
    ("local", "armed"),
    [
        ("21:59", False),
        ("22:00", True),
        ("23:59", True),
        ("00:00", True),
        ("04:59", True),
        ("05:00", False),
        ("12:00", False),
    ],
)
def test_hours_may_pass_midnight(local, armed):
    """22:00-05:00 is a night, its first minute within, its last one not."""
    instant = datetime.fromisoformat(f"2026-03-01T{local}:00+07:00")
    assert is_armed("22:00-05:00", instant) is armed


def test_without_hours_a_zone_always_watches():
    """What is not set is no limit."""
    noon = datetime(2026, 3, 1, 5, tzinfo=UTC)
    assert arming().tell_all(noon) == {"cổng": True}


@given(begin=MINUTES, end=MINUTES, instant=INSTANTS)
def test_hours_and_the_rest_of_the_day_are_opposites(begin, end, instant):
    """Whatever the hours, a minute lies either within them or within those from end to begin."""
    if begin == end:
        return
    within = is_armed(written(begin, end), instant)
    assert is_armed(written(end, begin), instant) is not within


@given(begin=MINUTES, length=st.integers(min_value=1, max_value=1_439), instant=INSTANTS)
def test_a_vietnamese_day_is_armed_for_its_hours(begin, length, instant):
    """Without summer time every day has its hours in full, over midnight or not."""
    one = arming(written(begin, (begin + length) % 1_440))
    start = instant.replace(second=0, microsecond=0)
    minutes = [start + timedelta(minutes=n) for n in range(0, 1_440, 7)]
    armed = sum(one.tell_all(minute)["cổng"] for minute in minutes)
    assert abs(armed * 7 - length) <= 14


@given(
    instants=st.lists(INSTANTS, min_size=2, max_size=30),
    begin=MINUTES,
    end=MINUTES,
)
def test_changes_told_add_up_to_the_truth(instants, begin, end):
    """However the clock is set, forth or back, who heard every change knows who is armed."""
    if begin == end:
        return
    one = arming(written(begin, end))
    known = one.tell_all(instants[0])
    for instant in instants[1:]:
        changes = one.tell_changes(instant)
        assert all(known[zone] != armed for zone, armed in changes.items()), "only changes"
        known |= changes
        assert known["cổng"] is is_armed(written(begin, end), instant)


def test_an_hour_that_summer_time_repeats_counts_twice():
    """The clock on the wall decides: in Berlin 02:00-03:00 came twice on 25 October 2026."""
    night = [datetime(2026, 10, 24, 23, tzinfo=UTC) + timedelta(minutes=n) for n in range(240)]
    assert sum(is_armed("02:00-03:00", one, BERLIN) for one in night) == 120


def test_an_hour_that_summer_time_leaves_out_never_comes():
    """In Berlin there was no 02:00-03:00 on 29 March 2026; nothing fails, nothing is armed."""
    night = [datetime(2026, 3, 28, 23, tzinfo=UTC) + timedelta(minutes=n) for n in range(240)]
    assert not any(is_armed("02:00-03:00", one, BERLIN) for one in night)


NO_HOURS = """\
22-5
22:00
7:00-8:00
22:00-25:00
24:00-05:00
22:60-23:00
08:00-24:30
08:00-08:00
22:00–05:00
٢٢:00-05:00
"""


@pytest.mark.parametrize("text", ["", *NO_HOURS.splitlines()])
def test_what_are_no_hours_is_refused(text):
    """The fault is found by the check, not at ten in the evening."""
    with pytest.raises(ValueError, match=r"\S"):
        Hours.parse(text)
