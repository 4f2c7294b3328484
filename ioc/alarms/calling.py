"""Calls people for alarms, or enters why not, in the caller's transaction."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms import rows
from ioc.alarms.engine import machine
from ioc.alarms.engine.policy import Policies
from ioc.alarms.engine.standing import Outcome
from ioc.alarms.engine.suppressing import Circumstances, Subject, weigh
from ioc.alarms.rows import Entry
from ioc.alarms.standings import columns_of, nature_of, subject_of
from ioc.alarms.states import Cause
from ioc.alarms.suppression import surroundings
from ioc.store.tables import annunciations

_CALL = insert(annunciations)


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A decision after everything that speaks against a call was weighed."""

    outcome: Outcome
    circumstances: Circumstances

    @property
    def silenced(self) -> bool:
        """Whether it would have called, and may not."""
        return bool(self.circumstances.suppression)


async def settle(
    connection: AsyncConnection,
    subject: Subject,
    nature: machine.Nature,
    outcome: Outcome,
    *,
    at: datetime,
    policies: Policies,
) -> Settled:
    """Weigh a decision that would call people; another is returned as it is, without a query."""
    if outcome.calls is None:
        return Settled(outcome=outcome, circumstances=Circumstances())
    around = await surroundings.look(connection, subject, at=at, policies=policies)
    circumstances = weigh(subject, around, at=at, policies=policies)
    called = machine.call(outcome, nature, circumstances, at=at, policies=policies)
    return Settled(outcome=called, circumstances=circumstances)


async def apply(
    connection: AsyncConnection,
    alarm: RowMapping,
    outcome: Outcome,
    *,
    entry: Entry | None,
    policies: Policies,
    changes: dict[str, Any] | None = None,
) -> Outcome:
    """Settle a decision about a known alarm, write it down, and call whom it calls.

    `entry` None: a line for the decision's own cause is not needed, only what it leads to.
    """
    at = entry.at if entry is not None else alarm["raised_at"]
    nature, subject = nature_of(alarm), subject_of({**alarm, **(changes or {})})
    nature = replace(nature, priority=subject.priority)
    settled = await settle(connection, subject, nature, outcome, at=at, policies=policies)
    columns = {**columns_of(settled.outcome.standing), **(changes or {})}
    if entry is None:
        await rows.set_columns(connection, alarm["alarm_id"], columns)
    else:
        await rows.change(connection, alarm, columns, entry)
    await follow(connection, subject, settled, at=at)
    return settled.outcome


async def follow(
    connection: AsyncConnection, subject: Subject, settled: Settled, *, at: datetime
) -> None:
    """Enter the call in the queue of those who notify, or in the log why there is none."""
    standing = settled.outcome.standing
    if settled.silenced:
        circumstances = settled.circumstances
        note = circumstances.note or str(circumstances.suppression)
        rows.log(
            connection,
            subject.alarm_id,
            standing.state,
            standing.state,
            Entry(cause=Cause.SUPPRESS, at=at, note=note),
        )
    reason = settled.outcome.annunciation
    if reason is not None:
        row = {
            "alarm_id": subject.alarm_id,
            "at": at,
            "step": standing.escalation_step,
            "reason": reason,
            "priority": subject.priority,
            "area_id": subject.area_id,
            "taken": False,
        }
        await connection.execute(_CALL, row)
