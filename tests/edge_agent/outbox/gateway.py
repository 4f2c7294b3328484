"""What the outbox tests share: a store in a folder, and events to put in."""

from datetime import UTC, datetime
from pathlib import Path

from contracts.batch import decode_batch
from contracts.envelope import Event, decode_event
from contracts.events import EventData, LitteringConfirmed, MotionStarted
from contracts.state import Ack
from contracts.topics import Address
from edge_agent.outbox import Draft, Lane
from edge_agent.outbox.importance import Bounds
from edge_agent.outbox.sending import Sent
from edge_agent.outbox.store import OutboxStore
from edge_agent.timekeeping import Timekeeper
from tests.fakes.clock import FakeClock

ADDRESS = Address.of("sang-moc", "nha-van-hoa")
BOOT_ID = "00000000-0000-4000-8000-000000000001"
OTHER_BOOT_ID = "00000000-0000-4000-8000-000000000002"
STORE_ID = "11111111-0000-4000-8000-000000000001"
OTHER_STORE_ID = "11111111-0000-4000-8000-000000000002"


def make_clock() -> FakeClock:
    return FakeClock(datetime(2026, 1, 5, tzinfo=UTC))


def make_timekeeper(clock, boot_id: str = BOOT_ID, *, synced: bool = True) -> Timekeeper:
    return Timekeeper(clock=clock, boot_id=boot_id, is_synced=lambda: synced)


def open_store(
    folder: Path, clock, *, boot_id: str = BOOT_ID, max_bytes: int = 10_000_000
) -> OutboxStore:
    return OutboxStore(
        folder / "outbox.db",
        address=ADDRESS,
        timekeeper=make_timekeeper(clock, boot_id),
        bounds=Bounds(max_bytes=max_bytes),
    )


def motion(zone: str = "cong", share: float = 0.5) -> EventData:
    return MotionStarted(zone=zone, share=share)


def littering(pictures=()) -> EventData:
    return LitteringConfirmed(
        object_id="22222222-0000-4000-8000-000000000001",
        zone="bai-rac",
        box=(0.1, 0.2, 0.1, 0.1),
        deposited_at=datetime(2026, 1, 5, tzinfo=UTC),
        left_at=None,
        unattended_s=12,
        score=0.8,
        reasons=("static_14s",),
        pictures=pictures,
    )


ALL = Sent(events=((1, 2**63 - 1),), telemetry=((1, 2**63 - 1),))
"""Whatever was recorded was also sent."""


def draft(store: OutboxStore, data: EventData, device_id: str = "cam1", **kwargs) -> Draft:
    return Draft(data=data, moment=store.timekeeper.moment(), device_id=device_id, **kwargs)


def record(store: OutboxStore, data: EventData | None = None, device_id: str = "cam1") -> str:
    drafted = draft(store, data or motion(), device_id)
    return store.write(lambda entry: entry.record(drafted))


def epoch_of(store: OutboxStore) -> str:
    return store.write(lambda entry: entry.epoch)


def ack(store: OutboxStore, *committed, store_id: str = STORE_ID, **kwargs) -> Ack:
    return Ack(store_id=store_id, epoch=epoch_of(store), committed=committed, **kwargs)


def events_in(payload: bytes) -> list[Event]:
    return [decode_event(row) for row in decode_batch(payload).rows]


def sent(store: OutboxStore, lane: Lane = Lane.LIVE) -> list[Event]:
    """Everything a lane would send from its beginning."""
    events: list[Event] = []
    after = 0
    while batch := store.next_batch(lane, after=after, keep_live_from=None):
        events += events_in(batch.payload)
        after = batch.sequences[-1]
    return events
