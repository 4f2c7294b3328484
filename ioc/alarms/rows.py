"""Alarm rows and their transition log in the store; holds no rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms.states import AlarmState, Cause
from ioc.store import journal, ledger
from ioc.store.tables import alarm_parts, alarm_transitions, alarms

# Built once: an alarm takes a dozen statements, and building one costs more than running it.
_FIND = select(alarms).where(alarms.c.alarm_id == bindparam("of_alarm"))
_NEWEST = (
    select(alarms)
    .where(alarms.c.kind == bindparam("of_kind"))
    .where(alarms.c.gateway_id == bindparam("of_gateway"))
    .where(alarms.c.object_id == bindparam("of_object"))
    .order_by(alarms.c.raised_at.desc())
    .limit(1)
)
_OVER = _NEWEST.where(
    alarms.c.state == AlarmState.NORMAL,
    alarms.c.occurred_at <= bindparam("then"),
    alarms.c.returned_at >= bindparam("then"),
)
_ADD = insert(alarms)
_CHANGE = update(alarms).where(alarms.c.alarm_id == bindparam("of_alarm"))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the transition log; `login` or `event_id` says who or what caused it."""

    cause: Cause
    at: datetime
    event_id: str | None = None
    login: str | None = None
    note: str | None = None


async def find(connection: AsyncConnection, alarm_id: str) -> RowMapping | None:
    """Return an alarm by id."""
    return await _first(connection, _FIND, {"of_alarm": alarm_id})


async def find_all(connection: AsyncConnection, alarm_ids: Sequence[str]) -> list[RowMapping]:
    """Return those of some alarms that there are, in the order of their ids here."""
    found = await connection.execute(select(alarms).where(alarms.c.alarm_id.in_(alarm_ids)))
    by_id = {row["alarm_id"]: row for row in found.mappings()}
    return [by_id[alarm_id] for alarm_id in alarm_ids if alarm_id in by_id]


async def find_newest(
    connection: AsyncConnection, *, kind: str, gateway_id: str, object_id: str
) -> RowMapping | None:
    """Return the newest alarm of this object; only that one may still be open."""
    key = {"of_kind": kind, "of_gateway": gateway_id, "of_object": object_id}
    return await _first(connection, _NEWEST, key)


async def find_open(
    connection: AsyncConnection, *, kind: str, gateway_id: str, object_id: str
) -> RowMapping | None:
    """Return the alarm of this object that is not back to normal."""
    newest = await find_newest(connection, kind=kind, gateway_id=gateway_id, object_id=object_id)
    return None if newest is None or newest["state"] == AlarmState.NORMAL else newest


async def find_of_part(
    connection: AsyncConnection, *, gateway_id: str, part_id: str, object_id: str | None = None
) -> RowMapping | None:
    """Return the newest alarm of a gateway, or of one object of it, that has this part."""
    query = (
        select(alarms)
        .join(alarm_parts, alarm_parts.c.alarm_id == alarms.c.alarm_id)
        .where(alarm_parts.c.part_id == part_id, alarms.c.gateway_id == gateway_id)
        .order_by(alarms.c.raised_at.desc(), alarms.c.alarm_id)
        .limit(1)
    )
    if object_id is not None:
        query = query.where(alarms.c.object_id == object_id)
    return await _first(connection, query)


async def find_over(
    connection: AsyncConnection,
    *,
    kind: str,
    gateway_id: str,
    object_id: str,
    occurred_at: datetime,
) -> RowMapping | None:
    """Return the closed alarm during which `occurred_at` fell."""
    key = {"of_kind": kind, "of_gateway": gateway_id, "of_object": object_id}
    return await _first(connection, _OVER, {**key, "then": occurred_at})


async def add(connection: AsyncConnection, row: dict[str, Any], entry: Entry) -> None:
    """Enter a raised alarm with the first line of its log."""
    await connection.execute(_ADD, row)
    log(connection, row["alarm_id"], None, row["state"], entry)
    _tell(connection, row["alarm_id"], row["area_id"], entry.at)


async def enter_part(connection: AsyncConnection, alarm_id: str, part_id: str) -> None:
    """Note that an alarm has this part; again changes nothing."""
    row = {"alarm_id": alarm_id, "part_id": part_id}
    known = select(alarm_parts).filter_by(**row)
    if (await connection.execute(known)).first() is None:
        await connection.execute(insert(alarm_parts).values(row))


async def last_mark(connection: AsyncConnection, alarm_id: str) -> RowMapping | None:
    """Return the newest line that calls an alarm false or takes that back."""
    await ledger.settle(connection, alarm_transitions)
    query = (
        select(alarm_transitions)
        .where(alarm_transitions.c.alarm_id == alarm_id)
        .where(alarm_transitions.c.cause.in_((Cause.MARK_FALSE, Cause.UNDO)))
        .order_by(alarm_transitions.c.number.desc())
        .limit(1)
    )
    return await _first(connection, query)


async def change(
    connection: AsyncConnection, alarm: RowMapping, changes: dict[str, Any], entry: Entry
) -> None:
    """Change an alarm and log why; a change without a new state is logged as well."""
    if changes:
        await set_columns(connection, alarm["alarm_id"], changes)
    state = changes.get("state", alarm["state"])
    log(connection, alarm["alarm_id"], alarm["state"], state, entry)
    _tell(connection, alarm["alarm_id"], alarm["area_id"], entry.at)


async def set_columns(connection: AsyncConnection, alarm_id: str, changes: dict[str, Any]) -> None:
    """Change an alarm without a line in its log: nothing that people would ask about."""
    await connection.execute(_CHANGE, {**changes, "of_alarm": alarm_id})


def log(
    connection: AsyncConnection, alarm_id: str, before: str | None, after: str, entry: Entry
) -> None:
    """Add a line to an alarm's log, written with all others before the commit."""
    row = {
        "alarm_id": alarm_id,
        "at": entry.at,
        "from_state": before,
        "to_state": after,
        "cause": entry.cause,
        "event_id": entry.event_id,
        "login": entry.login,
        "note": entry.note,
    }
    ledger.add(connection, alarm_transitions, row)


async def _first(
    connection: AsyncConnection, query: Select[Any], values: dict[str, Any] | None = None
) -> RowMapping | None:
    found: RowMapping | None = (await connection.execute(query, values)).mappings().first()
    return found


def _tell(connection: AsyncConnection, alarm_id: str, area_id: str, at: datetime) -> None:
    journal.note(connection, subject="alarm", subject_id=alarm_id, area_id=area_id, at=at)
