"""What a gateway may deliver and fetch over HTTP, on a real socket."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from types import SimpleNamespace

import cv2
import httpx
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import insert, select

from ioc.broadcasts import BroadcastDesk, BroadcastOrder, LoudspeakerId
from ioc.broadcasts.keys import create_signing_key
from ioc.evidence import MAX_PICTURE_BYTES, EvidenceStore
from ioc.people import Role
from ioc.station import Station
from ioc.store.tables import evidence
from ioc.web.gateway_routes import Patience, create_gateway_router
from tests.ioc.clips import mp4
from tests.ioc.commune import ADDED_AT, Person, access_of, add_gateway, open_commune, token_of


def picture(brightness: int = 90) -> bytes:
    encoded, jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), brightness, np.uint8))
    assert encoded
    return jpeg.tobytes()


async def announce(
    store, gateway_id: str, body: bytes, claimed: str | None = None, media_type: str = "image/jpeg"
) -> str:
    """Announce a picture or clip as a committed event does; return its hash."""
    claimed = claimed or sha256(body).hexdigest()
    async with store.begin() as connection:
        await connection.execute(
            insert(evidence).values(
                event_id=claimed[:36],
                role="after",
                sha256=claimed,
                gateway_id=gateway_id,
                media_type=media_type,
                size_bytes=len(body),
                width_px=64,
                height_px=48,
                taken_at=ADDED_AT,
                state="announced",
            )
        )
    return claimed


@asynccontextmanager
async def serving(application: FastAPI, host: str = "127.0.0.1") -> AsyncIterator[str]:
    with socket.create_server((host, 0)) as listener:
        config = uvicorn.Config(application, log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        async with asyncio.TaskGroup() as tasks:
            serving_task = tasks.create_task(server.serve([listener]))
            while not server.started:
                await asyncio.sleep(0.01)
            yield f"http://{host}:{listener.getsockname()[1]}"
            server.should_exit = True
            await serving_task


@pytest.fixture
async def centre(tmp_path, clock):
    async with open_commune(tmp_path) as store:
        await add_gateway(store, "tu-1", area_id="ban-chuong")
        await add_gateway(store, "tu-2", area_id="na-lang")
        signing = create_signing_key(tmp_path / "keys")
        voice = BroadcastDesk(store=store, clock=clock, folder=tmp_path / "audio", signing=signing)
        yield SimpleNamespace(
            store=store,
            evidence=EvidenceStore(folder=tmp_path / "evidence", store=store, clock=clock),
            voice=voice,
            station=Station(store=store, clock=clock, voice=voice),
        )


@pytest.fixture
async def address(centre):
    application = FastAPI()
    patience = Patience(silence_s=0.4, least_bytes_per_s=100_000.0)
    application.include_router(create_gateway_router(centre, patience=patience))
    async with serving(application) as url:
        yield url


@pytest.fixture
async def gateway(address):
    headers = {"Authorization": f"Bearer {token_of('tu-1')}"}
    async with httpx.AsyncClient(base_url=address, headers=headers) as opened:
        yield opened


async def state_of(centre, claimed: str) -> str:
    async with centre.store.read() as connection:
        wanted = select(evidence.c.state).where(evidence.c.sha256 == claimed)
        return (await connection.execute(wanted)).scalar_one()


async def test_an_announced_picture_is_taken_and_taking_it_again_changes_nothing(centre, gateway):
    """A gateway that missed the answer sends it once more, and both answers are good."""
    claimed = await announce(centre.store, "tu-1", picture())
    for _ in range(2):
        answer = await gateway.put(f"/gateway/evidence/{claimed}", content=picture())
        assert answer.status_code == 204
    assert centre.evidence.path_of(claimed, "image/jpeg").read_bytes() == picture()
    assert await state_of(centre, claimed) == "stored"


async def test_a_picture_nobody_announced_is_not_taken(centre, gateway):
    """Neither an unknown hash nor one that another gateway announced."""
    others = await announce(centre.store, "tu-2", picture())
    for claimed in (others, "0" * 64):
        answer = await gateway.put(f"/gateway/evidence/{claimed}", content=picture())
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_announced")
    assert await state_of(centre, others) == "announced"


async def test_a_picture_with_a_wrong_hash_or_that_is_none_is_refused(centre, gateway):
    """The gateway is told which of the two it is, so that it gives up."""
    wrong = await announce(centre.store, "tu-1", picture(), claimed="a" * 64)
    answer = await gateway.put(f"/gateway/evidence/{wrong}", content=picture())
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "wrong_hash")
    noise = b"\xff\xd8\xff" + b"no picture" * 50
    broken = await announce(centre.store, "tu-1", noise)
    answer = await gateway.put(f"/gateway/evidence/{broken}", content=noise)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_a_picture")
    assert await state_of(centre, broken) == "announced"
    assert not centre.evidence.path_of(broken, "image/jpeg").exists()


@pytest.mark.parametrize("says_its_length", [True, False])
async def test_a_body_over_twenty_megabytes_is_refused(centre, gateway, says_its_length):
    """Whether or not the sender says how much comes; nothing is stored."""
    claimed = await announce(centre.store, "tu-1", bytes(MAX_PICTURE_BYTES + 2), "5" * 64)

    async def in_pieces() -> AsyncIterator[bytes]:
        for _ in range(0, MAX_PICTURE_BYTES + 1, 1_000_000):
            yield b"x" * 1_000_000

    body = b"x" * (MAX_PICTURE_BYTES + 1) if says_its_length else in_pieces()
    answer = await gateway.put(f"/gateway/evidence/{claimed}", content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert await state_of(centre, claimed) == "announced"


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer wrong", f"Basic {token_of('tu-1')}", "Bearer", "Bearer token-of-tu"],
)
async def test_without_its_token_a_gateway_gets_nothing(centre, address, authorization):
    """The refusal comes before anything is looked up."""
    claimed = await announce(centre.store, "tu-1", picture())
    headers = {"Authorization": authorization} if authorization else {}
    async with httpx.AsyncClient(base_url=address, headers=headers) as stranger:
        put = await stranger.put(f"/gateway/evidence/{claimed}", content=picture())
        get = await stranger.get(f"/gateway/audio/{claimed}")
    assert (put.status_code, get.status_code) == (401, 401)
    assert put.headers["www-authenticate"] == "Bearer"


async def test_audio_is_given_only_to_a_gateway_whose_command_names_it(centre, gateway, address):
    """The bytes are exactly what the author heard; the neighbour gets nothing."""
    person = Person(login="lan", role=Role.OPERATOR, area_id="xa")
    access = await access_of(centre.store, person)
    heard = await centre.voice.preview(access, "Xin chào bà con lúc 7h30.")
    path = f"/gateway/audio/{heard.audio_sha256}"
    assert (await gateway.get(path)).status_code == 404
    order = BroadcastOrder(
        text="Xin chào bà con lúc 7h30.",
        audio_sha256=heard.audio_sha256,
        loudspeakers=(LoudspeakerId("tu-1", "tu-1-loa-1"),),
        source="console",
    )
    await centre.voice.broadcast(access, order)
    answer = await gateway.get(path)
    assert answer.headers["content-type"] == "audio/ogg"
    assert sha256(answer.content).hexdigest() == heard.audio_sha256
    neighbour = {"Authorization": f"Bearer {token_of('tu-2')}"}
    async with httpx.AsyncClient(base_url=address, headers=neighbour) as other:
        assert (await other.get(path)).status_code == 404


async def test_plain_http_is_only_for_this_machine(centre):
    """From another peer's address the token is refused, valid or not; over TLS it is served."""
    application = FastAPI()
    application.include_router(create_gateway_router(centre))
    headers = {"Authorization": f"Bearer {token_of('tu-1')}"}
    for scheme, peer, expected in [
        ("http", "192.0.2.7", 403),
        ("https", "192.0.2.7", 404),
        ("http", "127.0.0.1", 404),
        ("http", "::1", 404),
    ]:
        transport = httpx.ASGITransport(application, client=(peer, 4_000))
        async with httpx.AsyncClient(
            transport=transport, base_url=f"{scheme}://centre", headers=headers
        ) as remote:
            answer = await remote.get(f"/gateway/audio/{'0' * 64}")
            assert answer.status_code == expected, (scheme, peer)


async def test_text_without_speakable_characters_is_refused_in_the_authors_words(centre):
    """An announcement of three dots or of pictures alone never becomes a silent broadcast."""
    person = Person(login="lan", role=Role.OPERATOR, area_id="xa")
    access = await access_of(centre.store, person)
    for text in ("", "…", "🙂🙂", "   "):
        with pytest.raises(Exception, match="unspeakable_text") as refused:
            await centre.voice.preview(access, text)
        assert "chưa phát" in refused.value.vi


async def test_an_announced_clip_is_taken_and_what_is_none_is_refused(centre, gateway):
    """The gateway learns that its file is no clip, so that it gives up."""
    body = mp4()
    claimed = await announce(centre.store, "tu-1", body, media_type="video/mp4")
    answer = await gateway.put(f"/gateway/evidence/{claimed}", content=body)
    assert answer.status_code == 204
    assert centre.evidence.path_of(claimed, "video/mp4").read_bytes() == body
    noise = body[:40] + bytes(2_000)
    broken = await announce(centre.store, "tu-1", noise, media_type="video/mp4")
    answer = await gateway.put(f"/gateway/evidence/{broken}", content=noise)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_a_clip")


@pytest.mark.parametrize("pause_s", [0.05, 3.0], ids=["trickles", "falls silent"])
async def test_a_body_that_comes_too_slowly_is_ended(centre, address, pause_s):
    """It would hold a connection and a part file for ever; the gateway sends it again later."""
    claimed = await announce(centre.store, "tu-1", picture())
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    writer.write(
        f"PUT /gateway/evidence/{claimed} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(picture())}"
        f"\r\nAuthorization: Bearer {token_of('tu-1')}\r\n\r\n".encode()
    )
    answer = b""
    while not answer:
        writer.write(b"x")
        with suppress(TimeoutError):
            answer = await asyncio.wait_for(reader.readline(), pause_s)
    assert b" 408 " in answer
    writer.close()
    assert await state_of(centre, claimed) == "announced"
    assert list((centre.evidence._folder / "arriving").iterdir()) == []
