"""Which condition of a camera an event is about; the pictures of one bear no sighting's name."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import decode_event
from contracts.errors import ContractError
from contracts.events import KIND_OF, CameraDegraded, CameraRecovered
from ioc.store.tables import events, evidence

_LOOKED_AT = 500
"""Pictures, the newest: a camera that flickers for months holds up no list."""


async def read_conditions(
    connection: AsyncConnection, alarm_ids: Sequence[str]
) -> dict[str, str | None]:
    """Return the condition that each event told of whose pictures some alarms have."""
    if not alarm_ids:
        return {}
    query = (
        select(events.c.event_id, events.c.body)
        .join(evidence, evidence.c.event_id == events.c.event_id)
        .where(evidence.c.alarm_id.in_(alarm_ids), evidence.c.object_id.is_(None))
        .where(events.c.kind == KIND_OF[CameraDegraded])
        .order_by(evidence.c.taken_at.desc())
        .limit(_LOOKED_AT)
    )
    return {row.event_id: condition_of(row.body) for row in await connection.execute(query)}


def condition_of(body: str) -> str | None:
    """Return the condition that an event says has begun or ended; None: it is about none."""
    try:
        reported = decode_event(body).data
    except ContractError:  # stored by a release that knew more conditions than this one
        return None
    return (
        str(reported.condition) if isinstance(reported, CameraDegraded | CameraRecovered) else None
    )
