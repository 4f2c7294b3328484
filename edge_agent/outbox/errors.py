"""The outbox's errors; those of SQLite are told apart here.

OutboxError
├── OutboxUnwritable   the operator must free space; tried again until then
└── OutboxInUse        the operator must end the other agent
"""

import sqlite3


class OutboxError(Exception):
    """The gateway's memory cannot be used."""


class OutboxUnwritable(OutboxError):
    """The disk takes nothing more even after dropping what may be dropped; free space on it."""


class OutboxInUse(OutboxError):
    """Two agents run with the same data folder; end one of them."""


def is_disk_full(error: sqlite3.Error) -> bool:
    """Tell whether SQLite failed for want of space."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def is_unreadable(error: sqlite3.Error) -> bool:
    """Tell whether the file is damaged or no database."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_locked(error: sqlite3.Error) -> bool:
    """Tell whether another process holds the file."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY
