"""Pictures and clips that events announce, and those that will never come, as rows of evidence."""

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import insert, select, update

from contracts.envelope import Event
from contracts.events import EventData, EvidenceClip, EvidenceLost, Picture
from ioc.alarms import rows
from ioc.evidence.behind import alarms_showing
from ioc.gateways.register import Gateway
from ioc.ingest.transaction import Transaction
from ioc.store import journal
from ioc.store.tables import evidence

CLIP_ROLE = "clip"

_log = structlog.get_logger(__name__)


async def announce(
    transaction: Transaction, gateway: Gateway, event: Event, *, alarm_id: str | None
) -> None:
    """Expect what an event announces, with the alarm that the event or its sighting belongs to.

    A clip whose sighting is unknown is expected all the same, and joins the alarm when that comes.
    """
    pictures: tuple[Picture, ...] = getattr(event.data, "pictures", ())
    clip = event.data if isinstance(event.data, EvidenceClip) else None
    object_id = _object_id(event.data)
    if alarm_id is None and object_id is not None and (pictures or clip is not None):
        alarm_id = await _alarm_of(transaction, gateway, object_id)
    elif alarm_id is not None and object_id is not None:
        await _adopt(transaction, gateway, object_id, alarm_id)
    base = {
        "event_id": event.event_id,
        "gateway_id": gateway.gateway_id,
        "alarm_id": alarm_id,
        "object_id": object_id,
    }
    expected: dict[tuple[str, str], dict[str, Any]] = {
        (each.role, each.sha256): {**base, **_picture(each)} for each in pictures
    }
    if clip is not None:
        expected[CLIP_ROLE, clip.clip.sha256] = {**base, **_clip(clip)}
    for row in expected.values():
        stored_at = await _stored_at(transaction, gateway, row)
        state = {"state": "announced" if stored_at is None else "stored", "stored_at": stored_at}
        await transaction.connection.execute(insert(evidence).values({**row, **state}))
    if clip is not None:
        await _tell(transaction, event, alarm_id)


async def lose(transaction: Transaction, gateway: Gateway, lost: EvidenceLost) -> None:
    """Expect a picture or clip no longer, and tell who waits for it."""
    connection = transaction.connection
    mine = (evidence.c.sha256 == lost.sha256) & (evidence.c.gateway_id == gateway.gateway_id)
    waiting = await alarms_showing(connection, mine & (evidence.c.state == "announced"))
    await connection.execute(
        update(evidence).where(mine, evidence.c.state == "announced").values(state="lost")
    )
    for alarm_id, area_id in waiting:
        await journal.write(
            connection, subject="alarm", subject_id=alarm_id, area_id=area_id, at=transaction.at
        )


def _object_id(data: EventData) -> str | None:
    object_id = getattr(data, "object_id", None)
    return object_id if isinstance(object_id, str) else None


async def _alarm_of(transaction: Transaction, gateway: Gateway, object_id: str) -> str | None:
    alarm = await rows.find_of_part(
        transaction.connection, gateway_id=gateway.gateway_id, part_id=object_id
    )
    return None if alarm is None else str(alarm["alarm_id"])


async def _adopt(transaction: Transaction, gateway: Gateway, object_id: str, alarm_id: str) -> None:
    """Give an alarm the evidence of its sighting that came before it."""
    await transaction.connection.execute(
        update(evidence)
        .where(evidence.c.object_id == object_id, evidence.c.gateway_id == gateway.gateway_id)
        .where(evidence.c.alarm_id.is_(None))
        .values(alarm_id=alarm_id)
    )


async def _tell(transaction: Transaction, event: Event, alarm_id: str | None) -> None:
    if alarm_id is None:
        _log.warning("evidence.clip_without_sighting", event_id=event.event_id)
        return
    connection = transaction.connection
    for shown, area_id in await alarms_showing(connection, evidence.c.event_id == event.event_id):
        await journal.write(
            connection, subject="alarm", subject_id=shown, area_id=area_id, at=transaction.at
        )


def _picture(picture: Picture) -> dict[str, Any]:
    return {
        "role": picture.role,
        "sha256": picture.sha256,
        "media_type": picture.media_type,
        "size_bytes": picture.size_bytes,
        "width_px": picture.width_px,
        "height_px": picture.height_px,
        "taken_at": picture.taken_at,
    }


def _clip(announced: EvidenceClip) -> dict[str, Any]:
    clip = announced.clip
    return {
        "role": CLIP_ROLE,
        "sha256": clip.sha256,
        "media_type": clip.media_type,
        "size_bytes": clip.size_bytes,
        "width_px": clip.width_px,
        "height_px": clip.height_px,
        "taken_at": clip.begins_at,
        "duration_s": clip.duration_s,
        "codec": clip.codec,
        "encoded_again": clip.encoded_again,
    }


async def _stored_at(
    transaction: Transaction, gateway: Gateway, row: dict[str, Any]
) -> datetime | None:
    """Return when this gateway's file was stored: a standing condition names it again."""
    at: datetime | None = await transaction.connection.scalar(
        select(evidence.c.stored_at)
        .where(evidence.c.sha256 == row["sha256"], evidence.c.gateway_id == gateway.gateway_id)
        .where(evidence.c.media_type == row["media_type"], evidence.c.state == "stored")
        .limit(1)
    )
    return at
