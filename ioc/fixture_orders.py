"""Orders to take an object for one that belongs there: sent like every command, shown with the alarm.

The alarm ends when the gateway reports that it has done so, not before.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.commands import MarkFixture
from ioc.alarms.parts import present
from ioc.broadcasts.commands import Order
from ioc.broadcasts.dispatch import CommandDispatch
from ioc.gateways import register
from ioc.store.tables import alarms, commands

VALID = timedelta(hours=1)
"""Later the object may be gone, and another lie in its place."""


class NotMarkable(Exception):
    """The object does not lie there any more, or is no left object; the page is out of date."""


@dataclass(frozen=True, kw_only=True)
class FixtureOrder:
    """The newest order about an object of an alarm."""

    object_id: str
    state: str
    """`pending`, `done`, `failed`, `refused` or `expired`."""
    reason: str
    issued_at: datetime
    expires_at: datetime


async def order_fixture(
    connection: AsyncConnection,
    dispatch: CommandDispatch,
    *,
    alarm_id: str,
    object_id: str,
    at: datetime,
) -> bool:
    """Order it in the caller's transaction; return False where the same order is still pending.

    Raises:
        NotMarkable: the object is not (any more) a left object of this alarm.
    """
    alarm = (await connection.execute(select(alarms).where(alarms.c.alarm_id == alarm_id))).first()
    if alarm is None or alarm.kind != "littering" or object_id not in present(alarm.facts):
        raise NotMarkable(object_id)
    gateway = await register.find(connection, alarm.gateway_id)
    if gateway is None or alarm.device_id is None:
        raise NotMarkable(object_id)
    known = await newest_order(connection, alarm_id, object_id)
    if known is not None and known.state == "pending":
        return False
    order = Order(
        data=MarkFixture(camera_id=alarm.device_id, object_id=object_id),
        issued_at=at,
        expires_at=at + VALID,
        alarm_id=alarm_id,
        object_id=object_id,
    )
    await dispatch.order(connection, order, address=gateway.address)
    return True


async def newest_order(
    connection: AsyncConnection, alarm_id: str, object_id: str
) -> FixtureOrder | None:
    """Return the newest order about this object; None: nobody has ordered it."""
    query = (
        select(commands)
        .where(commands.c.alarm_id == alarm_id, commands.c.object_id == object_id)
        .order_by(commands.c.issued_at.desc(), commands.c.command_number.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    return FixtureOrder(
        object_id=object_id,
        state=row.state,
        reason=row.reason,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
    )
