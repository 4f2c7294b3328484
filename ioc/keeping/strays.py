"""Files of pictures and clips that no row names: a power cut may leave one behind."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from ioc.evidence import EvidenceStore
from ioc.store.engine import Store
from ioc.store.tables import evidence

_YOUNG = timedelta(days=1)
"""A file lies on the disk a moment before its row says so."""
_AT_ONCE = 500


async def delete_strays(store: Store, files: EvidenceStore, *, now: datetime) -> int:
    """Look through the shelves that are this hour's turn; return how many strays were deleted.

    All of them are looked through in a day, so that no round reads the whole disk.
    """
    deleted = 0
    for shelf in range(now.hour, 256, 24):
        old = await asyncio.to_thread(_old_files, files, shelf, now - _YOUNG)
        for start in range(0, len(old), _AT_ONCE):
            deleted += await _delete_unnamed(store, old[start : start + _AT_ONCE])
    return deleted


async def _delete_unnamed(store: Store, paths: list[Path]) -> int:
    hashes = [path.stem for path in paths]
    named = select(evidence.c.sha256).where(
        evidence.c.sha256.in_(hashes), evidence.c.state == "stored"
    )
    async with store.read() as connection:
        kept = set(await connection.scalars(named))
    strays = [path for path in paths if path.stem not in kept]
    await asyncio.to_thread(_unlink, strays)
    return len(strays)


def _old_files(files: EvidenceStore, shelf: int, before: datetime) -> list[Path]:
    before_s = before.timestamp()
    return [path for path in files.files_on(shelf) if path.stat().st_mtime < before_s]


def _unlink(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
