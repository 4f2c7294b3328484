"""One alarm through its life: reported, ended, overtaken by time, put aside; pure.

A decision that would call people says so in `Outcome.calls`; `call` then weighs what speaks against
it. Nothing calls by another way.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from ioc.alarms.engine import chattering, services
from ioc.alarms.engine.policy import Policies
from ioc.alarms.engine.standing import AWAITING, Outcome, Reason, Standing, Suppression
from ioc.alarms.engine.suppressing import Circumstances
from ioc.alarms.rules import AlarmKind, Priority
from ioc.alarms.states import AlarmState, Cause, decide_raise, decide_return


@dataclass(frozen=True, kw_only=True)
class Nature:
    """What about an alarm never changes while it lasts, or comes with the report."""

    kind: AlarmKind
    priority: Priority
    latched: bool = False


def begin(
    before: Standing | None, nature: Nature, *, at: datetime, late: bool, policies: Policies
) -> Outcome:
    """Return an alarm whose condition has begun.

    Args:
        before: where the last alarm of the object stood, over by now; None: there was none.
        nature: its kind and priority.
        at: now.
        late: too old for anybody to act on: recorded, and calls nobody.
        policies: what the installation has decided.
    """
    behaviour, limits = policies.of(nature.kind), policies.limits
    last = before or Standing()
    toggles = chattering.note(last.toggles, at, limits) if behaviour.chatters and not late else ()
    chatters = chattering.is_chattering(toggles, limits)
    standing = Standing(
        state=AlarmState.UNACKNOWLEDGED,
        latched=nature.latched,
        late=late,
        toggles=toggles,
        chattering=chatters,
        calms_at=at + limits.calm_after if chatters else None,
        stales_at=None if late else at + limits.stale_after,
    )
    if late:
        return Outcome(standing=standing, cause=Cause.RAISE)
    if behaviour.on_delay and not chatters:
        waiting = replace(standing, annunciates_at=at + behaviour.on_delay)
        return Outcome(standing=waiting, cause=Cause.RAISE)
    return Outcome(standing=standing, cause=Cause.RAISE, calls=Reason.RAISE)


def report(
    standing: Standing, nature: Nature, *, anew: bool, at: datetime, policies: Policies
) -> Outcome:
    """Return an alarm that is not over after one more live report of its condition.

    `anew`: a further object or occurrence within it, not the same one again.
    """
    was_gone = standing.returns_at is not None or standing.state is AlarmState.RTN_UNACKNOWLEDGED
    chatters = policies.of(nature.kind).chatters
    toggled = _toggle(standing, at, policies) if was_gone and chatters else standing
    state, cause = decide_raise(standing.state, anew=anew and not standing.chattering)
    held = replace(toggled, state=state, returns_at=None, late=False)
    if standing.chattering:
        return _chattering_on(standing, held, nature, at=at, policies=policies)
    if standing.suppression:
        return Outcome(standing=held, cause=cause)
    if held.chattering:
        return _found_chattering(standing, held)
    if cause is Cause.REPEAT:
        return _repeat(standing, held)
    if on_delay := policies.of(nature.kind).on_delay:
        return Outcome(standing=replace(held, annunciates_at=at + on_delay), cause=cause)
    return Outcome(standing=held, cause=cause, calls=Reason.RAISE)


def _chattering_on(
    before: Standing, held: Standing, nature: Nature, *, at: datetime, policies: Policies
) -> Outcome:
    """It stays quiet, but what comes after a quiet of its own is news to who has answered (ISA-18.2).

    It needs an answer each time, so that however it chatters it calls once for each answer.
    """
    quiet = policies.of(nature.kind).realarms_after
    is_gone = before.returns_at is not None and before.toggles
    answered = before.state is AlarmState.ACKNOWLEDGED and not before.suppression
    if quiet is None or not (is_gone and answered) or at - before.toggles[-1] < quiet:
        return Outcome(standing=held, cause=Cause.REPEAT)
    anew = replace(held, state=AlarmState.UNACKNOWLEDGED)
    return Outcome(standing=anew, cause=Cause.RAISE, calls=Reason.RAISE)


def _found_chattering(before: Standing, held: Standing) -> Outcome:
    """It calls once as such, unless it has called already or somebody has answered.

    Delayed each time, it would else never call although it never works.
    """
    known = before.annunciate or before.suppression or before.state not in AWAITING
    return Outcome(
        standing=replace(held, annunciates_at=None),
        cause=Cause.CHATTER,
        calls=None if known else Reason.RAISE,
    )


def _repeat(before: Standing, held: Standing) -> Outcome:
    waits = before.annunciates_at is not None
    if before.annunciate or waits or before.state not in AWAITING:
        return Outcome(standing=held, cause=Cause.REPEAT)
    # Recorded late at first; that it lasts still is news.
    return Outcome(standing=held, cause=Cause.ANNUNCIATE, calls=Reason.RAISE)


def end(standing: Standing, nature: Nature, *, at: datetime, policies: Policies) -> Outcome:
    """Return an alarm whose condition has ended, or seems to: it may have to stay away for a while."""
    if standing.latched or not standing.active:
        return Outcome(standing=standing, cause=Cause.RETURN)
    if standing.returns_at is not None:
        return Outcome(standing=standing, cause=Cause.RETURNING)
    behaviour, limits = policies.of(nature.kind), policies.limits
    toggled = _toggle(standing, at, policies) if behaviour.chatters else standing
    if toggled.chattering:
        held = replace(toggled, returns_at=at + limits.calm_after)
        if not standing.chattering:
            return _found_chattering(standing, held)
        return Outcome(standing=held, cause=Cause.RETURNING)
    if behaviour.off_delay and standing.annunciate:
        held = replace(toggled, returns_at=at + behaviour.off_delay)
        return Outcome(standing=held, cause=Cause.RETURNING)
    return Outcome(standing=finish(toggled), cause=Cause.RETURN)


def finish(standing: Standing) -> Standing:
    """Return an alarm whose condition is over for good."""
    state = decide_return(standing.state, latched=False, annunciate=standing.annunciate)
    # What a person has put aside stays so: it outlasts the condition.
    shelved = standing.suppression is not Suppression.BY_DESIGN
    return replace(
        standing,
        state=state,
        returns_at=None,
        annunciates_at=None,
        calms_at=None,
        stales_at=None,
        reminds_at=None,
        chattering=False,
        stale=False,
        toggles=() if standing.chattering else standing.toggles,
        suppression=standing.suppression if shelved else Suppression.NONE,
        suppressed_until=standing.suppressed_until if shelved else None,
        cause_id=None if state is AlarmState.NORMAL else standing.cause_id,
    )


def call(
    outcome: Outcome,
    nature: Nature,
    circumstances: Circumstances,
    *,
    at: datetime,
    policies: Policies,
) -> Outcome:
    """Return an outcome that would call, after what speaks against it was weighed."""
    standing, why = outcome.standing, outcome.calls
    if why is None:
        return outcome
    if circumstances.suppression:
        silent = replace(
            services.silenced(standing),
            suppression=circumstances.suppression,
            suppressed_until=circumstances.until,
            cause_id=circumstances.cause_id,
        )
        return Outcome(standing=silent, cause=outcome.cause)
    level = policies.service_levels[nature.priority]
    calling = replace(
        standing,
        annunciate=True,
        late=False,
        annunciates_at=None,
        suppression=Suppression.NONE,
        suppressed_until=None,
        cause_id=None,
    )
    started = services.start(calling, level, at=at, paused=circumstances.unreachable)
    return Outcome(standing=started, cause=outcome.cause, annunciation=why)


def acknowledge(standing: Standing, state: AlarmState) -> Standing:
    """Return an alarm that a person has answered; `state` as `decide_acknowledge` says."""
    answered = services.answered(standing)
    if state is AlarmState.NORMAL:
        return finish(replace(answered, state=AlarmState.ACKNOWLEDGED))
    return replace(answered, state=state)


def suppress(
    standing: Standing,
    suppression: Suppression,
    *,
    until: datetime | None,
    cause_id: str | None = None,
) -> Standing:
    """Return an alarm that calls nobody until then, or while its cause lasts."""
    return replace(
        services.silenced(standing),
        suppression=suppression,
        suppressed_until=until,
        cause_id=cause_id,
    )


def release(standing: Standing, *, at: datetime, wait_until: datetime | None = None) -> Outcome:
    """Return an alarm that may call again: at once, or after `wait_until`, if it awaits an answer."""
    free = replace(
        standing,
        suppression=Suppression.NONE,
        suppressed_until=None,
        cause_id=None,
    )
    if free.state not in AWAITING:
        return Outcome(standing=free, cause=Cause.RELEASE)
    if wait_until is not None and wait_until > at:
        waiting = replace(free, annunciates_at=wait_until)
        return Outcome(standing=waiting, cause=Cause.RELEASE)
    return Outcome(standing=free, cause=Cause.RELEASE, calls=Reason.RAISE)


def _toggle(standing: Standing, at: datetime, policies: Policies) -> Standing:
    limits = policies.limits
    toggles = chattering.note(standing.toggles, at, limits)
    chatters = standing.chattering or chattering.is_chattering(toggles, limits)
    return replace(
        standing,
        toggles=toggles,
        chattering=chatters,
        calms_at=at + limits.calm_after if chatters else None,
    )
