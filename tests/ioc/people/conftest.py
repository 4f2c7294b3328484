"""A store and people with quick passwords (the real algorithm with small parameters)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from ioc.people import People
from ioc.people.passwords import PasswordVault
from ioc.store.engine import Store
from tests.fakes.clock import FakeClock
from tests.ioc.commune import open_commune


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_commune(tmp_path) as opened:
        yield opened


@pytest.fixture
def people(store: Store, clock: FakeClock) -> People:
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    return People(store=store, clock=clock, vault=PasswordVault(quick))
