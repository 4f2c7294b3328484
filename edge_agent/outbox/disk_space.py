"""How the outbox lives on a disk that fills up: it stops growing in time and holds a reserve.

Once the file may not grow, a transaction that needs room fails before it is written, and dropping
rows makes that room inside the file. Decides nothing about rows.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

LOW_BYTES = 8_000_000
"""With less than this free the file stops growing; what is left is the log's."""
PLENTY_BYTES = 2 * LOW_BYTES
RESERVE_BYTES = 2_097_152
"""More than the log holds, so that a checkpoint succeeds after others filled the disk."""
_NO_LIMIT = 4_294_967_294
"""SQLite's own bound of `max_page_count`."""


class DiskSpace:
    """The free space around one outbox file."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._folder = path.parent
        self._reserve = path.with_suffix(".reserve")
        self._connection = connection
        self._is_low = False
        self.mind()

    def mind(self) -> None:
        """Stop the file from growing when space is low, let it grow again when there is plenty."""
        free_bytes = self._free_bytes()
        if not self._is_low and free_bytes < LOW_BYTES:
            self._is_low = True
            (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
            self._connection.execute(f"PRAGMA max_page_count = {int(pages)}")
            log.error("disk almost full: the outbox stops growing", free_bytes=free_bytes)
        elif self._is_low and free_bytes > PLENTY_BYTES:
            self._is_low = False
            self._connection.execute(f"PRAGMA max_page_count = {_NO_LIMIT}")
            log.info("disk has space again: the outbox may grow")
        if not self._is_low and not self._reserve.exists():
            self._fill_reserve()

    def release(self) -> None:
        """Give the reserve to the log and bring the log into the file."""
        self._reserve.unlink(missing_ok=True)
        # A checkpoint that finds no room leaves the log as it is; nothing is lost.
        with suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA wal_checkpoint(RESTART)")

    def _free_bytes(self) -> int:
        disk = os.statvfs(self._folder)
        return disk.f_bavail * disk.f_frsize

    def _fill_reserve(self) -> None:
        try:
            self._reserve.write_bytes(bytes(RESERVE_BYTES))
        except OSError:
            self._reserve.unlink(missing_ok=True)
