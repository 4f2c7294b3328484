"""The PostgreSQL databases that tests of the centre run on."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Integer

from ioc.store.migrate import initialise
from ioc.store.tables import metadata
from tests.fakes.postgres import RealPostgres, open_postgres
from tests.ioc.commune import AREAS

_SHARED = "shared"
_KEPT = {"areas": "FALSE", "meta": "key <> 'store_id'"}


class Server:
    """A PostgreSQL server with a database that tests use one after the other."""

    def __init__(self, postgres: RealPostgres) -> None:
        self.postgres = postgres
        self._numbers = count(1)
        self._emptying = _emptying()

    def emptied_database(self) -> str:
        """Return the address of a database with our tables, the commune's areas, nothing else.

        Sixty times as fast as a database of its own.
        """
        self.postgres.query(self._emptying, database=_SHARED)
        return self.postgres.url(_SHARED)

    def new_database(self) -> str:
        """Return the address of a database without tables."""
        name = f"test_{next(self._numbers)}"
        self.postgres.query(f"CREATE DATABASE {name}")
        return self.postgres.url(name)


@contextmanager
def open_server() -> Iterator[Server]:
    """Give a server; it takes about two seconds."""
    with open_postgres() as postgres, TemporaryDirectory() as folder:
        postgres.query(f"CREATE DATABASE {_SHARED}")
        initialise(Path(folder), AREAS, url=postgres.url(_SHARED))
        yield Server(postgres)


def _emptying() -> str:
    """Return the statements that delete every row and let numbers begin at one."""
    statements = [
        f"DELETE FROM {table.name} WHERE {_KEPT.get(table.name, 'TRUE')};"
        for table in metadata.sorted_tables
    ]
    for table in metadata.sorted_tables:
        key = table.autoincrement_column
        if key is not None and isinstance(key.type, Integer):
            sequence = f"pg_get_serial_sequence('{table.name}', '{key.name}')"
            statements.append(f"SELECT setval({sequence}, 1, false);")
    return "".join(statements)
