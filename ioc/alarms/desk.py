"""The alarm desk: applies what events do to the alarms, each in the caller's transaction."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms import beginning, calling, ceiling, parts, remarks, rows
from ioc.alarms.engine import machine
from ioc.alarms.engine.ceiling import presses
from ioc.alarms.engine.machine import Nature
from ioc.alarms.engine.policy import UNDELAYED_POLICIES, Policies
from ioc.alarms.engine.standing import Outcome
from ioc.alarms.parts import FALSE, LAST_PARTS, PARTS, PRESENT, Parts
from ioc.alarms.remarks import CORROBORATED_BY
from ioc.alarms.rows import Entry
from ioc.alarms.rules import RULES, Facts, Priority, Raise, Return
from ioc.alarms.standings import nature_of, standing_of
from ioc.alarms.states import AlarmState, Cause
from ioc.alarms.suppression import dependants

_log = structlog.get_logger(__name__)


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
    policies: Policies = UNDELAYED_POLICIES
    """What the installation has decided about delays, causes and service."""


async def raise_alarm(
    connection: AsyncConnection, effect: Raise, occurrence: Occurrence
) -> str | None:
    """Return the alarm of the effect's object: a raised one, or the open one it feeds.

    None: its gateway has so many open alarms that this one is only counted; see `engine.ceiling`.

    A late occurrence never calls anybody: alone it is recorded without annunciation, and to an
    alarm that is open, or was open when it happened, it only adds evidence. Neither does a standing
    report of what an operator has called a false alarm.
    """
    alarm_id = await _raise(connection, effect, occurrence)
    if effect.part_id and alarm_id is not None:
        await rows.enter_part(connection, alarm_id, effect.part_id)
    return alarm_id


async def _raise(connection: AsyncConnection, effect: Raise, occurrence: Occurrence) -> str | None:
    dismissed = await _dismissed(connection, effect, occurrence) if occurrence.standing else None
    if dismissed is not None:
        entry = _entry(Cause.REPEAT, occurrence, note="dismissed")
        await rows.change(connection, dismissed, {}, entry)
        return str(dismissed["alarm_id"])
    newest = await rows.find_newest(
        connection,
        kind=effect.kind,
        gateway_id=occurrence.gateway_id,
        object_id=effect.object_id,
    )
    found = newest if newest is not None and newest["state"] != AlarmState.NORMAL else None
    if found is None and occurrence.late:
        found = await rows.find_over(
            connection,
            kind=effect.kind,
            gateway_id=occurrence.gateway_id,
            object_id=effect.object_id,
            occurred_at=occurrence.occurred_at,
        )
    if found is None:
        return await _raise_first(connection, effect, occurrence, newest)
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
        return await _end_dismissed(connection, effect, occurrence)
    reported_since = occurrence.occurred_at < alarm["last_occurred_at"]
    if occurrence.late and reported_since and not effect.part_id:
        return None
    left = parts.end(_parts_of(alarm), effect.part_id, effect.outcome)
    changes: dict[str, Any] = {"facts": {**alarm["facts"], PARTS: left}}
    entry = _entry(Cause.RETURN, occurrence, note=effect.outcome)
    if PRESENT in left.values():
        await rows.change(connection, alarm, changes, entry)
        return str(alarm["alarm_id"])
    last = list(parts.present(alarm["facts"]))
    changes["facts"] |= {LAST_PARTS: last} if last else {}
    changes["returned_at"] = occurrence.occurred_at
    await _end(connection, alarm, changes, occurrence, note=effect.outcome)
    return str(alarm["alarm_id"])


async def _end(
    connection: AsyncConnection,
    alarm: RowMapping,
    changes: dict[str, Any],
    occurrence: Occurrence,
    *,
    note: str,
) -> None:
    policies = occurrence.policies
    nature = nature_of(alarm)
    outcome = machine.end(standing_of(alarm), nature, at=occurrence.at, policies=policies)
    cause = outcome.cause or Cause.RETURN
    entry = _entry(cause, occurrence, note=note if cause is Cause.RETURN else "")
    ended = await calling.apply(
        connection, alarm, outcome, entry=entry, policies=policies, changes=changes
    )
    if not ended.standing.active:
        await dependants.returned(connection, alarm, at=occurrence.at, policies=policies)


async def _dismissed(
    connection: AsyncConnection, effect: Raise | Return, occurrence: Occurrence
) -> RowMapping | None:
    """Return the alarm in which an operator has called this part a false alarm."""
    if not effect.part_id:
        return None
    alarm = await rows.find_of_part(
        connection,
        gateway_id=occurrence.gateway_id,
        part_id=effect.part_id,
        object_id=effect.object_id,
    )
    if alarm is None or _parts_of(alarm).get(effect.part_id) != FALSE:
        return None
    return alarm


async def _end_dismissed(
    connection: AsyncConnection, effect: Return, occurrence: Occurrence
) -> str | None:
    """Note the end of what was called a false alarm: were that taken back, nothing would end it."""
    alarm = await _dismissed(connection, effect, occurrence)
    if alarm is None:
        return None
    left = parts.end(_parts_of(alarm), effect.part_id, effect.outcome)
    entry = _entry(Cause.RETURN, occurrence, note=effect.outcome)
    await rows.change(connection, alarm, {"facts": {**alarm["facts"], PARTS: left}}, entry)
    return str(alarm["alarm_id"])


async def _raise_first(
    connection: AsyncConnection,
    effect: Raise,
    occurrence: Occurrence,
    newest: RowMapping | None,
) -> str | None:
    policies = occurrence.policies
    nature = _nature(effect, occurrence)
    if not await ceiling.admits(
        connection,
        effect,
        nature.priority,
        gateway_id=occurrence.gateway_id,
        policies=policies,
    ):
        await _hold_back(connection, effect, nature.priority, occurrence)
        return None
    before = standing_of(newest) if newest is not None else None
    outcome = machine.begin(
        before, nature, at=occurrence.at, late=occurrence.late, policies=policies
    )
    facts = {**effect.facts, PARTS: parts.begin({}, effect.part_id)}
    what = {
        "occurred_at": occurrence.occurred_at,
        "last_occurred_at": occurrence.occurred_at,
        "raised_at": beginning.after(newest, occurrence.at),
        "priority": nature.priority,
    }
    entry = _entry(outcome.cause or Cause.RAISE, occurrence)
    if newest is not None and beginning.goes_on(newest, at=occurrence.at, late=occurrence.late):
        again = {**what, "facts": _fed(newest["facts"], effect), "repeats": newest["repeats"] + 1}
        again |= {"acknowledged_at": None, "acknowledged_by": None, "returned_at": None}
        await calling.apply(
            connection, newest, outcome, entry=entry, policies=policies, changes=again
        )
        await dependants.failed(connection, newest, at=occurrence.at, policies=policies)
        return str(newest["alarm_id"])
    identity = {
        "alarm_id": beginning.new_id(
            occurrence.gateway_id,
            effect.kind,
            effect.object_id,
            occurrence.event_id or occurrence.at.isoformat(),
        ),
        "kind": effect.kind,
        "gateway_id": occurrence.gateway_id,
        "device_id": effect.device_id,
        "object_id": effect.object_id,
        "area_id": occurrence.area_id,
    }
    row = {**identity, **what, "repeats": 1, "facts": facts}
    await beginning.add(connection, row, nature, outcome, entry=entry, policies=policies)
    return str(row["alarm_id"])


async def _hold_back(
    connection: AsyncConnection, effect: Raise, priority: Priority, occurrence: Occurrence
) -> None:
    """Count what opens no alarm in the one that says so; that one is raised with the first of them.

    Whatever is held back, that its gateway says too much is true now: never late, never standing.
    Whoever has answered it is called anew for the first emergency or intrusion among them.
    """
    gateway_id, at, policies = occurrence.gateway_id, occurrence.at, occurrence.policies
    now = replace(occurrence, occurred_at=at, late=False, standing=False)
    flooding = await ceiling.find_flooding(connection, gateway_id)
    if flooding is None:
        raised, area_id = await ceiling.flooding_of(
            connection, effect, gateway_id=gateway_id, at=at, policies=policies
        )
        now = replace(now, area_id=area_id or occurrence.area_id)
        await raise_alarm(connection, raised, now)
        _log.warning("gateway.flooding", gateway_id=gateway_id, **raised.facts)
        flooding = await ceiling.find_flooding(connection, gateway_id)
    else:
        await ceiling.count(connection, flooding, effect, at=at)
        if flooding["returns_at"] is not None:
            await raise_alarm(connection, ceiling.goes_on(flooding), now)
    if flooding is None or not presses(effect.kind, priority) or occurrence.late:
        return
    if (pressing := ceiling.pressing_of(flooding, at=at)) is not None:
        await raise_alarm(connection, pressing, replace(now, area_id=flooding["area_id"]))


def _nature(effect: Raise, occurrence: Occurrence) -> Nature:
    rule = RULES[effect.kind]
    decided = effect.priority or occurrence.policies.of(effect.kind).priority
    return Nature(kind=effect.kind, priority=decided or rule.priority, latched=rule.latched)


async def _raise_again(
    connection: AsyncConnection, alarm: RowMapping, effect: Raise, occurrence: Occurrence
) -> None:
    # What has ended meanwhile begins anew: nobody has seen it since.
    anew = bool(effect.part_id) and _parts_of(alarm).get(effect.part_id) != PRESENT
    nature = _nature(effect, occurrence)
    was = standing_of(alarm)
    outcome = machine.report(was, nature, anew=anew, at=occurrence.at, policies=occurrence.policies)
    changes: dict[str, Any] = {
        "last_occurred_at": max(alarm["last_occurred_at"], occurrence.occurred_at),
        "facts": _fed(alarm["facts"], effect),
        "repeats": alarm["repeats"] + (0 if occurrence.standing and not anew else 1),
        "priority": nature.priority,
        "returned_at": None,
    }
    if _asks_anew(was.state, outcome):
        changes |= {"acknowledged_at": None, "acknowledged_by": None}
    entry = _entry(outcome.cause or Cause.REPEAT, occurrence)
    policies = occurrence.policies
    await calling.apply(connection, alarm, outcome, entry=entry, policies=policies, changes=changes)
    if not was.active:
        await dependants.failed(connection, alarm, at=occurrence.at, policies=policies)


def _asks_anew(before: AlarmState, outcome: Outcome) -> bool:
    return (
        outcome.standing.state is AlarmState.UNACKNOWLEDGED and before is not outcome.standing.state
    )


async def _add_late(
    connection: AsyncConnection, alarm: RowMapping, effect: Raise, occurrence: Occurrence
) -> None:
    anew = bool(effect.part_id) and effect.part_id not in _parts_of(alarm)
    changes: dict[str, Any] = {"occurred_at": min(alarm["occurred_at"], occurrence.occurred_at)}
    if anew and alarm["state"] != AlarmState.NORMAL:
        facts = {**alarm["facts"], PARTS: parts.begin(_parts_of(alarm), effect.part_id)}
        changes |= {"facts": facts, "repeats": alarm["repeats"] + 1}
    await rows.change(connection, alarm, changes, _entry(Cause.REPEAT, occurrence, note="late"))


def _fed(known: Facts, effect: Raise) -> Facts:
    """Return the facts after a report: the newest wins, counts of losses add up."""
    fresh = dict(effect.facts)
    for count in ("events", "telemetry_rows"):
        if count in fresh and count in known:
            fresh[count] += known[count]
    if CORROBORATED_BY in known:
        heard = fresh.get(CORROBORATED_BY, [])
        fresh[CORROBORATED_BY] = remarks.agree(known[CORROBORATED_BY], heard)
    return {**known, **fresh, PARTS: parts.begin(known.get(PARTS, {}), effect.part_id)}


def _parts_of(alarm: RowMapping) -> Parts:
    known: Parts = alarm["facts"].get(PARTS, {})
    return known


def _entry(cause: Cause, occurrence: Occurrence, note: str = "") -> Entry:
    return Entry(cause=cause, at=occurrence.at, event_id=occurrence.event_id, note=note or None)
