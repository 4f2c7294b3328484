"""The outbox's file: transactions, batches to send, acknowledgements.

Blocking; one thread at a time. Decides neither when to send nor what is dropped first.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from contracts.envelope import source_of
from contracts.ranges import Ranges
from contracts.state import Ack
from contracts.topics import Address
from edge_agent.outbox import acknowledging, eviction, schema
from edge_agent.outbox.batches import next_event_batch, next_telemetry_batch
from edge_agent.outbox.disk_space import DiskSpace
from edge_agent.outbox.drafts import OutboxBatch
from edge_agent.outbox.entry import Entry
from edge_agent.outbox.errors import OutboxUnwritable, is_disk_full
from edge_agent.outbox.importance import Bounds, Usage
from edge_agent.outbox.sending import Lane, Sent
from edge_agent.timekeeping import Timekeeper

Result = TypeVar("Result")

_ROOM_BYTES = 262_144
"""Freed at once on a full disk."""


class OutboxStore:
    """Everything the gateway must not forget; see `Entry` for what a transaction may do."""

    def __init__(
        self, path: Path, *, address: Address, timekeeper: Timekeeper, bounds: Bounds
    ) -> None:
        self.bounds = bounds
        self.timekeeper = timekeeper
        self._source = source_of(address)
        self._lock = threading.Lock()
        self._connection, was_unreadable = schema.open_file(path)
        self._usage = self._measure()
        self._space = DiskSpace(path, self._connection)
        if was_unreadable:
            self.write(
                lambda entry: eviction.record_gap(entry, [], telemetry_rows=0, reason="unreadable")
            )

    def close(self) -> None:
        """Close the file; what was committed stays."""
        self._connection.close()

    def write(self, work: Callable[[Entry], Result]) -> Result:
        """Run `work` in one transaction, durable on return; it may run twice on a full disk.

        Raises:
            OutboxUnwritable: the disk is full and nothing is left to drop.
        """
        with self._lock:
            self._space.mind()
            remedies = (None, self._make_room_on_disk, self._space.release, self._make_room_on_disk)
            for remedy in remedies:
                try:
                    if remedy is not None:
                        remedy()
                    return self._transact(work)
                except sqlite3.OperationalError as error:
                    if not is_disk_full(error):
                        raise
            raise OutboxUnwritable("the disk of the outbox is full and nothing more can be dropped")

    def read(self, work: Callable[[Entry], Result]) -> Result:
        """Return what `work` reads; it must not write."""
        with self._lock:
            return work(self._entry())

    def next_batch(
        self, lane: Lane, *, after: int, keep_live_from: int | None
    ) -> OutboxBatch | None:
        """Return the next batch of a lane above a sequence, or None.

        `keep_live_from` holds rows from that sequence on in the live lane although they have
        become late: they are under way there.
        """
        with self._lock:
            epoch = self._entry().epoch
            if lane is Lane.TELEMETRY:
                return next_telemetry_batch(self._connection, epoch=epoch, after=after)
            return next_event_batch(
                self._connection,
                epoch=epoch,
                lane=lane,
                after=after,
                keep_live_from=keep_live_from,
                fresh=(
                    self.timekeeper.boot_id,
                    self.timekeeper.clock.monotonic_s() - self.bounds.late_after_s,
                ),
            )

    def acknowledge(self, ack: Ack, *, sent: Sent) -> bool:
        """Apply what the centre has committed; return whether a new epoch began."""
        return self.write(
            lambda entry: acknowledging.apply(
                entry, ack, sent=sent, now_unix_s=self.timekeeper.clock.now().timestamp()
            )
        )

    def meet_store(self, store_id: str) -> bool:
        """Learn which store the centre writes to; return whether kept rows are sent again."""
        return self.write(lambda entry: acknowledging.meet_store(entry, store_id))

    def pending(self) -> Ranges:
        """Return the sequences that still wait for the centre."""
        with self._lock:
            return acknowledging.pending(self._connection)

    def depth(self) -> int:
        """Return how many events and telemetry rows wait for the centre."""
        with self._lock:
            row = self._connection.execute(
                "SELECT (SELECT count(*) FROM event WHERE committed_unix_s IS NULL)"
                " + (SELECT count(*) FROM telemetry)"
            ).fetchone()
            return int(row[0])

    def _entry(self) -> Entry:
        usage = Usage(
            pending_bytes=self._usage.pending_bytes,
            kept_bytes=self._usage.kept_bytes,
            telemetry_bytes=self._usage.telemetry_bytes,
        )
        return Entry(
            self._connection,
            source=self._source,
            timekeeper=self.timekeeper,
            usage=usage,
        )

    def _transact(self, work: Callable[[Entry], Result]) -> Result:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            entry = self._entry()
            result = work(entry)
            self._keep_within_bounds(entry)
            self._connection.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself after some errors.
            with suppress(sqlite3.OperationalError):
                self._connection.execute("ROLLBACK")
            raise
        self._usage = entry.usage
        return result

    def _keep_within_bounds(self, entry: Entry) -> None:
        kept_excess = self.bounds.kept_excess_bytes(entry.usage)
        if kept_excess:
            eviction.drop_kept(entry, kept_excess)
        excess = self.bounds.excess_bytes(entry.usage)
        if excess:
            eviction.make_room(entry, bytes_wanted=excess, reason="full")

    def _make_room_on_disk(self) -> None:
        self._transact(
            lambda entry: eviction.make_room_on_disk(
                entry, bytes_wanted=_ROOM_BYTES, reason="disk_full"
            )
        )

    def _measure(self) -> Usage:
        events = self._connection.execute(
            "SELECT coalesce(sum(size) FILTER (WHERE committed_unix_s IS NULL), 0),"
            " coalesce(sum(size) FILTER (WHERE committed_unix_s IS NOT NULL), 0) FROM event"
        ).fetchone()
        telemetry = self._connection.execute(
            "SELECT coalesce(sum(size), 0) FROM telemetry"
        ).fetchone()
        return Usage(pending_bytes=events[0], kept_bytes=events[1], telemetry_bytes=telemetry[0])
