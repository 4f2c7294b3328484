"""The alarm engine, walked at random: suppression always ends, time never calls twice, nothing is lost."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ioc.alarms.engine import machine, timers
from ioc.alarms.engine.causes import Causes, CircularCause, power_is_cut
from ioc.alarms.engine.deadband import Deadband
from ioc.alarms.engine.machine import Nature
from ioc.alarms.engine.policy import EVERYBODY, REALARMS_AFTER
from ioc.alarms.engine.schedules import Schedule
from ioc.alarms.engine.standing import ACTIVE, AWAITING, Outcome, Reason, Standing, Suppression
from ioc.alarms.engine.suppressing import Circumstances
from ioc.alarms.rules import AlarmKind, Priority
from ioc.alarms.settings import AlarmSettings, policies_of
from ioc.alarms.states import AlarmState, TransitionRefused, decide_acknowledge

START = datetime(2026, 1, 5, tzinfo=UTC)
POLICIES = policies_of(AlarmSettings(), ZoneInfo("UTC"))
LONGEST_SHELF = timedelta(hours=1)
EXPLAINED = Circumstances(suppression=Suppression.BY_DESIGN, cause_id="cause", note="gateway_down")


class EngineWalk(RuleBasedStateMachine):
    """One device's alarm, with a cause that comes and goes; beside it, what people have been told."""

    kind = AlarmKind.DEVICE_DOWN

    def __init__(self) -> None:
        super().__init__()
        self.at = START
        self.nature = Nature(kind=self.kind, priority=Priority.HIGH)
        self.standing: Standing | None = None
        self.there = False
        self.explained = False
        self.told_at: list[datetime] = []

    def settle(self, outcome: Outcome) -> None:
        around = EXPLAINED if self.explained else Circumstances()
        after = machine.call(outcome, self.nature, around, at=self.at, policies=POLICIES)
        if after.annunciation is not None:
            assert not after.standing.suppression, "what is suppressed has called"
            self.told_at.append(self.at)
        self.standing = after.standing

    @property
    def standing_now(self) -> Standing:
        return self.standing or Standing()

    @rule(standing_report=st.booleans())
    def it_is_reported(self, standing_report: bool) -> None:
        self.there = True
        if self.standing_now.state is AlarmState.NORMAL:
            self.settle(
                machine.begin(self.standing, self.nature, at=self.at, late=False, policies=POLICIES)
            )
            return
        self.settle(
            machine.report(
                self.standing_now, self.nature, anew=False, at=self.at, policies=POLICIES
            )
        )

    @precondition(lambda self: self.standing_now.active)
    @rule()
    def it_ends(self) -> None:
        self.there = False
        self.settle(machine.end(self.standing_now, self.nature, at=self.at, policies=POLICIES))

    @rule()
    def a_person_answers(self) -> None:
        try:
            state = decide_acknowledge(self.standing_now.state)
        except TransitionRefused:
            return
        self.standing = machine.acknowledge(self.standing_now, state)

    @precondition(lambda self: self.standing_now.state is not AlarmState.NORMAL)
    @rule(minutes=st.integers(1, 60))
    def a_person_puts_it_aside(self, minutes: int) -> None:
        until = self.at + timedelta(minutes=minutes)
        self.standing = machine.suppress(self.standing_now, Suppression.SHELVED, until=until)

    @precondition(lambda self: self.standing_now.suppression is Suppression.SHELVED)
    @rule()
    def a_person_takes_it_back(self) -> None:
        told_at = list(self.told_at)
        self.settle(machine.release(self.standing_now, at=self.at))
        self.told_at = told_at  # whoever takes it back asks for the call, however often

    @rule()
    def its_cause_begins(self) -> None:
        self.explained = True
        standing = self.standing_now
        if standing.state is AlarmState.UNACKNOWLEDGED and not standing.suppression:
            self.standing = machine.suppress(
                standing, Suppression.BY_DESIGN, until=None, cause_id="cause"
            )

    @precondition(lambda self: self.explained)
    @rule()
    def its_cause_ends(self) -> None:
        self.explained = False
        if self.standing_now.cause_id == "cause":
            wait = self.at + POLICIES.limits.grace
            self.settle(machine.release(self.standing_now, at=self.at, wait_until=wait))

    @rule(seconds=st.integers(1, 4_000))
    def time_passes(self, seconds: int) -> None:
        until = self.at + timedelta(seconds=seconds)
        while (due := self.standing_now.next_due_at) is not None and due <= until:
            self.at = max(self.at, due)
            timer = timers.due(self.standing_now, at=self.at)
            assert timer is not None
            before = self.standing_now
            self.settle(timers.fire(before, timer, self.nature, at=self.at, policies=POLICIES))
            assert self.standing_now != before, "a timer that has fired runs on"
        self.at = until

    @invariant()
    def what_is_there_is_never_called_over(self) -> None:
        if self.there:
            assert self.standing_now.state in ACTIVE

    @invariant()
    def what_is_gone_ends_or_will(self) -> None:
        standing = self.standing_now
        if not self.there and standing.active:
            assert standing.returns_at is not None
            assert standing.returns_at <= self.at + POLICIES.limits.calm_after

    @invariant()
    def silence_has_a_reason_and_an_end(self) -> None:
        standing = self.standing_now
        if standing.suppression is Suppression.SHELVED:
            assert standing.suppressed_until is not None
            assert self.at < standing.suppressed_until <= self.at + LONGEST_SHELF
        if standing.suppression is Suppression.BY_DESIGN:
            assert self.explained
            assert standing.cause_id == "cause"
        if standing.suppression:
            assert not standing.annunciate
            assert standing.escalates_at is None
            assert standing.reminds_at is None

    @invariant()
    def what_nobody_was_told_of_has_a_reason(self) -> None:
        standing = self.standing_now
        if standing.state is AlarmState.UNACKNOWLEDGED and not standing.annunciate:
            assert standing.suppression or standing.annunciates_at is not None

    @invariant()
    def escalation_ends_with_everybody_or_an_answer(self) -> None:
        standing = self.standing_now
        assert 0 <= standing.escalation_step <= EVERYBODY
        if standing.state not in AWAITING and standing.state is not AlarmState.NORMAL:
            assert standing.escalates_at is None

    @invariant()
    def three_calls_a_minute_are_chattering(self) -> None:
        recent = [at for at in self.told_at if at > self.at - POLICIES.limits.chattering_within]
        # An answer and a cause that ends may each call again.
        assert len(recent) <= 8


TestEngineWalk = EngineWalk.TestCase
TestEngineWalk.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(seconds=st.lists(st.integers(1, 8), min_size=20, max_size=60))
def test_a_device_that_flaps_calls_once_until_it_is_calm(seconds: list[int]) -> None:
    """However it flaps, with a few seconds between."""
    at, calls, standing = START, 0, Standing()
    nature = Nature(kind=AlarmKind.DEVICE_DOWN, priority=Priority.MEDIUM)
    for number, pause in enumerate(seconds):
        at += timedelta(seconds=pause)
        if number % 2:
            outcome = machine.end(standing, nature, at=at, policies=POLICIES)
        elif standing.state is AlarmState.NORMAL:
            outcome = machine.begin(standing, nature, at=at, late=False, policies=POLICIES)
        else:
            outcome = machine.report(standing, nature, anew=False, at=at, policies=POLICIES)
        after = machine.call(outcome, nature, Circumstances(), at=at, policies=POLICIES)
        calls += after.annunciation is Reason.RAISE
        standing = after.standing
    assert calls == 1
    assert standing.chattering


@given(
    steps=st.lists(
        st.tuples(st.integers(1, 200), st.sampled_from(["comes", "goes", "answer"])), max_size=80
    )
)
def test_a_chattering_intrusion_calls_once_for_each_answer_and_after_a_quiet(steps) -> None:
    """Whoever comes and goes at the edge of a zone; and never silently after a quiet."""
    at, standing = START, Standing()
    nature = Nature(kind=AlarmKind.INTRUSION, priority=Priority.HIGH)
    for pause, deed in steps:
        at += timedelta(seconds=pause)
        while (timer := timers.due(standing, at=at)) is not None:
            fired = timers.fire(standing, timer, nature, at=at, policies=POLICIES)
            standing = machine.call(
                fired, nature, Circumstances(), at=at, policies=POLICIES
            ).standing
        before = standing
        if deed == "answer":
            if standing.state in AWAITING:
                state = decide_acknowledge(standing.state)
                standing = machine.acknowledge(standing, state)
            continue
        if deed == "goes":
            outcome = machine.end(standing, nature, at=at, policies=POLICIES)
        elif standing.state is AlarmState.NORMAL:
            outcome = machine.begin(standing, nature, at=at, late=False, policies=POLICIES)
        else:
            outcome = machine.report(standing, nature, anew=True, at=at, policies=POLICIES)
        after = machine.call(outcome, nature, Circumstances(), at=at, policies=POLICIES)
        standing = after.standing
        if before.chattering and before.active:
            was_quiet = before.returns_at is not None and at - before.toggles[-1] >= REALARMS_AFTER
            news = deed == "comes" and before.state is AlarmState.ACKNOWLEDGED and was_quiet
            assert (after.annunciation is Reason.RAISE) is news


@given(places=st.lists(st.sampled_from(["tu/a", "tu/b", "tu/c", "tu/d"]), min_size=2, unique=True))
def test_a_circle_of_causes_is_refused_with_its_name(places: list[str]) -> None:
    """Else a fault would hide itself for ever."""
    circle = dict(zip(places, [*places[1:], places[0]], strict=True))
    with pytest.raises(CircularCause) as refused:
        Causes(depends_on=circle)
    assert set(refused.value.cycle) == set(places)
    assert refused.value.cycle[0] == refused.value.cycle[-1]


def test_a_gateway_that_hangs_on_its_own_switch_is_a_circle() -> None:
    """The switch hangs on the gateway by itself: the line that is missing is named."""
    with pytest.raises(ValueError, match="tu → tu/switch → tu "):
        AlarmSettings.model_validate({"depends_on": {"tu": "tu/switch"}})
    with pytest.raises(CircularCause, match="→"):
        Causes(depends_on={"tu": "tu/switch"})


def test_power_is_cut_when_two_and_half_of_the_gateways_are_gone() -> None:
    """One of two is a gateway; two of five may be chance."""
    assert not power_is_cut(gateways=1, down=1)
    assert power_is_cut(gateways=2, down=2)
    assert not power_is_cut(gateways=5, down=2)
    assert power_is_cut(gateways=5, down=3)


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1),
    limit=st.floats(-1e3, 1e3),
    width=st.floats(0, 1e3),
)
def test_within_the_dead_band_nothing_changes(
    values: list[float], limit: float, width: float
) -> None:
    """The condition begins above the limit and ends below the band, whatever lies between."""
    band, active = Deadband(limit=limit, width=width), False
    for value in values:
        after = band.judge(value, active=active)
        if limit - width < value <= limit:
            assert after == active
        active = after
    assert band.judge(float("nan"), active=active) == active


@given(hours=st.integers(0, 24 * 400))
def test_a_night_schedule_holds_past_midnight_and_across_changes_of_the_clock(hours: int) -> None:
    """Its end lies ahead, at the hour it names, and is no longer away than the night is long."""
    zone = ZoneInfo("Europe/Berlin")
    night = Schedule(
        name="đêm",
        kinds=frozenset({AlarmKind.CROWDING}),
        begins=time(22),
        ends=time(5),
    )
    at = START + timedelta(hours=hours)
    until = night.holds_until(at, zone)
    local = at.astimezone(zone)
    assert (until is not None) == (local.hour >= 22 or local.hour < 5)
    if until is not None:
        assert at < until <= at + timedelta(hours=8)
        assert until.astimezone(zone).hour == 5


def test_resolving_is_due_from_the_first_call_and_paused_while_the_gateway_is_away() -> None:
    """Calling again does not give more time; an hour without the gateway does."""
    nature = Nature(kind=AlarmKind.LITTERING, priority=Priority.HIGH)
    first = machine.begin(None, nature, at=START, late=False, policies=POLICIES)
    called = machine.call(first, nature, Circumstances(), at=START, policies=POLICIES).standing
    due = called.resolve_by
    assert due == START + timedelta(hours=2)
    later = START + timedelta(minutes=30)
    again = replace(called, state=AlarmState.RTN_UNACKNOWLEDGED)
    report = machine.report(again, nature, anew=True, at=later, policies=POLICIES)
    recalled = machine.call(report, nature, Circumstances(), at=later, policies=POLICIES).standing
    assert recalled.resolve_by == due
