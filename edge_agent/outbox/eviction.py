"""Making room: committed rows first, then telemetry, then the least important events.

Whatever the centre has not committed is dropped only together with the gap event that says so.
"""

from collections.abc import Callable, Iterator
from typing import Literal

from contracts.events import OutboxGap
from edge_agent.outbox.drafts import Draft
from edge_agent.outbox.entry import Entry
from edge_agent.outbox.importance import Importance, gap_chunks, take_until

GapReason = Literal["full", "disk_full", "unreadable"]

_CHUNK_ROWS = 200
_DROPPABLE = (Importance.MOTION, Importance.OPERATION, Importance.INCIDENT)
_FREE_PAGES = "PRAGMA freelist_count"


def make_room(entry: Entry, *, bytes_wanted: int, reason: GapReason) -> None:
    """Free `bytes_wanted` of the outbox's bound."""
    target = entry.usage.total_bytes - bytes_wanted
    _evict(entry, reason=reason, missing=lambda: entry.usage.total_bytes - target)


def make_room_on_disk(entry: Entry, *, bytes_wanted: int, reason: GapReason) -> None:
    """Free pages of the file, for a disk on which it cannot grow."""
    page_bytes: int = entry.connection.execute("PRAGMA page_size").fetchone()[0]
    before: int = entry.connection.execute(_FREE_PAGES).fetchone()[0]

    def missing() -> int:
        free: int = entry.connection.execute(_FREE_PAGES).fetchone()[0]
        return bytes_wanted - (free - before) * page_bytes

    _evict(entry, reason=reason, missing=missing)


def drop_kept(entry: Entry, bytes_wanted: int) -> None:
    """Delete the oldest rows that the centre has committed."""
    _drop_kept_until(entry, _falling(entry, bytes_wanted))


def drop_kept_before(entry: Entry, unix_s: float) -> None:
    """Delete rows committed before an instant."""
    rows = entry.connection.execute(
        "SELECT sequence, size FROM event WHERE committed_unix_s < ?", (unix_s,)
    ).fetchall()
    _delete_kept(entry, rows)


def record_gap(entry: Entry, dropped: list[int], *, telemetry_rows: int, reason: GapReason) -> None:
    """Record what was dropped, in as many events as its ranges need."""
    chunks = list(gap_chunks(dropped)) or [()]
    for index, ranges in enumerate(chunks):
        gap = OutboxGap(
            epoch=entry.epoch,
            ranges=ranges,
            events=sum(last - first + 1 for first, last in ranges),
            telemetry_rows=telemetry_rows if index == 0 else 0,
            reason=reason,
        )
        entry.record(Draft(data=gap, moment=entry.timekeeper.moment()))


def _evict(entry: Entry, *, reason: GapReason, missing: Callable[[], int]) -> None:
    _drop_kept_until(entry, missing)
    telemetry_rows = _drop_telemetry_until(entry, missing)
    dropped = list(_drop_events_until(entry, missing))
    if telemetry_rows or dropped:
        record_gap(entry, dropped, telemetry_rows=telemetry_rows, reason=reason)


def _falling(entry: Entry, bytes_wanted: int) -> Callable[[], int]:
    target = entry.usage.total_bytes - bytes_wanted
    return lambda: entry.usage.total_bytes - target


def _drop_kept_until(entry: Entry, missing: Callable[[], int]) -> None:
    while (wanted := missing()) > 0:
        rows = entry.connection.execute(
            "SELECT sequence, size FROM event WHERE committed_unix_s IS NOT NULL"
            " ORDER BY sequence LIMIT ?",
            (_CHUNK_ROWS,),
        ).fetchall()
        if not rows:
            return
        _delete_kept(entry, take_until(rows, wanted))


def _delete_kept(entry: Entry, rows: list[tuple[int, int]]) -> None:
    entry.connection.executemany("DELETE FROM event WHERE sequence = ?", [row[:1] for row in rows])
    entry.usage.kept_bytes -= sum(size for _, size in rows)


def _drop_telemetry_until(entry: Entry, missing: Callable[[], int]) -> int:
    dropped = 0
    while (wanted := missing()) > 0:
        rows = entry.connection.execute(
            "SELECT sequence, size FROM telemetry ORDER BY sequence LIMIT ?", (_CHUNK_ROWS,)
        ).fetchall()
        if not rows:
            break
        taken = take_until(rows, wanted)
        entry.connection.execute("DELETE FROM telemetry WHERE sequence <= ?", (taken[-1][0],))
        entry.usage.telemetry_bytes -= sum(size for _, size in taken)
        dropped += len(taken)
    return dropped


def _drop_events_until(entry: Entry, missing: Callable[[], int]) -> Iterator[int]:
    for importance in _DROPPABLE:
        while (wanted := missing()) > 0:
            rows = entry.connection.execute(
                "SELECT sequence, size FROM event WHERE committed_unix_s IS NULL"
                " AND importance = ? ORDER BY sequence LIMIT ?",
                (importance, _CHUNK_ROWS),
            ).fetchall()
            if not rows:
                break
            taken = take_until(rows, wanted)
            _delete_pending(entry, taken)
            yield from (sequence for sequence, _ in taken)


def _delete_pending(entry: Entry, rows: list[tuple[int, int]]) -> None:
    keys = [row[:1] for row in rows]
    # A picture whose announcement is dropped would be refused by the centre.
    entry.connection.executemany(
        "DELETE FROM upload WHERE announced = 0 AND event_id ="
        " (SELECT event_id FROM event WHERE sequence = ?)",
        keys,
    )
    entry.connection.executemany("DELETE FROM event WHERE sequence = ?", keys)
    entry.usage.pending_bytes -= sum(size for _, size in rows)
