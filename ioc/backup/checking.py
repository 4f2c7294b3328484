"""Reads a backup to its end, to know that it could be restored; restores nothing."""

import gzip
import hashlib
import re
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from ioc.backup.archive import END, MANIFEST, STATE, read_archive, read_manifest, read_note
from ioc.backup.refusals import BackupRefused

_PIECE_BYTES = 1_000_000
_NAMED_BY_HASH = re.compile(r"([0-9a-f]{64})\.\w+")


def check_backup(path: Path) -> None:
    """Read everything, as the disk gives it back.

    Raises:
        BackupRefused: it is not whole, or not what was written.
    """
    try:
        _check_all(path)
    except (OSError, tarfile.TarError) as error:
        raise BackupRefused(f"{path} cannot be read to its end: {error}") from error


def _check_all(path: Path) -> None:
    rows: int | None = None
    wanted: int | None = None
    files = size_bytes = 0
    for name, content in read_archive(path):
        if name == MANIFEST:
            tables = read_manifest(content).rows
            wanted = len(tables) + sum(tables.values())
        elif name == STATE:
            rows = _count_lines(path, content)
        elif name == END:
            if read_note(content) != {"files": files, "size_bytes": size_bytes}:
                raise BackupRefused(f"{path} is damaged: files are missing in it")
        else:
            size_bytes += _check_file(path, name, content)
            files += 1
    if rows is None or rows != wanted:
        raise BackupRefused(f"{path} is damaged: rows are missing in it")


def _count_lines(path: Path, content: IO[bytes]) -> int:
    try:
        with gzip.open(content, "rb") as lines:
            return sum(1 for _ in lines)
    except (EOFError, OSError, zlib.error) as error:
        raise BackupRefused(f"{path} is damaged: its rows cannot be read: {error}") from error


def _check_file(path: Path, name: str, content: IO[bytes]) -> int:
    digest, size_bytes = hashlib.sha256(), 0
    while piece := content.read(_PIECE_BYTES):
        digest.update(piece)
        size_bytes += len(piece)
    named = _NAMED_BY_HASH.fullmatch(PurePosixPath(name).name)
    if named is not None and named.group(1) != digest.hexdigest():
        raise BackupRefused(f"{path} is damaged: {name} is not what was stored")
    return size_bytes
