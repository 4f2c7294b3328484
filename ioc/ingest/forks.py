"""Gateways of which there are two: a copy, or an outbox put back from one; people are told."""

from collections.abc import Iterable

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms import AlarmKind, Occurrence, Raise, raise_alarm
from ioc.gateways.register import Gateway
from ioc.ingest.transaction import Transaction
from ioc.store.tables import committed_ranges

_log = structlog.get_logger(__name__)


async def report_fork(transaction: Transaction, gateway: Gateway, epoch: str) -> None:
    """Raise the alarm that another device sends under a gateway's name; once for each epoch."""
    effect = Raise(
        kind=AlarmKind.GATEWAY_FORKED,
        object_id=gateway.gateway_id,
        device_id=None,
        part_id=epoch,
        facts={"reason": "forked"},
    )
    occurrence = Occurrence(
        gateway_id=gateway.gateway_id,
        area_id=gateway.area_id,
        occurred_at=transaction.at,
        at=transaction.at,
        policies=transaction.policies,
    )
    await raise_alarm(transaction.connection, effect, occurrence)


async def report_forks(
    transaction: Transaction, gateways: Iterable[Gateway], forked: Iterable[tuple[str, str]]
) -> None:
    """Raise the alarm for every (gateway id, epoch) in which a number was given twice."""
    known = {gateway.gateway_id: gateway for gateway in gateways}
    for gateway_id, epoch in sorted(forked):
        await report_fork(transaction, known[gateway_id], epoch)


async def note_epoch(transaction: Transaction, gateway: Gateway, epoch: str) -> None:
    """Report a birth that goes back to an epoch which its gateway had left.

    A gateway never does that by itself: two that take turns do, and one whose disk was put back.
    """
    if gateway.epoch in (None, epoch):
        return
    if await _is_known(transaction.connection, gateway.gateway_id, epoch):
        _log.error("gateway.went_back", gateway_id=gateway.gateway_id, epoch=epoch)
        await report_fork(transaction, gateway, epoch)


async def _is_known(connection: AsyncConnection, gateway_id: str, epoch: str) -> bool:
    ranges = select(committed_ranges.c.first).filter_by(gateway_id=gateway_id, epoch=epoch)
    return (await connection.execute(ranges.limit(1))).first() is not None
