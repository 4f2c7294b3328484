"""The alarm state machine, walked at random: it says whether the condition lasts and who must answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ioc.alarms.states import (
    AlarmState,
    Cause,
    TransitionRefused,
    decide_acknowledge,
    decide_close,
    decide_raise,
    decide_return,
)

ACTIVE = {AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED}
UNANSWERED = {AlarmState.UNACKNOWLEDGED, AlarmState.RTN_UNACKNOWLEDGED}


class AlarmWalk(RuleBasedStateMachine):
    """Beside the machine stand the two facts its state must always tell."""

    latched = False

    def __init__(self) -> None:
        super().__init__()
        self.state = AlarmState.NORMAL
        self.lasting = False
        self.unanswered = False

    @rule(anew=st.booleans())
    def the_condition_is_reported(self, anew: bool) -> None:
        calls = anew or not self.lasting
        self.state, cause = decide_raise(self.state, anew=anew)
        assert cause is Cause.RAISE or not calls or self.unanswered
        self.lasting = True
        self.unanswered = self.unanswered or calls

    @rule()
    def a_person_answers(self) -> None:
        if not self.unanswered:
            with pytest.raises(TransitionRefused):
                decide_acknowledge(self.state)
            return
        self.state = decide_acknowledge(self.state)
        self.unanswered = False

    @rule()
    def the_condition_ends(self) -> None:
        self.state = decide_return(self.state, latched=self.latched, annunciate=True)
        self.lasting = self.lasting and self.latched

    @rule()
    def an_operator_closes(self) -> None:
        if self.latched and self.lasting and not self.unanswered:
            self.state = decide_close(self.state, latched=True)
            self.lasting = False
            return
        with pytest.raises(TransitionRefused):
            decide_close(self.state, latched=self.latched)

    @invariant()
    def the_state_tells_both_facts(self) -> None:
        assert (self.state in ACTIVE) == self.lasting
        assert (self.state in UNANSWERED) == self.unanswered


class LatchedWalk(AlarmWalk):
    """Of a latched alarm only an operator ends the condition."""

    latched = True

    @precondition(lambda self: self.lasting)
    @rule()
    def it_never_ends_by_itself(self) -> None:
        assert decide_return(self.state, latched=True, annunciate=True) == self.state


TestAlarmWalk = AlarmWalk.TestCase
TestLatchedWalk = LatchedWalk.TestCase


@given(state=st.sampled_from(AlarmState))
def test_an_acknowledgement_never_ends_an_active_alarm(state: AlarmState) -> None:
    """Answering is not mending."""
    try:
        after = decide_acknowledge(state)
    except TransitionRefused:
        return
    assert (after in ACTIVE) == (state in ACTIVE)


def test_an_alarm_that_called_nobody_needs_no_answer_when_it_is_over() -> None:
    """A late alarm returns straight to normal."""
    state = decide_return(AlarmState.UNACKNOWLEDGED, latched=False, annunciate=False)
    assert state is AlarmState.NORMAL
