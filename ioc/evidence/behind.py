"""Pictures and clips that stand behind alarms of rules: of the events that made them, not their own.

Such an event is a part of the rule's alarm; its evidence stays with the alarm of what was seen, whose
area decides who may see it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.store.tables import alarm_parts, alarms, evidence

_CLIP = "video/mp4"
_LOOKED_AT = 48
"""Rows of evidence behind one alarm, the newest: it may last for months, and shows a dozen."""


async def read_behind(
    connection: AsyncConnection, alarm_ids: Sequence[str], area_ids: frozenset[str]
) -> dict[str, list[Row[Any]]]:
    """Return the newest evidence behind each of some alarms of rules, oldest first, within areas."""
    if not alarm_ids:
        return {}
    own = alarms.alias("own")
    newest_first = (evidence.c.taken_at.desc(), evidence.c.sha256.desc())
    age = func.row_number().over(partition_by=alarm_parts.c.alarm_id, order_by=newest_first)
    behind = (
        select(evidence, alarm_parts.c.alarm_id.label("of_rule"), age.label("age"))
        .join(alarm_parts, alarm_parts.c.part_id == evidence.c.event_id)
        .join(own, own.c.alarm_id == evidence.c.alarm_id)
        .where(alarm_parts.c.alarm_id.in_(alarm_ids), own.c.area_id.in_(area_ids))
        .subquery()
    )
    within = select(behind).where(behind.c.age <= _LOOKED_AT).order_by(behind.c.age.desc())
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
    same = select(evidence.c.object_id).where(of, evidence.c.object_id.is_not(None))
    sighted = evidence.alias("sighted")
    seen = select(evidence.c.event_id).where(of)
    events = seen.union(select(sighted.c.event_id).where(sighted.c.object_id.in_(same)))
    behind = select(alarm_parts.c.alarm_id).where(alarm_parts.c.part_id.in_(events))
    own = select(evidence.c.alarm_id).where(of, evidence.c.alarm_id.is_not(None))
    query = select(alarms.c.alarm_id, alarms.c.area_id).where(
        alarms.c.alarm_id.in_(own.union(behind))
    )
    found = await connection.execute(query.order_by(alarms.c.alarm_id))
    return [(row.alarm_id, row.area_id) for row in found]


def shown_by(alarm_ids: Select[Any], row: FromClause = evidence) -> ColumnElement[bool]:
    """Tell of a row of evidence whether any of some alarms shows it: its own, or a rule's."""
    seen = evidence.alias("seen")
    parts = select(alarm_parts.c.part_id).where(alarm_parts.c.alarm_id.in_(alarm_ids))
    same = select(seen.c.object_id).where(seen.c.event_id.in_(parts), seen.c.object_id.is_not(None))
    return or_(row.c.alarm_id.in_(alarm_ids), row.c.event_id.in_(parts), row.c.object_id.in_(same))


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
