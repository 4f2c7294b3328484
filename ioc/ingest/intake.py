"""The intake: groups what arrives, commits it in one transaction, and only then acknowledges it."""

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codec import encode
from contracts.state import Ack
from contracts.topics import Address, Channel
from ioc.alarms.engine.policy import UNDELAYED_POLICIES, Policies
from ioc.clock import Clock
from ioc.gateways.register import Gateway
from ioc.ingest import committed
from ioc.ingest.bus import Bus, BusUnavailable
from ioc.ingest.events import take_events
from ioc.ingest.lanes import MAX_GROUP_BYTES, MAX_GROUP_MESSAGES, MAX_QUEUED, Lanes
from ioc.ingest.presence import BirthAnswerer, hear_all, take_state
from ioc.ingest.reading import (
    EventBatch,
    Reading,
    StateReading,
    TelemetryBatch,
    Unreadable,
    is_telemetry,
    read,
)
from ioc.ingest.received import Received
from ioc.ingest.telemetry import points_of, take_telemetry
from ioc.ingest.transaction import Transaction
from ioc.rules.running import RunningRules
from ioc.store.engine import Store
from ioc.supervisor import attempt
from ioc.timeseries import SeriesStore

_log = structlog.get_logger(__name__)
_Batch = TypeVar("_Batch", EventBatch, TelemetryBatch)


class Intake:
    """Takes MQTT messages into the store; `deliver` feeds it, the `run_…` tasks work."""

    def __init__(  # noqa: PLR0913 - whatever a transaction may need passes through here
        self,
        *,
        store: Store,
        series: SeriesStore,
        bus: Bus,
        voice: BirthAnswerer,
        clock: Clock,
        policies: Policies = UNDELAYED_POLICIES,
        rules: RunningRules | None = None,
    ) -> None:
        self._rules = rules
        self._policies = policies
        self._store = store
        self._series = series
        self._bus = bus
        self._voice = voice
        self._clock = clock
        self._events = Lanes()
        self._telemetry: asyncio.Queue[Received] = asyncio.Queue(MAX_QUEUED)
        self._deferring: set[str] = set()
        self._acknowledging = asyncio.Lock()

    async def deliver(self, received: Received) -> None:
        """Queue a message; waits while the store is slower than the gateways.

        Neither telemetry nor a backlog makes a live event wait: where their queue is full, their
        gateway sends them again.
        """
        if not is_telemetry(received.topic_name):
            taken = await self._events.put(received)
            self._note_deferring("backlog", deferring=not taken, queued=self._events.late_waiting)
            return
        deferring = self._telemetry.full()
        self._note_deferring("telemetry", deferring=deferring, queued=self._telemetry.qsize())
        if not deferring:
            self._telemetry.put_nowait(received)

    def _note_deferring(self, what: str, *, deferring: bool, queued: int) -> None:
        if deferring and what not in self._deferring:
            _log.warning(f"ingest.{what}_deferred", queued=queued)
        (self._deferring.add if deferring else self._deferring.discard)(what)

    async def run_events(self) -> None:
        """Commit events, births and wills for ever."""
        while True:
            await self.take(await self._events.next_group())

    async def run_telemetry(self) -> None:
        """Commit telemetry for ever."""
        while True:
            await self.take_telemetry(await _next_group(self._telemetry))

    async def take(self, group: Sequence[Received]) -> None:
        """Commit a group of messages in their order, then acknowledge it.

        Where that fails, each message is tried alone, so that one which cannot be taken holds up
        no other: it stays with its gateway, which sends it again.
        """
        readings = [read(received) for received in group]
        if len(readings) == 1 or not await attempt("ingest", lambda: self._commit(readings)):
            for reading in readings:
                await attempt(
                    f"ingest {reading.received.topic_name}", partial(self._commit, [reading])
                )

    async def take_telemetry(self, group: Sequence[Received]) -> None:
        """Write a group's points, then count it as committed, then acknowledge it."""
        readings = [read(received) for received in group]
        async with self._store.read() as connection:
            looking = Transaction(connection, at=self._clock.now())
            known = await _known(looking, [r for r in readings if isinstance(r, TelemetryBatch)])
        await self._series.write(points_of(known))
        async with self._store.begin() as connection:
            transaction = self._transaction(connection)
            await _hear_all(transaction, readings)
            await _keep_unreadable(transaction, readings)
            await take_telemetry(transaction, known)
        await self._acknowledge(transaction)

    def _transaction(self, connection: AsyncConnection) -> Transaction:
        return Transaction(
            connection, at=self._clock.now(), policies=self._policies, rules=self._rules
        )

    async def _commit(self, readings: Sequence[Reading]) -> None:
        async with self._store.begin(swift=True) as connection:
            transaction = self._transaction(connection)
            for kind, some in groupby(readings, type):
                await self._take_some(transaction, kind, list(some))
            await _hear_all(transaction, readings)
            await _keep_unreadable(transaction, readings)
        await self._acknowledge(transaction)

    async def _take_some(
        self, transaction: Transaction, kind: type[Reading], readings: list[Reading]
    ) -> None:
        if kind is EventBatch:
            batches = [r for r in readings if isinstance(r, EventBatch)]
            await take_events(transaction, await _known(transaction, batches))
        for reading in readings:
            if isinstance(reading, StateReading):
                gateway = await transaction.gateway(reading.address)
                if gateway is not None:
                    await take_state(transaction, gateway, reading, voice=self._voice)

    async def _acknowledge(self, transaction: Transaction) -> None:
        """Publish what is committed; unheard acknowledgements are asked for by sending again."""
        async with self._acknowledging:  # else an older one could be retained last
            wanted = transaction.to_acknowledge
            forked = {(str(a.gateway_id), epoch): ends for (a, epoch), ends in wanted.items()}
            async with self._store.read() as connection:
                acks = await committed.acknowledge_all(
                    connection, forked, store_id=self._store.store_id
                )
            # All at once: each waits for the broker, and the next group waits for them.
            async with asyncio.TaskGroup() as group:
                for (address, _), ack in zip(wanted, acks, strict=True):
                    name = f"ack {address.gateway_id}"
                    group.create_task(self._publish(address, ack), name=name)

    async def _publish(self, address: Address, ack: Ack) -> None:
        try:
            await self._bus.publish(address.topic_name(Channel.ACK), encode(ack), retained=True)
        except BusUnavailable as error:
            _log.info("ingest.ack_unsent", gateway_id=address.gateway_id, why=str(error))


async def _next_group(queue: asyncio.Queue[Received]) -> list[Received]:
    group = [await queue.get()]
    size = len(group[0].payload)
    while len(group) < MAX_GROUP_MESSAGES and size < MAX_GROUP_BYTES and not queue.empty():
        group.append(queue.get_nowait())
        size += len(group[-1].payload)
    return group


async def _known(transaction: Transaction, batches: list[_Batch]) -> list[tuple[Gateway, _Batch]]:
    """Return the batches of gateways that were added."""
    pairs = [(await transaction.gateway(batch.address), batch) for batch in batches]
    return [(gateway, batch) for gateway, batch in pairs if gateway is not None]


async def _hear_all(transaction: Transaction, readings: Sequence[Reading]) -> None:
    """Note once per gateway that something came from it; states speak for themselves."""
    batches = [r for r in readings if isinstance(r, EventBatch | TelemetryBatch)]
    addresses = dict.fromkeys(b.address for b in batches if not b.received.retained)
    heard = [await transaction.gateway(address) for address in addresses]
    await hear_all(transaction, [gateway for gateway in heard if gateway is not None])


async def _keep_unreadable(transaction: Transaction, readings: Sequence[Reading]) -> None:
    rows = []
    for reading in readings:
        if isinstance(reading, Unreadable):
            gateway_id, reason = reading.gateway_id, reading.reason
        elif await transaction.gateway(reading.address) is None:
            gateway_id, reason = str(reading.address.gateway_id), "this gateway was never added"
        else:
            continue
        received = reading.received
        if not received.payload:  # a retained state that was cleared
            continue
        row = {"topic_name": received.topic_name, "payload": received.payload}
        rows.append({**row, "gateway_id": gateway_id, "reason": reason})
        _log.warning("ingest.unreadable", topic_name=received.topic_name, reason=reason)
    await transaction.quarantine(rows)
