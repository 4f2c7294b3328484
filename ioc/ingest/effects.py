"""What a committed event changes beside its own row: devices, deliveries, evidence, alarms."""

from datetime import datetime

from contracts.envelope import Event
from contracts.events import (
    BroadcastHeard,
    BroadcastProgress,
    CameraReported,
    CommandResult,
    DeviceDown,
    DeviceUp,
    EvidenceLost,
    LoudspeakerDescribed,
    LoudspeakerTested,
    MotionEnded,
    MotionStarted,
    OutboxGap,
    TalkDownAnswered,
    TalkDownSpoken,
    TalkDownWithheld,
)
from ioc.alarms import Occurrence, Raise, corroborate, raise_alarm, return_alarm
from ioc.alarms.rules import Effect, decide_effect
from ioc.gateways.register import Gateway
from ioc.ingest import committed, loudspeakers, talk_downs
from ioc.ingest.announcements import announce, lose
from ioc.ingest.history import ended_since
from ioc.ingest.proofs import take_progress, take_result
from ioc.ingest.transaction import Transaction
from ioc.redating import redated

_ONLY_TOLD = (MotionStarted, MotionEnded)
"""Kinds, by far the most, that touch nothing but rules: no evidence, no sighting, no device."""


async def apply_effects(
    transaction: Transaction, gateway: Gateway, event: Event, *, occurred_at: datetime
) -> None:
    """Apply one stored event; `occurred_at` is by the centre's clock."""
    event = redated(event, occurred_at)
    occurrence = Occurrence(
        gateway_id=gateway.gateway_id,
        area_id=await _area_of(transaction, gateway, event.device_id),
        occurred_at=occurred_at,
        at=transaction.at,
        event_id=event.event_id,
        late=event.late,
        standing=event.standing,
        policies=transaction.policies,
    )
    effect = decide_effect(event)
    if effect is None and isinstance(event.data, _ONLY_TOLD):
        await transaction.rules.take(transaction.connection, event, occurrence)
    else:
        await _apply_whole(transaction, gateway, event, occurrence, effect)


async def _apply_whole(
    transaction: Transaction,
    gateway: Gateway,
    event: Event,
    occurrence: Occurrence,
    effect: Effect | None,
) -> None:
    occurred_at = occurrence.occurred_at
    alarm_id = await _apply_to_alarms(transaction, event, occurrence, effect)
    await transaction.rules.take(transaction.connection, event, occurrence)
    await announce(transaction, gateway, event, alarm_id=alarm_id)
    object_id = getattr(event.data, "object_id", None)
    if alarm_id is not None and object_id is not None:
        await talk_downs.attach(transaction.connection, object_id=object_id, alarm_id=alarm_id)
    match event.data:
        case DeviceDown() | DeviceUp():
            await _take_device_state(transaction, gateway, event, occurred_at)
        case CameraReported() as reported:
            await corroborate(transaction.connection, reported, occurrence)
        case EvidenceLost() as lost:
            await lose(transaction, gateway, lost)
        case OutboxGap() as gap:
            await _count_gap(transaction, gateway, gap)
        case CommandResult() as result:
            for consequence in await take_result(transaction, gateway, result):
                await _apply_to_alarms(transaction, event, occurrence, consequence)
        case _:
            await _take_speech(transaction, gateway, event, occurrence)


async def _take_speech(
    transaction: Transaction, gateway: Gateway, event: Event, occurrence: Occurrence
) -> None:
    """Apply what is told of loudspeakers and of what they say."""
    occurred_at = occurrence.occurred_at
    match event.data:
        case BroadcastProgress() as progress:
            await loudspeakers.note_step(
                transaction, gateway, event, progress, occurred_at=occurred_at
            )
            effect = await take_progress(
                transaction,
                gateway,
                progress,
                device_id=event.device_id or "",
                occurred_at=occurred_at,
            )
            await _apply_to_alarms(transaction, event, occurrence, effect)
        case BroadcastHeard() as heard:
            await loudspeakers.take_hearing(
                transaction, gateway, event, heard, occurred_at=occurred_at
            )
        case LoudspeakerTested() as tested:
            await loudspeakers.take_test(
                transaction, gateway, event, tested, occurred_at=occurred_at
            )
        case LoudspeakerDescribed() as described:
            await loudspeakers.take_description(transaction, gateway, event, described)
        case TalkDownSpoken() as spoken:
            await talk_downs.take_spoken(transaction, gateway, spoken, occurrence)
        case TalkDownWithheld() as withheld:
            await talk_downs.take_withheld(transaction, withheld, occurrence)
        case TalkDownAnswered() as answered:
            await talk_downs.take_answer(transaction, answered, occurrence)
        case _:
            pass


async def _area_of(transaction: Transaction, gateway: Gateway, device_id: str | None) -> str:
    device = await transaction.device(gateway.gateway_id, device_id) if device_id else None
    return str(device["area_id"]) if device is not None else gateway.area_id


async def _apply_to_alarms(
    transaction: Transaction, event: Event, occurrence: Occurrence, effect: Effect | None
) -> str | None:
    connection = transaction.connection
    if effect is None:
        return None
    if not isinstance(effect, Raise):
        return await return_alarm(connection, effect, occurrence)
    alarm_id = await raise_alarm(connection, effect, occurrence)
    if event.late:
        end = await ended_since(connection, event, effect, occurrence)
        if end is not None:
            await return_alarm(connection, end, occurrence)
    return alarm_id


async def _take_device_state(
    transaction: Transaction, gateway: Gateway, event: Event, occurred_at: datetime
) -> None:
    device = await transaction.device(gateway.gateway_id, event.device_id or "")
    if device is None:
        return
    since = device["state_since"]
    if event.late and since is not None and occurred_at < since:
        return
    down = event.data if isinstance(event.data, DeviceDown) else None
    await transaction.change_device(
        device,
        state="online" if down is None else "offline",
        reason=None if down is None else str(down.reason),
        state_since=occurred_at,
    )


async def _count_gap(transaction: Transaction, gateway: Gateway, gap: OutboxGap) -> None:
    """Count what was dropped as committed: it will never arrive."""
    await committed.add(
        transaction.connection,
        gateway_id=gateway.gateway_id,
        epoch=gap.epoch,
        lane="events",
        ranges=gap.ranges,
    )
    transaction.acknowledge(gateway.address, gap.epoch)
