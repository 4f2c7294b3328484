"""Uploads that are too long, or small and huge once opened, cost the centre no memory."""

import hashlib
import struct
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import av
import numpy as np
import pytest

from contracts.events import LitteringConfirmed, Picture
from ioc.web.openapi.document import operations
from tests.ioc.web.openapi.furnished import Caller, serve_village

pytestmark = pytest.mark.timeout(120)

MB = 1_000_000
PIECE = b"\xff" * 64_000
UPLOADS = {"take_recording", "record_phrase", "deliver_evidence"}
"""Every operation that takes a body other than JSON."""


@pytest.fixture
async def served(tmp_path, clock):
    async with serve_village(tmp_path, clock, database_url=None, empty=True) as opened:
        yield opened


@contextmanager
def little_memory(limit_bytes: int = 24 * MB) -> Iterator[None]:
    """Fail where this process, which is client and centre, has grown by more at any moment."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status_kb("VmRSS")
    yield
    assert (_status_kb("VmHWM") - before) * 1_024 < limit_bytes


def _status_kb(name: str) -> int:
    (line,) = (
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)
    )
    return int(line.split()[1])


async def too_much() -> AsyncIterator[bytes]:
    for _ in range(42 * MB // len(PIECE)):
        yield PIECE


async def test_every_upload_is_tried_here(site):
    """An upload that is added later fails this test until it is."""
    document = site.application.openapi()
    taking = {
        operation["operationId"]
        for _, _, operation in operations(document)
        if operation.get("requestBody", {}).get("content", {"application/json": 0}).keys()
        - {"application/json"}
    }
    assert taking == UPLOADS


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in pieces"])
async def test_more_than_forty_megabytes_are_refused_everywhere_without_being_kept(
    served, announced
):
    """Whether the sender says so beforehand or not; also where JSON belongs."""
    _, pictures = await served.village.ban_chuong.see_littering()
    token = {"authorization": f"Bearer {served.village.tokens['tu-ban-chuong']}"}
    length = {"content-length": str(42 * MB // len(PIECE) * len(PIECE))} if announced else {}
    paths = ["/api/recordings", "/api/rules", "/api/previews"]
    async with served.caller("quantri") as admin:
        paths.append(await _phrases(admin))
        with little_memory():
            for path in paths:
                assert await _status(admin, "POST", path, length) == 413, path
            path = f"/gateway/evidence/{next(iter(pictures))}"
            assert await _status(admin, "PUT", path, length | token) in (413, 422)
            assert await _status(admin, "POST", "/dang-nhap", length) == 413


async def _phrases(admin: Caller) -> str:
    """Return where a recording is wanted."""
    await admin.made("/api/phrase-templates", {"pattern": "Họp tại {nơi}"})
    bank = (await admin.http.get("/api/phrases/tay")).json()
    return f"/api/phrases/tay/recordings?key={quote(bank['missing'][0]['key'])}"


async def _status(caller: Caller, method: str, path: str, headers: dict[str, str]) -> int:
    headers = {"x-csrf-token": caller.csrf, "content-type": "application/json"} | headers
    request = caller.http.build_request(method, path, content=too_much(), headers=headers)
    answer = await caller.http.send(request)
    return answer.status_code


async def test_a_picture_that_is_huge_once_opened_is_refused(served):
    """Its size is read in its header; what differs from the announcement is never opened."""
    gateway = served.village.ban_chuong
    _, pictures = await gateway.see_littering("cam-cho")
    small = next(iter(pictures.values()))
    frame = small.index(b"\xff\xc0")
    bomb = small[: frame + 5] + struct.pack(">HH", 65_000, 65_000) + small[frame + 9 :]
    for body in (bomb, png_bomb()):
        sha256 = await _announce(gateway, body)
        token = {"authorization": f"Bearer {served.village.tokens['tu-ban-chuong']}"}
        async with served.caller(None) as caller:
            with little_memory():
                answer = await caller.http.put(
                    f"/gateway/evidence/{sha256}", content=body, headers=token
                )
        assert answer.status_code == 422, answer.text


def png_bomb() -> bytes:
    """Return a picture of 400 million points in half a megabyte."""
    rows = zlib.compress(bytes(20_001) * 20_000, 9)
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        checked = kind + body
        return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))

    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


async def _announce(gateway, body: bytes) -> str:
    now = gateway.centre.clock.now()
    sha256 = hashlib.sha256(body).hexdigest()
    picture = Picture(
        role="after",
        sha256=sha256,
        width_px=640,
        height_px=360,
        size_bytes=len(body),
        taken_at=now,
    )
    left = LitteringConfirmed(
        object_id=str(uuid4()),
        zone="Bãi đất trống",
        box=(0.6, 0.6, 0.1, 0.18),
        deposited_at=now,
        left_at=now,
        unattended_s=14.2,
        score=0.92,
        reasons=("static_14s",),
        pictures=(picture,),
    )
    await gateway.report(left, device_id="cam-cho")
    return sha256


async def test_a_recording_that_is_hours_once_opened_is_refused(served, tmp_path):
    """Silence of three hours in two megabytes: the child that opens it is bounded, not the centre."""
    path = tmp_path / "silence.flac"
    with av.open(path, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=8_000)
        stream.layout = "mono"
        frame_silence = np.zeros((1, 8_000 * 60), np.int16)
        for minute in range(180):
            frame = av.AudioFrame.from_ndarray(frame_silence, format="s16", layout="mono")
            frame.sample_rate, frame.pts = 8_000, minute * 8_000 * 60
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    body = path.read_bytes()
    assert len(body) < 3 * MB
    async with served.caller("quantri") as admin:
        addresses = ("/api/recordings", await _phrases(admin))
        with little_memory():
            for address in addresses:
                answer = await admin.send("POST", address, content=body)
                assert answer.status_code in (413, 422), answer.text
