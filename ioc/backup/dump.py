"""Every row of the state as lines of JSON, the same for every database; opens nothing itself.

A line with an object begins a table and names its columns; the lines with arrays after it are its
rows. Bytes are Base64, instants and truth values are as the columns of that revision hold them.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import JSON, Connection, Integer, LargeBinary, MetaData, Table, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from ioc.backup.refusals import BackupRefused

_REVISION_TABLE = "alembic_version"
_ROWS_AT_ONCE = 500


class Sink(Protocol):
    """Where lines go."""

    def write(self, lines: bytes, /) -> object:
        """Take whole lines."""
        ...


async def write_rows(connection: AsyncConnection, file: Sink) -> dict[str, int]:
    """Write every table as this connection's snapshot shows it; return the rows of each."""
    written: dict[str, int] = {}
    for table in await connection.run_sync(_tables):
        head = {"table": table.name, "columns": [column.name for column in table.columns]}
        file.write(_line(head))
        binary = _positions(table, LargeBinary)
        rows = await connection.stream(
            select(table), execution_options={"yield_per": _ROWS_AT_ONCE}
        )
        written[table.name] = 0
        async for some in rows.partitions():
            file.write(b"".join(_line(_encoded(row, binary)) for row in some))
            written[table.name] += len(some)
    return written


def read_rows(connection: Connection, lines: Iterable[bytes]) -> dict[str, int]:
    """Enter the rows into empty tables of the same revision; return the rows of each.

    Raises:
        BackupRefused: the lines do not fit the tables.
    """
    tables = {table.name: table for table in _tables(connection)}
    entered: dict[str, int] = {}
    for table, rows in _by_table(iter(lines), tables):
        entered[table.name] = 0
        while some := list(islice(rows, _ROWS_AT_ONCE)):
            connection.execute(insert(table), some)
            entered[table.name] += len(some)
    _advance_numbers(connection, tables.values())
    return entered


def _tables(connection: Connection) -> list[Table]:
    found = MetaData()
    found.reflect(connection)
    tables = [table for table in found.sorted_tables if table.name != _REVISION_TABLE]
    for table in tables:
        for column in table.columns:
            if isinstance(column.type, JSON) and column.nullable:
                column.type = JSON(none_as_null=True)
    return tables


def _positions(table: Table, kind: type) -> list[int]:
    return [n for n, column in enumerate(table.columns) if isinstance(column.type, kind)]


def _encoded(row: Iterable[Any], binary: list[int]) -> list[Any]:
    values = list(row)
    for n in binary:
        if values[n] is not None:
            values[n] = base64.b64encode(values[n]).decode()
    return values


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _by_table(
    lines: Iterator[bytes], tables: dict[str, Table]
) -> Iterator[tuple[Table, Iterator[dict[str, Any]]]]:
    """Yield each table with its rows, which must be taken before the next table is asked for."""
    head = next(lines, None)
    while head is not None:
        named = json.loads(head)
        table = tables.get(named["table"])
        if table is None or not set(named["columns"]) <= set(table.columns.keys()):
            raise BackupRefused(f"the backup's table {named['table']!r} is not of its revision")
        rows = _Rows(lines, named["columns"], _positions(table, LargeBinary))
        yield table, rows
        head = rows.next_head


class _Rows(Iterator[dict[str, Any]]):
    """The rows until the next line that begins a table."""

    def __init__(self, lines: Iterator[bytes], columns: list[str], binary: list[int]) -> None:
        self.next_head: bytes | None = None
        self._lines = lines
        self._columns = columns
        self._binary = [n for n in range(len(columns)) if n in binary]

    @override
    def __next__(self) -> dict[str, Any]:
        line = next(self._lines) if self.next_head is None else b"{"
        if line.startswith(b"{"):
            self.next_head = self.next_head or line
            raise StopIteration
        values = json.loads(line)
        for n in self._binary:
            if values[n] is not None:
                values[n] = base64.b64decode(values[n])
        return dict(zip(self._columns, values, strict=True))


def _advance_numbers(connection: Connection, tables: Iterable[Table]) -> None:
    """Let PostgreSQL number new rows after those that were entered; SQLite looks by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        for column in table.primary_key.columns:
            if isinstance(column.type, Integer) and column.server_default is not None:
                sequence = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
                newest = f'SELECT coalesce(max("{column.name}"), 0) + 1 FROM "{table.name}"'  # noqa: S608
                connection.execute(text(f"SELECT setval({sequence}, ({newest}), false)"))
