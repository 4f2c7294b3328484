"""Finds what a gateway said once while its alarms were held back, and is so still; reads only.

What people do in front of a camera ends by itself, or is reported again.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ScalarSelect, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Event, decode_event
from contracts.errors import ContractError
from ioc.alarms import rows
from ioc.alarms.engine.standing import ACTIVE
from ioc.alarms.rules import AlarmKind, Raise, decide_effect
from ioc.redating import redated
from ioc.store.tables import alarms, devices, events, gateways

_SAID_ONCE = (
    "camera.degraded.v1",
    "camera.recovered.v1",
    "littering.confirmed.v1",
    "littering.cleared.v1",
    "littering.reclaimed.v1",
    "littering.fixture.v1",
)
_LOOKS_BACK = 50_000
"""Events, the newest: events that arrive wait for this."""


@dataclass(frozen=True, kw_only=True)
class Lasting:
    """A condition without an alarm."""

    effect: Raise
    area_id: str
    occurred_at: datetime | None = None
    """None: it is not known."""
    event_id: str | None = None


async def lasting(
    connection: AsyncConnection, gateway_id: str, *, since: datetime
) -> list[Lasting]:
    """Return what has no alarm of the devices in a gateway's inventory; `since`: held back."""
    silent = await _silent_devices(connection, gateway_id)
    return silent + await _reported(connection, gateway_id, since)


async def _silent_devices(connection: AsyncConnection, gateway_id: str) -> list[Lasting]:
    has_alarm = exists().where(
        alarms.c.kind == AlarmKind.DEVICE_DOWN,
        alarms.c.gateway_id == gateway_id,
        alarms.c.object_id == devices.c.device_id,
        alarms.c.state.in_(ACTIVE),
    )
    query = select(devices).where(
        devices.c.gateway_id == gateway_id,
        devices.c.present.is_(True),
        devices.c.state == "offline",
        ~has_alarm,
    )
    return [
        Lasting(
            effect=Raise(
                kind=AlarmKind.DEVICE_DOWN,
                object_id=row.device_id,
                device_id=row.device_id,
                facts={"device_kind": row.device_kind, "reason": row.reason},
            ),
            area_id=row.area_id,
        )
        for row in await connection.execute(query.order_by(devices.c.device_id))
    ]


async def _reported(connection: AsyncConnection, gateway_id: str, since: datetime) -> list[Lasting]:
    """Return the reports since then that nothing has ended and no alarm has taken."""
    newest = (
        select(events)
        .where(events.c.gateway_id == gateway_id, events.c.epoch == _epoch_of(gateway_id))
        .order_by(events.c.sequence.desc())
        .limit(_LOOKS_BACK)
        .subquery()
    )
    query = (
        select(newest.c.body, newest.c.occurred_at, devices.c.area_id)
        .join(
            devices,
            (devices.c.gateway_id == newest.c.gateway_id)
            & (devices.c.device_id == newest.c.device_id)
            & devices.c.present.is_(True),
        )
        .where(newest.c.kind.in_(_SAID_ONCE), newest.c.received_at >= since)
        .order_by(newest.c.sequence)
    )
    found: dict[tuple[str, str, str], Lasting] = {}
    for row in await connection.execute(query):
        event = _event(row.body)
        effect = None if event is None else decide_effect(redated(event, row.occurred_at))
        if event is None or effect is None:
            continue
        key = (effect.kind, effect.object_id, effect.part_id)
        found.pop(key, None)
        if isinstance(effect, Raise):
            found[key] = Lasting(
                effect=effect,
                area_id=row.area_id,
                occurred_at=row.occurred_at,
                event_id=event.event_id,
            )
    return [each for each in found.values() if not await _is_taken(connection, gateway_id, each)]


async def _is_taken(connection: AsyncConnection, gateway_id: str, one: Lasting) -> bool:
    """Tell whether an alarm of its object has been fed by this report or by a later one."""
    newest = await rows.find_newest(
        connection,
        kind=one.effect.kind,
        gateway_id=gateway_id,
        object_id=one.effect.object_id,
    )
    return newest is not None and newest["last_occurred_at"] >= one.occurred_at


def _epoch_of(gateway_id: str) -> ScalarSelect[str]:
    named = select(gateways.c.epoch).where(gateways.c.gateway_id == gateway_id)
    return named.scalar_subquery()


def _event(body: str) -> Event | None:
    try:
        return decode_event(body)
    except ContractError:  # stored by a release that knew other kinds than this one
        return None
