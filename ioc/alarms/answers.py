"""What people do to alarms: acknowledge, close, call false and take that back, order a fixture.

Whether the person may do so is decided before; each runs in the caller's transaction.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms import parts, rows
from ioc.alarms.engine import machine
from ioc.alarms.engine.policy import UNDELAYED_POLICIES
from ioc.alarms.parts import LAST_PARTS, PARTS
from ioc.alarms.rows import Entry
from ioc.alarms.rules import RULES, AlarmKind
from ioc.alarms.standings import columns_of, standing_of
from ioc.alarms.states import (
    AlarmState,
    Cause,
    TransitionRefused,
    decide_acknowledge,
    decide_close,
    decide_mark_false,
)
from ioc.alarms.suppression import dependants

FalseReason = Literal["shadow", "person", "vehicle", "fixture", "other"]
UNDO_WITHIN = timedelta(seconds=15)
"""Pages offer it for ten seconds; the request needs its time as well."""
_AWAITING = (AlarmState.UNACKNOWLEDGED, AlarmState.RTN_UNACKNOWLEDGED)


class AlarmUnknown(Exception):
    """There is no alarm with this id; the page that named it is out of date."""


async def acknowledge(
    connection: AsyncConnection, alarm_id: str, *, login: str, at: datetime
) -> AlarmState:
    """Record that `login` has answered an alarm; return its state, still active if it was.

    Raises:
        AlarmUnknown: there is no such alarm.
        TransitionRefused: it has been acknowledged already.
    """
    return await answer(connection, await _get(connection, alarm_id), login=login, at=at)


async def answer(
    connection: AsyncConnection,
    alarm: RowMapping,
    *,
    login: str,
    at: datetime,
    note: str | None = None,
) -> AlarmState:
    """Acknowledge an alarm that this transaction has read already; return its state.

    Raises:
        TransitionRefused: it has been acknowledged already.
    """
    state = decide_acknowledge(AlarmState(alarm["state"]))
    changes = _answered(alarm, state, login=login, at=at)
    entry = Entry(cause=Cause.ACKNOWLEDGE, at=at, login=login, note=note)
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
    closed = columns_of(machine.finish(replace(standing_of(alarm), latched=False)))
    await rows.change(connection, alarm, {**closed, "returned_at": at}, entry)
    return state


async def mark_false(
    connection: AsyncConnection, alarm_id: str, *, reason: FalseReason, login: str, at: datetime
) -> AlarmState:
    """End an alarm because nothing had happened; its sightings call nobody again.

    Raises:
        AlarmUnknown: there is no such alarm.
        TransitionRefused: it is over, or no machine judged what it says.
    """
    alarm = await _get(connection, alarm_id)
    state = AlarmState(alarm["state"])
    if not RULES[AlarmKind(alarm["kind"])].mistakable:
        raise TransitionRefused(state, Cause.MARK_FALSE, "it is a fact, not a judgement")
    facts = {**alarm["facts"], PARTS: parts.dismiss(alarm["facts"].get(PARTS, {}))}
    if last := parts.present(alarm["facts"]):
        facts[LAST_PARTS] = list(last)
    over = replace(standing_of(alarm), state=decide_mark_false(state))
    changes: dict[str, Any] = {
        "state": over.state,
        "next_due_at": over.next_due_at,
        "returned_at": alarm["returned_at"] or at,
        "facts": facts,
    }
    if state in _AWAITING:
        changes |= {"acknowledged_at": at, "acknowledged_by": login}
    entry = Entry(cause=Cause.MARK_FALSE, at=at, login=login, note=reason)
    await rows.change(connection, alarm, changes, entry)
    await dependants.returned(connection, alarm, at=at, policies=UNDELAYED_POLICIES)
    return AlarmState.NORMAL


async def undo_mark(
    connection: AsyncConnection, alarm_id: str, *, login: str, at: datetime
) -> AlarmState:
    """Let an alarm stand as it did before the same person has just called it false.

    Raises:
        AlarmUnknown: there is no such alarm.
        TransitionRefused: it was not this person, it is too late, or the alarm has begun anew.
    """
    alarm = await _get(connection, alarm_id)
    mark = await rows.last_mark(connection, alarm_id)
    await _check_undo(connection, alarm, mark, login=login, at=at)
    before = AlarmState(mark["from_state"] if mark is not None else alarm["state"])
    facts = {**alarm["facts"], PARTS: parts.reinstate(alarm["facts"].get(PARTS, {}))}
    state = before if parts.present(facts) else _without_condition(before)
    again = replace(standing_of(alarm), state=state)
    changes: dict[str, Any] = {"state": state, "facts": facts, "next_due_at": again.next_due_at}
    if state not in (AlarmState.RTN_UNACKNOWLEDGED, AlarmState.NORMAL):
        changes |= {"returned_at": None}
    if before in _AWAITING:
        changes |= {"acknowledged_at": None, "acknowledged_by": None}
    await rows.change(connection, alarm, changes, Entry(cause=Cause.UNDO, at=at, login=login))
    return state


async def note_fixture_order(
    connection: AsyncConnection, alarm_id: str, *, login: str, at: datetime
) -> None:
    """Write into an alarm's log that its gateway was told to take an object for a fixture.

    Who orders that has judged the alarm: it is acknowledged in their name if nobody had answered.

    Raises:
        AlarmUnknown: there is no such alarm.
    """
    alarm = await _get(connection, alarm_id)
    state = AlarmState(alarm["state"])
    changes: dict[str, Any] = {}
    if state in _AWAITING:
        changes = _answered(alarm, decide_acknowledge(state), login=login, at=at)
    entry = Entry(cause=Cause.MARK_FIXTURE, at=at, login=login)
    await rows.change(connection, alarm, changes, entry)


async def note_forgetting(
    connection: AsyncConnection, alarm_id: str, *, login: str, at: datetime
) -> None:
    """Write into an alarm's log that its gateway was told to forget a fixture.

    Raises:
        AlarmUnknown: there is no such alarm.
    """
    alarm = await _get(connection, alarm_id)
    await rows.change(connection, alarm, {}, Entry(cause=Cause.FORGET_FIXTURE, at=at, login=login))


async def _check_undo(
    connection: AsyncConnection,
    alarm: RowMapping,
    mark: RowMapping | None,
    *,
    login: str,
    at: datetime,
) -> None:
    state = AlarmState(alarm["state"])
    if mark is None or mark["cause"] != Cause.MARK_FALSE or mark["login"] != login:
        raise TransitionRefused(state, Cause.UNDO, "there is nothing of yours to take back")
    newest = await rows.find_newest(
        connection,
        kind=alarm["kind"],
        gateway_id=alarm["gateway_id"],
        object_id=alarm["object_id"],
    )
    begun_anew = newest is not None and newest["alarm_id"] != alarm["alarm_id"]
    if at - mark["at"] > UNDO_WITHIN or begun_anew:
        raise TransitionRefused(state, Cause.UNDO, "it is too late")


def _answered(alarm: RowMapping, state: AlarmState, *, login: str, at: datetime) -> dict[str, Any]:
    columns = columns_of(machine.acknowledge(standing_of(alarm), state))
    return {**columns, "acknowledged_at": at, "acknowledged_by": login}


def _without_condition(before: AlarmState) -> AlarmState:
    """Return where an alarm stands whose condition has ended while it was called false."""
    return AlarmState.RTN_UNACKNOWLEDGED if before in _AWAITING else AlarmState.NORMAL


async def _get(connection: AsyncConnection, alarm_id: str) -> RowMapping:
    alarm = await rows.find(connection, alarm_id)
    if alarm is None:
        raise AlarmUnknown(alarm_id)
    return alarm
