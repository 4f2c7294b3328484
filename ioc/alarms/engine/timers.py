"""What time alone does to an alarm; pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, assert_never

from ioc.alarms.engine import machine, services
from ioc.alarms.engine.machine import Nature
from ioc.alarms.engine.policy import Policies
from ioc.alarms.engine.standing import (
    AWAITING,
    Outcome,
    Reason,
    Standing,
    Suppression,
    Timer,
    running,
)
from ioc.alarms.states import AlarmState, Cause


def due(standing: Standing, *, at: datetime) -> Timer | None:
    """Return which timer has run out longest; None: none has."""
    over = [name for instant, name in running(standing) if instant <= at]
    return over[0] if over else None


def fire(
    standing: Standing, timer: Timer, nature: Nature, *, at: datetime, policies: Policies
) -> Outcome:
    """Return the alarm after one timer has run out; that timer does not run any more."""
    match timer:
        case Timer.RETURN:
            return Outcome(standing=machine.finish(standing), cause=Cause.RETURN)
        case Timer.ANNUNCIATE:
            waited = replace(standing, annunciates_at=None)
            return Outcome(standing=waited, cause=Cause.ANNUNCIATE, calls=Reason.RAISE)
        case Timer.SHELF:
            return _off_the_shelf(standing)
        case Timer.ESCALATE:
            return _escalate(standing, nature, at=at, policies=policies)
        case Timer.CALM | Timer.REMIND | Timer.STALE:
            return _overtaken(standing, timer)
        case _:
            assert_never(timer)


def _overtaken(
    standing: Standing, timer: Literal[Timer.CALM, Timer.REMIND, Timer.STALE]
) -> Outcome:
    if timer is Timer.CALM:
        calm = replace(standing, chattering=False, calms_at=None, toggles=())
        return Outcome(standing=calm, cause=Cause.CALM)
    if timer is Timer.REMIND:
        return _remind(standing)
    stale = replace(standing, stale=standing.active, stales_at=None)
    return Outcome(standing=stale, cause=Cause.STALE if standing.active else None)


def _off_the_shelf(standing: Standing) -> Outcome:
    free = replace(standing, suppression=Suppression.NONE, suppressed_until=None, cause_id=None)
    if not standing.active:
        return Outcome(standing=free, cause=Cause.SHELF_EXPIRED)
    # Whoever put it aside promised to look again by now.
    lasting = replace(free, state=AlarmState.UNACKNOWLEDGED)
    by_person = standing.suppression is not Suppression.BY_DESIGN
    why = Reason.SHELF_EXPIRED if by_person else Reason.RAISE
    return Outcome(standing=lasting, cause=Cause.SHELF_EXPIRED, calls=why)


def _escalate(standing: Standing, nature: Nature, *, at: datetime, policies: Policies) -> Outcome:
    if standing.state not in AWAITING or not standing.annunciate:
        return Outcome(standing=replace(standing, escalates_at=None), cause=None)
    next_person = services.escalate(standing, policies.service_levels[nature.priority], at=at)
    return Outcome(standing=next_person, cause=Cause.ESCALATE, annunciation=Reason.ESCALATE)


def _remind(standing: Standing) -> Outcome:
    reminded = replace(standing, reminds_at=None)
    if not standing.active or not standing.annunciate:
        return Outcome(standing=reminded, cause=None)
    why = Reason.REMIND if standing.state in AWAITING else Reason.OVERDUE
    return Outcome(standing=reminded, cause=Cause.OVERDUE, annunciation=why)


def moved(standing: Standing, step: timedelta) -> Standing:
    """Return an alarm after the clock was set by `step`: each timer runs as long as it was to run.

    What was put aside or is expected until an hour of the day stays so until that hour.
    """

    def later(due: datetime | None) -> datetime | None:
        return None if due is None else due + step

    return replace(
        standing,
        annunciates_at=later(standing.annunciates_at),
        returns_at=later(standing.returns_at),
        calms_at=later(standing.calms_at),
        acknowledge_by=later(standing.acknowledge_by),
        resolve_by=later(standing.resolve_by),
        escalates_at=later(standing.escalates_at),
        reminds_at=later(standing.reminds_at),
        stales_at=later(standing.stales_at),
        paused_at=later(standing.paused_at),
        toggles=tuple(at + step for at in standing.toggles),
    )
