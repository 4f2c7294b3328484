"""The clocks of service: answered within, resolved within, escalated; they pause while a gateway is away; pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from ioc.alarms.engine.policy import ServiceLevel
from ioc.alarms.engine.standing import Standing


def start(standing: Standing, level: ServiceLevel, *, at: datetime, paused: bool) -> Standing:
    """Start the clocks with a call; what is to be resolved by an earlier call stays due then."""
    acknowledge_by = _after(at, level.acknowledge_within)
    resolve_by = standing.resolve_by or _after(at, level.resolve_within)
    return replace(
        standing,
        acknowledge_by=acknowledge_by,
        escalates_at=acknowledge_by,
        resolve_by=resolve_by,
        reminds_at=resolve_by if standing.resolve_by is None else standing.reminds_at,
        escalation_step=0,
        paused_at=(standing.paused_at or at) if paused else None,
    )


def escalate(standing: Standing, level: ServiceLevel, *, at: datetime) -> Standing:
    """Turn to the next person; after the last one nobody is left."""
    step = min(standing.escalation_step + 1, level.last_step)
    again = at + level.escalate_every if step < level.last_step else None
    return replace(standing, escalation_step=step, escalates_at=again)


def answered(standing: Standing) -> Standing:
    """Stop what presses for an answer."""
    return replace(standing, escalates_at=None, annunciates_at=None)


def silenced(standing: Standing) -> Standing:
    """Stop everything that would call people."""
    return replace(
        standing,
        annunciate=False,
        annunciates_at=None,
        acknowledge_by=None,
        resolve_by=None,
        escalates_at=None,
        reminds_at=None,
    )


def pause(standing: Standing, *, at: datetime) -> Standing:
    """Stop counting: nobody can act on what cannot be reached."""
    return standing if standing.paused_at is not None else replace(standing, paused_at=at)


def resume(standing: Standing, *, at: datetime) -> Standing:
    """Count on where it was paused."""
    if standing.paused_at is None:
        return standing
    missed = max(timedelta(0), at - standing.paused_at)
    return replace(
        standing,
        paused_at=None,
        acknowledge_by=_shift(standing.acknowledge_by, missed),
        resolve_by=_shift(standing.resolve_by, missed),
        escalates_at=_shift(standing.escalates_at, missed),
        reminds_at=_shift(standing.reminds_at, missed),
    )


def _after(at: datetime, within: timedelta | None) -> datetime | None:
    return None if within is None else at + within


def _shift(due: datetime | None, missed: timedelta) -> datetime | None:
    return None if due is None else due + missed
