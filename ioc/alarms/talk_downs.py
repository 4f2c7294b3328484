"""Enters in a sighting's alarm what a gateway said to the person, or why it did not; raises none."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events import TalkDownAnswered, TalkDownSpoken, TalkDownWithheld
from ioc.alarms import rows
from ioc.alarms.desk import Occurrence
from ioc.alarms.rows import Entry
from ioc.alarms.states import Cause

TALK_DOWN = "talk_down"
"""Where an alarm's facts keep the newest: `broadcast_id`, `at`, `answer`, `after_s`, `withheld`."""

Remark = TalkDownSpoken | TalkDownWithheld | TalkDownAnswered


async def note_talk_down(
    connection: AsyncConnection, remark: Remark, occurrence: Occurrence
) -> str | None:
    """Return the alarm that shows it now; None: the sighting has no alarm (yet)."""
    alarm = await rows.find_of_part(
        connection, gateway_id=occurrence.gateway_id, part_id=remark.object_id
    )
    if alarm is None:
        return None
    known: dict[str, Any] = alarm["facts"].get(TALK_DOWN, {})
    facts = {**alarm["facts"], TALK_DOWN: _agree(known, remark, occurrence)}
    entry = Entry(
        cause=Cause.TALK_DOWN,
        at=occurrence.at,
        event_id=occurrence.event_id,
        note=_note(remark),
    )
    await rows.change(connection, alarm, {"facts": facts}, entry)
    return str(alarm["alarm_id"])


def _agree(known: dict[str, Any], remark: Remark, occurrence: Occurrence) -> dict[str, Any]:
    match remark:
        case TalkDownSpoken():
            return {"broadcast_id": remark.broadcast_id, "at": occurrence.occurred_at.isoformat()}
        case TalkDownAnswered() if known.get("broadcast_id") in (None, remark.broadcast_id):
            answer = {"answer": str(remark.answer), "after_s": remark.after_s}
            return {"broadcast_id": remark.broadcast_id, **known, **answer}
        case TalkDownWithheld() if "broadcast_id" not in known:
            return {"withheld": str(remark.reason), "at": occurrence.occurred_at.isoformat()}
        case _:
            return known


def _note(remark: Remark) -> str:
    match remark:
        case TalkDownSpoken():
            return "spoken"
        case TalkDownAnswered():
            return str(remark.answer)
        case TalkDownWithheld():
            return f"withheld: {remark.reason}"
