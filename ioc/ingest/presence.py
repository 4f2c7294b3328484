"""Which gateways are there: births, wills, silence, and the inventory a birth brings."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.state import Birth, Device, Will
from contracts.topics import Address
from ioc.alarms import AlarmKind, Occurrence, Raise, Return, raise_alarm, return_alarm
from ioc.gateways.register import Gateway
from ioc.ingest.forks import note_epoch
from ioc.ingest.reading import StateReading
from ioc.ingest.transaction import Transaction
from ioc.store import journal
from ioc.store.tables import areas, devices

SILENCE = timedelta(seconds=90)
"""A gateway sends telemetry every minute; after this long without a word it is down."""

_log = structlog.get_logger(__name__)


class BirthAnswerer(Protocol):
    """Whoever orders the signed clock for a gateway that has just connected."""

    async def answer_birth(
        self, connection: AsyncConnection, *, address: Address, birth: Birth
    ) -> None:
        """Order it within the caller's transaction."""
        ...


async def take_state(
    transaction: Transaction, gateway: Gateway, reading: StateReading, *, voice: BirthAnswerer
) -> None:
    """Apply a birth or will of a known gateway."""
    match reading.state:
        case Birth() as birth:
            await _take_birth(transaction, gateway, reading, birth, voice)
        case Will() as will:
            await _take_will(transaction, gateway, will)


async def hear_all(transaction: Transaction, gateways: Iterable[Gateway]) -> None:
    """Note signs of life; a gateway that was silent is there again."""
    there: list[Gateway] = []
    for gateway in gateways:
        if gateway.online or gateway.connection_number is None:
            there.append(gateway)
        else:
            await _come_online(transaction, gateway, last_heard_at=transaction.at)
    await transaction.note_heard(there)


async def declare_down(transaction: Transaction, gateway: Gateway, *, cause: str) -> None:
    """Record that a gateway seen before is gone, and raise its alarm; `cause`: will or silence."""
    heard = gateway.last_heard_at
    facts = {"cause": cause, "last_heard_at": heard.isoformat() if heard else None}
    effect = Raise(
        kind=AlarmKind.GATEWAY_DOWN, object_id=gateway.gateway_id, device_id=None, facts=facts
    )
    await transaction.change_gateway(gateway, online=False, online_since=transaction.at)
    await raise_alarm(transaction.connection, effect, _occurrence(transaction, gateway))
    await _tell(transaction, gateway)
    _log.warning("gateway.down", gateway_id=gateway.gateway_id, cause=cause)


def silent(
    gateways: Iterable[Gateway], *, now: datetime, listening_since: datetime | None
) -> list[Gateway]:
    """Return the gateways that are down by their silence; none while the centre itself is deaf."""
    if listening_since is None:
        return []
    return [
        gateway
        for gateway in gateways
        if gateway.online and now - _last_sign(gateway, listening_since, now) > SILENCE
    ]


def _last_sign(gateway: Gateway, listening_since: datetime, now: datetime) -> datetime:
    """Return the last sign of life; one that lies ahead was noted before the clock was set back."""
    signs = (listening_since, gateway.last_heard_at, gateway.online_since)
    return max((sign for sign in signs if sign is not None and sign <= now), default=now)


async def _take_birth(
    transaction: Transaction,
    gateway: Gateway,
    reading: StateReading,
    birth: Birth,
    voice: BirthAnswerer,
) -> None:
    same_epoch = birth.epoch == gateway.epoch
    if same_epoch and birth.connection_number < (gateway.connection_number or 0):
        _log.info("gateway.old_birth", gateway_id=gateway.gateway_id)
        return
    transaction.acknowledge(reading.address, birth.epoch)
    told_again = same_epoch and birth.connection_number == gateway.connection_number
    if told_again and reading.received.retained:
        return  # the broker repeats what this store has already taken
    if not reading.received.retained:
        await note_epoch(transaction, gateway, birth.epoch)
    await _take_inventory(transaction, gateway, birth.devices)
    rebooted = birth.boot_id != gateway.boot_id
    gateway = await transaction.change_gateway(
        gateway,
        epoch=birth.epoch,
        connection_number=birth.connection_number,
        boot_id=birth.boot_id,
        agent_version=birth.agent_version,
        clock_synced=birth.clock_synced,
        clock_offset_s=None if rebooted or birth.clock_synced else gateway.clock_offset_s,
    )
    heard = gateway.last_heard_at if reading.received.retained else transaction.at
    await _come_online(transaction, gateway, last_heard_at=heard)
    await voice.answer_birth(transaction.connection, address=reading.address, birth=birth)


async def _come_online(
    transaction: Transaction, gateway: Gateway, *, last_heard_at: datetime | None
) -> Gateway:
    since = gateway.online_since if gateway.online else transaction.at
    changed = await transaction.change_gateway(
        gateway, online=True, online_since=since, last_heard_at=last_heard_at
    )
    effect = Return(kind=AlarmKind.GATEWAY_DOWN, object_id=gateway.gateway_id, outcome="back")
    await return_alarm(transaction.connection, effect, _occurrence(transaction, gateway))
    await _tell(transaction, gateway)
    if not gateway.online:
        _log.info("gateway.up", gateway_id=gateway.gateway_id)
    return changed


async def _take_will(transaction: Transaction, gateway: Gateway, will: Will) -> None:
    current = (gateway.epoch, gateway.connection_number)
    if not gateway.online or (will.epoch, will.connection_number) != current:
        return
    await declare_down(transaction, gateway, cause="will")


async def _take_inventory(
    transaction: Transaction, gateway: Gateway, inventory: tuple[Device, ...]
) -> None:
    connection = transaction.connection
    reachable = await _areas_below(connection, gateway.area_id)
    mine = devices.c.gateway_id == gateway.gateway_id
    known = set((await connection.scalars(select(devices.c.device_id).where(mine))).all())
    named = {device.device_id: device for device in inventory}
    await connection.execute(
        update(devices).where(mine, devices.c.device_id.not_in(named)).values(present=False)
    )
    for device_id, device in named.items():
        row = _inventory_row(gateway, device, reachable)
        if device_id in known:
            this = mine & (devices.c.device_id == device_id)
            await connection.execute(update(devices).where(this).values(row))
        else:
            key = {"gateway_id": gateway.gateway_id, "device_id": device_id}
            await connection.execute(insert(devices).values({**key, **row}))
    transaction.forget_devices(gateway.gateway_id)


def _inventory_row(gateway: Gateway, device: Device, reachable: set[str]) -> dict[str, object]:
    allowed = device.area_id in reachable
    if not allowed:
        # Else a gateway could show its pictures to people of areas it was never given.
        _log.warning(
            "device.area_refused",
            gateway_id=gateway.gateway_id,
            device_id=device.device_id,
            area_id=device.area_id,
        )
    return {
        "device_kind": str(device.device_kind),
        "name": device.name,
        "area_id": device.area_id if allowed else gateway.area_id,
        "loudspeaker_ids": list(device.loudspeaker_ids),
        "present": True,
    }


async def _areas_below(connection: AsyncConnection, area_id: str) -> set[str]:
    rows = (await connection.execute(select(areas.c.area_id, areas.c.parent_id))).all()
    below, size = {area_id}, 0
    while len(below) > size:
        size = len(below)
        below |= {child for child, parent in rows if parent in below}
    return below


def _occurrence(transaction: Transaction, gateway: Gateway) -> Occurrence:
    return Occurrence(
        gateway_id=gateway.gateway_id,
        area_id=gateway.area_id,
        occurred_at=transaction.at,
        at=transaction.at,
        policies=transaction.policies,
    )


async def _tell(transaction: Transaction, gateway: Gateway) -> None:
    await journal.write(
        transaction.connection,
        subject="gateway",
        subject_id=gateway.gateway_id,
        area_id=gateway.area_id,
        at=transaction.at,
    )
