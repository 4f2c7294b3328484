"""Rows of the outbox as payloads of at most 64 KB, completed as they are sent; read only."""

import sqlite3
from collections.abc import Iterator
from typing import Any

from contracts.batch import MAX_BATCH_BYTES, MAX_BATCH_ROWS, encode_batch
from edge_agent.outbox.drafts import OutboxBatch
from edge_agent.outbox.sending import Lane

_HEADER_BYTES = 80
Freshness = tuple[str, float]
"""The present boot, and the monotonic second before which a row of it is late."""


def next_telemetry_batch(
    connection: sqlite3.Connection, *, epoch: str, after: int
) -> OutboxBatch | None:
    """Return the oldest telemetry rows above `after`, or None."""
    rows = connection.execute(
        "SELECT sequence, body FROM telemetry WHERE sequence > ? ORDER BY sequence LIMIT ?",
        (after, MAX_BATCH_ROWS),
    )
    return _fill(epoch, rows)


def next_event_batch(
    connection: sqlite3.Connection,
    *,
    epoch: str,
    lane: Lane,
    after: int,
    keep_live_from: int | None,
    fresh: Freshness,
) -> OutboxBatch | None:
    """Return the oldest pending rows of a lane above `after`, or None.

    Rows are queued in the order of their sequences, so those that are late are the lowest ones.
    """
    live_from = _first_fresh(connection, fresh)
    if keep_live_from is not None:
        live_from = min(live_from, keep_live_from)
    low, high = (
        (max(after + 1, live_from), 2**63 - 1) if lane is Lane.LIVE else (after + 1, live_from - 1)
    )
    rows = connection.execute(
        "SELECT sequence, body, boot_id, queued_monotonic_s FROM event"
        " WHERE committed_unix_s IS NULL AND sequence BETWEEN ? AND ? ORDER BY sequence LIMIT ?",
        (low, high, MAX_BATCH_ROWS),
    )
    return _fill(epoch, _completed(rows, epoch, fresh))


def _first_fresh(connection: sqlite3.Connection, fresh: Freshness) -> int:
    row = connection.execute(
        "SELECT sequence FROM event WHERE boot_id = ? AND queued_monotonic_s >= ?"
        " ORDER BY queued_monotonic_s, sequence LIMIT 1",
        fresh,
    ).fetchone()
    return 2**63 - 1 if row is None else int(row[0])


def _completed(rows: Any, epoch: str, fresh: Freshness) -> Iterator[tuple[int, bytes]]:  # noqa: ANN401
    boot_id, fresh_from_s = fresh
    for sequence, body, row_boot_id, queued_s in rows:
        late = row_boot_id != boot_id or queued_s < fresh_from_s
        tail = f',"epoch":"{epoch}","sequence":{sequence},"late":{"true" if late else "false"}}}'
        yield sequence, body[:-1] + tail.encode()


def _fill(epoch: str, rows: Any) -> OutboxBatch | None:  # noqa: ANN401
    sequences: list[int] = []
    lines: list[bytes] = []
    left = MAX_BATCH_BYTES - _HEADER_BYTES
    for sequence, line in rows:
        left -= len(line) + len(str(sequence)) + 2
        if lines and left < 0:
            break
        sequences.append(sequence)
        lines.append(line)
    if not lines:
        return None
    return OutboxBatch(sequences=tuple(sequences), payload=encode_batch(epoch, sequences, lines))
