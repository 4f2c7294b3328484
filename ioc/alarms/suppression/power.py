"""Tells a power cut from gateways that fail one by one, and raises its one alarm."""

from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms.desk import Occurrence, raise_alarm, return_alarm
from ioc.alarms.engine.causes import POWER, power_is_cut
from ioc.alarms.engine.standing import ACTIVE
from ioc.alarms.rows import find_open
from ioc.alarms.rules import AlarmKind, Raise, Return
from ioc.store.tables import alarms


async def consider(connection: AsyncConnection, supply: str, occurrence: Occurrence) -> None:
    """Raise or return the power cut of a supply, by how many of its gateways are away."""
    gateways = occurrence.policies.causes.gateways_on(supply)
    down = await connection.scalar(
        select(func.count()).where(
            alarms.c.kind == AlarmKind.GATEWAY_DOWN,
            alarms.c.gateway_id.in_(gateways),
            alarms.c.state.in_(ACTIVE),
        )
    )
    cut = power_is_cut(gateways=len(gateways), down=int(down or 0))
    known = await find_open(
        connection, kind=AlarmKind.POWER_CUT, gateway_id=POWER, object_id=supply
    )
    at_supply = replace(occurrence, gateway_id=POWER, event_id=None)
    if cut and known is None:
        facts = {"supply": supply, "gateways": list(gateways), "down": down}
        effect = Raise(kind=AlarmKind.POWER_CUT, object_id=supply, device_id=None, facts=facts)
        await raise_alarm(connection, effect, at_supply)
    elif not cut and known is not None:
        over = Return(kind=AlarmKind.POWER_CUT, object_id=supply, outcome="back")
        await return_alarm(connection, over, at_supply)


async def cut_supplies(connection: AsyncConnection) -> list[str]:
    """Return the supplies whose power is cut as far as is known."""
    query = select(alarms.c.object_id).where(
        alarms.c.kind == AlarmKind.POWER_CUT,
        alarms.c.gateway_id == POWER,
        alarms.c.state.in_(ACTIVE),
    )
    return list(await connection.scalars(query))
