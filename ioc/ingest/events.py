"""Batches of events become rows: each event once, forks noticed, what is unreadable kept apart."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import select

from contracts.envelope import Event
from contracts.ranges import Ranges, contains, of_sequences
from ioc.gateways.register import Gateway
from ioc.ingest import clocks, committed
from ioc.ingest.effects import apply_effects
from ioc.ingest.forks import report_forks
from ioc.ingest.reading import EventBatch, EventRow
from ioc.ingest.transaction import Transaction
from ioc.store import bulk
from ioc.store.tables import events

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """A readable event with the gateway that sent it."""

    gateway: Gateway
    event: Event
    body: str
    received_at: datetime


_Dated = tuple[Arrived, datetime, bool]
"""An event, when it happened, and whether that is a correction."""


async def take_events(
    transaction: Transaction, batches: Sequence[tuple[Gateway, EventBatch]]
) -> int:
    """Store what is new in the batches, with its effects; return how many events that is.

    Every batch counts as committed whole, also one of nothing but duplicates.
    """
    await _quarantine_faults(transaction, batches)
    fresh = await _unknown(transaction, list(_readable(batches)))
    forked = await _forked_epochs(transaction, fresh)
    await _estimate_clocks(transaction, fresh)
    dated = [
        dated
        for _, some in groupby(fresh, lambda arrived: arrived.gateway.gateway_id)
        for dated in await _date(transaction, list(some))
    ]
    if dated:
        rows = [_row(arrived, happened, corrected) for arrived, happened, corrected in dated]
        await bulk.add_all(transaction.connection, events, rows)
    await transaction.look_up_devices(
        (arrived.gateway.gateway_id, arrived.event.device_id)
        for arrived in fresh
        if arrived.event.device_id is not None
    )
    for arrived, happened, _ in dated:
        await apply_effects(transaction, arrived.gateway, arrived.event, occurred_at=happened)
    if forked:
        await report_forks(transaction, (gateway for gateway, _ in batches), forked)
    await _count_as_committed(transaction, batches, forked)
    return len(fresh)


def _readable(batches: Sequence[tuple[Gateway, EventBatch]]) -> Iterator[Arrived]:
    for gateway, batch in batches:
        for row in batch.rows:
            if row.event is not None:
                yield Arrived(
                    gateway=gateway,
                    event=row.event,
                    body=row.line.decode(),
                    received_at=batch.received.received_at,
                )


async def _unknown(transaction: Transaction, arrived: list[Arrived]) -> list[Arrived]:
    """Return the first arrival of each event that the store does not hold."""
    first = {a.event.event_id: a for a in reversed(arrived)}
    known = await bulk.known(transaction.connection, events.c.event_id, list(first))
    return [a for a in arrived if first[a.event.event_id] is a and a.event.event_id not in known]


async def _forked_epochs(transaction: Transaction, fresh: list[Arrived]) -> set[tuple[str, str]]:
    """Return (gateway, epoch) where a place that is already taken was filled by another event."""
    by_epoch: dict[tuple[str, str], list[int]] = defaultdict(list)
    for arrived in fresh:
        key = (arrived.gateway.gateway_id, arrived.event.epoch)
        by_epoch[key].append(arrived.event.sequence)
    forked = set()
    known = await committed.read_all(transaction.connection, by_epoch.keys(), lane="events")
    for (gateway_id, epoch), sequences in by_epoch.items():
        twice = len(set(sequences)) < len(sequences)
        suspects = [n for n in sequences if contains(known[gateway_id, epoch], n)]
        if twice or (suspects and await _taken(transaction, gateway_id, epoch, suspects)):
            forked.add((gateway_id, epoch))
            _log.error("gateway.forked", gateway_id=gateway_id, epoch=epoch)
    return forked


async def _taken(
    transaction: Transaction, gateway_id: str, epoch: str, suspects: list[int]
) -> bool:
    # A committed place without an event was quarantined or dropped: filling it is no fork.
    query = select(events.c.event_id).where(
        events.c.gateway_id == gateway_id,
        events.c.epoch == epoch,
        events.c.sequence.in_(suspects[:500]),
    )
    return await transaction.connection.scalar(query.limit(1)) is not None


async def _estimate_clocks(transaction: Transaction, fresh: list[Arrived]) -> None:
    """Learn from the whole group first: its newest events tell most about the clock."""
    for gateway_id, group in groupby(fresh, lambda arrived: arrived.gateway.gateway_id):
        some = list(group)
        gateway = await _current(transaction, some[0])
        offset_s = gateway.clock_offset_s
        for arrived in some:
            offset_s = clocks.estimate_offset_s(
                offset_s,
                arrived.event,
                boot_id=gateway.boot_id,
                received_at=arrived.received_at,
            )
        if gateway.clock_synced is False and any(_is_set_since(a.event, gateway) for a in some):
            # A time server has set it since the birth. The offset stays for what is still queued.
            gateway = await transaction.change_gateway(gateway, clock_synced=True)
        if offset_s != gateway.clock_offset_s:
            await transaction.change_gateway(gateway, clock_offset_s=offset_s)
            if offset_s is not None and abs(offset_s) >= clocks.NOTEWORTHY_S:
                _log.warning("gateway.clock_wrong", gateway_id=gateway_id, offset_s=offset_s)


def _is_set_since(event: Event, gateway: Gateway) -> bool:
    return event.clock_synced and not event.late and event.boot_id == gateway.boot_id


async def _date(transaction: Transaction, some: list[Arrived]) -> list[_Dated]:
    """Return when events of one gateway happened by the centre's clock."""
    gateway = await _current(transaction, some[0])
    return [
        (
            arrived,
            *clocks.correct(
                arrived.event,
                offset_s=gateway.clock_offset_s,
                boot_id=gateway.boot_id,
                received_at=arrived.received_at,
            ),
        )
        for arrived in some
    ]


async def _current(transaction: Transaction, arrived: Arrived) -> Gateway:
    """Return the gateway as this transaction has changed it meanwhile."""
    return await transaction.gateway(arrived.gateway.address) or arrived.gateway


def _row(arrived: Arrived, happened: datetime, corrected: bool) -> dict[str, Any]:  # noqa: FBT001
    event = arrived.event
    return {
        "event_id": event.event_id,
        "site_id": arrived.gateway.site_id,
        "gateway_id": arrived.gateway.gateway_id,
        "device_id": event.device_id,
        "kind": event.kind,
        "epoch": event.epoch,
        "sequence": event.sequence,
        "occurred_at": happened,
        "occurred_at_corrected": corrected,
        "observed_at": event.observed_at,
        "received_at": arrived.received_at,
        "late": event.late,
        "standing": event.standing,
        "body": arrived.body,
    }


async def _quarantine_faults(
    transaction: Transaction, batches: Sequence[tuple[Gateway, EventBatch]]
) -> None:
    rows = [
        _quarantined(batch, row) for _, batch in batches for row in batch.rows if row.event is None
    ]
    await transaction.quarantine(rows)
    if rows:
        _log.warning("ingest.quarantined", rows=len(rows), reason=rows[0]["reason"])


def _quarantined(batch: EventBatch, row: EventRow) -> dict[str, Any]:
    return {
        "topic_name": batch.received.topic_name,
        "gateway_id": batch.address.gateway_id,
        "epoch": batch.epoch,
        "sequence": row.sequence,
        "reason": row.fault,
        "payload": row.line,
    }


async def _count_as_committed(
    transaction: Transaction,
    batches: Sequence[tuple[Gateway, EventBatch]],
    forked: set[tuple[str, str]],
) -> None:
    whole: dict[tuple[str, str], Ranges] = defaultdict(tuple)
    for gateway, batch in batches:
        key = (gateway.gateway_id, batch.epoch)
        whole[key] += of_sequences(row.sequence for row in batch.rows)
        transaction.acknowledge(gateway.address, batch.epoch, forked=key in forked)
    await committed.add_all(transaction.connection, whole, lane="events")
