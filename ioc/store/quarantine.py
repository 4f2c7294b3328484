"""Quarantine: bytes that could not be taken, kept for whoever mends their sender; bounded."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.store.tables import quarantine

ROWS_KEPT = 4_000
BYTES_KEPT = 131_072
"""Of one payload, twice the largest batch; together with `ROWS_KEPT` at most 0.5 GB."""


async def keep(connection: AsyncConnection, rows: list[dict[str, Any]], *, at: datetime) -> None:
    """Keep rows within the caller's transaction, the newest `ROWS_KEPT` of all."""
    if not rows:
        return
    empty = {"gateway_id": None, "epoch": None, "sequence": None, "received_at": at}
    kept = [{**empty, **row, "payload": row["payload"][:BYTES_KEPT]} for row in rows[-ROWS_KEPT:]]
    await connection.execute(insert(quarantine), kept)
    newest = await connection.scalar(select(func.max(quarantine.c.number)))
    await connection.execute(
        delete(quarantine).where(quarantine.c.number <= (newest or 0) - ROWS_KEPT)
    )
