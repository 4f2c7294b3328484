"""Live changes over a real socket: resumed, confined to areas, and ended with the session."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from ioc.clock import SystemClock
from tests.browser.conftest import serve
from tests.ioc.web.village import Village, open_village


@pytest.fixture
async def village(tmp_path) -> AsyncIterator[Village]:
    async with open_village(tmp_path, SystemClock()) as opened:
        yield opened


@pytest.fixture
async def address(village) -> AsyncIterator[str]:
    async with serve(village) as (_, address):
        yield address


@asynccontextmanager
async def signed_in(village: Village, address: str, login: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=address) as http:
        fields = {"login": login, "password": village.passwords[login]}
        assert (await http.post("/dang-nhap", data=fields)).status_code == 303
        yield http


async def frames(http: httpx.AsyncClient, path: str, headers: dict | None = None):
    async with http.stream("GET", path, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        frame: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                frame[name] = value
            elif "event" in frame:
                yield frame
                frame = {}
            else:
                frame = {}


async def next_change(stream) -> tuple[int, dict]:
    async for frame in stream:
        if frame["event"] == "change":
            return int(frame["id"]), json.loads(frame["data"])
    raise AssertionError("the stream ended")


async def test_an_alarm_arrives_live_and_what_was_missed_is_told_on_return(village, address):
    """The number of the last event seen is enough to catch up."""
    async with signed_in(village, address, "truc") as http:
        stream = frames(http, "/events")
        assert (await anext(stream))["event"] == "beat"
        alarm_id, _ = await village.ban_chuong.see_littering()
        seen, subjects = await next_change(stream)
        assert subjects["alarm"] == [alarm_id]
        await stream.aclose()
        missed, _ = await village.na_lay.see_littering("cam-suoi")
        stream = frames(http, "/events?after=0", {"last-event-id": str(seen)})
        number, subjects = await next_change(stream)
        assert number > seen
        assert subjects["alarm"] == [missed]
        await stream.aclose()


async def test_what_the_centre_cannot_know_is_told_with_every_beat(village, address):
    """Since when, and why: the console says it for as long as it lasts."""
    async with signed_in(village, address, "truc") as http:
        stream = frames(http, "/events")
        assert json.loads((await anext(stream))["data"]) == {}
        village.centre.listening.hindered("store", reason="full")
        deaf = json.loads((await anext(stream))["data"])
        assert (deaf["why"], set(deaf)) == ("store", {"why", "since"})
        village.centre.listening.freed("store")
        assert json.loads((await anext(stream))["data"]) == {}
        await stream.aclose()


async def test_changes_of_other_areas_are_not_told(village, address):
    """Not even that something happened."""
    async with signed_in(village, address, "trucnalay") as http:
        stream = frames(http, "/events")
        await anext(stream)
        await village.ban_chuong.see_littering()
        own, _ = await village.na_lay.see_littering("cam-suoi")
        _, subjects = await next_change(stream)
        assert subjects["alarm"] == [own]
        await stream.aclose()


async def test_a_burst_comes_in_few_frames(village, address):
    """However much happens, a browser gets at most four frames a second."""
    async with signed_in(village, address, "truc") as http:
        stream = frames(http, "/events")
        await anext(stream)
        begin_s = time.monotonic()
        for _ in range(20):
            await village.ban_chuong.see_littering("cam-cong")
            await village.ban_chuong.see_littering("cam-cho")
        received = 0
        last, counted = 0, await _newest(village)
        while last < counted:
            last, _ = await next_change(stream)
            received += 1
        assert received <= 4 * (time.monotonic() - begin_s) + 2
        assert received < counted
        await stream.aclose()


@pytest.mark.parametrize("ending", ["logout", "disabled"])
async def test_the_stream_ends_with_the_session(village, address, ending):
    """Rights are looked up again at every frame."""
    async with signed_in(village, address, "truc") as http:
        stream = frames(http, "/events")
        await anext(stream)
        if ending == "logout":
            me = (await http.get("/api/me")).json()
            await http.post("/dang-xuat", data={"csrf": me["csrf_token"]})
        else:
            await village.centre.people.set_disabled("truc", disabled=True)
        async with asyncio.timeout(8):
            events = [frame["event"] async for frame in stream]
        assert events[-1] == "ended"


async def test_streams_end_by_themselves_when_the_server_stops(village):
    """A stop is not held up, and browsers come back as soon as the server does."""
    async with (
        serve(village) as (server, address),
        signed_in(village, address, "truc") as http,
    ):
        stream = frames(http, "/events")
        await anext(stream)
        server.config.app.state.feed.close()
        async with asyncio.timeout(5):
            assert "ended" not in [frame["event"] async for frame in stream]


async def test_a_number_from_a_future_that_was_lost_starts_now(village, address):
    """After a restore from backup the browser knows more than the centre."""
    async with signed_in(village, address, "truc") as http:
        stream = frames(http, "/events", {"last-event-id": "999999999"})
        await anext(stream)
        alarm_id, _ = await village.ban_chuong.see_littering()
        _, subjects = await next_change(stream)
        assert subjects["alarm"] == [alarm_id]
        await stream.aclose()


async def _newest(village: Village) -> int:
    return await village.centre.store.changed(0)
