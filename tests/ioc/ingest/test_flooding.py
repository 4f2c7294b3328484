"""A gateway that invents zones, through ingest: everything stored, no alarms without end."""

from uuid import uuid4

from sqlalchemy import func, select

from contracts.events import LoiteringStarted
from ioc.store.tables import alarms, events


async def test_every_event_of_a_mad_gateway_is_stored_and_acknowledged(centre, sender):
    """Only alarms are held back; the ones that opened none are counted where people look."""
    limit, told, batch = 500, 600, 100
    for first in range(0, told, batch):
        invented = [
            LoiteringStarted(
                object_id=str(uuid4()), zone=f"khu {n}", box=(0.1, 0.2, 0.1, 0.3), present_s=3
            )
            for n in range(first, first + batch)
        ]
        await centre.take(sender.batch(*(sender.event(each) for each in invented)))
    async with centre.store.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(events)) == told
        loitering = select(func.count()).where(alarms.c.kind == "loitering")
        assert await connection.scalar(loitering) == limit
        facts = await connection.scalar(
            select(alarms.c.facts).where(alarms.c.kind == "gateway_flooding")
        )
    assert facts["held_back"] == told - limit
    assert (await centre.ack(sender)).committed == ((1, told),)
