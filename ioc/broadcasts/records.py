"""Broadcasts, previews and deliveries as rows of the store; every function runs in a transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.topics import Address
from ioc.broadcasts.values import Delivery, Heard, Loudspeaker, LoudspeakerId, Preview
from ioc.store.tables import (
    audio,
    broadcasts,
    commands,
    deliveries,
    devices,
    gateways,
    hearings,
    previews,
)

# After a day an author no longer knows what they heard.
PREVIEW_VALID = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A loudspeaker and the gateway that reaches it."""

    loudspeaker: Loudspeaker
    address: Address


async def keep_sound(
    connection: AsyncConnection, preview: Preview, *, size_bytes: int, login: str, at: datetime
) -> None:
    """Note a sound once, with who made it first."""
    if await sound_of(connection, preview.audio_sha256) is not None:
        return
    row = {
        "sha256": preview.audio_sha256,
        "media_type": "audio/ogg",
        "size_bytes": size_bytes,
        "duration_s": preview.duration_s,
        "spoken_text": preview.spoken_text,
        "created_by": login,
        "created_at": at,
    }
    await connection.execute(insert(audio).values(**row))


async def keep_heard(
    connection: AsyncConnection, *, login: str, audio_sha256: str, heard: Heard, at: datetime
) -> None:
    """Note what a person has heard as this sound; forget what no longer counts."""
    again = and_(previews.c.login == login, previews.c.audio_sha256 == audio_sha256)
    forgotten = previews.c.previewed_at < at - PREVIEW_VALID
    await connection.execute(delete(previews).where(or_(again, forgotten)))
    row = {
        "login": login,
        "audio_sha256": audio_sha256,
        "text": heard.text,
        "previewed_at": at,
        "kind": heard.kind,
        "status": heard.status,
        "said_twice": heard.said_twice,
    }
    await connection.execute(insert(previews).values(**row))


async def what_was_heard(
    connection: AsyncConnection, *, login: str, audio_sha256: str, now: datetime
) -> Heard | None:
    """Return what this person heard as this sound, while that counts."""
    wanted = (
        select(previews)
        .where(previews.c.login == login, previews.c.audio_sha256 == audio_sha256)
        .where(previews.c.previewed_at >= now - PREVIEW_VALID)
    )
    row = (await connection.execute(wanted)).first()
    if row is None:
        return None
    return Heard(text=row.text, kind=row.kind, status=row.status, said_twice=row.said_twice)


async def heard_text(
    connection: AsyncConnection, *, login: str, audio_sha256: str, now: datetime
) -> str | None:
    """Return the text that this person heard as this sound, while that counts."""
    heard = await what_was_heard(connection, login=login, audio_sha256=audio_sha256, now=now)
    return heard.text if heard else None


async def sound_of(connection: AsyncConnection, audio_sha256: str) -> Row[Any] | None:
    """Return the row of a stored sound."""
    wanted = select(audio).where(audio.c.sha256 == audio_sha256)
    return (await connection.execute(wanted)).first()


async def targets(connection: AsyncConnection) -> dict[LoudspeakerId, Target]:
    """Return every loudspeaker that its gateway's inventory names, by area and name."""
    rows = await connection.execute(
        select(devices, gateways.c.site_id, gateways.c.online)
        .join(gateways, gateways.c.gateway_id == devices.c.gateway_id)
        .where(devices.c.device_kind == "loudspeaker", devices.c.present.is_(True))
        .order_by(devices.c.area_id, devices.c.name, devices.c.device_id)
    )
    return {
        LoudspeakerId(row.gateway_id, row.device_id): Target(
            loudspeaker=_loudspeaker(row), address=Address.of(row.site_id, row.gateway_id)
        )
        for row in rows
    }


def _loudspeaker(row: Row[Any]) -> Loudspeaker:
    return Loudspeaker(
        gateway_id=row.gateway_id,
        device_id=row.device_id,
        name=row.name or row.device_id,
        area_id=row.area_id or "",
        state=row.state or "unknown",
        gateway_online=bool(row.online),
    )


async def add_broadcast(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Store a broadcast by its columns."""
    await connection.execute(insert(broadcasts).values(**row))


async def add_deliveries(
    connection: AsyncConnection,
    broadcast_id: str,
    offsets_s: Mapping[LoudspeakerId, float],
    *,
    at: datetime,
) -> None:
    """Store a queued delivery for each loudspeaker, with when its turn begins."""
    rows = [
        {
            "broadcast_id": broadcast_id,
            "gateway_id": loudspeaker.gateway_id,
            "device_id": loudspeaker.device_id,
            "state": "queued",
            "updated_at": at,
            "offset_s": offset_s,
        }
        for loudspeaker, offset_s in offsets_s.items()
    ]
    await connection.execute(insert(deliveries), rows)


async def first_of(connection: AsyncConnection, broadcast_id: str) -> Row[Any] | None:
    """Return the row of a broadcast; of a repeat, that of the broadcast it repeats."""
    asked = select(broadcasts.c.broadcast_id, broadcasts.c.repeat_of)
    row = (await connection.execute(asked.where(broadcasts.c.broadcast_id == broadcast_id))).first()
    if row is None:
        return None
    first_id = row.repeat_of or row.broadcast_id
    wanted = (
        select(
            broadcasts,
            func.coalesce(audio.c.duration_s, broadcasts.c.stream_s, 0.0).label("duration_s"),
            func.coalesce(audio.c.spoken_text, "").label("spoken_text"),
        )
        .outerjoin(audio, audio.c.sha256 == broadcasts.c.audio_sha256)
        .where(broadcasts.c.broadcast_id == first_id)
    )
    return (await connection.execute(wanted)).first()


async def deliveries_of(connection: AsyncConnection, first_id: str) -> tuple[Delivery, ...]:
    """Return the last delivery to each loudspeaker among a broadcast and its repeats."""
    latest: dict[LoudspeakerId, Delivery] = {}
    for row in await connection.execute(_family_deliveries(first_id)):
        latest[LoudspeakerId(row.gateway_id, row.device_id)] = Delivery(
            broadcast_id=row.broadcast_id,
            loudspeaker=_loudspeaker(row),
            state=row.delivery_state,
            updated_at=row.updated_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            seconds_sent=row.seconds_sent,
            underruns=row.underruns,
            detail=row.detail,
            hearing=row.hearing,
        )
    return tuple(latest.values())


def _family_deliveries(first_id: str) -> Select[Any]:
    return (
        select(
            deliveries.c.broadcast_id,
            deliveries.c.gateway_id,
            deliveries.c.device_id,
            deliveries.c.state.label("delivery_state"),
            deliveries.c.updated_at,
            deliveries.c.started_at,
            deliveries.c.finished_at,
            deliveries.c.seconds_sent,
            deliveries.c.underruns,
            deliveries.c.detail,
            hearings.c.hearing,
            devices.c.name,
            devices.c.area_id,
            devices.c.state,
            gateways.c.online,
        )
        .join(broadcasts, broadcasts.c.broadcast_id == deliveries.c.broadcast_id)
        .outerjoin(
            devices,
            and_(
                devices.c.gateway_id == deliveries.c.gateway_id,
                devices.c.device_id == deliveries.c.device_id,
            ),
        )
        .outerjoin(gateways, gateways.c.gateway_id == deliveries.c.gateway_id)
        .outerjoin(
            hearings,
            and_(
                hearings.c.broadcast_id == deliveries.c.broadcast_id,
                hearings.c.gateway_id == deliveries.c.gateway_id,
                hearings.c.device_id == deliveries.c.device_id,
            ),
        )
        .where(
            or_(broadcasts.c.broadcast_id == first_id, broadcasts.c.repeat_of == first_id),
        )
        .order_by(broadcasts.c.repeat_of.is_not(None), broadcasts.c.created_at, devices.c.name)
    )


async def close_deliveries(
    connection: AsyncConnection,
    closed: Iterable[Delivery],
    *,
    state: str,
    detail: str,
    at: datetime,
) -> None:
    """Set deliveries to a final state that the centre knows by itself."""
    for delivery in closed:
        await connection.execute(
            update(deliveries)
            .where(
                deliveries.c.broadcast_id == delivery.broadcast_id,
                deliveries.c.gateway_id == delivery.loudspeaker.gateway_id,
                deliveries.c.device_id == delivery.loudspeaker.device_id,
            )
            .values(state=state, detail=detail, updated_at=at)
        )


async def is_ordered_from(
    connection: AsyncConnection, *, gateway_id: str, audio_sha256: str
) -> bool:
    """Tell whether a command to this gateway names this sound."""
    wanted = (
        select(commands.c.command_id)
        .join(broadcasts, broadcasts.c.broadcast_id == commands.c.broadcast_id)
        .where(commands.c.gateway_id == gateway_id, commands.c.kind == "speak.v1")
        .where(broadcasts.c.audio_sha256 == audio_sha256)
    )
    return (await connection.execute(wanted.limit(1))).first() is not None


async def broadcasts_of_sound(connection: AsyncConnection, audio_sha256: str) -> list[str]:
    """Return the ids of the first broadcasts that spoke this sound."""
    wanted = select(broadcasts.c.broadcast_id).where(
        broadcasts.c.audio_sha256 == audio_sha256, broadcasts.c.repeat_of.is_(None)
    )
    return list((await connection.execute(wanted)).scalars())
