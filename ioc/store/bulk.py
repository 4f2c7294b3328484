"""Many rows of one table at once, past the work that SQLAlchemy does for each value of each row.

At thousands of rows a second that work costs more than the rows cost the database; and PostgreSQL
takes a column of values with one statement where it else answers for every row. The columns' own
types still prepare the values, so that they are kept as every other way keeps them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Dialect, String, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.store.database import without_nul

_Prepare = Callable[[Any], Any] | None


async def add_all(
    connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows in the caller's transaction; every row names every column it needs.

    Defaults of columns are not filled in: what the rows do not name must be null or numbered.
    """
    if not rows:
        return
    names = tuple(rows[0])
    dialect = connection.dialect
    columns = [
        [row[name] for row in rows] if prepare is None else [prepare(row[name]) for row in rows]
        for name, prepare in zip(names, _prepares(table, names, dialect), strict=True)
    ]
    if dialect.name == "postgresql":
        await connection.exec_driver_sql(_of_columns(table, names, dialect), tuple(columns))
    else:
        await connection.exec_driver_sql(
            _of_rows(table, names, dialect), list(zip(*columns, strict=True))
        )


async def known(
    connection: AsyncConnection, column: Column[Any], values: Sequence[str]
) -> set[str]:
    """Return those of many values that an indexed column of text holds.

    They go as one parameter: as one each, PostgreSQL reads the whole table rather than the index,
    and SQLAlchemy writes the statement anew for every number of them.
    """
    statement = _of_values(column, connection.dialect)
    if connection.dialect.name == "postgresql":
        found = await connection.exec_driver_sql(statement, (list(values),))
    else:
        found = await connection.exec_driver_sql(statement, (json.dumps(values),))
    return set(found.scalars())


@lru_cache
def _prepares(table: Table, names: tuple[str, ...], dialect: Dialect) -> tuple[_Prepare, ...]:
    return tuple(_prepare(table.c[name], dialect) for name in names)


def _prepare(column: Column[Any], dialect: Dialect) -> _Prepare:
    if dialect.name == "postgresql" and isinstance(column.type, String):
        return _storable  # what the connection does to a text it does not do to a list of them
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def _storable(text: str | None) -> str | None:
    return None if text is None else without_nul(text)


@lru_cache
def _of_rows(table: Table, names: tuple[str, ...], dialect: Dialect) -> str:
    places = ", ".join("?" * len(names))
    return f"INSERT INTO {_place(table, names, dialect)} VALUES ({places})"  # noqa: S608 - our names


@lru_cache
def _of_columns(table: Table, names: tuple[str, ...], dialect: Dialect) -> str:
    # Without its length a text that is too long is refused instead of cut off.
    kinds = (table.c[name].type.compile(dialect).partition("(")[0] for name in names)
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(kinds, 1))
    return f"INSERT INTO {_place(table, names, dialect)} SELECT * FROM unnest({arrays})"  # noqa: S608


@lru_cache
def _of_values(column: Column[Any], dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    name, table = quote(column.name), quote(column.table.name)
    if dialect.name == "postgresql":
        # As many as are asked for, in case the planner knows nothing of the table yet.
        asked = "unnest($1::text[]) AS asked (value)"
        return f"SELECT {name} FROM {asked} JOIN {table} ON {name} = asked.value"  # noqa: S608
    return f"SELECT {name} FROM {table} WHERE {name} IN (SELECT value FROM json_each(?))"  # noqa: S608


def _place(table: Table, names: tuple[str, ...], dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    return f"{quote(table.name)} ({', '.join(map(quote, names))})"
