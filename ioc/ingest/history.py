"""Looks back whether what a late event reports has ended meanwhile; reads only."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Event
from ioc.alarms import AlarmKind, Occurrence, Raise, Return
from ioc.store.tables import events

_ENDS = {
    AlarmKind.LITTERING: (
        "littering.cleared.v1",
        "littering.reclaimed.v1",
        "littering.fixture.v1",
    ),
    AlarmKind.INTRUSION: ("intrusion.ended.v1",),
    AlarmKind.LOITERING: ("loitering.ended.v1",),
    AlarmKind.CROWDING: ("crowding.ended.v1",),
    AlarmKind.CAMERA_DEGRADED: ("camera.recovered.v1",),
    AlarmKind.DEVICE_DOWN: ("device.up.v1",),
}


async def ended_since(
    connection: AsyncConnection, event: Event, effect: Raise, occurrence: Occurrence
) -> Return | None:
    """Return the end of a late condition, if an event of it was committed before."""
    kinds = _ENDS.get(effect.kind)
    if kinds is None:
        return None
    query = (
        select(events.c.event_id)
        .where(events.c.gateway_id == occurrence.gateway_id, events.c.kind.in_(kinds))
        .where(events.c.device_id == event.device_id)
        .where(events.c.occurred_at >= occurrence.occurred_at)
        .limit(1)
    )
    if effect.part_id:
        # A UUID, or a condition in an end without free text: it stands there only as this value.
        query = query.where(events.c.body.contains(f'"{effect.part_id}"'))
    if await connection.scalar(query) is None:
        return None
    return Return(
        kind=effect.kind, object_id=effect.object_id, part_id=effect.part_id, outcome="over"
    )
