"""What gateways said by themselves, entered as broadcasts of their own and in the sighting's alarm."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events import TalkDownAnswered, TalkDownSpoken, TalkDownWithheld
from ioc.alarms import Occurrence, note_talk_down
from ioc.gateways.register import Gateway
from ioc.ingest.proofs import moves_forward
from ioc.ingest.transaction import Transaction
from ioc.store import journal
from ioc.store.tables import audio, broadcasts, deliveries, delivery_steps, talk_downs

if TYPE_CHECKING:
    from datetime import datetime

GATEWAY_ITSELF = ""
"""The author of what nobody wrote at that moment."""


async def take_spoken(
    transaction: Transaction, gateway: Gateway, spoken: TalkDownSpoken, occurrence: Occurrence
) -> None:
    """Enter a talk-down as a broadcast with its deliveries; steps that came before it count."""
    connection = transaction.connection
    known = select(broadcasts.c.broadcast_id).where(
        broadcasts.c.broadcast_id == spoken.broadcast_id
    )
    if (await connection.execute(known)).first() is not None:
        return
    alarm_id = await note_talk_down(connection, spoken, occurrence)
    await connection.execute(
        insert(broadcasts).values(
            broadcast_id=spoken.broadcast_id,
            author=GATEWAY_ITSELF,
            source="gateway",
            kind="talk_down",
            alarm_id=alarm_id,
            object_id=spoken.object_id,
            text=await _text_of(connection, gateway, spoken),
            audio_sha256=spoken.audio_sha256,
            priority="routine",
            level="hamlet",
            created_at=occurrence.occurred_at,
            expires_at=occurrence.occurred_at,
        )
    )
    for device_id in dict.fromkeys(spoken.loudspeaker_ids):
        row = {
            "broadcast_id": spoken.broadcast_id,
            "gateway_id": gateway.gateway_id,
            "device_id": device_id,
            "state": "accepted",
            "updated_at": transaction.at,
            "stepped_at": occurrence.occurred_at,
        }
        row |= await _stepped(connection, row)
        await connection.execute(insert(deliveries).values(row))
    await journal.write(
        connection,
        subject="broadcast",
        subject_id=spoken.broadcast_id,
        area_id=occurrence.area_id,
        at=transaction.at,
    )


async def take_withheld(
    transaction: Transaction, withheld: TalkDownWithheld, occurrence: Occurrence
) -> None:
    """Say in the alarm that nothing was said, and why."""
    await note_talk_down(transaction.connection, withheld, occurrence)


async def take_answer(
    transaction: Transaction, answered: TalkDownAnswered, occurrence: Occurrence
) -> None:
    """Say in the alarm and in the log whether the person left."""
    await transaction.connection.execute(
        update(broadcasts)
        .where(
            broadcasts.c.broadcast_id == answered.broadcast_id,
            broadcasts.c.object_id == answered.object_id,
        )
        .values(answer=str(answered.answer), answer_s=answered.after_s)
    )
    await note_talk_down(transaction.connection, answered, occurrence)


async def attach(connection: AsyncConnection, *, object_id: str, alarm_id: str) -> None:
    """Attach a talk-down that was told before its sighting to the sighting's alarm."""
    await connection.execute(
        update(broadcasts)
        .where(broadcasts.c.object_id == object_id, broadcasts.c.alarm_id.is_(None))
        .values(alarm_id=alarm_id)
    )


async def _text_of(connection: AsyncConnection, gateway: Gateway, spoken: TalkDownSpoken) -> str:
    """Return what was said: as written where that still stands, otherwise as read."""
    by_sound = or_(
        talk_downs.c.audio_sha256 == spoken.audio_sha256,
        talk_downs.c.night_audio_sha256 == spoken.audio_sha256,
    )
    query = select(talk_downs).where(talk_downs.c.gateway_id == gateway.gateway_id, by_sound)
    row = (await connection.execute(query.limit(1))).first()
    if row is not None:
        return str(row.text if row.audio_sha256 == spoken.audio_sha256 else row.night_text)
    read = select(audio.c.spoken_text).where(audio.c.sha256 == spoken.audio_sha256)
    return await connection.scalar(read) or ""


async def _stepped(connection: AsyncConnection, row: dict[str, Any]) -> dict[str, Any]:
    """Return what the steps that are there already make of a delivery."""
    key = {name: row[name] for name in ("broadcast_id", "gateway_id", "device_id")}
    steps = (
        await connection.execute(
            select(delivery_steps).filter_by(**key).order_by(delivery_steps.c.occurred_at)
        )
    ).all()
    changes: dict[str, Any] = {}
    state: str = row["state"]
    stepped_at: datetime = row["stepped_at"]
    for step in steps:
        if step.state == "started":
            changes["started_at"] = step.occurred_at
        if moves_forward(state, step.state, stepped_at=stepped_at, at=step.occurred_at):
            state, stepped_at = step.state, step.occurred_at
            changes |= {
                "state": state,
                "stepped_at": stepped_at,
                "seconds_sent": step.seconds_sent,
                "underruns": step.underruns,
                "detail": step.detail,
            }
    if state in ("finished", "failed", "preempted", "stopped", "expired"):
        changes["finished_at"] = stepped_at
    return changes
