"""What hangs on something that has failed: silenced with its failure, given back with its return."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms import calling, rows
from ioc.alarms.engine import machine, services
from ioc.alarms.engine.causes import CAUSE_KINDS, INHIBITED_KINDS, place_of
from ioc.alarms.engine.policy import Policies
from ioc.alarms.engine.standing import Suppression
from ioc.alarms.engine.suppressing import waits_for_gateway
from ioc.alarms.rows import Entry
from ioc.alarms.rules import AlarmKind, Priority
from ioc.alarms.standings import columns_of, standing_of
from ioc.alarms.states import AlarmState, Cause
from ioc.store.tables import alarms

Row = RowMapping | Mapping[str, Any]
"""An alarm's columns by name."""

_OPEN = alarms.c.state.in_([state for state in AlarmState if state is not AlarmState.NORMAL])
_OF_DEVICES = select(alarms).where(
    alarms.c.gateway_id == bindparam("of_gateway"),
    _OPEN,
    alarms.c.device_id.in_(bindparam("of", expanding=True)),
)


async def failed(
    connection: AsyncConnection, cause: Row, *, at: datetime, policies: Policies
) -> None:
    """Silence what a failure explains and nobody has answered; stop the clocks behind a gateway."""
    kind = AlarmKind(cause["kind"])
    if kind not in CAUSE_KINDS:
        return
    place = _place(cause)
    gateways = (
        policies.causes.gateways_on(cause["object_id"])
        if kind is AlarmKind.POWER_CUT
        else (cause["gateway_id"],)
    )
    for alarm in await _concerned(connection, cause, gateways, policies):
        if alarm["alarm_id"] == cause["alarm_id"]:
            continue
        if _is_explained(alarm, place, policies):
            until_return = machine.suppress(
                standing_of(alarm), Suppression.BY_DESIGN, until=None, cause_id=cause["alarm_id"]
            )
            entry = Entry(cause=Cause.SUPPRESS, at=at, note=kind)
            await rows.change(connection, alarm, columns_of(until_return), entry)
        elif kind is AlarmKind.GATEWAY_DOWN and _waits(alarm):
            paused = services.pause(standing_of(alarm), at=at)
            await rows.set_columns(connection, alarm["alarm_id"], columns_of(paused))


async def returned(
    connection: AsyncConnection, cause: RowMapping, *, at: datetime, policies: Policies
) -> None:
    """Give back what it has explained: what still lasts after a grace calls by itself."""
    kind = AlarmKind(cause["kind"])
    if kind not in CAUSE_KINDS and not policies.of(kind).grouped:
        return
    if kind is AlarmKind.GATEWAY_DOWN:
        for alarm in await _open_of(connection, (cause["gateway_id"],)):
            if alarm["paused_at"] is not None:
                resumed = services.resume(standing_of(alarm), at=at)
                await rows.set_columns(connection, alarm["alarm_id"], columns_of(resumed))
    query = select(alarms).where(
        alarms.c.cause_id == cause["alarm_id"], alarms.c.state != AlarmState.NORMAL
    )
    for alarm in (await connection.execute(query)).mappings().all():
        free = machine.release(standing_of(alarm), at=at, wait_until=at + policies.limits.grace)
        entry = Entry(cause=Cause.RELEASE, at=at)
        await calling.apply(connection, alarm, free, entry=entry, policies=policies)


def _waits(alarm: RowMapping) -> bool:
    return waits_for_gateway(AlarmKind(alarm["kind"]), Priority(alarm["priority"]))


def _is_explained(alarm: RowMapping, place: str, policies: Policies) -> bool:
    kind = AlarmKind(alarm["kind"])
    if kind not in INHIBITED_KINDS or alarm["state"] != AlarmState.UNACKNOWLEDGED:
        return False
    if alarm["late"] or alarm["suppression"] not in (Suppression.NONE, Suppression.BY_DESIGN):
        return False
    return place in policies.causes.explains(
        kind,
        gateway_id=alarm["gateway_id"],
        object_id=alarm["object_id"],
        device_id=alarm["device_id"],
    )


async def _open_of(connection: AsyncConnection, gateways: tuple[str, ...]) -> list[RowMapping]:
    query = select(alarms).where(alarms.c.gateway_id.in_(gateways), _OPEN)
    return list((await connection.execute(query)).mappings().all())


async def _concerned(
    connection: AsyncConnection,
    cause: Row,
    gateways: tuple[str, ...],
    policies: Policies,
) -> list[RowMapping]:
    """Return the open alarms that a failure may concern.

    A single device's concerns that device and what hangs on it; of a gateway of sixty cameras that
    fail one after the other, all others' alarms would be read each time.
    """
    if cause["kind"] != AlarmKind.DEVICE_DOWN:
        return await _open_of(connection, gateways)
    gateway_id = cause["gateway_id"]
    places = (_place(cause), *policies.causes.below(_place(cause)))
    devices = [place.partition("/")[2] for place in places if place.startswith(f"{gateway_id}/")]
    found = await connection.execute(_OF_DEVICES, {"of_gateway": gateway_id, "of": devices})
    return list(found.mappings())


def _place(alarm: Row) -> str:
    return place_of(
        AlarmKind(alarm["kind"]),
        gateway_id=alarm["gateway_id"],
        object_id=alarm["object_id"],
        device_id=alarm["device_id"],
    )
