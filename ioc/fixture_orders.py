"""Orders to take an object for one that belongs there, and to forget that: sent like every command.

The alarm ends when the gateway reports that it has done so, not before. What belongs where is known
from the orders that were carried out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.commands import CommandData, ForgetFixture, MarkFixture
from contracts.topics import Address
from ioc.alarms.parts import present
from ioc.broadcasts.commands import Order
from ioc.broadcasts.dispatch import CommandDispatch
from ioc.gateways import register
from ioc.store.tables import alarms, commands

VALID = timedelta(hours=1)
"""Later the object may be gone, and another lie in its place."""
MARK_KIND, FORGET_KIND = "mark_fixture.v1", "forget_fixture.v1"
FIXTURE_KINDS = (MARK_KIND, FORGET_KIND)


class NotMarkable(Exception):
    """The object does not lie there any more, or is no fixture; the page is out of date."""


@dataclass(frozen=True, kw_only=True)
class FixtureOrder:
    """The newest order about an object of an alarm."""

    object_id: str
    state: str
    """`pending`, `done`, `failed`, `refused` or `expired`."""
    reason: str
    issued_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, row: Row[Any]) -> "FixtureOrder":
        """Return the order in a row of `commands`."""
        return cls(
            object_id=row.object_id,
            state=row.state,
            reason=row.reason,
            issued_at=row.issued_at,
            expires_at=row.expires_at,
        )


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
    alarm = await _alarm(connection, alarm_id)
    if alarm is None or alarm.kind != "littering" or object_id not in present(alarm.facts):
        raise NotMarkable(object_id)
    known = await newest_order(connection, alarm_id, object_id)
    if known is not None and known.state == "pending":
        return False
    data = MarkFixture(camera_id=alarm.device_id, object_id=object_id)
    await _order(connection, dispatch, alarm, data, object_id=object_id, at=at)
    return True


async def order_forgetting(
    connection: AsyncConnection,
    dispatch: CommandDispatch,
    *,
    alarm_id: str,
    object_id: str,
    at: datetime,
) -> bool:
    """Order that a fixture be forgotten; return False where that is pending or done.

    Raises:
        NotMarkable: no gateway has ever taken this object for a fixture.
    """
    alarm = await _alarm(connection, alarm_id)
    marked = await _newest(connection, _about(alarm_id, object_id, MARK_KIND), state="done")
    if alarm is None or marked is None:
        raise NotMarkable(object_id)
    known = await _newest(connection, _about(alarm_id, object_id, FORGET_KIND))
    if known is not None and known.state in ("pending", "done"):
        return False
    data = ForgetFixture(camera_id=alarm.device_id, fixture_id=object_id)
    await _order(connection, dispatch, alarm, data, object_id=object_id, at=at)
    return True


async def newest_order(
    connection: AsyncConnection, alarm_id: str, object_id: str
) -> FixtureOrder | None:
    """Return the newest order to take this object for a fixture; None: nobody has ordered it."""
    return await _newest(connection, _about(alarm_id, object_id, MARK_KIND))


def _about(alarm_id: str, object_id: str, kind: str) -> ColumnElement[bool]:
    of_object = (commands.c.alarm_id == alarm_id) & (commands.c.object_id == object_id)
    return of_object & (commands.c.kind == kind)


async def _newest(
    connection: AsyncConnection, wanted: ColumnElement[bool], *, state: str | None = None
) -> FixtureOrder | None:
    query = select(commands).where(wanted).limit(1)
    query = query.order_by(commands.c.issued_at.desc(), commands.c.command_number.desc())
    if state is not None:
        query = query.where(commands.c.state == state)
    row = (await connection.execute(query)).first()
    return None if row is None else FixtureOrder.of(row)


async def _alarm(connection: AsyncConnection, alarm_id: str) -> Row[Any] | None:
    return (await connection.execute(select(alarms).where(alarms.c.alarm_id == alarm_id))).first()


async def _order(
    connection: AsyncConnection,
    dispatch: CommandDispatch,
    alarm: Row[Any],
    data: CommandData,
    *,
    object_id: str,
    at: datetime,
) -> None:
    order = Order(
        data=data,
        issued_at=at,
        expires_at=at + VALID,
        alarm_id=alarm.alarm_id,
        object_id=object_id,
    )
    await dispatch.order(connection, order, address=await _address(connection, alarm))


async def _address(connection: AsyncConnection, alarm: Row[Any]) -> Address:
    gateway = await register.find(connection, alarm.gateway_id)
    if gateway is None or alarm.device_id is None:
        raise NotMarkable(alarm.alarm_id)
    return gateway.address
