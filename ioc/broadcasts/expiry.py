"""What the centre concludes when a gateway stays silent: commands and deliveries that expire.

Every function runs in the caller's transaction.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms.desk import Occurrence, raise_alarm
from ioc.alarms.engine.policy import UNDELAYED_POLICIES, Policies
from ioc.alarms.rules import broadcast_failed
from ioc.broadcasts.commands import SPEAKING_KINDS
from ioc.store import journal
from ioc.store.tables import alarms, audio, broadcasts, commands, deliveries, devices

# An answer given in the last moment still needs its way through the broker.
ANSWER_GRACE = timedelta(seconds=15)
# An announcement may stand in a loudspeaker's queue behind others, then plays for its length.
PROOF_GRACE = timedelta(seconds=120)

_UNCONFIRMED = ("queued", "accepted", "cached")
_OPEN = (*_UNCONFIRMED, "started", "interrupted", "resumed")


async def expire_commands(connection: AsyncConnection, *, now: datetime) -> list[Row[Any]]:
    """Mark pending commands that nobody answered; return their deliveries as overdue."""
    expired = await connection.execute(
        update(commands)
        .where(commands.c.state == "pending", commands.c.expires_at < now - ANSWER_GRACE)
        .values(state="expired", reason="no answer before it expired")
        .returning(
            commands.c.kind,
            commands.c.broadcast_id,
            commands.c.gateway_id,
            commands.c.alarm_id,
        )
    )
    overdue: list[Row[Any]] = []
    for command in expired.all():
        if command.alarm_id is not None:
            await tell_alarm(connection, command.alarm_id, at=now)
        if command.kind in SPEAKING_KINDS:
            wanted = _rows(_UNCONFIRMED).where(
                deliveries.c.broadcast_id == command.broadcast_id,
                deliveries.c.gateway_id == command.gateway_id,
            )
            overdue.extend((await connection.execute(wanted)).all())
    return overdue


async def tell_alarm(connection: AsyncConnection, alarm_id: str, *, at: datetime) -> None:
    """Tell who watches an alarm that a command about it has come to an end."""
    area_id = await connection.scalar(select(alarms.c.area_id).where(alarms.c.alarm_id == alarm_id))
    if area_id is not None:
        await journal.write(
            connection, subject="alarm", subject_id=alarm_id, area_id=area_id, at=at
        )


async def unproven_deliveries(connection: AsyncConnection, *, now: datetime) -> list[Row[Any]]:
    """Return deliveries whose gateway took the order and then never said how it ended."""
    wanted = _rows(_OPEN).where(broadcasts.c.expires_at < now - PROOF_GRACE)
    rows = (await connection.execute(wanted)).all()
    return [row for row in rows if _latest_end(row) < now - PROOF_GRACE]


async def conclude(
    connection: AsyncConnection,
    row: Row[Any],
    *,
    now: datetime,
    policies: Policies = UNDELAYED_POLICIES,
) -> None:
    """Record that nothing proves this delivery, raise the alarm, and tell who watches."""
    await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.broadcast_id == row.broadcast_id,
            deliveries.c.gateway_id == row.gateway_id,
            deliveries.c.device_id == row.device_id,
        )
        .values(state="expired", updated_at=now, detail=reason_of(row))
    )
    area_id = await _area_of(connection, row)
    failed = broadcast_failed(
        device_id=row.device_id,
        broadcast_id=row.broadcast_id,
        text=row.text,
        reason="expired",
        detail=reason_of(row),
    )
    occurrence = Occurrence(
        gateway_id=row.gateway_id, area_id=area_id, occurred_at=now, at=now, policies=policies
    )
    await raise_alarm(connection, failed, occurrence)
    await journal.write(
        connection, subject="broadcast", subject_id=row.broadcast_id, area_id=area_id, at=now
    )


async def _area_of(connection: AsyncConnection, row: Row[Any]) -> str:
    """Return the loudspeaker's area; a row of `deliveries` has had its device row before it."""
    wanted = select(devices.c.area_id).where(
        devices.c.gateway_id == row.gateway_id, devices.c.device_id == row.device_id
    )
    return str((await connection.execute(wanted)).scalar_one())


def reason_of(row: Row[Any]) -> str:
    """Return why, for the technician."""
    if row.state == "queued":
        return "the gateway was not reached in time"
    return f"the gateway reported nothing after {row.state}"


def _rows(states: tuple[str, ...]) -> Select[Any]:
    return (
        select(
            deliveries.c.broadcast_id,
            deliveries.c.gateway_id,
            deliveries.c.device_id,
            deliveries.c.state,
            broadcasts.c.expires_at,
            broadcasts.c.text,
            deliveries.c.updated_at,
            deliveries.c.offset_s,
            func.coalesce(audio.c.duration_s, broadcasts.c.stream_s, 0.0).label("duration_s"),
        )
        .join(broadcasts, broadcasts.c.broadcast_id == deliveries.c.broadcast_id)
        .outerjoin(audio, audio.c.sha256 == broadcasts.c.audio_sha256)
        .where(or_(*(deliveries.c.state == state for state in states)))
    )


def _latest_end(row: Row[Any]) -> datetime:
    """Return when it must have ended: it began before it expired, or went on after its last step."""
    # One that was interrupted by a long emergency resumes long after its expiry.
    since: datetime = max(row.expires_at, row.updated_at)
    return since + timedelta(seconds=row.duration_s + row.offset_s)
