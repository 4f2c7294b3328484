"""What is live is served before a backlog, and a backlog never makes it wait."""

import asyncio
from datetime import UTC, datetime

from ioc.ingest.lanes import MAX_GROUP_BYTES, MAX_LATE_MESSAGES, MAX_LATE_QUEUED, Lanes
from ioc.ingest.received import Received

AT = datetime(2026, 1, 5, tzinfo=UTC)


def message(lane: str, payload: bytes = b"x") -> Received:
    """Return a message of a lane."""
    topic_name = f"ioc/v1/thu/tu-1/up/events/{lane}"
    return Received(topic_name=topic_name, payload=payload, retained=False, received_at=AT)


async def fill(lanes: Lanes, lane: str, count: int) -> None:
    for _ in range(count):
        assert await lanes.put(message(lane))


async def test_live_events_go_before_what_was_late():
    """Whatever came first."""
    lanes = Lanes()
    await fill(lanes, "backfill", 3)
    await fill(lanes, "live", 2)
    group = [each.topic_name.rpartition("/")[2] for each in await lanes.next_group()]
    assert group == ["live", "live", "backfill", "backfill", "backfill"]


async def test_a_transaction_takes_little_of_a_backlog():
    """An alarm that comes meanwhile waits for no more."""
    lanes = Lanes()
    await fill(lanes, "backfill", MAX_LATE_MESSAGES + 1)
    assert len(await lanes.next_group()) == MAX_LATE_MESSAGES
    assert len(await lanes.next_group()) == 1


async def test_a_transaction_takes_only_so_many_bytes():
    """Also of what is live."""
    lanes = Lanes()
    for _ in range(3):
        await lanes.put(message("live", b"x" * (MAX_GROUP_BYTES // 2)))
    assert len(await lanes.next_group()) == 2


async def test_a_full_backlog_is_sent_again_and_holds_up_nobody():
    """Its gateway keeps what is not acknowledged."""
    lanes = Lanes()
    await fill(lanes, "backfill", MAX_LATE_QUEUED)
    assert not await lanes.put(message("backfill"))
    assert await lanes.put(message("live"))


async def test_who_waits_for_work_is_woken():
    """By either lane."""
    for lane in ("live", "backfill"):
        lanes = Lanes()
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(lanes.next_group())
            await asyncio.sleep(0)
            assert await lanes.put(message(lane))
        assert len(waiting.result()) == 1
