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
from ioc.ingest.listening import Listening
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
from ioc.store.faults import StoreUnavailable
from ioc.supervisor import Work, attempt
from ioc.timeseries import SeriesStore, SeriesUnavailable

AWAY_RETRY_S = 1.0
"""Between attempts while the database cannot be used."""

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
        listening: Listening | None = None,
    ) -> None:
        self._rules = rules
        self._listening = listening or Listening(clock)
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
        """Commit events, births and wills for ever.

        While a group is committed the next is read and the one before acknowledged: much of a
        commit is waiting for the disk, and all of an acknowledgement is waiting for the broker.
        """
        readings: asyncio.Queue[Sequence[Reading]] = asyncio.Queue(1)
        transactions: asyncio.Queue[Sequence[Transaction]] = asyncio.Queue(1)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read_on(readings), name="read events")
            tasks.create_task(self._commit_on(readings, transactions), name="commit events")
            tasks.create_task(self._acknowledge_on(transactions), name="acknowledge events")

    async def _read_on(self, readings: asyncio.Queue[Sequence[Reading]]) -> None:
        while True:
            await readings.put(await _read_all(await self._events.next_group()))
            # One group ahead and no more: what is live must not wait behind what was late.
            await readings.join()

    async def _commit_on(
        self,
        readings: asyncio.Queue[Sequence[Reading]],
        transactions: asyncio.Queue[Sequence[Transaction]],
    ) -> None:
        while True:
            group = await readings.get()
            readings.task_done()
            await transactions.put(await self._commit_all(group))

    async def _acknowledge_on(self, transactions: asyncio.Queue[Sequence[Transaction]]) -> None:
        while True:
            await self._acknowledge_all(await transactions.get())

    async def _acknowledge_all(self, transactions: Sequence[Transaction]) -> None:
        for transaction in transactions:
            work = partial(self._acknowledge, transaction)
            await attempt("acknowledge", partial(self._outlast, work))

    async def run_telemetry(self) -> None:
        """Commit telemetry for ever."""
        while True:
            group = await _next_group(self._telemetry)
            try:
                await self.take_telemetry(group)
            except StoreUnavailable as error:
                self._listening.hindered("store", reason=str(error))
                raise
            self._listening.freed("store")

    async def take(self, group: Sequence[Received]) -> None:
        """Commit a group of messages in their order, then acknowledge it."""
        await self._acknowledge_all(await self._commit_all(await _read_all(group)))

    async def _commit_all(self, readings: Sequence[Reading]) -> Sequence[Transaction]:
        """Commit a group; return what is to be acknowledged.

        Where that fails, each message is tried alone, so that one which cannot be taken holds up
        no other: it stays with its gateway, which sends it again. While the database cannot be used
        at all the group waits here: nobody repeats a birth.
        """
        done: list[Transaction] = []
        whole = partial(self._commit, readings, done)
        if len(readings) == 1 or not await attempt("ingest", partial(self._outlast, whole)):
            for reading in readings:
                alone = partial(self._commit, [reading], done)
                name = f"ingest {reading.received.topic_name}"
                await attempt(name, partial(self._outlast, alone))
        return done

    async def _outlast(self, work: Work) -> None:
        """Do what needs the database, again and again while that cannot be used."""
        while True:
            try:
                await work()
            except StoreUnavailable as error:
                self._listening.hindered("store", reason=str(error))
            else:
                self._listening.freed("store")
                return
            await self._clock.sleep(AWAY_RETRY_S)

    async def take_telemetry(self, group: Sequence[Received]) -> None:
        """Write a group's points, then count it as committed, then acknowledge it."""
        readings = [read(received) for received in group]
        async with self._store.read() as connection:
            looking = Transaction(connection, at=self._clock.now())
            known = await _known(looking, [r for r in readings if isinstance(r, TelemetryBatch)])
        try:
            await self._series.write(points_of(known))
        except SeriesUnavailable:
            # Whatever becomes of its measurements, the gateway is there.
            async with self._store.begin() as connection:
                await _hear_all(self._transaction(connection), readings)
            raise
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

    async def _commit(self, readings: Sequence[Reading], done: list[Transaction]) -> None:
        async with self._store.begin(swift=True) as connection:
            transaction = self._transaction(connection)
            await transaction.look_up(
                reading.address for reading in readings if not isinstance(reading, Unreadable)
            )
            for kind, some in groupby(readings, type):
                await self._take_some(transaction, kind, list(some))
            await _hear_all(transaction, readings)
            await _keep_unreadable(transaction, readings)
        done.append(transaction)

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


async def _read_all(group: Sequence[Received]) -> list[Reading]:
    readings = []
    for received in group:
        readings.append(read(received))
        await asyncio.sleep(0)  # a group takes tens of milliseconds: others go on between
    return readings


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
