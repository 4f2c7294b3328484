"""When each loudspeaker of a broadcast begins: at once, at an instant, or in turns; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ioc.broadcasts import refusals
from ioc.broadcasts.records import Target
from ioc.broadcasts.values import BroadcastOrder, LoudspeakerId, id_of

_SCHEDULED_DAYS = 7
# A form filled in slowly is no mistake; what is older is.
_JUST_PASSED = timedelta(seconds=60)
# Several gateways must have learnt of a common start before it comes.
_LEAD = timedelta(seconds=5)
_PAUSE_S = 1.0
_LATEST_TURN_S = 3_600.0


@dataclass(frozen=True, kw_only=True)
class StartPlan:
    """When a broadcast begins, and how much later each loudspeaker."""

    not_before: datetime | None
    """None: as soon as each gateway can."""
    offsets_s: dict[LoudspeakerId, float]
    last_begins_at: datetime


def plan_start(
    order: BroadcastOrder, chosen: Sequence[Target], *, sound_s: float, now: datetime
) -> StartPlan:
    """Return when each loudspeaker begins.

    Clusters (areas) next to each other in the order of their ids take different turns.

    Raises:
        Refusal: the start has passed or is too far ahead, or the turns take too long.
    """
    not_before = _checked(order.not_before, now=now)
    clusters = sorted({target.loudspeaker.area_id for target in chosen})
    turns = 1 if order.relay else min(order.turns, len(clusters))
    turn_of = {cluster: number % turns for number, cluster in enumerate(clusters)}
    offsets_s = {
        id_of(target.loudspeaker): turn_of[target.loudspeaker.area_id] * (sound_s + _PAUSE_S)
        for target in chosen
    }
    latest_s = max(offsets_s.values())
    if latest_s > _LATEST_TURN_S:
        raise refusals.turns_too_long()
    if turns > 1 and not_before is None:
        not_before = now + _LEAD
    begins_at = max(now, not_before or now)
    return StartPlan(
        not_before=not_before,
        offsets_s=offsets_s,
        last_begins_at=begins_at + timedelta(seconds=latest_s),
    )


def _checked(not_before: datetime | None, *, now: datetime) -> datetime | None:
    if not_before is None or now - _JUST_PASSED <= not_before <= now:
        return None
    if not_before < now:
        raise refusals.start_has_passed()
    if not_before > now + timedelta(days=_SCHEDULED_DAYS):
        raise refusals.start_too_far(_SCHEDULED_DAYS)
    return not_before
