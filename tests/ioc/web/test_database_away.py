"""A database server that stops in the middle of an evening: said at once, and nothing is lost."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing

import httpx
import pytest

from ioc.clock import SystemClock
from ioc.store.settings import DatabaseSettings
from tests.browser.conftest import serve
from tests.fakes.postgres import RealPostgres, open_postgres
from tests.ioc.web.test_feed import frames, next_change, signed_in
from tests.ioc.web.village import Village, open_village, village_settings


@pytest.fixture
async def postgres() -> AsyncIterator[RealPostgres]:
    """A server of this test's own, which it may kill."""
    with open_postgres(fsync="on", full_page_writes="on") as opened:
        yield opened


@pytest.fixture
async def village(tmp_path, postgres) -> AsyncIterator[Village]:
    address = tmp_path / "database"
    address.write_text(postgres.url())
    address.chmod(0o600)
    database = DatabaseSettings(url_file=address)
    settings = village_settings(tmp_path).model_copy(update={"database": database})
    async with open_village(tmp_path, SystemClock(), settings=settings) as opened:
        yield opened


@pytest.mark.timeout(60)
async def test_the_console_says_since_when_it_knows_nothing_and_then_goes_on(village, postgres):
    """A page answers with a sentence; what a gateway said meanwhile is an alarm afterwards."""
    async with serve(village) as (_, address), signed_in(village, address, "truc") as http:
        async with aclosing(frames(http, "/events")) as stream:
            assert (await anext(stream))["event"] == "beat"
            await asyncio.to_thread(postgres.kill)
            deaf = json.loads((await anext(stream))["data"])
            assert deaf["why"] == "database"
            await _expect_a_sentence(http)
            async with asyncio.TaskGroup() as group:
                seeing = group.create_task(village.ban_chuong.see_littering(), name="littering")
                await asyncio.to_thread(postgres.start)
            alarm_id, _ = seeing.result()
            _, subjects = await next_change(stream)
            assert subjects["alarm"] == [alarm_id]
        assert village.centre.listening.deafness is None
        assert alarm_id in (await http.get("/api/alarms")).text


async def _expect_a_sentence(http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/alarms")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_unavailable")
    page = await http.get("/", headers={"accept": "text/html"})
    assert page.status_code == 503
    assert "Không dùng được cơ sở dữ liệu lúc này" in page.text
