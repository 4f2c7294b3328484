"""Which rows of which outbox the store holds: the committed ranges, and the acknowledgement of them."""

from collections.abc import Iterable
from typing import Literal

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.ranges import Range, Ranges, merge
from contracts.state import Ack, TelemetryAck
from ioc.store.tables import committed_ranges

Lane = Literal["events", "telemetry"]

MAX_ACKED_RANGES = 5_000
"""What an acknowledgement may carry (contracts.state.CommittedRanges).

No more are kept either: a gateway that left a hole after every row would make each further batch
slower for all. What is forgotten is at most sent again, and stored once by its event's id.
"""


async def read(connection: AsyncConnection, *, gateway_id: str, epoch: str, lane: Lane) -> Ranges:
    """Return the committed ranges of one lane, merged and ascending."""
    query = (
        select(committed_ranges.c.first, committed_ranges.c.last)
        .where(committed_ranges.c.gateway_id == gateway_id)
        .where(committed_ranges.c.epoch == epoch, committed_ranges.c.lane == lane)
        .order_by(committed_ranges.c.first)
    )
    return tuple((first, last) for first, last in await connection.execute(query))


async def add(
    connection: AsyncConnection,
    *,
    gateway_id: str,
    epoch: str,
    lane: Lane,
    ranges: Iterable[Range],
) -> Ranges:
    """Count ranges as committed; return all of this lane, merged."""
    before = await read(connection, gateway_id=gateway_id, epoch=epoch, lane=lane)
    after = shorten(merge((*before, *ranges)))
    key = {"gateway_id": gateway_id, "epoch": epoch, "lane": lane}
    gone = [first for first, last in set(before) - set(after)]
    fresh = [{**key, "first": first, "last": last} for first, last in set(after) - set(before)]
    # In slices: databases limit how many values one statement may carry.
    for start in range(0, len(gone), 500):
        await connection.execute(
            committed_ranges.delete()
            .where(committed_ranges.c.gateway_id == gateway_id)
            .where(committed_ranges.c.epoch == epoch, committed_ranges.c.lane == lane)
            .where(committed_ranges.c.first.in_(gone[start : start + 500]))
        )
    if fresh:
        await connection.execute(insert(committed_ranges), fresh)
    return after


async def acknowledge(
    connection: AsyncConnection, *, store_id: str, gateway_id: str, epoch: str, forked: bool
) -> Ack:
    """Return the acknowledgement of everything committed of one epoch."""
    events = await read(connection, gateway_id=gateway_id, epoch=epoch, lane="events")
    telemetry = await read(connection, gateway_id=gateway_id, epoch=epoch, lane="telemetry")
    told = TelemetryAck(epoch=epoch, committed=shorten(telemetry)) if telemetry else None
    return Ack(
        store_id=store_id,
        epoch=epoch,
        committed=shorten(events),
        telemetry=told,
        new_epoch=forked,
    )


def shorten(ranges: Ranges, limit: int = MAX_ACKED_RANGES) -> Ranges:
    """Return at most `limit` ranges: the oldest and the newest, so that both lanes go on.

    What is left out is sent again by the gateway, and acknowledged once the holes have closed.
    """
    if len(ranges) <= limit:
        return ranges
    oldest = limit // 2
    return (*ranges[:oldest], *ranges[oldest - limit :])
