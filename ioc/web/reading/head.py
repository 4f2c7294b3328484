"""What every console page shows above its content: counts, the bell, and how far it has read."""

from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.centre import Centre
from ioc.people import Access
from ioc.store.tables import alarms, journal
from ioc.web.reading.alarms import AWAITING, PRIORITIES, count_alarms
from ioc.web.reading.duty import DutyNow, read_duty


@dataclass(frozen=True, kw_only=True)
class Head:
    """The state of the whole area in one line."""

    counts: dict[str, int]
    """Alarms that are not normal, per priority."""
    bell: str
    """The highest priority that still waits for an answer; empty: silence."""
    call: str
    """Changes whenever another alarm of that priority calls."""
    journal: int
    """The last journal number this page knows."""
    duty: DutyNow
    """Who is on duty where the person works."""


async def read_head(connection: AsyncConnection, access: Access, centre: Centre) -> Head:
    """Return the head of a page; read in the same transaction as its content."""
    calling = (
        await connection.execute(
            select(alarms.c.priority, alarms.c.alarm_id, alarms.c.repeats)
            .where(
                alarms.c.area_id.in_(access.area_ids),
                alarms.c.state.in_(AWAITING),
                alarms.c.annunciate.is_(True),
            )
            .order_by(
                case({name: rank for rank, name in enumerate(PRIORITIES)}, value=alarms.c.priority),
                alarms.c.last_occurred_at.desc(),
                alarms.c.alarm_id,
            )
            .limit(1)
        )
    ).first()
    return Head(
        counts=await count_alarms(connection, access),
        bell=calling.priority if calling else "",
        call=f"{calling.alarm_id}/{calling.repeats}" if calling else "",
        journal=int(await connection.scalar(select(func.max(journal.c.number))) or 0),
        duty=await read_duty(
            connection, access, at=centre.clock.now(), zone=centre.settings.commune.zone
        ),
    )
