"""What every part of the centre is tested on: both kinds of database."""

from collections.abc import Iterator

import pytest

from tests.ioc.databases import Server, open_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of this test process; a missing one is a fault, never a skip."""
    with open_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """Where the store of this test lies; None: in a file of its own."""
    if request.param == "sqlite":
        return None
    server: Server = request.getfixturevalue("postgres")
    return server.emptied_database()
