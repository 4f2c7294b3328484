"""The journal: which subject changed in which area, numbered; what server-sent events follow."""

from datetime import datetime
from typing import Literal

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.store.tables import journal

Subject = Literal["alarm", "broadcast", "device", "duty", "gateway"]

LAST_NUMBER = "journal_number"
"""Where the highest number is left on the connection for `Store.begin` to announce."""
_NOTED = "journal_noted"

_ADD = insert(journal)


async def write(
    connection: AsyncConnection,
    *,
    subject: Subject,
    subject_id: str,
    area_id: str,
    at: datetime,
) -> int:
    """Note a change within the caller's transaction; return its number.

    Whoever waits in `Store.changed` wakes when the transaction is committed.
    """
    row = {"subject": subject, "subject_id": subject_id, "area_id": area_id, "at": at}
    result = await connection.execute(_ADD, row)
    (number,) = result.inserted_primary_key or (0,)
    connection.info[LAST_NUMBER] = int(number)
    return int(number)


def note(
    connection: AsyncConnection, *, subject: Subject, subject_id: str, area_id: str, at: datetime
) -> None:
    """Note a change with all others of a transaction of `Store.begin`, just before its commit."""
    row = {"subject": subject, "subject_id": subject_id, "area_id": area_id, "at": at}
    connection.info.setdefault(_NOTED, []).append(row)


async def write_noted(connection: AsyncConnection) -> None:
    """Write what was noted."""
    rows = connection.info.pop(_NOTED, None)
    if rows:
        numbers = await connection.scalars(_ADD.returning(journal.c.number), rows)
        connection.info[LAST_NUMBER] = max(numbers)


def forget_noted(connection: AsyncConnection) -> None:
    """Drop what a transaction before this one has left by failing."""
    connection.info.pop(_NOTED, None)
