"""The outbox against everything that happens to it: loss, crashes, reboots, restores, forks."""

import json
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contracts.batch import decode_batch
from contracts.envelope import decode_event
from contracts.events import OutboxGap
from contracts.ranges import contains, merge, of_sequences
from contracts.state import Ack
from edge_agent.outbox import Lane
from edge_agent.outbox.sending import (
    LaneProgress,
    after_ack,
    after_sending,
    go_back_when_due,
    may_send,
    repeat_after_s,
)
from tests.edge_agent.outbox.gateway import (
    ALL,
    STORE_ID,
    draft,
    epoch_of,
    littering,
    make_clock,
    motion,
    open_store,
)

EVENT_LANES = (Lane.LIVE, Lane.BACKFILL)


class Centre:
    """Commits what reaches it, as ingest does; ids are the conflict key."""

    def __init__(self, store_id: str) -> None:
        self.store_id = store_id
        self.ids: set[str] = set()
        self.committed: dict[str, tuple] = {}
        self.arrived: dict[tuple, int] = {}
        self.dropped = ()

    def commit(self, lane: Lane, payload: bytes) -> None:
        batch = decode_batch(payload)
        for row in batch.rows:
            event = decode_event(row)
            if event.event_id not in self.ids:
                self._first_arrival(lane, event)
            self.ids.add(event.event_id)
            if isinstance(event.data, OutboxGap):
                self._count(event.data.epoch, event.data.ranges)
                self.dropped = merge((*self.dropped, *event.data.ranges))
        self._count(batch.epoch, of_sequences(batch.sequences))

    def _first_arrival(self, lane, event) -> None:
        key = (lane, event.device_id, event.epoch)
        assert event.sequence > self.arrived.get(key, 0), "overtaken within a device and lane"
        self.arrived[key] = event.sequence

    def _count(self, epoch, ranges) -> None:
        self.committed[epoch] = merge((*self.committed.get(epoch, ()), *ranges))


class OutboxMachine(RuleBasedStateMachine):
    """A gateway and a centre with a connection that keeps order but may be cut at any time."""

    max_bytes = 10_000_000

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = make_clock()
        self.boots = 1
        self.restores = 0
        self.centre = Centre(STORE_ID)
        self.numbers: dict[str, int] = {}
        self.open()
        self.store.meet_store(STORE_ID)

    def open(self) -> None:
        boot_id = f"00000000-0000-4000-8000-{self.boots:012}"
        self.store = open_store(self.folder, self.clock, boot_id=boot_id, max_bytes=self.max_bytes)
        self.reconnect()

    def reconnect(self) -> None:
        self.lanes = dict.fromkeys(EVENT_LANES, LaneProgress())
        self.channel: list[tuple[Lane, bytes]] = []

    @rule(device=st.sampled_from(["cam1", "cam2"]), important=st.booleans())
    def observe(self, device, important):
        drafted = draft(self.store, littering() if important else motion("z" * 150), device)

        def observe(entry):
            event_id = entry.record(drafted)
            number = "SELECT sequence FROM event WHERE event_id = ?"
            self.numbers[event_id] = entry.connection.execute(number, (event_id,)).fetchone()[0]

        self.store.write(observe)

    @rule(seconds=st.sampled_from([1, 6, 40, 200]))
    def wait(self, seconds):
        self.clock.advance(seconds)

    @rule(times=st.integers(1, 3))
    def send(self, times):
        for _ in range(times):
            for lane in EVENT_LANES:
                self.send_one(lane)

    def send_one(self, lane) -> None:
        now_s = self.clock.monotonic_s()
        self.lanes[lane] = go_back_when_due(self.lanes[lane], now_s)
        if not may_send(self.lanes[lane], now_s):
            return
        batch = self.store.next_batch(
            lane,
            after=self.lanes[lane].cursor,
            keep_live_from=self.lanes[Lane.LIVE].lowest_in_flight,
        )
        if batch is not None:
            self.lanes[lane] = after_sending(self.lanes[lane], batch.sequences, now_s=now_s)
            self.channel.append((lane, batch.payload))

    @precondition(lambda self: self.channel)
    @rule(count=st.integers(1, 4))
    def arrive(self, count):
        for lane, payload in self.channel[:count]:
            self.centre.commit(lane, payload)
        del self.channel[:count]

    @rule()
    def acknowledge(self):
        epoch = epoch_of(self.store)
        committed = self.centre.committed.get(epoch, ())
        ack = Ack(store_id=self.centre.store_id, epoch=epoch, committed=committed)
        assert not self.store.acknowledge(ack, sent=ALL)
        self.lanes = {lane: after_ack(p, committed) for lane, p in self.lanes.items()}

    @rule()
    def cut(self):
        self.reconnect()

    @rule()
    def crash(self):
        self.store.close()
        self.open()

    @rule()
    def reboot(self):
        self.boots += 1
        self.crash()

    @rule()
    def fork(self):
        ack = Ack(
            store_id=self.centre.store_id, epoch=epoch_of(self.store), committed=(), new_epoch=True
        )
        assert self.store.acknowledge(ack, sent=ALL)
        self.reconnect()

    @rule()
    def restore_from_backup(self):
        """The centre falls back to nothing; the gateway may lose only what it no longer keeps."""
        self.restores += 1
        old = self.centre
        self.centre = Centre(f"11111111-0000-4000-9000-{self.restores:012}")
        kept = self.rows()
        self.centre.ids = {event_id for event_id in old.ids if event_id not in kept}
        self.centre.dropped = old.dropped
        self.store.meet_store(self.centre.store_id)
        self.reconnect()

    def rows(self) -> dict[str, int]:
        return dict(self.store._connection.execute("SELECT event_id, sequence FROM event"))

    def dropped(self):
        """Numbers that a gap event names, here or at the centre."""
        bodies = self.store._connection.execute("SELECT body FROM event WHERE importance = 3")
        ranges = [tuple(r) for (body,) in bodies for r in json.loads(body)["data"]["ranges"]]
        return merge((*self.centre.dropped, *ranges))

    @invariant()
    def nothing_is_lost(self):
        rows, dropped = self.rows(), self.dropped()
        for event_id, sequence in self.numbers.items():
            stored = event_id in rows or event_id in self.centre.ids
            assert stored or contains(dropped, sequence)

    @invariant()
    def unacknowledged_rows_stay(self):
        epoch = epoch_of(self.store)
        committed = self.centre.committed.get(epoch, ())
        marked = self.store._connection.execute(
            "SELECT sequence FROM event WHERE committed_unix_s IS NOT NULL"
        )
        assert all(contains(committed, sequence) for (sequence,) in marked)

    @invariant()
    def bytes_are_counted(self):
        columns = "coalesce(sum(size), 0)"
        (total,) = self.store._connection.execute(f"SELECT {columns} FROM event").fetchone()
        assert self.store._usage.total_bytes == total

    def teardown(self):
        try:
            self.drain()
        finally:
            self.store.close()
            shutil.rmtree(self.folder)

    def drain(self):
        for _ in range(60):
            self.clock.advance(repeat_after_s(10))
            self.send(1)
            if self.channel:
                self.arrive(len(self.channel))
            self.acknowledge()
        assert self.store.depth() == 0
        self.nothing_is_lost()


class SmallOutboxMachine(OutboxMachine):
    """The same with room for a dozen events: what is dropped is named by a gap."""

    max_bytes = 12_000


_SETTINGS = settings(
    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestOutbox = OutboxMachine.TestCase
TestOutbox.settings = _SETTINGS
TestSmallOutbox = SmallOutboxMachine.TestCase
TestSmallOutbox.settings = _SETTINGS
