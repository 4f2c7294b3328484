"""Takes a backup beside a running centre: one snapshot of the state, then every file it names."""

import errno
import gzip
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.backup.archive import FORMAT, MANIFEST, Manifest, Writer, note_of, open_writer
from ioc.backup.dump import write_rows
from ioc.backup.refusals import BackupRefused
from ioc.clock import Clock
from ioc.people import audit
from ioc.people.audit import Deed
from ioc.settings import Settings
from ioc.store.database import Database
from ioc.store.engine import Store, open_store

_NOT_KEPT = frozenset({"serve.lock"})
_UNFINISHED = frozenset({"arriving", "restoring"})
_LEVEL = 3
"""Of compression: JSON shrinks to a tenth, faster than a disk takes it."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a backup holds."""

    rows: int
    files: int
    size_bytes: int
    """Of the files."""
    vanished: int
    """Files that were deleted while the backup was being taken."""


async def take_backup(settings: Settings, path: Path, *, clock: Clock) -> Taken:
    """Write everything the centre knows, its keys included, into a private file.

    Raises:
        BackupRefused: the file is there already, lies in the data directory, or cannot be written.
        StoreUnavailable: the database cannot be read.
    """
    _check_place(path, settings.data_dir)
    database = Database(data_dir=settings.data_dir, url=settings.database.read_url())
    async with open_store(database.data_dir, url=database.url) as store:
        await _note_deed(store, path, clock)
        with (
            open_writer(path) as writer,
            TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as beside,
        ):
            rows = await _add_state(writer, store, Path(beside) / "state", clock)
            vanished = _add_files(writer, database, Path(beside) / "copy")
            return Taken(
                rows=rows, files=writer.files, size_bytes=writer.size_bytes, vanished=vanished
            )


def _check_place(path: Path, data_dir: Path) -> None:
    if path.resolve().is_relative_to(data_dir.resolve()):
        raise BackupRefused(f"{path} lies in the data directory itself: choose another disk")


async def _note_deed(store: Store, path: Path, clock: Clock) -> None:
    deed = Deed(login=None, action="backup", subject=path.name)
    async with store.begin() as connection:
        await audit.write(connection, deed, at=clock.now())


async def _add_state(writer: Writer, store: Store, scratch: Path, clock: Clock) -> int:
    async with store.read() as connection:
        revision = await _revision(connection)
        taken_at = clock.now()
        with gzip.open(scratch, "wb", compresslevel=_LEVEL) as file:
            rows = await write_rows(connection, file)
    manifest = Manifest(
        format=FORMAT,
        release=version("commune-ioc"),
        revision=revision,
        taken_at=taken_at.isoformat(),
        store_id=store.store_id,
        rows=rows,
    )
    writer.add_note(MANIFEST, note_of(manifest))
    writer.add_state(scratch)
    return sum(rows.values())


async def _revision(connection: AsyncConnection) -> str:
    return str(await connection.scalar(text("SELECT version_num FROM alembic_version")))


def _add_files(writer: Writer, database: Database, scratch: Path) -> int:
    """Add what lies beside the state; what rows name was there before they were committed."""
    vanished = 0
    for path in _files(database):
        relative = PurePosixPath(*path.relative_to(database.data_dir).parts)
        if path.suffix == ".db":
            _copy_database(path, scratch)
            writer.add_file(scratch, relative)
            scratch.unlink()
        elif not writer.add_file(path, relative):
            vanished += 1
    return vanished


def _files(database: Database) -> Iterator[Path]:
    for path in sorted(database.data_dir.rglob("*")):
        inside = path.relative_to(database.data_dir)
        unfinished = _UNFINISHED & set(inside.parts) or path.suffix == ".part"
        # The journals of SQLite belong to databases that are copied by themselves.
        journals = path.name.endswith((".db-wal", ".db-shm", ".db-journal"))
        if path.is_symlink() or not path.is_file() or unfinished or journals:
            continue
        if path != database.file and str(inside) not in _NOT_KEPT:
            yield path


def _copy_database(path: Path, copy: Path) -> None:
    """Copy a SQLite file as one moment shows it, while others write to it."""
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(copy)) from error
        raise BackupRefused(f"{path} cannot be copied: {error}") from error
