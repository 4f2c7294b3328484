"""Gateways' answers to the centre's orders: how far broadcasts came, what became of commands."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, select, update

from contracts.events import BroadcastProgress, BroadcastState, CommandOutcome, CommandResult
from ioc.alarms.rules import Effect, broadcast_failed, decide_broadcast_effect
from ioc.broadcasts.expiry import tell_alarm
from ioc.gateways.register import Gateway
from ioc.ingest.transaction import Device, Transaction
from ioc.store import journal
from ioc.store.tables import broadcasts, commands, deliveries

SPEAKING_KINDS = frozenset({"speak.v1", "relay.v1"})
_FINAL = frozenset(
    {
        BroadcastState.FINISHED,
        BroadcastState.FAILED,
        BroadcastState.PREEMPTED,
        BroadcastState.STOPPED,
        BroadcastState.EXPIRED,
    }
)
_SOUNDING = 4
_ORDER: dict[str, int] = {
    "queued": 0,
    BroadcastState.ACCEPTED: 1,
    BroadcastState.CACHED: 2,
    # By the centre's clock: a gateway that was cut off may prove afterwards that it did speak.
    BroadcastState.EXPIRED: 3,
    BroadcastState.STARTED: _SOUNDING,
    BroadcastState.INTERRUPTED: _SOUNDING,
    BroadcastState.RESUMED: _SOUNDING,
    BroadcastState.FINISHED: 5,
    BroadcastState.FAILED: 5,
    BroadcastState.PREEMPTED: 5,
    BroadcastState.STOPPED: 5,
}


def moves_forward(
    before: str, after: str, *, stepped_at: datetime | None = None, at: datetime | None = None
) -> bool:
    """Tell whether a delivery may go from one state to another; what was proven stays.

    Once it sounds it may be interrupted and resumed any number of times: there the later step, by
    `stepped_at` and `at`, decides, in whatever order the steps arrive.
    """
    if _ORDER[before] == _ORDER[after] == _SOUNDING:
        return stepped_at is None or (at is not None and at > stepped_at)
    return _ORDER[before] < _ORDER[after]


async def take_progress(
    transaction: Transaction,
    gateway: Gateway,
    progress: BroadcastProgress,
    *,
    device_id: str,
    occurred_at: datetime,
) -> Effect | None:
    """Move one loudspeaker's delivery forward; return what that does to alarms.

    `occurred_at` is by the centre's clock.
    """
    delivery = await _delivery(transaction, gateway, progress.broadcast_id, device_id)
    if delivery is None or not moves_forward(
        delivery["state"], progress.state, stepped_at=delivery["stepped_at"], at=occurred_at
    ):
        return None
    changes: dict[str, Any] = {
        "state": str(progress.state),
        "updated_at": transaction.at,
        "seconds_sent": progress.seconds_sent,
        "underruns": progress.underruns,
        "detail": progress.detail,
        "stepped_at": occurred_at,
        **_instants(progress.state, occurred_at),
    }
    await _move(transaction, gateway, delivery, changes)
    return decide_broadcast_effect(progress, device_id=device_id, text=delivery["text"])


async def take_result(
    transaction: Transaction, gateway: Gateway, result: CommandResult
) -> list[Effect]:
    """Note what became of a command; return the alarms for loudspeakers that stay silent by it."""
    connection = transaction.connection
    this = (
        (commands.c.command_id == result.command_id)
        & (commands.c.gateway_id == gateway.gateway_id)
        & commands.c.state.in_(("pending", "expired"))
    )
    command = (await connection.execute(select(commands).where(this))).mappings().first()
    if command is None:
        return []
    await connection.execute(
        update(commands).where(this).values(state=str(result.outcome), reason=result.reason)
    )
    if command["alarm_id"] is not None:
        await tell_alarm(connection, command["alarm_id"], at=transaction.at)
    if result.outcome is CommandOutcome.DONE or command["kind"] not in SPEAKING_KINDS:
        return []
    return await _fail_deliveries(transaction, gateway, command["broadcast_id"], result)


async def _fail_deliveries(
    transaction: Transaction, gateway: Gateway, broadcast_id: str, result: CommandResult
) -> list[Effect]:
    query = (
        select(deliveries, broadcasts.c.text)
        .join(broadcasts, broadcasts.c.broadcast_id == deliveries.c.broadcast_id)
        .where(deliveries.c.broadcast_id == broadcast_id)
        .where(deliveries.c.gateway_id == gateway.gateway_id, deliveries.c.state.not_in(_FINAL))
    )
    effects: list[Effect] = []
    for delivery in (await transaction.connection.execute(query)).mappings().all():
        changes = {
            "state": str(BroadcastState.FAILED),
            "updated_at": transaction.at,
            "detail": result.reason,
        }
        await _move(transaction, gateway, delivery, changes)
        effect = broadcast_failed(
            device_id=delivery["device_id"],
            broadcast_id=broadcast_id,
            text=delivery["text"],
            reason=str(result.outcome),
            detail=result.reason,
        )
        effects.append(effect)
    return effects


async def _delivery(
    transaction: Transaction, gateway: Gateway, broadcast_id: str, device_id: str
) -> RowMapping | None:
    query = (
        select(deliveries, broadcasts.c.text)
        .join(broadcasts, broadcasts.c.broadcast_id == deliveries.c.broadcast_id)
        .where(deliveries.c.broadcast_id == broadcast_id)
        .where(deliveries.c.gateway_id == gateway.gateway_id)
        .where(deliveries.c.device_id == device_id)
    )
    found: RowMapping | None = (await transaction.connection.execute(query)).mappings().first()
    return found


async def _move(
    transaction: Transaction, gateway: Gateway, delivery: RowMapping, changes: dict[str, Any]
) -> None:
    await transaction.connection.execute(
        update(deliveries)
        .where(deliveries.c.broadcast_id == delivery["broadcast_id"])
        .where(deliveries.c.gateway_id == gateway.gateway_id)
        .where(deliveries.c.device_id == delivery["device_id"])
        .values(changes)
    )
    device = await transaction.device(gateway.gateway_id, delivery["device_id"])
    if device is not None and changes["state"] == BroadcastState.FINISHED:
        await _note_working_loudspeaker(transaction, device)
    await journal.write(
        transaction.connection,
        subject="broadcast",
        subject_id=delivery["broadcast_id"],
        area_id=gateway.area_id if device is None else device["area_id"],
        at=transaction.at,
    )


async def _note_working_loudspeaker(transaction: Transaction, device: Device) -> None:
    """Call a loudspeaker online that has spoken, if no event has told its state yet."""
    if device["state"] == "unknown":
        await transaction.change_device(device, state="online", state_since=transaction.at)


def _instants(state: BroadcastState, at: datetime) -> dict[str, datetime]:
    if state is BroadcastState.STARTED:
        return {"started_at": at}
    return {"finished_at": at} if state in _FINAL else {}
