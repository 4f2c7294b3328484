"""Commands as rows of the store: numbered, signed, kept until a result or their expiry.

Every function runs in the caller's transaction and publishes nothing.
"""

import base64
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codec import decode
from contracts.commands import (
    Clock,
    Command,
    CommandData,
    SignedCommand,
    addressee_of,
    decode_command,
    kind_of,
    sign_command,
)
from contracts.ids import uuid7
from contracts.state import Birth
from contracts.topics import Address
from ioc.broadcasts.keys import SigningKey
from ioc.store.tables import commands, gateways

SEND_AGAIN_AFTER = timedelta(seconds=10)
# A gateway that learns the time later than this has had another birth, with another nonce.
_CLOCK_VALID = timedelta(seconds=60)
# Every reconnection orders one: kept for the technician for a while, then of no interest.
_CLOCK_KEPT = timedelta(days=7)
_CLOCK_KIND = "clock.v1"
SPEAKING_KINDS = ("speak.v1", "relay.v1")


@dataclass(frozen=True, kw_only=True)
class Order:
    """What one gateway is to do, from `issued_at` until `expires_at`."""

    data: CommandData
    issued_at: datetime
    expires_at: datetime
    broadcast_id: str | None = None
    alarm_id: str | None = None
    """The alarm whose page shows what becomes of it."""
    object_id: str | None = None
    """The sighting of that alarm which it is about."""


@dataclass(frozen=True, kw_only=True)
class DueCommand:
    """A command to publish now."""

    command_id: str
    topic_name: str
    payload: bytes


def new_id(at: datetime) -> str:
    """Return a UUID that sorts by time."""
    return uuid7(int(at.timestamp() * 1_000), os.urandom(10))


async def order_command(
    connection: AsyncConnection, order: Order, *, address: Address, signing: SigningKey
) -> str:
    """Number, sign and keep a command for a known gateway; return its id."""
    command = Command(
        command_id=new_id(order.issued_at),
        addressee=addressee_of(address),
        kind=kind_of(order.data),
        issued_at=order.issued_at,
        expires_at=order.expires_at,
        command_number=await _next_number(connection, address),
        data=order.data,
    )
    row = {
        "command_id": command.command_id,
        "gateway_id": address.gateway_id,
        "command_number": command.command_number,
        "kind": command.kind,
        "broadcast_id": order.broadcast_id,
        "alarm_id": order.alarm_id,
        "object_id": order.object_id,
        "signed": sign_command(command, key_id=signing.key_id, key=signing.key),
        "issued_at": order.issued_at,
        "expires_at": order.expires_at,
        "state": "pending",
    }
    await connection.execute(insert(commands).values(**row))
    return command.command_id


async def _next_number(connection: AsyncConnection, address: Address) -> int:
    counted = (
        update(gateways)
        .where(gateways.c.gateway_id == address.gateway_id)
        .values(last_command_number=gateways.c.last_command_number + 1)
        .returning(gateways.c.last_command_number)
    )
    return int((await connection.execute(counted)).scalar_one())


async def order_clock(
    connection: AsyncConnection,
    *,
    address: Address,
    birth: Birth,
    signing: SigningKey,
    now: datetime,
) -> None:
    """Order the centre's time in answer to a birth, and make the gateway's pending commands due."""
    mine = and_(commands.c.gateway_id == address.gateway_id, commands.c.state == "pending")
    await connection.execute(
        update(commands)
        .where(mine, commands.c.kind == _CLOCK_KIND)
        .values(state="expired", reason="the gateway has connected again")
    )
    await connection.execute(update(commands).where(mine).values(last_sent_at=None))
    await connection.execute(
        delete(commands)
        .where(commands.c.gateway_id == address.gateway_id, commands.c.kind == _CLOCK_KIND)
        .where(commands.c.issued_at < now - _CLOCK_KEPT)
    )
    order = Order(
        data=Clock(nonce=birth.nonce, centre_time=now), issued_at=now, expires_at=now + _CLOCK_VALID
    )
    await order_command(connection, order, address=address, signing=signing)


async def due_commands(
    connection: AsyncConnection, *, now: datetime, signing: SigningKey
) -> list[DueCommand]:
    """Return what to publish now to gateways that are online, in each gateway's order."""
    unsent = or_(
        commands.c.last_sent_at.is_(None), commands.c.last_sent_at <= now - SEND_AGAIN_AFTER
    )
    wanted = (
        select(commands, gateways.c.site_id)
        .join(gateways, gateways.c.gateway_id == commands.c.gateway_id)
        .where(commands.c.state == "pending", gateways.c.online.is_(True), unsent)
        .where(commands.c.expires_at > now)
        .order_by(commands.c.gateway_id, commands.c.command_number)
        .limit(200)
    )
    return [_due(row, now=now, signing=signing) for row in await connection.execute(wanted)]


def _due(row: Row[Any], *, now: datetime, signing: SigningKey) -> DueCommand:
    address = Address.of(row.site_id, row.gateway_id)
    payload: bytes = row.signed
    if row.kind == _CLOCK_KIND:
        payload = _at_current_time(payload, now=now, signing=signing)
    return DueCommand(
        command_id=row.command_id,
        topic_name=address.command_topic_name(row.command_id),
        payload=payload,
    )


def _at_current_time(signed: bytes, *, now: datetime, signing: SigningKey) -> bytes:
    """Return a clock command signed anew: sent again as it was, it would set a clock back."""
    command = decode_command(base64.b64decode(decode(SignedCommand, signed).payload))
    if not isinstance(command.data, Clock):
        raise TypeError("only a clock command carries the time")
    current = command.data.model_copy(update={"centre_time": now})
    return sign_command(
        command.model_copy(update={"data": current}), key_id=signing.key_id, key=signing.key
    )


async def mark_sent(connection: AsyncConnection, command_ids: list[str], *, now: datetime) -> None:
    """Note that commands were handed to the broker; it proves nothing about the gateway."""
    await connection.execute(
        update(commands)
        .where(commands.c.command_id.in_(command_ids))
        .values(attempts=commands.c.attempts + 1, last_sent_at=now)
    )


async def withdraw(
    connection: AsyncConnection, *, broadcast_id: str, gateway_id: str, reason: str
) -> None:
    """End the sending of a broadcast's pending commands: one that came after a stop would speak."""
    await connection.execute(
        update(commands)
        .where(commands.c.broadcast_id == broadcast_id, commands.c.gateway_id == gateway_id)
        .where(commands.c.state == "pending", commands.c.kind.in_(SPEAKING_KINDS))
        .values(state="expired", reason=reason)
    )
