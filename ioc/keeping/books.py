"""What the books say: how much lies on the disk, what is held, and what was deleted; only reads."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.keeping import holds
from ioc.keeping.holds import Hold
from ioc.keeping.retention import held_bytes, stored_bytes
from ioc.store.tables import deletions

_SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """One line of the book of deletions."""

    number: int
    at: datetime
    what: str
    """`evidence`, `events`, `broadcasts`, `alarms` or `handovers`."""
    reason: str
    """`age` or `disk`."""
    count: int
    size_bytes: int
    """Of files; 0 for rows."""
    oldest: datetime
    newest: datetime


@dataclass(frozen=True, kw_only=True)
class Books:
    """What a person may know of the keeping."""

    stored_bytes: int
    needed_bytes: int
    """Of these, what alarms on hold or still open need."""
    holds: tuple[Hold, ...]
    deletions: tuple[Deletion, ...]
    """Newest first."""


async def read_books(connection: AsyncConnection, *, area_ids: frozenset[str]) -> Books:
    """Return the books; of the holds those of some areas."""
    newest = select(deletions).order_by(deletions.c.number.desc()).limit(_SHOWN)
    rows = (await connection.execute(newest)).mappings()
    return Books(
        stored_bytes=await stored_bytes(connection),
        needed_bytes=await held_bytes(connection),
        holds=tuple(await holds.find_all(connection, area_ids=area_ids)),
        deletions=tuple(Deletion(**row) for row in rows),
    )
