"""A commune that moves to another time zone: what people have written by the clock follows its clock.

Instants are kept in UTC, hours as they were written; nothing that is stored has to be changed.
"""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from ioc.alarms.rules import AlarmKind
from ioc.alarms.settings import AlarmSettings, policies_of
from ioc.duty.roster import Crew, Shift, find_watch
from ioc.notify.reach.wishes import Wishes
from ioc.rules.evaluation.schedule import compile_schedule
from ioc.rules.language import Known, read_rules
from ioc.web.presentation import month_span

HERE, THERE = ZoneInfo("Asia/Ho_Chi_Minh"), ZoneInfo("Asia/Tokyo")
"""Two hours apart."""
EVENING = datetime(2026, 1, 31, 14, 30, tzinfo=UTC)
"""21:30 here and 23:30 there, on the last day of the month."""


@pytest.mark.parametrize(("zone", "in_force"), [(HERE, False), (THERE, True)])
def test_the_hours_of_a_rule(zone, in_force):
    """A rule for 22:00 to 05:00 is in force where it is night."""
    text = read_rules(
        "rules:\n"
        "  - id: a\n"
        "    name: A\n"
        "    event: {kind: crowding.started}\n"
        '    hours: ["22:00-05:00"]\n',
        Known(),
    )
    (rule,) = text.document.rules
    assert compile_schedule(rule, zone)(EVENING) is in_force


@pytest.mark.parametrize(("zone", "waits_h"), [(HERE, 0), (THERE, 6.5)])
def test_the_hours_in_which_somebody_wants_to_be_told(zone, waits_h):
    """Until 22:00, then from six in the morning."""
    wishes = Wishes(hours=("06:00-22:00",))
    begins = wishes.earliest("medium", now=EVENING, zone=zone)
    assert (begins - EVENING).total_seconds() == waits_h * 3_600


@pytest.mark.parametrize(("zone", "expected"), [(HERE, True), (THERE, False)])
def test_the_hours_in_which_alarms_are_expected(zone, expected):
    """A market in the evening."""
    settings = AlarmSettings.model_validate(
        {"expected": [{"name": "Chợ", "kinds": ["crowding"], "from": "18:00", "to": "22:00"}]}
    )
    policies = policies_of(settings, zone)
    (market,) = policies.schedules
    assert market.expects(AlarmKind.CROWDING, area_id="xa", device_id=None)
    assert (market.holds_until(EVENING, policies.zone) is not None) is expected


@pytest.mark.parametrize(("zone", "person"), [(HERE, "chieu"), (THERE, "dem")])
def test_who_is_on_duty(zone, person):
    """The evening shift ends at 22:00 by the commune's clock."""
    every_day = frozenset(range(7))
    roster = [
        Shift(
            area_id="xa", days=every_day, begins=begins, ends=ends, crew=Crew(person=who), number=n
        )
        for n, (begins, ends, who) in enumerate(
            [(time(14), time(22), "chieu"), (time(22), time(6), "dem")], start=1
        )
    ]
    assert find_watch(roster, ["xa"], at=EVENING, zone=zone).person == person


@pytest.mark.parametrize(("zone", "in_january"), [(HERE, True), (THERE, False)])
def test_the_month_of_a_report(zone, in_january):
    """What was said an hour later lies in January here and in February there."""
    later = EVENING.replace(hour=15, minute=30)
    since, until = month_span("2026-01", zone)
    assert (since <= later < until) is in_january
