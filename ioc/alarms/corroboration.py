"""Enters cameras' own remarks in the alarms of the sightings they agree with; raises none."""

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events import CameraReported
from ioc.alarms import remarks, rows
from ioc.alarms.desk import Occurrence
from ioc.alarms.remarks import CORROBORATED_BY
from ioc.alarms.rows import Entry
from ioc.alarms.states import Cause


async def corroborate(
    connection: AsyncConnection, reported: CameraReported, occurrence: Occurrence
) -> str | None:
    """Return the alarm that shows the remark now; None: it names no sighting of an alarm."""
    if reported.corroborates is None:
        return None
    alarm = await rows.find_of_part(
        connection, gateway_id=occurrence.gateway_id, part_id=reported.corroborates
    )
    if alarm is None:
        return None
    known = alarm["facts"].get(CORROBORATED_BY, [])
    taken = remarks.take(known, reported, at=occurrence.occurred_at)
    entry = Entry(
        cause=Cause.CORROBORATE,
        at=occurrence.at,
        event_id=occurrence.event_id,
        note=str(reported.claim),
    )
    await rows.change(
        connection, alarm, {"facts": {**alarm["facts"], CORROBORATED_BY: taken}}, entry
    )
    return str(alarm["alarm_id"])
