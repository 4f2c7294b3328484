"""One open transaction of the outbox: what may be written together, all or nothing.

Begins and ends no transaction itself.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import uuid4

from pydantic import TypeAdapter

from contracts.codec import encode
from contracts.envelope import Event
from contracts.events import EVENT_KINDS, KIND_OF, EventData
from contracts.ids import uuid7
from contracts.telemetry import TelemetryRow
from edge_agent.outbox.drafts import Condition, Draft
from edge_agent.outbox.importance import ROW_OVERHEAD_BYTES, Usage, importance_of
from edge_agent.timekeeping import Moment, Timekeeper

_MOMENT = TypeAdapter(Moment)
_ALIVE = "alive"
_COMPLETED_WHEN_SENT = {"epoch", "sequence", "late"}


class Entry:
    """The only way to write into the outbox; valid inside the function it is handed to."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        source: str,
        timekeeper: Timekeeper,
        usage: Usage,
    ) -> None:
        self.connection = connection
        self.timekeeper = timekeeper
        self.usage = usage
        self._source = source

    @property
    def epoch(self) -> str:
        """The epoch that this outbox's numbers belong to."""
        return self.meta("epoch") or ""

    def meta(self, name: str) -> str | None:
        """Return a stored value by its name."""
        row = self.connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, name: str, value: str) -> None:
        """Store a value by its name."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def note_alive(self) -> None:
        """Remember the present as the last moment at which this gateway is known to have run."""
        self.set_meta(_ALIVE, _MOMENT.dump_json(self.timekeeper.moment()).decode())

    def last_alive(self) -> Moment | None:
        """Return the moment noted last, perhaps of an earlier run or boot."""
        noted = self.meta(_ALIVE)
        return None if noted is None else _MOMENT.validate_json(noted)

    def record(self, draft: Draft) -> str:
        """Number an event and queue it; return its id."""
        now = self.timekeeper.clock.now()
        event_id = str(uuid7(int(now.timestamp() * 1_000), os.urandom(10)))
        body = self._body(draft, event_id=event_id, observed_at=now)
        size = len(body) + ROW_OVERHEAD_BYTES
        self.connection.execute(
            "INSERT INTO event (event_id, importance, size, boot_id, queued_monotonic_s, body)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                event_id,
                importance_of(KIND_OF[type(draft.data)]),
                size,
                self.timekeeper.boot_id,
                self.timekeeper.clock.monotonic_s(),
                body,
            ),
        )
        self.usage.pending_bytes += size
        self.connection.executemany(
            "INSERT OR IGNORE INTO upload (sha256, event_id) VALUES (?, ?)",
            [(sha256, event_id) for sha256 in draft.evidence_hashes],
        )
        return event_id

    def record_telemetry(self, row: TelemetryRow) -> None:
        """Number a row of samples and queue it."""
        body = encode(row)
        size = len(body) + ROW_OVERHEAD_BYTES
        self.connection.execute("INSERT INTO telemetry (size, body) VALUES (?, ?)", (size, body))
        self.usage.telemetry_bytes += size

    def state_condition(self, key: str, draft: Draft) -> str:
        """Record the event that says a condition holds, and remember the condition."""
        event_id = self.record(draft)
        self.note_alive()
        moment = draft.moment
        self.connection.execute(
            "INSERT OR REPLACE INTO condition VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key,
                draft.device_id,
                KIND_OF[type(draft.data)],
                draft.data.model_dump_json(),
                moment.occurred_at.isoformat(),
                moment.monotonic_s,
                moment.boot_id,
                moment.clock_synced,
                event_id,
            ),
        )
        return event_id

    def end_condition(self, key: str) -> None:
        """Forget a condition; the caller records the event that ends it."""
        self.connection.execute("DELETE FROM condition WHERE key = ?", (key,))

    def condition(self, key: str) -> Condition | None:
        """Return a condition if it holds."""
        row = self.connection.execute("SELECT * FROM condition WHERE key = ?", (key,)).fetchone()
        return None if row is None else _condition(row)

    def conditions(self) -> Iterator[Condition]:
        """Yield every condition that holds, oldest first."""
        rows = self.connection.execute("SELECT * FROM condition ORDER BY occurred_at").fetchall()
        for row in rows:
            yield _condition(row)

    def restate_conditions(
        self, *, fresh_within_s: float, has_evidence: Callable[[str], bool]
    ) -> int:
        """Record every condition again as standing; return how many.

        One whose last event is still on its way, and so young that it cannot become late, is left
        out: it would be told twice.
        """
        restated = 0
        for condition in self.conditions():
            if self._is_under_way(condition.event_id, fresh_within_s):
                continue
            hashes = tuple(h for h in evidence_hashes_of(condition.draft.data) if has_evidence(h))
            draft = Draft(
                data=condition.draft.data,
                moment=condition.draft.moment,
                device_id=condition.draft.device_id,
                standing=True,
                evidence_hashes=hashes,
            )
            event_id = self.record(draft)
            self.connection.execute(
                "UPDATE condition SET event_id = ? WHERE key = ?", (event_id, condition.key)
            )
            restated += 1
        return restated

    def _is_under_way(self, event_id: str, fresh_within_s: float) -> bool:
        found = self.connection.execute(
            "SELECT 1 FROM event WHERE event_id = ? AND committed_unix_s IS NULL"
            " AND boot_id = ? AND queued_monotonic_s >= ?",
            (
                event_id,
                self.timekeeper.boot_id,
                self.timekeeper.clock.monotonic_s() - fresh_within_s,
            ),
        ).fetchone()
        return found is not None

    def is_pending(self, event_id: str | None) -> bool:
        """Tell whether an event still waits for the centre."""
        found = self.connection.execute(
            "SELECT 1 FROM event WHERE event_id = ? AND committed_unix_s IS NULL", (event_id,)
        ).fetchone()
        return found is not None

    def _body(self, draft: Draft, *, event_id: str, observed_at: datetime) -> bytes:
        event = Event(
            event_id=event_id,
            source=self._source,
            device_id=draft.device_id,
            kind=KIND_OF[type(draft.data)],
            occurred_at=draft.moment.occurred_at,
            observed_at=observed_at,
            boot_id=draft.moment.boot_id,
            monotonic_s=draft.moment.monotonic_s,
            clock_synced=draft.moment.clock_synced,
            standing=draft.standing,
            # Placeholders, so that the whole is validated; what is sent gets the real values.
            epoch=str(uuid4()),
            sequence=1,
            data=draft.data,
        )
        return event.model_dump_json(by_alias=True, exclude=_COMPLETED_WHEN_SENT).encode()


def evidence_hashes_of(data: EventData) -> tuple[str, ...]:
    """Return the hashes of the pictures an event names."""
    return tuple(picture.sha256 for picture in getattr(data, "pictures", ()))


def _condition(row: tuple[str, str | None, str, str, str, float, str, int, str]) -> Condition:
    key, device_id, kind, data, occurred_at, monotonic_s, boot_id, clock_synced, event_id = row
    moment = Moment(
        occurred_at=datetime.fromisoformat(occurred_at),
        monotonic_s=monotonic_s,
        boot_id=boot_id,
        clock_synced=bool(clock_synced),
    )
    fields = EVENT_KINDS[kind].model_validate_json(data)
    draft = Draft(data=fields, moment=moment, device_id=device_id)
    return Condition(key=key, draft=draft, event_id=event_id)
