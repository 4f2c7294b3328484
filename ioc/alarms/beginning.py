"""Enters alarms that begin, in the caller's transaction: with their first line, call or silence."""

from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms import calling, rows
from ioc.alarms.engine.causes import CAUSE_KINDS
from ioc.alarms.engine.machine import Nature
from ioc.alarms.engine.policy import Policies
from ioc.alarms.engine.standing import Outcome
from ioc.alarms.rows import Entry
from ioc.alarms.standings import columns_of, subject_of
from ioc.alarms.suppression import dependants

_SAME_ALARM_WITHIN = timedelta(minutes=10)
"""What came and went without calling anybody goes on as one alarm with its repeats."""

_TICK = timedelta(microseconds=1)


def new_id(gateway_id: str, kind: str, object_id: str, origin: str) -> str:
    """Return the id of an alarm: the same for the same origin, however often it is told."""
    return str(uuid5(NAMESPACE_OID, f"{gateway_id}/{kind}/{object_id}/{origin}"))


def after(newest: RowMapping | None, at: datetime) -> datetime:
    """Return when an alarm is raised: never before its object's last one, whatever the clock says.

    Only an object's newest alarm is looked at when its condition ends: were the clock set back, one
    alarm after the other would be raised and none would end.
    """
    return at if newest is None else max(at, newest["raised_at"] + _TICK)


def goes_on(newest: RowMapping, *, at: datetime, late: bool) -> bool:
    """Tell whether a condition belongs to its object's alarm that is over.

    So it is while that one is put aside, and where it has called nobody just before.
    """
    if late or newest["late"]:
        return False
    until = newest["suppressed_until"]
    if newest["suppression"] and until is not None and until > at:
        return True
    ended = newest["returned_at"] or newest["raised_at"]
    return not newest["annunciate"] and at - ended < _SAME_ALARM_WITHIN


async def add(
    connection: AsyncConnection,
    row: dict[str, Any],
    nature: Nature,
    outcome: Outcome,
    *,
    entry: Entry,
    policies: Policies,
) -> None:
    """Enter a first raise, and what follows from it for others."""
    subject = subject_of(row)
    settled = await calling.settle(
        connection, subject, nature, outcome, at=entry.at, policies=policies
    )
    await rows.add(connection, {**row, **columns_of(settled.outcome.standing)}, entry)
    await calling.follow(connection, subject, settled, at=entry.at)
    if nature.kind in CAUSE_KINDS and not settled.outcome.standing.late:
        await dependants.failed(connection, row, at=entry.at, policies=policies)
