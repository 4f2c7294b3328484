"""The gateway's way to the centre's files, against a small server that takes what it is sent."""

import asyncio
import hashlib
from datetime import UTC, datetime

import pytest

from edge_agent.centre_http import Delivery, open_centre_http
from tests.fakes.clock import FakeClock

PICTURE = b"a picture, " * 10_000
SHA = hashlib.sha256(PICTURE).hexdigest()


@pytest.fixture
async def received():
    """What has come so far of the body; `address` is where the server listens."""
    arrived = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while len(arrived) < len(PICTURE):
            arrived.extend(await reader.read(65_536))
        writer.write(b"HTTP/1.1 204 Taken\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield arrived, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_picture_leaves_room_for_events(received, tmp_path):
    """110 kB at 10 kB/s take at least eleven seconds: nothing is sent ahead of its time."""
    arrived, address = received
    clock = FakeClock(datetime(2026, 1, 5, tzinfo=UTC))
    file = tmp_path / f"{SHA}.jpg"
    file.write_bytes(PICTURE)

    async def pace(sent_bytes: int) -> None:
        await clock.sleep(sent_bytes / 10_000)

    async with (
        open_centre_http(address, token="t", ca_file=None) as centre,
        asyncio.TaskGroup() as tasks,
    ):
        upload = tasks.create_task(
            centre.put_evidence(file, media_type="image/jpeg", pace=pace), name="upload"
        )
        begun_s = clock.monotonic_s()
        while not upload.done():
            await _settle(arrived)
            # One piece is on its way before its time has passed.
            assert len(arrived) <= 10_000 * (clock.monotonic_s() - begun_s) + 16_384
            clock.advance(0.5)
    assert clock.monotonic_s() - begun_s >= 11.0
    assert upload.result() is Delivery.DELIVERED
    assert bytes(arrived) == PICTURE


async def _settle(arrived: bytearray) -> None:
    """Wait until nothing more comes."""
    before = -1
    while before < len(arrived):
        before = len(arrived)
        await asyncio.sleep(0.02)
