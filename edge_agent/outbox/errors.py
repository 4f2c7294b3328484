"""The outbox's errors; translates those of SQLite once."""

import sqlite3


class OutboxUnwritable(Exception):
    """The disk takes nothing more even after dropping what may be dropped; free space on it."""


def is_disk_full(error: sqlite3.Error) -> bool:
    """Tell whether SQLite failed for want of space."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def is_unreadable(error: sqlite3.Error) -> bool:
    """Tell whether the file is damaged or no database."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
