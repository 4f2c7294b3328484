"""Pictures and clips that stand behind alarms of rules: of the events that made them, not their own.

Such an event is a part of the rule's alarm; its evidence stays with the alarm of what was seen, whose
area decides who may see it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.store.tables import alarm_parts, alarms, evidence

_CLIP = "video/mp4"


async def read_behind(
    connection: AsyncConnection, alarm_ids: Sequence[str], area_ids: frozenset[str]
) -> dict[str, list[Row[Any]]]:
    """Return the evidence behind each of some alarms of rules, oldest first, within some areas."""
    if not alarm_ids:
        return {}
    own = alarms.alias("own")
    within = (
        select(evidence, alarm_parts.c.alarm_id.label("of_rule"))
        .join(alarm_parts, alarm_parts.c.part_id == evidence.c.event_id)
        .join(own, own.c.alarm_id == evidence.c.alarm_id)
        .where(alarm_parts.c.alarm_id.in_(alarm_ids), own.c.area_id.in_(area_ids))
        .order_by(evidence.c.taken_at, evidence.c.sha256)
    )
    found: dict[str, list[Row[Any]]] = {}
    sighted: dict[tuple[str, str], set[str]] = {}
    for row in await connection.execute(within):
        found.setdefault(row.of_rule, []).append(row)
        if row.object_id is not None:
            sighted.setdefault((row.gateway_id, row.object_id), set()).add(row.of_rule)
    for clip in await _clips(connection, {object_id for _, object_id in sighted}, area_ids):
        for alarm_id in sighted.get((clip.gateway_id, clip.object_id), ()):
            found[alarm_id].append(clip)
    return found


async def alarms_showing(
    connection: AsyncConnection, of: ColumnElement[bool]
) -> list[tuple[str, str]]:
    """Return id and area of the alarms that show some rows of evidence: its own, and those of rules."""
    columns = (evidence.c.alarm_id, evidence.c.event_id, evidence.c.object_id)
    rows = (await connection.execute(select(*columns).where(of))).all()
    event_ids = {row.event_id for row in rows}
    objects = {row.object_id for row in rows} - {None}
    if objects:
        same = select(evidence.c.event_id).where(evidence.c.object_id.in_(objects))
        event_ids |= set(await connection.scalars(same))
    behind = select(alarm_parts.c.alarm_id).where(alarm_parts.c.part_id.in_(event_ids))
    showing = {row.alarm_id for row in rows} - {None} | set(await connection.scalars(behind))
    query = select(alarms.c.alarm_id, alarms.c.area_id).where(alarms.c.alarm_id.in_(showing))
    found = await connection.execute(query.order_by(alarms.c.alarm_id))
    return [(row.alarm_id, row.area_id) for row in found]


def shown_by(alarm_ids: Select[Any]) -> ColumnElement[bool]:
    """Tell of a row of evidence whether any of some alarms shows it: its own, or a rule's."""
    seen = evidence.alias("seen")
    parts = select(alarm_parts.c.part_id).where(alarm_parts.c.alarm_id.in_(alarm_ids))
    same = select(seen.c.object_id).where(seen.c.event_id.in_(parts), seen.c.object_id.is_not(None))
    return or_(
        evidence.c.alarm_id.in_(alarm_ids),
        evidence.c.event_id.in_(parts),
        evidence.c.object_id.in_(same),
    )


async def _clips(
    connection: AsyncConnection, object_ids: set[str], area_ids: frozenset[str]
) -> Sequence[Row[Any]]:
    if not object_ids:
        return []
    query = (
        select(evidence)
        .join(alarms, alarms.c.alarm_id == evidence.c.alarm_id)
        .where(evidence.c.object_id.in_(object_ids), evidence.c.media_type == _CLIP)
        .where(alarms.c.area_id.in_(area_ids))
        .order_by(evidence.c.taken_at, evidence.c.sha256)
    )
    return (await connection.execute(query)).all()
