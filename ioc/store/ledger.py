"""Lines that are only ever added, written together at the end of their transaction.

An alarm adds half a dozen of them, and each by itself is a way to the database server and back.
"""

from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection

_WAITING = "ledger"


def add(connection: AsyncConnection, table: Table, row: dict[str, Any]) -> None:
    """Have a row written before the commit of `Store.begin`; all of a table name the same columns."""
    connection.info.setdefault(_WAITING, {}).setdefault(table, []).append(row)


async def settle(connection: AsyncConnection, table: Table) -> None:
    """Write what waits for one table now: somebody is about to read it."""
    rows = connection.info.get(_WAITING, {}).pop(table, None)
    if rows:
        await connection.execute(insert(table), rows)


async def settle_all(connection: AsyncConnection) -> None:
    """Write everything that waits."""
    for table in list(connection.info.get(_WAITING, {})):
        await settle(connection, table)


def forget(connection: AsyncConnection) -> None:
    """Drop what a transaction before this one has left by failing."""
    connection.info.pop(_WAITING, None)
