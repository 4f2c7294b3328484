"""The four alarm states of ISA-18.2 and what may lead from one to another; pure."""

from enum import StrEnum


class AlarmState(StrEnum):
    """Where an alarm stands: is the condition still there, and has a person answered?"""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RTN_UNACKNOWLEDGED = "rtn_unacknowledged"


class Cause(StrEnum):
    """Why a line stands in the transition log."""

    RAISE = "raise"
    """The condition began, or began again."""
    REPEAT = "repeat"
    """The same condition was reported once more: evidence, no new call."""
    ANNUNCIATE = "annunciate"
    """Recorded late at first, then found to last still: calls once."""
    ACKNOWLEDGE = "acknowledge"
    RETURN = "return"
    """The condition is over."""
    CLOSE = "close"
    """An operator ended a latched alarm."""
    MARK_FALSE = "mark_false"
    """An operator said that nothing had happened; ends the alarm."""
    UNDO = "undo"
    """The same operator took that back at once."""
    MARK_FIXTURE = "mark_fixture"
    """An operator ordered that the object be taken for one that belongs there."""
    FORGET_FIXTURE = "forget_fixture"
    """An operator ordered that the like of such an object be reported again."""
    CORROBORATE = "corroborate"
    """A camera's own analysis says the same."""
    SHELVE = "shelve"
    """A person put it aside until an instant, with a reason."""
    UNSHELVE = "unshelve"
    """A person took it back before that."""
    SHELF_EXPIRED = "shelf_expired"
    """The time is over for which it was not to call."""
    SUPPRESS = "suppress"
    """Another alarm explains it, a schedule expects it, or a flood has gathered it."""
    RELEASE = "release"
    """What explained it is over."""
    OUT_OF_SERVICE = "out_of_service"
    """Its device is being worked on."""
    CHATTER = "chatter"
    """It comes and goes: it calls once, then no more until it is calm."""
    CALM = "calm"
    RETURNING = "returning"
    """The condition is gone, but must stay away for a while to count as over."""
    ESCALATE = "escalate"
    """Nobody answered in time: the next person is called."""
    OVERDUE = "overdue"
    """It should have been resolved by now."""
    STALE = "stale"
    """It has lasted for more than a day."""
    TAKE = "take"
    """A person has it in hand."""
    ASSIGN = "assign"
    """A person was given it."""
    UNASSIGN = "unassign"
    """Nobody has it in hand any more."""
    COMMENT = "comment"
    """A person wrote something down."""
    TALK_DOWN = "talk_down"
    """The gateway spoke to the person by itself, or why not, or what the person did then."""


class TransitionRefused(Exception):
    """An alarm cannot go this way from where it stands; the page is older than the alarm."""

    def __init__(self, state: AlarmState, cause: Cause, why: str) -> None:
        self.state = state
        self.cause = cause
        super().__init__(f"cannot {cause} an alarm that is {state}: {why}")


_ACKNOWLEDGED = {
    AlarmState.UNACKNOWLEDGED: AlarmState.ACKNOWLEDGED,
    AlarmState.RTN_UNACKNOWLEDGED: AlarmState.NORMAL,
}
_RETURNED = {
    AlarmState.UNACKNOWLEDGED: AlarmState.RTN_UNACKNOWLEDGED,
    AlarmState.ACKNOWLEDGED: AlarmState.NORMAL,
}


def decide_raise(state: AlarmState, *, anew: bool) -> tuple[AlarmState, Cause]:
    """Return what a report of the condition makes of an alarm.

    Args:
        state: where it stands.
        anew: a further object or occurrence, not the same one again. It calls a person again even
            after an acknowledgement, since nobody has seen it.
    """
    if state in (AlarmState.NORMAL, AlarmState.RTN_UNACKNOWLEDGED):
        return AlarmState.UNACKNOWLEDGED, Cause.RAISE
    if anew and state is AlarmState.ACKNOWLEDGED:
        return AlarmState.UNACKNOWLEDGED, Cause.RAISE
    return state, Cause.REPEAT


def decide_acknowledge(state: AlarmState) -> AlarmState:
    """Return the state after a person has answered; an active alarm stays active.

    Raises:
        TransitionRefused: nobody needs to answer any more.
    """
    after = _ACKNOWLEDGED.get(state)
    if after is None:
        raise TransitionRefused(state, Cause.ACKNOWLEDGE, "somebody already has")
    return after


def decide_return(state: AlarmState, *, latched: bool, annunciate: bool) -> AlarmState:
    """Return the state after the condition has ended.

    A latched alarm waits for an operator. One that never called anybody (late) needs no answer.
    """
    if latched:
        return state
    if not annunciate:
        return AlarmState.NORMAL
    return _RETURNED.get(state, state)


def decide_mark_false(state: AlarmState) -> AlarmState:
    """Return the state after an operator has said that nothing had happened.

    Raises:
        TransitionRefused: the alarm is over already.
    """
    if state is AlarmState.NORMAL:
        raise TransitionRefused(state, Cause.MARK_FALSE, "it is over")
    return AlarmState.NORMAL


def decide_close(state: AlarmState, *, latched: bool) -> AlarmState:
    """Return the state after an operator ends a latched alarm.

    Raises:
        TransitionRefused: it ends by itself, or nobody has acknowledged it.
    """
    if not latched:
        raise TransitionRefused(state, Cause.CLOSE, "it ends when its condition ends")
    if state is not AlarmState.ACKNOWLEDGED:
        raise TransitionRefused(state, Cause.CLOSE, "acknowledge it first")
    return AlarmState.NORMAL
