"""Talk-downs as the centre keeps them: rows of the store, and the order that tells a gateway all.

Every function runs in the caller's transaction; whether the person may is decided before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.commands import Audio, SetTalkDowns, TalkDown
from ioc.broadcasts.commands import Order
from ioc.store.tables import audio, commands, talk_downs

Cause = Literal["littering", "intrusion", "loitering"]
KIND = "set_talk_downs.v1"
VALID = timedelta(days=7)
"""A gateway that is away for longer is told anew when it is back."""


@dataclass(frozen=True, kw_only=True)
class TalkDownSetting:
    """What a person wants said at a camera; both sounds as previewed by that person."""

    gateway_id: str
    camera_id: str
    zone: str | None
    """None: any zone of the camera."""
    causes: tuple[Cause, ...]
    loudspeaker_ids: tuple[str, ...]
    text: str
    audio_sha256: str
    night_text: str | None = None
    night_audio_sha256: str | None = None
    hours: tuple[str, ...] = ()
    """`22:00-05:00`; empty: always."""
    cool_down_s: float = 120.0
    daily_limit: int = 20
    night_volume_db: float = -6.0


@dataclass(frozen=True, kw_only=True)
class TalkDownView:
    """A setting as it stands, and whether its gateway knows of it."""

    talk_down_id: str
    setting: TalkDownSetting
    changed_by: str
    changed_at: datetime
    told: str
    """State of the newest order to this gateway: `pending`, `done`, `failed`, `refused`, `expired`."""


async def keep(
    connection: AsyncConnection,
    setting: TalkDownSetting,
    *,
    talk_down_id: str,
    login: str,
    at: datetime,
) -> None:
    """Store a setting under its id, in place of what stood there."""
    await connection.execute(delete(talk_downs).where(talk_downs.c.talk_down_id == talk_down_id))
    await connection.execute(
        insert(talk_downs).values(
            talk_down_id=talk_down_id,
            gateway_id=setting.gateway_id,
            camera_id=setting.camera_id,
            zone=setting.zone,
            causes=list(setting.causes),
            loudspeaker_ids=list(setting.loudspeaker_ids),
            text=setting.text,
            audio_sha256=setting.audio_sha256,
            night_text=setting.night_text,
            night_audio_sha256=setting.night_audio_sha256,
            hours=list(setting.hours),
            cool_down_s=setting.cool_down_s,
            daily_limit=setting.daily_limit,
            night_volume_db=setting.night_volume_db,
            changed_by=login,
            changed_at=at,
        )
    )


async def forget(connection: AsyncConnection, talk_down_id: str) -> None:
    """Delete a setting."""
    await connection.execute(delete(talk_downs).where(talk_downs.c.talk_down_id == talk_down_id))


async def find(connection: AsyncConnection, talk_down_id: str) -> Row[Any] | None:
    """Return the row of a setting."""
    wanted = select(talk_downs).where(talk_downs.c.talk_down_id == talk_down_id)
    return (await connection.execute(wanted)).first()


async def read_all(connection: AsyncConnection) -> list[TalkDownView]:
    """Return every setting, by gateway and camera."""
    rows = await connection.execute(
        select(talk_downs).order_by(talk_downs.c.gateway_id, talk_downs.c.camera_id)
    )
    told: dict[str, str] = {}
    views = []
    for row in rows.all():
        if row.gateway_id not in told:
            told[row.gateway_id] = await told_state(connection, row.gateway_id)
        views.append(_view(row, told[row.gateway_id]))
    return views


async def told_state(connection: AsyncConnection, gateway_id: str) -> str:
    """Return the state of the newest order to a gateway; empty: it was never told anything."""
    newest = (
        select(commands.c.state)
        .where(commands.c.gateway_id == gateway_id, commands.c.kind == KIND)
        .order_by(commands.c.command_number.desc())
        .limit(1)
    )
    return str(await connection.scalar(newest) or "")


async def order_of(connection: AsyncConnection, gateway_id: str, *, at: datetime) -> Order:
    """Return the order that tells a gateway all of its talk-downs."""
    rows = (
        await connection.execute(
            select(talk_downs)
            .where(talk_downs.c.gateway_id == gateway_id)
            .order_by(talk_downs.c.talk_down_id)
        )
    ).all()
    sounds = await _sounds(connection, rows)
    told = SetTalkDowns(talk_downs=tuple(_wire(row, sounds) for row in rows))
    return Order(data=told, issued_at=at, expires_at=at + VALID)


async def names_sound(connection: AsyncConnection, *, gateway_id: str, audio_sha256: str) -> bool:
    """Tell whether a talk-down of this gateway names this sound."""
    by_day = talk_downs.c.audio_sha256 == audio_sha256
    wanted = select(talk_downs.c.talk_down_id).where(
        talk_downs.c.gateway_id == gateway_id,
        by_day | (talk_downs.c.night_audio_sha256 == audio_sha256),
    )
    return (await connection.execute(wanted.limit(1))).first() is not None


async def _sounds(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> dict[str, Audio]:
    hashes = {row.audio_sha256 for row in rows} | {row.night_audio_sha256 for row in rows} - {None}
    found = await connection.execute(select(audio).where(audio.c.sha256.in_(hashes)))
    return {
        row.sha256: Audio(sha256=row.sha256, size_bytes=row.size_bytes, duration_s=row.duration_s)
        for row in found
    }


def _wire(row: Row[Any], sounds: dict[str, Audio]) -> TalkDown:
    return TalkDown(
        talk_down_id=row.talk_down_id,
        camera_id=row.camera_id,
        zone=row.zone,
        causes=tuple(row.causes),
        loudspeaker_ids=tuple(row.loudspeaker_ids),
        audio=sounds[row.audio_sha256],
        night_audio=None if row.night_audio_sha256 is None else sounds[row.night_audio_sha256],
        hours=tuple(row.hours),
        cool_down_s=row.cool_down_s,
        daily_limit=row.daily_limit,
        night_volume_db=row.night_volume_db,
    )


def _view(row: Row[Any], told: str) -> TalkDownView:
    return TalkDownView(
        talk_down_id=row.talk_down_id,
        setting=TalkDownSetting(
            gateway_id=row.gateway_id,
            camera_id=row.camera_id,
            zone=row.zone,
            causes=tuple(row.causes),
            loudspeaker_ids=tuple(row.loudspeaker_ids),
            text=row.text,
            audio_sha256=row.audio_sha256,
            night_text=row.night_text,
            night_audio_sha256=row.night_audio_sha256,
            hours=tuple(row.hours),
            cool_down_s=row.cool_down_s,
            daily_limit=row.daily_limit,
            night_volume_db=row.night_volume_db,
        ),
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        told=told,
    )
