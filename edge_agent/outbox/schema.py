"""The outbox's tables and how its file is opened; holds no rule about rows."""

import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from edge_agent.outbox.errors import OutboxInUse, is_locked, is_unreadable

_LOCK_WAIT_S = 1.0

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE,
  importance INTEGER NOT NULL,
  size INTEGER NOT NULL,
  boot_id TEXT NOT NULL,
  queued_monotonic_s REAL NOT NULL,
  committed_unix_s REAL,
  body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS event_pending ON event (sequence) WHERE committed_unix_s IS NULL;
CREATE INDEX IF NOT EXISTS event_droppable ON event (importance, sequence)
  WHERE committed_unix_s IS NULL;
CREATE INDEX IF NOT EXISTS event_kept ON event (sequence) WHERE committed_unix_s IS NOT NULL;
CREATE INDEX IF NOT EXISTS event_age ON event (boot_id, queued_monotonic_s);
CREATE TABLE IF NOT EXISTS telemetry (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  size INTEGER NOT NULL,
  body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS upload (
  sha256 TEXT PRIMARY KEY,
  event_id TEXT NOT NULL,
  announced INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS upload_event ON upload (event_id);
CREATE TABLE IF NOT EXISTS condition (
  key TEXT PRIMARY KEY,
  device_id TEXT,
  kind TEXT NOT NULL,
  data TEXT NOT NULL,
  occurred_at TEXT NOT NULL,
  monotonic_s REAL NOT NULL,
  boot_id TEXT NOT NULL,
  clock_synced INTEGER NOT NULL,
  event_id TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS command (
  command_number INTEGER PRIMARY KEY,
  command_id TEXT NOT NULL,
  body BLOB,
  outcome TEXT,
  reason TEXT NOT NULL DEFAULT '',
  result_event_id TEXT
);
CREATE TABLE IF NOT EXISTS playback (
  broadcast_id TEXT NOT NULL,
  loudspeaker_id TEXT NOT NULL,
  command_number INTEGER NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (broadcast_id, loudspeaker_id)
);
"""


def open_file(path: Path) -> tuple[sqlite3.Connection, bool]:
    """Open the outbox file and tell whether an unreadable one had to be set aside.

    One process owns the file: it is locked until closed, and a lock left by a killed process is
    none. The connection may be used from any thread, by one at a time.

    Raises:
        OutboxInUse: another process has it open.
    """
    try:
        return _open(path), False
    except sqlite3.DatabaseError as error:
        if is_locked(error):
            raise OutboxInUse(f"{path} is in use by another agent") from error
        if not is_unreadable(error):
            raise
    aside = uuid4().hex[:8]
    for tail in ("", "-wal"):
        file = path.with_name(path.name + tail)
        if file.exists():
            file.rename(path.with_name(f"{path.name}.unreadable-{aside}{tail}"))
    return _open(path), True


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=_LOCK_WAIT_S
    )
    try:
        _prepare(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    # Exclusive: no shared-memory file, which on a full disk fails in ways SQLite cannot report.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # A log that stays small and keeps its space: on a full disk it must not have to grow.
    connection.execute("PRAGMA wal_autocheckpoint = 256")
    connection.execute("PRAGMA journal_size_limit = -1")
    with closing(connection.execute("PRAGMA quick_check(1)")) as check:
        verdict = check.fetchone()[0]
    if verdict != "ok":
        error = sqlite3.DatabaseError(verdict)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error
    connection.executescript(_TABLES)
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?)", (str(uuid4()),))
