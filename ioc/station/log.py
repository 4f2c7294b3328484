"""The station log: who had what said where and when, how long it sounded, and whether it was heard.

Reads only; one entry per broadcast, one line per loudspeaker, one step per second that is claimed.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.people.access import Access
from ioc.store.tables import audio, broadcasts, deliveries, delivery_steps, devices, hearings, users


@dataclass(frozen=True, kw_only=True)
class LogStep:
    """One step of one loudspeaker."""

    state: str
    at: datetime
    seconds_sent: float


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """What one loudspeaker did with one broadcast."""

    gateway_id: str
    device_id: str
    name: str
    area_id: str
    state: str
    started_at: datetime | None
    finished_at: datetime | None
    seconds_sent: float
    underruns: int
    interruptions: int
    detail: str
    hearing: str | None
    """contracts' Hearing; None: nothing was compared."""
    score: float | None
    camera_id: str | None
    steps: tuple[LogStep, ...]


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """One broadcast; a repeat is an entry of its own."""

    broadcast_id: str
    kind: str
    """`speech`, `recording`, `file`, `phrases`, `relay` or `talk_down`."""
    author: str
    """Name of who wrote it; empty: the gateway by itself."""
    source: str
    text: str
    spoken_text: str
    """As it was read."""
    audio_sha256: str
    duration_s: float
    priority: str
    level: str
    status: str
    approved_by: str | None
    repeat_of: str | None
    stream_url: str | None
    answer: str | None
    created_at: datetime
    lines: tuple[LogLine, ...]


async def read_log(
    connection: AsyncConnection, access: Access, *, since: datetime, until: datetime
) -> tuple[LogEntry, ...]:
    """Return what was ordered from `since` until before `until`, oldest first.

    A person sees the loudspeakers of their areas, and the broadcasts that went to any of them.
    """
    rows = (await connection.execute(_entries(since, until))).all()
    ids = [row.broadcast_id for row in rows]
    lines = await _lines(connection, ids, access)
    return tuple(_entry(row, lines[row.broadcast_id]) for row in rows if lines[row.broadcast_id])


def _entries(since: datetime, until: datetime) -> Any:  # noqa: ANN401 - SQLAlchemy's Select
    return (
        select(
            broadcasts,
            audio.c.spoken_text,
            audio.c.duration_s,
            users.c.name.label("author_name"),
        )
        .outerjoin(audio, audio.c.sha256 == broadcasts.c.audio_sha256)
        .outerjoin(users, users.c.login == broadcasts.c.author)
        .where(broadcasts.c.created_at >= since, broadcasts.c.created_at < until)
        .order_by(broadcasts.c.created_at, broadcasts.c.broadcast_id)
    )


async def _lines(
    connection: AsyncConnection, ids: Sequence[str], access: Access
) -> Mapping[str, list[LogLine]]:
    of_device = and_(
        devices.c.gateway_id == deliveries.c.gateway_id,
        devices.c.device_id == deliveries.c.device_id,
    )
    of_delivery = and_(
        hearings.c.broadcast_id == deliveries.c.broadcast_id,
        hearings.c.gateway_id == deliveries.c.gateway_id,
        hearings.c.device_id == deliveries.c.device_id,
    )
    query = (
        select(
            deliveries,
            devices.c.name,
            devices.c.area_id,
            hearings.c.hearing,
            hearings.c.score,
            hearings.c.camera_id,
        )
        .outerjoin(devices, of_device)
        .outerjoin(hearings, of_delivery)
        .where(deliveries.c.broadcast_id.in_(ids))
        .order_by(devices.c.name, deliveries.c.gateway_id, deliveries.c.device_id)
    )
    steps = await _steps(connection, ids)
    lines: dict[str, list[LogLine]] = defaultdict(list)
    for row in (await connection.execute(query)).all():
        if access.may_see(row.area_id or ""):
            key = (row.broadcast_id, row.gateway_id, row.device_id)
            lines[row.broadcast_id].append(_line(row, tuple(steps[key])))
    return lines


async def _steps(
    connection: AsyncConnection, ids: Sequence[str]
) -> Mapping[tuple[str, str, str], list[LogStep]]:
    found: dict[tuple[str, str, str], list[LogStep]] = defaultdict(list)
    rows = await connection.execute(
        select(delivery_steps)
        .where(delivery_steps.c.broadcast_id.in_(ids))
        .order_by(delivery_steps.c.occurred_at)
    )
    for row in rows:
        found[row.broadcast_id, row.gateway_id, row.device_id].append(
            LogStep(state=row.state, at=row.occurred_at, seconds_sent=row.seconds_sent)
        )
    return found


def _line(row: Row[Any], steps: tuple[LogStep, ...]) -> LogLine:
    return LogLine(
        gateway_id=row.gateway_id,
        device_id=row.device_id,
        name=row.name or row.device_id,
        area_id=row.area_id or "",
        state=row.state,
        started_at=row.started_at,
        finished_at=row.finished_at,
        seconds_sent=row.seconds_sent,
        underruns=row.underruns,
        interruptions=sum(step.state == "interrupted" for step in steps),
        detail=row.detail,
        hearing=row.hearing,
        score=row.score,
        camera_id=row.camera_id,
        steps=steps,
    )


def _entry(row: Row[Any], lines: list[LogLine]) -> LogEntry:
    return LogEntry(
        broadcast_id=row.broadcast_id,
        kind=row.kind,
        author=row.author_name or row.author,
        source=row.source,
        text=row.text,
        spoken_text=row.spoken_text or "",
        audio_sha256=row.audio_sha256,
        duration_s=row.stream_s or row.duration_s or 0.0,
        priority=row.priority,
        level=row.level,
        status=row.status,
        approved_by=row.approved_by,
        repeat_of=row.repeat_of,
        stream_url=row.stream_url,
        answer=row.answer,
        created_at=row.created_at,
        lines=tuple(lines),
    )
