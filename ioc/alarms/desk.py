"""The alarm desk: applies what events and people do to the alarms, each in the caller's transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms import rows
from ioc.alarms.rows import Entry
from ioc.alarms.rules import RULES, Facts, Raise, Return
from ioc.alarms.states import (
    AlarmState,
    Cause,
    decide_acknowledge,
    decide_close,
    decide_raise,
    decide_return,
)

_PARTS = "parts"
_PRESENT = "present"
MAX_PARTS = 100


class AlarmUnknown(Exception):
    """There is no alarm with this id; the page that named it is out of date."""


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """Where, when and by what an alarm is touched."""

    gateway_id: str
    area_id: str
    occurred_at: datetime
    """When it happened, corrected to the centre's clock."""
    at: datetime
    """Now, by the centre's clock."""
    event_id: str | None = None
    late: bool = False
    standing: bool = False


async def raise_alarm(connection: AsyncConnection, effect: Raise, occurrence: Occurrence) -> str:
    """Return the alarm of the effect's object: a raised one, or the open one it feeds.

    A late occurrence never calls anybody: alone it is recorded without annunciation, and to an
    alarm that is open, or was open when it happened, it only adds evidence.
    """
    found = await rows.find_open(
        connection,
        kind=effect.kind,
        gateway_id=occurrence.gateway_id,
        object_id=effect.object_id,
    )
    if found is None and occurrence.late:
        found = await rows.find_over(
            connection,
            kind=effect.kind,
            gateway_id=occurrence.gateway_id,
            object_id=effect.object_id,
            occurred_at=occurrence.occurred_at,
        )
    if found is None:
        return await _raise_first(connection, effect, occurrence)
    if occurrence.late:
        await _add_late(connection, found, effect, occurrence)
    else:
        await _raise_again(connection, found, effect, occurrence)
    return str(found["alarm_id"])


async def return_alarm(
    connection: AsyncConnection, effect: Return, occurrence: Occurrence
) -> str | None:
    """Return the alarm whose condition, or part of it, has ended; None: none is active.

    A late end counts only if nothing was reported since.
    """
    alarm = await rows.find_open(
        connection,
        kind=effect.kind,
        gateway_id=occurrence.gateway_id,
        object_id=effect.object_id,
    )
    if alarm is None or alarm["state"] == AlarmState.RTN_UNACKNOWLEDGED:
        return None
    reported_since = occurrence.occurred_at < alarm["last_occurred_at"]
    if occurrence.late and reported_since and not effect.part_id:
        return None
    parts = _ended(alarm["facts"].get(_PARTS, {}), effect)
    changes: dict[str, Any] = {"facts": {**alarm["facts"], _PARTS: parts}}
    if _PRESENT not in parts.values():
        state = decide_return(
            AlarmState(alarm["state"]), latched=alarm["latched"], annunciate=alarm["annunciate"]
        )
        changes |= {"state": state, "returned_at": occurrence.occurred_at}
    entry = _entry(Cause.RETURN, occurrence, note=effect.outcome)
    await rows.change(connection, alarm, changes, entry)
    return str(alarm["alarm_id"])


async def acknowledge(
    connection: AsyncConnection, alarm_id: str, *, login: str, at: datetime
) -> AlarmState:
    """Record that `login` has answered an alarm; return its state, still active if it was.

    Raises:
        AlarmUnknown: there is no such alarm.
        TransitionRefused: it has been acknowledged already.
    """
    alarm = await _get(connection, alarm_id)
    state = decide_acknowledge(AlarmState(alarm["state"]))
    changes = {"state": state, "acknowledged_at": at, "acknowledged_by": login}
    entry = Entry(cause=Cause.ACKNOWLEDGE, at=at, login=login)
    await rows.change(connection, alarm, changes, entry)
    return state


async def return_latched(
    connection: AsyncConnection, alarm_id: str, *, login: str, at: datetime, note: str = ""
) -> AlarmState:
    """Close a latched, acknowledged alarm on an operator's word; return its state.

    Raises:
        AlarmUnknown: there is no such alarm.
        TransitionRefused: it is not latched, or not acknowledged yet.
    """
    alarm = await _get(connection, alarm_id)
    state = decide_close(AlarmState(alarm["state"]), latched=alarm["latched"])
    entry = Entry(cause=Cause.CLOSE, at=at, login=login, note=note or None)
    await rows.change(connection, alarm, {"state": state, "returned_at": at}, entry)
    return state


async def _raise_first(connection: AsyncConnection, effect: Raise, occurrence: Occurrence) -> str:
    rule = RULES[effect.kind]
    origin = occurrence.event_id or occurrence.at.isoformat()
    name = f"{occurrence.gateway_id}/{effect.kind}/{effect.object_id}/{origin}"
    alarm_id = str(uuid5(NAMESPACE_OID, name))
    row = {
        "alarm_id": alarm_id,
        "kind": effect.kind,
        "gateway_id": occurrence.gateway_id,
        "device_id": effect.device_id,
        "object_id": effect.object_id,
        "area_id": occurrence.area_id,
        "priority": rule.priority,
        "state": AlarmState.UNACKNOWLEDGED,
        "annunciate": not occurrence.late,
        "late": occurrence.late,
        "occurred_at": occurrence.occurred_at,
        "last_occurred_at": occurrence.occurred_at,
        "raised_at": occurrence.at,
        "repeats": 1,
        "latched": rule.latched,
        "facts": {**effect.facts, _PARTS: _begun({}, effect)},
    }
    await rows.add(connection, row, _entry(Cause.RAISE, occurrence))
    return alarm_id


async def _raise_again(
    connection: AsyncConnection, alarm: RowMapping, effect: Raise, occurrence: Occurrence
) -> None:
    anew = _is_new_part(alarm, effect)
    state, cause = decide_raise(AlarmState(alarm["state"]), anew=anew)
    if cause is Cause.REPEAT and not alarm["annunciate"]:
        cause = Cause.ANNUNCIATE
    changes: dict[str, Any] = {
        "state": state,
        "annunciate": True,
        "late": False,
        "last_occurred_at": max(alarm["last_occurred_at"], occurrence.occurred_at),
        "facts": _fed(alarm["facts"], effect),
        "repeats": alarm["repeats"] + (0 if occurrence.standing and not anew else 1),
    }
    if cause is Cause.RAISE:
        changes |= {"acknowledged_at": None, "acknowledged_by": None, "returned_at": None}
    await rows.change(connection, alarm, changes, _entry(cause, occurrence))


async def _add_late(
    connection: AsyncConnection, alarm: RowMapping, effect: Raise, occurrence: Occurrence
) -> None:
    anew = _is_new_part(alarm, effect)
    changes: dict[str, Any] = {"occurred_at": min(alarm["occurred_at"], occurrence.occurred_at)}
    if anew and alarm["state"] != AlarmState.NORMAL:
        parts = _begun(alarm["facts"].get(_PARTS, {}), effect)
        changes |= {"facts": {**alarm["facts"], _PARTS: parts}, "repeats": alarm["repeats"] + 1}
    await rows.change(connection, alarm, changes, _entry(Cause.REPEAT, occurrence, note="late"))


def _is_new_part(alarm: RowMapping, effect: Raise) -> bool:
    return bool(effect.part_id) and effect.part_id not in alarm["facts"].get(_PARTS, {})


def _fed(known: Facts, effect: Raise) -> Facts:
    """Return the facts after a report: the newest wins, counts of losses add up."""
    fresh = dict(effect.facts)
    for count in ("events", "telemetry_rows"):
        if count in fresh and count in known:
            fresh[count] += known[count]
    return {**known, **fresh, _PARTS: _begun(known.get(_PARTS, {}), effect)}


def _begun(parts: dict[str, str], effect: Raise) -> dict[str, str]:
    if not effect.part_id:
        return parts
    begun = {**parts, effect.part_id: _PRESENT}
    return dict(list(begun.items())[-MAX_PARTS:])


def _ended(parts: dict[str, str], effect: Return) -> dict[str, str]:
    outcome = effect.outcome or "ended"
    if effect.part_id:
        return {**parts, effect.part_id: outcome}
    return {part: outcome if state == _PRESENT else state for part, state in parts.items()}


def _entry(cause: Cause, occurrence: Occurrence, note: str = "") -> Entry:
    return Entry(cause=cause, at=occurrence.at, event_id=occurrence.event_id, note=note or None)


async def _get(connection: AsyncConnection, alarm_id: str) -> RowMapping:
    alarm = await rows.find(connection, alarm_id)
    if alarm is None:
        raise AlarmUnknown(alarm_id)
    return alarm
