"""Two centres never serve one database of a server."""

import asyncio

import pytest

from ioc.clock import SystemClock
from ioc.serving_claim import ServingClaim, claim_database
from ioc.serving_lock import AlreadyServed
from ioc.store.database import Database
from ioc.store.faults import StoreUnavailable
from tests.fakes.postgres import open_postgres


async def test_a_second_centre_is_refused_until_the_first_has_gone(tmp_path, postgres):
    """Whatever its own data directory."""
    url = postgres.new_database()
    first = Database(data_dir=tmp_path / "a", url=url)
    second = ServingClaim(Database(data_dir=tmp_path / "b", url=url), clock=SystemClock())
    try:
        async with claim_database(first, clock=SystemClock()) as claim:
            assert claim is not None
            with pytest.raises(AlreadyServed, match="stop it first"):
                await second.take(wait_s=0.0)
        await second.take(wait_s=0.0)
    finally:
        await second.close()


async def test_a_file_needs_no_claim(tmp_path):
    """Its data directory has a lock."""
    async with claim_database(Database(data_dir=tmp_path), clock=SystemClock()) as claim:
        assert claim is None


@pytest.mark.timeout(60)
async def test_a_claim_is_taken_again_when_the_server_was_away(clock, tmp_path):
    """It ends with the connection."""
    with open_postgres() as server:
        database = Database(data_dir=tmp_path, url=server.url("postgres"))
        claim = ServingClaim(database, clock=clock)
        other = ServingClaim(database, clock=clock)
        await claim.take()
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(claim.keep(), name="keep")
            await asyncio.sleep(0)
            server.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'ioc'"
            )
            clock.advance(5)
            for _ in range(100):
                await asyncio.sleep(0.02)
                if server.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "1":
                    break
            with pytest.raises(AlreadyServed):
                await other.take(wait_s=0.0)
            keeping.cancel()
        await claim.close()
        await other.close()


async def test_a_server_that_is_not_there_is_said_to_be_away(clock, tmp_path):
    """Before anything is served."""
    database = Database(data_dir=tmp_path, url=f"postgresql://centre@/x?host={tmp_path}")
    with pytest.raises(StoreUnavailable, match="look whether its server runs"):
        async with claim_database(database, clock=clock):
            pass
