"""The file of a backup: a tar archive that says what is in it, and at its end how much that was.

Members: `manifest.json`, `state.jsonl.gz`, `files/…`, `end.json`. An archive that was cut short
has no end, and is refused.
"""

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ioc.backup.refusals import BackupRefused

FORMAT = 1
MANIFEST, STATE, END = "manifest.json", "state.jsonl.gz", "end.json"
_FILES = "files"
_NAMED_BY_HASH = re.compile(r"([0-9a-f]{64})\.\w+")
_PIECE_BYTES = 1_000_000
_LARGEST_NOTE_BYTES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup says of itself before anything else."""

    format: int
    release: str
    revision: str
    """Of the tables, as the migrations number them."""
    taken_at: str
    store_id: str
    rows: dict[str, int]


class Writer:
    """Adds members; `open_writer` makes it."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files = 0
        self.size_bytes = 0

    def add_note(self, name: str, value: dict[str, Any]) -> None:
        """Add a value as JSON."""
        text = json.dumps(value, ensure_ascii=False, indent=1).encode()
        self._tar.addfile(_member(name, len(text)), io.BytesIO(text))

    def add_state(self, path: Path) -> None:
        """Add the rows."""
        with path.open("rb") as file:
            self._tar.addfile(_member(STATE, path.stat().st_size), file)

    def add_file(self, path: Path, relative: PurePosixPath) -> bool:
        """Add a file of the data directory; return whether it was still there."""
        try:
            with path.open("rb") as file:
                size_bytes = os.fstat(file.fileno()).st_size
                self._tar.addfile(_member(f"{_FILES}/{relative}", size_bytes), file)
        except FileNotFoundError:
            return False
        self.files += 1
        self.size_bytes += size_bytes
        return True


@contextmanager
def open_writer(path: Path) -> Iterator[Writer]:
    """Give a writer; the file has its name only when it is whole and on the disk.

    Raises:
        BackupRefused: there is such a file already, or it cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    if path.exists():
        raise BackupRefused(f"{path} is there already: choose another name")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                writer = Writer(tar)
                yield writer
                writer.add_note(END, {"files": writer.files, "size_bytes": writer.size_bytes})
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError as error:
        raise BackupRefused(f"{path} cannot be written: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def read_archive(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the name and the content of every member in order, and check that none is missing.

    Each content must be read before the next member is asked for.

    Raises:
        BackupRefused: it is no backup, was cut short, or cannot be read.
    """
    ended = False
    try:
        with tarfile.open(path, mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or ended:
                    raise BackupRefused(f"{path} is no backup of a centre: it holds {member.name}")
                ended = member.name == END
                yield member.name, content
    except (OSError, tarfile.TarError, EOFError) as error:
        raise BackupRefused(f"{path} cannot be read as a backup: {error}") from error
    if not ended:
        raise BackupRefused(f"{path} was cut short: it has no end; use another backup")


def read_note(content: IO[bytes]) -> dict[str, Any]:
    """Return a value that was added as JSON.

    Raises:
        BackupRefused: it is none.
    """
    try:
        return dict(json.loads(content.read(_LARGEST_NOTE_BYTES)))
    except (ValueError, TypeError) as error:
        raise BackupRefused("the backup is damaged: a note in it cannot be read") from error


def read_manifest(content: IO[bytes]) -> Manifest:
    """Return what the backup says of itself.

    Raises:
        BackupRefused: it is of a later release, or none.
    """
    note = read_note(content)
    if note.get("format") != FORMAT:
        raise BackupRefused(
            f"the backup has format {note.get('format')}, this release reads {FORMAT};"
            " install the release that made it"
        )
    try:
        return Manifest(**note)
    except TypeError as error:
        raise BackupRefused("the backup is damaged: its manifest is incomplete") from error


def note_of(manifest: Manifest) -> dict[str, Any]:
    """Return the manifest as it is written."""
    return asdict(manifest)


def put_file(name: str, content: IO[bytes], folder: Path) -> int:
    """Write a member below `folder`, and check it against its name; return its size in bytes.

    Raises:
        BackupRefused: its name leads elsewhere, or it is not what its name says.
    """
    relative = PurePosixPath(name)
    if relative.parts[:1] != (_FILES,) or ".." in relative.parts or len(relative.parts) < 2:
        raise BackupRefused(f"the backup holds {name!r}, which has no place in a data directory")
    path = folder.joinpath(*relative.parts[1:])
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size_bytes = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while piece := content.read(_PIECE_BYTES):
            file.write(piece)
            digest.update(piece)
            size_bytes += len(piece)
    named = _NAMED_BY_HASH.fullmatch(relative.name)
    if named is not None and named.group(1) != digest.hexdigest():
        raise BackupRefused(f"the backup is damaged: {name} is not what was stored")
    return size_bytes


def _member(name: str, size_bytes: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size_bytes
    member.mode = 0o600
    return member
