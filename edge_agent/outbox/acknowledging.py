"""What an acknowledgement does to the outbox's rows; the only place that marks them committed."""

import sqlite3
from uuid import uuid4

from contracts.ranges import Ranges, intersect, last_of, merge, of_sequences
from contracts.state import Ack
from edge_agent.outbox.entry import Entry
from edge_agent.outbox.sending import Sent


def apply(entry: Entry, ack: Ack, *, sent: Sent, now_unix_s: float) -> bool:
    """Mark what the centre has committed; return whether a new epoch began.

    An acknowledgement of another store or epoch says nothing about the rows here. One that names
    more than was ever numbered, or that says so itself, means that another copy of this outbox
    was used: everything is then sent again under a new epoch, ids unchanged. Rows that were not
    sent count as unacknowledged whatever it names: the other copy's stood in their place.
    """
    if ack.store_id != entry.meta("store_id"):
        return False
    is_ours = ack.epoch == entry.epoch
    if is_ours and (ack.new_epoch or last_of(ack.committed) > _highest(entry, "event")):
        _begin_epoch(entry)
        return True
    if ack.telemetry is not None and ack.telemetry.epoch == entry.epoch:
        if last_of(ack.telemetry.committed) > _highest(entry, "telemetry"):
            _begin_epoch(entry)
            return True
        _delete_telemetry(entry, intersect(merge(ack.telemetry.committed), sent.telemetry))
    if is_ours:
        _mark_events(entry, intersect(merge(ack.committed), sent.events), now_unix_s)
    return False


def meet_store(entry: Entry, store_id: str) -> bool:
    """Remember the centre's store; return whether it changed, so that kept rows go again."""
    known = entry.meta("store_id")
    if known == store_id:
        return False
    entry.set_meta("store_id", store_id)
    if known is None:
        return False
    _unmark_all(entry)
    return True


def pending(connection: sqlite3.Connection) -> Ranges:
    """Return the sequences of the events that wait for the centre."""
    rows = connection.execute(
        "SELECT sequence FROM event WHERE committed_unix_s IS NULL ORDER BY sequence"
    )
    return of_sequences(row[0] for row in rows)


def _begin_epoch(entry: Entry) -> None:
    entry.set_meta("epoch", str(uuid4()))
    _unmark_all(entry)


def _unmark_all(entry: Entry) -> None:
    entry.connection.execute(
        "UPDATE event SET committed_unix_s = NULL WHERE committed_unix_s IS NOT NULL"
    )
    entry.usage.pending_bytes += entry.usage.kept_bytes
    entry.usage.kept_bytes = 0


def _highest(entry: Entry, table: str) -> int:
    row = entry.connection.execute(
        "SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)
    ).fetchone()
    return 0 if row is None else int(row[0])


def _mark_events(entry: Entry, committed: Ranges, now_unix_s: float) -> None:
    row = entry.connection.execute(
        "SELECT min(sequence) FROM event WHERE committed_unix_s IS NULL"
    ).fetchone()
    if row[0] is None:
        return
    for first, last in committed:
        if last >= row[0]:
            _mark_range(entry, max(first, row[0]), last, now_unix_s)


def _mark_range(entry: Entry, first: int, last: int, now_unix_s: float) -> None:
    within = "committed_unix_s IS NULL AND sequence BETWEEN ? AND ?"
    (size,) = entry.connection.execute(
        f"SELECT coalesce(sum(size), 0) FROM event WHERE {within}",  # noqa: S608 -- a constant
        (first, last),
    ).fetchone()
    entry.connection.execute(
        "UPDATE upload SET announced = 1 WHERE event_id IN (SELECT event_id FROM event"  # noqa: S608
        f" WHERE {within})",
        (first, last),
    )
    entry.connection.execute(
        f"UPDATE event SET committed_unix_s = ? WHERE {within}",  # noqa: S608 -- a constant
        (now_unix_s, first, last),
    )
    entry.usage.pending_bytes -= size
    entry.usage.kept_bytes += size


def _delete_telemetry(entry: Entry, committed: Ranges) -> None:
    for first, last in committed:
        within = (first, last)
        (size,) = entry.connection.execute(
            "SELECT coalesce(sum(size), 0) FROM telemetry WHERE sequence BETWEEN ? AND ?", within
        ).fetchone()
        entry.connection.execute("DELETE FROM telemetry WHERE sequence BETWEEN ? AND ?", within)
        entry.usage.telemetry_bytes -= size
