"""What of a camera lasts: its names in the outbox, and how what lasts is ended; runs in an `Entry`.

A littering object outlasts its watch, a presence and a camera's condition do not: who cannot be
seen is not known to be there.
"""

from collections.abc import Iterable

from contracts.events import (
    CameraDegraded,
    CameraRecovered,
    CrowdingEnded,
    CrowdingStarted,
    EventData,
    IntrusionEnded,
    IntrusionStarted,
    LoiteringEnded,
    LoiteringStarted,
)
from edge_agent.outbox import Draft, Entry
from edge_agent.outbox.drafts import Condition
from edge_agent.timekeeping import Moment, between_s

_ENDED = {
    IntrusionStarted: IntrusionEnded,
    LoiteringStarted: LoiteringEnded,
    CrowdingStarted: CrowdingEnded,
}


def littering_key(camera_id: str, object_id: str) -> str:
    """Return the name of the condition that an object lies there."""
    return f"littering:{camera_id}:{object_id}"


def presence_key(camera_id: str, object_id: str) -> str:
    """Return the name of the condition that somebody is there."""
    return f"presence:{camera_id}:{object_id}"


def degraded_key(camera_id: str, condition: str) -> str:
    """Return the name of the condition that pictures cannot be relied on."""
    return f"camera.degraded:{camera_id}:{condition}"


def begin(entry: Entry, *, key: str, draft: Draft) -> bool:
    """Record that a condition holds unless it does already; return whether it was recorded."""
    if entry.condition(key) is not None:
        return False
    entry.state_condition(key, draft)
    return True


def end(entry: Entry, *, key: str, draft: Draft) -> bool:
    """Record the end of a condition that holds; return whether it did."""
    if entry.condition(key) is None:
        return False
    entry.end_condition(key)
    entry.record(draft)
    return True


def end_unseen(entry: Entry, *, camera_id: str, until: Moment) -> None:
    """End what lasted on a camera while it was seen: its watch ended at `until`."""
    _end_each((one for one in entry.conditions() if one.draft.device_id == camera_id), entry, until)


def end_left_behind(entry: Entry) -> None:
    """End what a killed run left behind, at the moment when that run was last known to live."""
    until = entry.last_alive() or entry.timekeeper.moment()
    _end_each(entry.conditions(), entry, until)


def _end_each(standing: Iterable[Condition], entry: Entry, until: Moment) -> None:
    for condition in tuple(standing):
        data = _end_of(condition, until)
        if data is None:
            continue
        entry.end_condition(condition.key)
        moment = until if _is_after(until, condition.draft.moment) else condition.draft.moment
        entry.record(Draft(data=data, moment=moment, device_id=condition.draft.device_id))


def _end_of(condition: Condition, until: Moment) -> EventData | None:
    """Return what ends a condition; None: it outlasts the watch."""
    lasted_s = between_s(condition.draft.moment, until)
    match condition.draft.data:
        case (IntrusionStarted() | LoiteringStarted() | CrowdingStarted()) as started:
            return _ENDED[type(started)](
                object_id=started.object_id, zone=started.zone, duration_s=lasted_s
            )
        case CameraDegraded() as degraded:
            return CameraRecovered(condition=degraded.condition, lasted_s=lasted_s)
        case _:
            return None


def _is_after(until: Moment, since: Moment) -> bool:
    return until.boot_id != since.boot_id or until.monotonic_s >= since.monotonic_s
