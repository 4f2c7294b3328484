"""Broadcasts and stops written down as rows and commands, in the caller's transaction.

Whether the person may do so is decided before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.commands import Audio, CommandData, Relay, Speak, Stop
from contracts.topics import Address
from ioc.broadcasts import commands, records
from ioc.broadcasts.commands import Order, new_id
from ioc.broadcasts.dispatch import CommandDispatch
from ioc.broadcasts.records import Target
from ioc.broadcasts.starting import StartPlan, plan_start
from ioc.broadcasts.values import (
    BroadcastOrder,
    Delivery,
    Kind,
    Level,
    Loudspeaker,
    LoudspeakerId,
    id_of,
)
from ioc.people import audit
from ioc.people.audit import Deed
from ioc.store import journal

_VALID_AT_LEAST, _VALID_AT_MOST = timedelta(seconds=30), timedelta(hours=24)
_STOP_VALID = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Placing:
    """An authorised order: who, what, where, for whom, and what it repeats."""

    login: str
    order: BroadcastOrder
    chosen: Sequence[Target]
    kind: Kind
    level: Level
    repeat_of: str | None = None


async def place(
    connection: AsyncConnection, placing: Placing, *, dispatch: CommandDispatch, now: datetime
) -> str:
    """Write a broadcast, its deliveries and one command per gateway; return the broadcast id.

    Raises:
        Refusal: its start or its turns cannot be.
    """
    order, broadcast_id = placing.order, new_id(now)
    sound = None if order.relay else await _sound(connection, order.audio_sha256)
    plan = plan_start(order, placing.chosen, sound_s=sound.duration_s if sound else 0.0, now=now)
    valid_for = min(max(order.valid_for, _VALID_AT_LEAST), _VALID_AT_MOST)
    expires_at = plan.last_begins_at + valid_for
    row = _row(placing) | {
        "broadcast_id": broadcast_id,
        "not_before": plan.not_before,
        "created_at": now,
        "expires_at": expires_at,
    }
    await records.add_broadcast(connection, row)
    await records.add_deliveries(connection, broadcast_id, plan.offsets_s, at=now)
    for address, group in _by_gateway(placing.chosen):
        command = Order(
            data=_command(placing, broadcast_id, group, plan=plan, sound=sound),
            issued_at=now,
            expires_at=expires_at,
            broadcast_id=broadcast_id,
        )
        await dispatch.order(connection, command, address=address)
    loudspeakers = [target.loudspeaker for target in placing.chosen]
    await _tell(connection, placing.repeat_of or broadcast_id, loudspeakers, at=now)
    action = "broadcast_repeat" if placing.repeat_of else "broadcast"
    await _log(connection, placing.login, action, (broadcast_id, loudspeakers), at=now)
    return broadcast_id


def _row(placing: Placing) -> dict[str, Any]:
    order, relay = placing.order, placing.order.relay
    return {
        "author": placing.login,
        "source": order.source,
        "kind": placing.kind,
        "alarm_id": order.alarm_id,
        "repeat_of": placing.repeat_of,
        "text": order.text,
        "audio_sha256": order.audio_sha256,
        "stream_url": relay.stream_url if relay else None,
        "stream_s": relay.duration_s if relay else None,
        "priority": order.priority,
        "level": placing.level,
        "status": order.status,
        "when_interrupted": order.when_interrupted,
    }


def _command(
    placing: Placing,
    broadcast_id: str,
    group: Sequence[LoudspeakerId],
    *,
    plan: StartPlan,
    sound: Audio | None,
) -> CommandData:
    order = placing.order
    common: dict[str, Any] = {
        "broadcast_id": broadcast_id,
        "loudspeaker_ids": tuple(loudspeaker.device_id for loudspeaker in group),
        "priority": order.priority,
        "level": placing.level,
        "status": order.status,
        "not_before": plan.not_before,
        "when_interrupted": order.when_interrupted,
    }
    if order.relay is not None:
        relay = order.relay
        return Relay(**common, stream_url=relay.stream_url, duration_s=relay.duration_s)
    offsets_s = {each.device_id: plan.offsets_s[each] for each in group if plan.offsets_s[each] > 0}
    return Speak(**common, audio=sound, offsets_s=offsets_s)


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """An authorised stop of a broadcast (its first id) on some of its open deliveries."""

    login: str
    first_id: str
    stopped: Sequence[Delivery]
    others: Sequence[Delivery]
    """Open ones that go on, because they are not this person's."""


async def place_stop(
    connection: AsyncConnection, stopping: Stopping, *, dispatch: CommandDispatch, now: datetime
) -> None:
    """Write stop commands and close what no gateway has taken yet."""
    known = await records.targets(connection)
    going_on = {_command_of(each) for each in stopping.others}
    for (gateway_id, broadcast_id), group in _by_command(stopping.stopped):
        target = known.get(id_of(group[0].loudspeaker))
        if (gateway_id, broadcast_id) not in going_on:
            await commands.withdraw(
                connection,
                broadcast_id=broadcast_id,
                gateway_id=gateway_id,
                reason=f"stopped by {stopping.login}",
            )
        if target is None:
            continue
        device_ids = tuple(each.loudspeaker.device_id for each in group)
        command = Order(
            data=Stop(broadcast_id=broadcast_id, loudspeaker_ids=device_ids),
            issued_at=now,
            expires_at=now + _STOP_VALID,
            broadcast_id=broadcast_id,
        )
        await dispatch.order(connection, command, address=target.address)
    untaken = [each for each in stopping.stopped if each.state == "queued"]
    detail = f"stopped by {stopping.login}"
    await records.close_deliveries(connection, untaken, state="stopped", detail=detail, at=now)
    loudspeakers = [each.loudspeaker for each in stopping.stopped]
    await _tell(connection, stopping.first_id, loudspeakers, at=now)
    where = (stopping.first_id, loudspeakers)
    await _log(connection, stopping.login, "broadcast_stop", where, at=now)


def _by_gateway(chosen: Sequence[Target]) -> list[tuple[Address, tuple[LoudspeakerId, ...]]]:
    ordered = sorted(chosen, key=lambda target: target.loudspeaker.gateway_id)
    return [
        (address, tuple(id_of(target.loudspeaker) for target in group))
        for address, group in groupby(ordered, key=lambda target: target.address)
    ]


def _by_command(stopped: Sequence[Delivery]) -> list[tuple[tuple[str, str], list[Delivery]]]:
    ordered = sorted(stopped, key=_command_of)
    return [(key, list(group)) for key, group in groupby(ordered, key=_command_of)]


def _command_of(delivery: Delivery) -> tuple[str, str]:
    return delivery.loudspeaker.gateway_id, delivery.broadcast_id


async def _sound(connection: AsyncConnection, audio_sha256: str) -> Audio:
    row = await records.sound_of(connection, audio_sha256)
    if row is None:
        raise LookupError(f"sound {audio_sha256} was previewed but is not in the store")
    return Audio(sha256=row.sha256, size_bytes=row.size_bytes, duration_s=row.duration_s)


async def _tell(
    connection: AsyncConnection, first_id: str, where: Iterable[Loudspeaker], *, at: datetime
) -> None:
    for area_id in sorted({loudspeaker.area_id for loudspeaker in where}):
        await journal.write(
            connection, subject="broadcast", subject_id=first_id, area_id=area_id, at=at
        )


async def _log(
    connection: AsyncConnection,
    login: str,
    action: str,
    where: tuple[str, Sequence[Loudspeaker]],
    *,
    at: datetime,
) -> None:
    broadcast_id, loudspeakers = where
    names = " ".join(f"{each.gateway_id}/{each.device_id}" for each in loudspeakers)
    deed = Deed(login=login, action=action, subject=broadcast_id, detail=names)
    await audit.write(connection, deed, at=at)
