"""Pictures and clips of alarms: of many sightings, those that a person should see first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import decode_event
from contracts.errors import ContractError
from contracts.events import EventData
from ioc.evidence.behind import read_behind
from ioc.redating import redated
from ioc.store.tables import events, evidence
from ioc.web.reading.conditions import read_conditions

ROLES = ("before", "depositing", "shown", "after")
"""In the order of time; `shown` stands alone, for what has no course."""
_MOST_CLIPS = 6
_CLIP = "video/mp4"
_PICTURE = "image/jpeg"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An evidence picture as far as it has come."""

    sha256: str
    event_id: str
    object_id: str | None
    """The sighting it shows."""
    role: str
    taken_at: datetime
    state: str
    """`announced`, `stored`, `lost` on its way, or `gone` from the disk."""
    width_px: int
    height_px: int


@dataclass(frozen=True, kw_only=True)
class Clip:
    """An evidence clip as far as it has come."""

    sha256: str
    object_id: str | None
    begins_at: datetime
    duration_s: float
    codec: str
    """`h264` or `hevc`."""
    encoded_again: bool
    """Privacy masks were burnt in; otherwise these are the camera's own bytes."""
    size_bytes: int
    width_px: int
    height_px: int
    state: str
    """`announced`, `stored`, `lost` on its way, or `gone` from the disk."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What an alarm shows."""

    pictures: tuple[Picture, ...]
    clips: tuple[Clip, ...]


IsThere = Callable[[str, str], bool]
"""Whether the disk holds a hash of a media type; blocking."""
NOTHING_SHOWN = Shown(pictures=(), clips=())


async def read_shown(
    connection: AsyncConnection,
    present: Mapping[str, Sequence[str]],
    *,
    of_rules: Sequence[str],
    area_ids: frozenset[str],
) -> dict[str, Shown]:
    """Return what each alarm shows.

    Args:
        connection: of a reading transaction.
        present: of each alarm the sightings, or a camera's conditions, that still last.
        of_rules: those of them that are rules' alarms: they show what stands behind them.
        area_ids: where evidence behind a rule's alarm may have been taken for this person to see it.
    """
    rows = await connection.execute(
        select(evidence)
        .where(evidence.c.alarm_id.in_(list(present)))
        .order_by(evidence.c.taken_at, evidence.c.sha256)
    )
    by_alarm = await read_behind(connection, of_rules, area_ids)
    for row in rows:
        by_alarm.setdefault(row.alarm_id, []).append(row)
    undecided = [
        alarm_id for alarm_id, of in by_alarm.items() if present[alarm_id] and _is_nameless(of)
    ]
    conditions = await read_conditions(connection, undecided)
    return {
        alarm_id: _shown(of, present[alarm_id], conditions) for alarm_id, of in by_alarm.items()
    }


async def read_sighting(
    connection: AsyncConnection, pictures: Sequence[Picture]
) -> EventData | None:
    """Return what the event says that the pictures came with, by the centre's clock.

    None: there are no pictures.
    """
    if not pictures:
        return None
    query = select(events.c.body, events.c.occurred_at)
    rows = await connection.execute(query.where(events.c.event_id == pictures[0].event_id))
    row = rows.one_or_none()
    if row is None:
        return None
    try:
        return redated(decode_event(row.body), row.occurred_at).data
    except ContractError as error:
        # Stored by a release that knew more than this one: the pictures are shown without it.
        _log.warning("sighting.unreadable", event_id=pictures[0].event_id, reason=str(error))
        return None


def pictures_found(pictures: Sequence[Picture], is_there: IsThere) -> tuple[Picture, ...]:
    """Return the pictures, `gone` where they were stored and the disk has lost them; blocking."""
    return tuple(
        replace(each, state="gone")
        if each.state == "stored" and not is_there(each.sha256, _PICTURE)
        else each
        for each in pictures
    )


def clips_found(clips: Sequence[Clip], is_there: IsThere) -> tuple[Clip, ...]:
    """Return the clips, `gone` where they were stored and the disk has lost them; blocking."""
    return tuple(
        replace(each, state="gone")
        if each.state == "stored" and not is_there(each.sha256, _CLIP)
        else each
        for each in clips
    )


def _is_nameless(rows: Sequence[Row[Any]]) -> bool:
    """Tell whether there are pictures of several events that show no sighting."""
    return len({row.event_id for row in rows if row.object_id is None}) > 1


def _shown(
    rows: Sequence[Row[Any]], present: Sequence[str], conditions: Mapping[str, str | None]
) -> Shown:
    by_event: dict[str, list[Picture]] = {}
    clips: dict[str, Clip] = {}
    for row in rows:
        if row.media_type == _CLIP:
            clips[row.sha256] = _clip(row)
        else:
            by_event.setdefault(row.event_id, []).append(_picture(row))
    lasting = {
        event_id
        for event_id, group in by_event.items()
        if (group[0].object_id or conditions.get(event_id)) in present
    }
    pictures = _chosen(list(by_event.values()), lasting)
    object_id = pictures[0].object_id if pictures else None
    newest = sorted(clips.values(), key=lambda clip: clip.begins_at, reverse=True)
    ordered = sorted(newest, key=lambda clip: object_id is None or clip.object_id != object_id)
    return Shown(pictures=pictures, clips=tuple(ordered[:_MOST_CLIPS]))


def _chosen(groups: list[list[Picture]], lasting: set[str]) -> tuple[Picture, ...]:
    """Return the pictures of one event: of what still lasts, with the most roles, the latest."""
    if not groups:
        return ()
    chosen = max(
        groups,
        key=lambda group: (group[0].event_id in lasting, len(group), group[-1].taken_at),
    )
    return tuple(sorted(chosen, key=lambda picture: ROLES.index(picture.role)))


def _picture(row: Row[Any]) -> Picture:
    return Picture(
        sha256=row.sha256,
        event_id=row.event_id,
        object_id=row.object_id,
        role=row.role,
        taken_at=row.taken_at,
        state=row.state,
        width_px=row.width_px,
        height_px=row.height_px,
    )


def _clip(row: Row[Any]) -> Clip:
    return Clip(
        sha256=row.sha256,
        object_id=row.object_id,
        begins_at=row.taken_at,
        duration_s=row.duration_s or 0.0,
        codec=row.codec or "",
        encoded_again=bool(row.encoded_again),
        size_bytes=row.size_bytes,
        width_px=row.width_px,
        height_px=row.height_px,
        state=row.state,
    )
