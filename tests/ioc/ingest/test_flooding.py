"""A gateway that invents zones, through ingest: everything stored, no alarms without end."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import func, select, update

from contracts.events import (
    CameraCondition,
    CameraDegraded,
    CameraRecovered,
    LitteringCleared,
    LoiteringStarted,
)
from ioc.alarms.clockwork import Clockwork
from ioc.alarms.engine.policy import UNDELAYED_POLICIES
from ioc.store.tables import alarms, events
from tests.ioc.sender import littering


async def flood(centre, sender, *, number: int = 600, batch: int = 100) -> None:
    """Let the gateway invent zones of its camera."""
    for first in range(0, number, batch):
        invented = [
            LoiteringStarted(
                object_id=str(uuid4()), zone=f"khu {n}", box=(0.1, 0.2, 0.1, 0.3), present_s=3
            )
            for n in range(first, first + batch)
        ]
        await centre.take(sender.batch(*(sender.event(each) for each in invented)))


async def test_every_event_of_a_mad_gateway_is_stored_and_acknowledged(centre, sender):
    """Only alarms are held back; the ones that opened none are counted where people look."""
    limit, told = 500, 600
    await flood(centre, sender, number=told)
    async with centre.store.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(events)) == told
        loitering = select(func.count()).where(alarms.c.kind == "loitering")
        assert await connection.scalar(loitering) == limit
        facts = await connection.scalar(
            select(alarms.c.facts).where(alarms.c.kind == "gateway_flooding")
        )
    assert facts["held_back"] == told - limit
    assert (await centre.ack(sender)).committed == ((1, told),)


async def test_a_camera_covered_meanwhile_and_what_lies_there_still_are_told_of_afterwards(
    centre, sender
):
    """A gateway says each only once; what has ended meanwhile is not told of."""
    await flood(centre, sender, number=500)
    covered, frozen = CameraCondition.COVERED, CameraCondition.FROZEN
    bags = [littering(centre.clock, object_id=str(uuid4())) for _ in range(2)]
    told = [
        *(CameraDegraded(condition=each, detail="x") for each in (covered, frozen)),
        *bags,
        CameraRecovered(condition=frozen, lasted_s=3),
        LitteringCleared(object_id=bags[0].object_id, zone="bãi cấm"),
    ]
    await centre.take(sender.batch(*(sender.event(each) for each in told)))
    centre.clock.advance(60)
    kinds = alarms.c.kind.in_(("camera_degraded", "littering"))
    query = select(alarms.c.kind, alarms.c.facts, alarms.c.annunciate).where(kinds)
    async with centre.store.begin() as connection:
        assert (await connection.execute(query)).all() == []
        invented = alarms.c.kind == "loitering"
        await connection.execute(update(alarms).where(invented).values(state="normal"))
    clockwork = Clockwork(store=centre.store, clock=centre.clock, policies=UNDELAYED_POLICIES)
    for _ in range(2):
        await clockwork.run_once()
        async with centre.store.read() as connection:
            found = {row.kind: row for row in await connection.execute(query)}
        assert found["camera_degraded"].facts["parts"] == {"covered": "present"}
        assert found["littering"].facts["parts"] == {bags[1].object_id: "present"}
        assert all(row.annunciate for row in found.values())


async def test_what_is_told_of_afterwards_is_dated_by_the_centres_clock(centre, sender):
    """The gateway's is an hour slow, also in what the event says of itself."""
    sender.clock_synced, sender.clock_error_s = False, -3_600.0
    await centre.take(sender.birth())
    await flood(centre, sender, number=500)
    bag = littering(centre.clock).model_copy(update={"deposited_at": sender.now()})
    await centre.take(sender.batch(sender.event(bag)))
    async with centre.store.begin() as connection:
        invented = alarms.c.kind == "loitering"
        await connection.execute(update(alarms).where(invented).values(state="normal"))
    clockwork = Clockwork(store=centre.store, clock=centre.clock, policies=UNDELAYED_POLICIES)
    await clockwork.run_once()
    query = select(alarms).where(alarms.c.kind == "littering")
    async with centre.store.read() as connection:
        alarm = (await connection.execute(query)).one()
    assert datetime.fromisoformat(alarm.facts["deposited_at"]) == alarm.occurred_at
