"""Restores a backup into an empty place; the centre that wakes there knows that it was restored."""

import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

from sqlalchemy import Connection, MetaData, case, delete, inspect, update

from ioc.backup.archive import (
    END,
    MANIFEST,
    STATE,
    Manifest,
    put_file,
    read_archive,
    read_manifest,
    read_note,
)
from ioc.backup.dump import read_rows
from ioc.backup.refusals import BackupRefused
from ioc.clock import Clock
from ioc.gateways import enrolment
from ioc.people import audit
from ioc.people.audit import Deed
from ioc.serving_lock import lock_for_serving
from ioc.settings import Settings
from ioc.store.database import Database
from ioc.store.engine import open_store
from ioc.store.faults import StoreUnavailable
from ioc.store.migrate import RESTORING, change, check_known, upgrade
from ioc.store.tables import gateways, meta, sessions

NUMBERS_SKIPPED = 1_000_000
"""More commands than any centre orders between two backups."""


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What was restored."""

    rows: int
    files: int
    taken_at: datetime


async def restore_backup(settings: Settings, path: Path, *, clock: Clock) -> Restored:
    """Restore into the data directory and database of the settings, which must hold no centre.

    The store gets another id, so that gateways send again what they still keep; command numbers go
    on far above those that were used, also since the backup; everybody signs in again.

    Raises:
        AlreadyServed: a centre runs there.
        BackupRefused: there is a centre already, or the file is no whole backup.
        DatabaseTooNew: a later release made the backup.
        StoreUnavailable: the database cannot be used.
    """
    data_dir = settings.data_dir
    with lock_for_serving(data_dir):
        folder = data_dir / RESTORING
        database = Database(data_dir=folder, url=settings.database.read_url())
        _check_empty(data_dir, database)
        # Of one that was killed: it stays until then, since nobody may serve what that has left.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            restored = _unpack(path, database)
            await _renew(database, path, clock)
            _move_in(folder, data_dir)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(StoreUnavailable):
                _empty(database)
            raise
        async with (
            open_store(data_dir, url=database.url) as store,
            store.read() as connection,
        ):
            await enrolment.refresh_access_files(connection, settings)
    return restored


def _check_empty(data_dir: Path, database: Database) -> None:
    """Refuse where anything could be overwritten.

    Raises:
        BackupRefused: the data directory or the database holds something.
    """
    ours = ("serve.lock", RESTORING)
    there = sorted(each.name for each in data_dir.iterdir() if each.name not in ours)
    if there:
        raise BackupRefused(
            f"{data_dir} is not empty ({', '.join(there[:5])}): move it away first, for instance"
            f" mv {data_dir} {data_dir}.before"
        )
    if database.is_embedded:
        return
    found: list[str] = []
    change(database, lambda connection: found.extend(inspect(connection).get_table_names()))
    if found:
        raise BackupRefused(
            f"the database {database.name} holds tables already: make an empty one with CREATE"
            " DATABASE and name it in the settings"
        )


def _unpack(path: Path, database: Database) -> Restored:
    """Enter rows and files; a backup that is not whole ends in an exception."""
    try:
        return _unpack_all(path, database)
    except (OSError, tarfile.TarError) as error:
        raise BackupRefused(f"{path} cannot be restored: {error}") from error


def _unpack_all(path: Path, database: Database) -> Restored:
    manifest: Manifest | None = None
    entered: dict[str, int] = {}
    files = size_bytes = 0
    for name, content in read_archive(path):
        if name == MANIFEST:
            manifest = read_manifest(content)
        elif manifest is None:
            raise BackupRefused(f"{path} is no backup of a centre")
        elif name == STATE:
            entered = _enter(database, manifest, content)
        elif name == END:
            if read_note(content) != {"files": files, "size_bytes": size_bytes}:
                raise BackupRefused(f"{path} is damaged: files are missing in it")
        else:
            size_bytes += put_file(name, content, database.data_dir)
            files += 1
    if manifest is None or entered != manifest.rows:
        raise BackupRefused(f"{path} is damaged: rows are missing in it")
    taken_at = datetime.fromisoformat(manifest.taken_at)
    return Restored(rows=sum(entered.values()), files=files, taken_at=taken_at)


def _enter(database: Database, manifest: Manifest, content: IO[bytes]) -> dict[str, int]:
    """Make the tables of the backup's revision, fill them, and bring them to this release's."""
    entered: dict[str, int] = {}

    def work(connection: Connection) -> None:
        check_known(manifest.revision)
        upgrade(connection, manifest.revision)
        entered.update(read_rows(connection, _lines(content)))
        connection.commit()
        upgrade(connection)

    change(database, work)
    return entered


def _lines(content: IO[bytes]) -> Iterator[bytes]:
    try:
        with gzip.open(content, "rb") as lines:
            yield from lines
    except (EOFError, OSError, zlib.error) as error:
        raise BackupRefused(f"the backup is damaged: its rows cannot be read: {error}") from error


async def _renew(database: Database, path: Path, clock: Clock) -> None:
    """Make it another store, which nobody mistakes for the one that was backed up."""
    now = clock.now()
    # Nobody orders a thousand commands a second: whatever was ordered since, and whatever a former
    # restoration of the same backup has ordered, has lower numbers.
    by_time = int(now.timestamp() * 1_000)
    used = gateways.c.last_command_number + NUMBERS_SKIPPED
    async with (
        open_store(database.data_dir, url=database.url) as store,
        store.begin() as connection,
    ):
        await connection.execute(
            update(meta).where(meta.c.key == "store_id").values(value=str(uuid4()))
        )
        await connection.execute(
            update(gateways).values(last_command_number=case((used > by_time, used), else_=by_time))
        )
        await connection.execute(delete(sessions))
        deed = Deed(login=None, action="restore", subject=path.name)
        await audit.write(connection, deed, at=now)


def _move_in(folder: Path, data_dir: Path) -> None:
    """Give everything its place, the database last: before it is there, no centre is."""
    for path in sorted(folder.iterdir(), key=lambda path: path.name == "ioc.db"):
        path.rename(data_dir / path.name)
    folder.rmdir()
    os.sync()


def _empty(database: Database) -> None:
    """Drop what a failed restoration has made with a server."""
    if database.is_embedded:
        return

    def work(connection: Connection) -> None:
        found = MetaData()
        found.reflect(connection)
        found.drop_all(connection)

    change(database, work)
