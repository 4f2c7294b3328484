"""What gateways tell of loudspeakers beside their state: every step, what was heard, tests, models."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update

from contracts.envelope import Event
from contracts.events import (
    BroadcastHeard,
    BroadcastProgress,
    LoudspeakerDescribed,
    LoudspeakerTested,
)
from ioc.gateways.register import Gateway
from ioc.ingest.transaction import Transaction
from ioc.store import journal
from ioc.store.tables import delivery_steps, hearings, loudspeaker_tests


async def note_step(
    transaction: Transaction,
    gateway: Gateway,
    event: Event,
    progress: BroadcastProgress,
    *,
    occurred_at: datetime,
) -> None:
    """Append one step to the station log; `occurred_at` is by the centre's clock."""
    await transaction.connection.execute(
        insert(delivery_steps).values(
            event_id=event.event_id,
            broadcast_id=progress.broadcast_id,
            gateway_id=gateway.gateway_id,
            device_id=event.device_id or "",
            state=str(progress.state),
            occurred_at=occurred_at,
            seconds_sent=progress.seconds_sent,
            underruns=progress.underruns,
            detail=progress.detail,
        )
    )


async def take_hearing(
    transaction: Transaction,
    gateway: Gateway,
    event: Event,
    heard: BroadcastHeard,
    *,
    occurred_at: datetime,
) -> None:
    """Keep what a microphone said of a broadcast on one loudspeaker; the last word counts."""
    key = {
        "broadcast_id": heard.broadcast_id,
        "gateway_id": gateway.gateway_id,
        "device_id": event.device_id or "",
    }
    await transaction.connection.execute(delete(hearings).filter_by(**key))
    await transaction.connection.execute(
        insert(hearings).values(
            **key,
            camera_id=heard.camera_id,
            hearing=str(heard.hearing),
            score=heard.score,
            threshold=heard.threshold,
            measured_s=heard.measured_s,
            lag_s=heard.lag_s,
            detail=heard.detail,
            occurred_at=occurred_at,
        )
    )
    await journal.write(
        transaction.connection,
        subject="broadcast",
        subject_id=heard.broadcast_id,
        area_id=await _area_of(transaction, gateway, event),
        at=transaction.at,
    )


async def take_test(
    transaction: Transaction,
    gateway: Gateway,
    event: Event,
    tested: LoudspeakerTested,
    *,
    occurred_at: datetime,
) -> None:
    """Keep what came of a self-test, ordered here or by the gateway's own schedule."""
    table, connection = loudspeaker_tests, transaction.connection
    key = {
        "test_id": tested.test_id,
        "gateway_id": gateway.gateway_id,
        "device_id": event.device_id or "",
    }
    result = {
        "occurred_at": occurred_at,
        "is_played": tested.is_played,
        "hearing": str(tested.hearing),
        "score": tested.score,
        "detail": tested.detail,
    }
    if (await connection.execute(select(table.c.test_id).filter_by(**key))).first() is None:
        await connection.execute(insert(table).values(**key, **result))
    else:
        await connection.execute(update(table).filter_by(**key).values(**result))
    await journal.write(
        connection,
        subject="device",
        subject_id=f"{gateway.gateway_id}/{event.device_id}",
        area_id=await _area_of(transaction, gateway, event),
        at=transaction.at,
    )


async def take_description(
    transaction: Transaction, gateway: Gateway, event: Event, described: LoudspeakerDescribed
) -> None:
    """Keep what a loudspeaker says of itself."""
    device = await transaction.device(gateway.gateway_id, event.device_id or "")
    if device is None or event.late:
        return
    await transaction.change_device(
        device,
        maker=described.maker,
        model=described.model,
        firmware=described.firmware,
        serial_number=described.serial_number,
    )


async def _area_of(transaction: Transaction, gateway: Gateway, event: Event) -> str:
    device = await transaction.device(gateway.gateway_id, event.device_id or "")
    return gateway.area_id if device is None else str(device["area_id"])
