"""The journal: which subject changed in which area, numbered; what server-sent events follow."""

from datetime import datetime
from typing import Literal

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.store.tables import journal

Subject = Literal["alarm", "broadcast", "device", "gateway"]

LAST_NUMBER = "journal_number"
"""Where `write` leaves its number on the connection for `Store.begin` to announce."""


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
    result = await connection.execute(
        insert(journal).values(subject=subject, subject_id=subject_id, area_id=area_id, at=at)
    )
    (number,) = result.inserted_primary_key or (0,)
    connection.info[LAST_NUMBER] = int(number)
    return int(number)
