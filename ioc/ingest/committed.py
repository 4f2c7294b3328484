"""Which rows of which outbox the store holds: the committed ranges, and the acknowledgement of them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

from sqlalchemy import and_, bindparam, delete, insert, select, tuple_, update
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


Epoch = tuple[str, str]
"""Gateway id and epoch."""
_KEYS_AT_ONCE = 200  # databases limit how many values one statement may carry

_of_epoch = tuple_(committed_ranges.c.gateway_id, committed_ranges.c.epoch)
_this_range = and_(
    committed_ranges.c.gateway_id == bindparam("of_gateway"),
    committed_ranges.c.epoch == bindparam("of_epoch"),
    committed_ranges.c.lane == bindparam("of_lane"),
    committed_ranges.c.first == bindparam("of_first"),
)
_FORGET = delete(committed_ranges).where(_this_range)
_EXTEND = update(committed_ranges).where(_this_range).values(last=bindparam("now_last"))


async def read(connection: AsyncConnection, *, gateway_id: str, epoch: str, lane: Lane) -> Ranges:
    """Return the committed ranges of one lane, merged and ascending."""
    key = (gateway_id, epoch)
    return (await read_all(connection, [key], lane=lane))[key]


async def read_all(
    connection: AsyncConnection, keys: Collection[Epoch], *, lane: Lane
) -> dict[Epoch, Ranges]:
    """Return the committed ranges of one lane of many epochs, each merged and ascending."""
    found: dict[Epoch, list[Range]] = {key: [] for key in keys}
    asked = list(found)
    for start in range(0, len(asked), _KEYS_AT_ONCE):
        wanted = asked[start : start + _KEYS_AT_ONCE]
        query = (
            select(committed_ranges)
            .where(_of_epoch.in_(wanted), committed_ranges.c.lane == lane)
            .order_by(committed_ranges.c.first)
        )
        for row in await connection.execute(query):
            found[row.gateway_id, row.epoch].append((row.first, row.last))
    return {key: tuple(ranges) for key, ranges in found.items()}


async def add(
    connection: AsyncConnection,
    *,
    gateway_id: str,
    epoch: str,
    lane: Lane,
    ranges: Iterable[Range],
) -> None:
    """Count ranges as committed."""
    await add_all(connection, {(gateway_id, epoch): tuple(ranges)}, lane=lane)


async def add_all(
    connection: AsyncConnection, fresh: Mapping[Epoch, Ranges], *, lane: Lane
) -> None:
    """Count ranges of many epochs as committed, in a few statements."""
    known = await read_all(connection, fresh.keys(), lane=lane)
    changed: list[dict[str, Any]] = []
    gone: list[dict[str, Any]] = []
    new: list[dict[str, Any]] = []
    for key, ranges in fresh.items():
        before = dict(known[key])
        after = dict(shorten(merge((*known[key], *ranges))))
        place = {"of_gateway": key[0], "of_epoch": key[1], "of_lane": lane}
        gone += [{**place, "of_first": first} for first in before.keys() - after.keys()]
        for first, last in after.items():
            if first not in before:
                row = {"gateway_id": key[0], "epoch": key[1], "lane": lane}
                new.append({**row, "first": first, "last": last})
            elif before[first] != last:
                changed.append({**place, "of_first": first, "now_last": last})
    for statement, rows in ((_FORGET, gone), (_EXTEND, changed), (insert(committed_ranges), new)):
        if rows:
            await connection.execute(statement, rows)


async def acknowledge(
    connection: AsyncConnection, *, store_id: str, gateway_id: str, epoch: str, forked: bool
) -> Ack:
    """Return the acknowledgement of everything committed of one epoch."""
    (ack,) = await acknowledge_all(connection, {(gateway_id, epoch): forked}, store_id=store_id)
    return ack


async def acknowledge_all(
    connection: AsyncConnection, forked: Mapping[Epoch, bool], *, store_id: str
) -> list[Ack]:
    """Return the acknowledgements of everything committed of many epochs, in their order.

    Args:
        connection: of any transaction after the commit.
        forked: every epoch to acknowledge; true: it must end.
        store_id: of this store.
    """
    events = await read_all(connection, forked.keys(), lane="events")
    telemetry = await read_all(connection, forked.keys(), lane="telemetry")
    return [
        Ack(
            store_id=store_id,
            epoch=key[1],
            committed=shorten(events[key]),
            telemetry=_told(key[1], telemetry[key]),
            new_epoch=is_forked,
        )
        for key, is_forked in forked.items()
    ]


def _told(epoch: str, ranges: Ranges) -> TelemetryAck | None:
    return TelemetryAck(epoch=epoch, committed=shorten(ranges)) if ranges else None


def shorten(ranges: Ranges, limit: int = MAX_ACKED_RANGES) -> Ranges:
    """Return at most `limit` ranges: the oldest and the newest, so that both lanes go on.

    What is left out is sent again by the gateway, and acknowledged once the holes have closed.
    """
    if len(ranges) <= limit:
        return ranges
    oldest = limit // 2
    return (*ranges[:oldest], *ranges[oldest - limit :])
