"""Evidence: only what was announced, only what its hash says, only real JPEGs and whole clips."""

import errno
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from ioc.evidence import (
    MAX_CLIP_BYTES,
    MAX_PICTURE_BYTES,
    EvidenceStore,
    NotAClip,
    NotAnnounced,
    NotAPicture,
    TooLarge,
    WrongHash,
)
from ioc.evidence.arrival import Arrival
from ioc.evidence.jpeg import read_dimensions
from ioc.store.engine import Store
from ioc.store.tables import alarms, evidence, journal
from tests.ioc.clips import mp4
from tests.ioc.commune import open_commune

AT = datetime(2026, 1, 5, tzinfo=UTC)


def jpeg(width: int = 64, height: int = 48) -> bytes:
    """Return a drawn picture."""
    ramp = np.linspace(0, 255, width, dtype=np.uint8)
    _, encoded = cv2.imencode(".jpg", np.tile(ramp, (height, 1)))
    return encoded.tobytes()


def hash_of(body: bytes) -> str:
    """Return how the wire names a picture."""
    return hashlib.sha256(body).hexdigest()


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    """Give a body as a server receives it."""
    for start in range(0, len(body), 65_536):
        yield body[start : start + 65_536]


@dataclass
class Room:
    """An evidence store in a commune, and its folder."""

    evidence: EvidenceStore
    store: Store
    folder: Path

    async def deliver(self, sha256: str, body: bytes, gateway_id: str = "tu-1") -> None:
        await self.evidence.accept(gateway_id, sha256, in_pieces(body))

    async def announce(
        self, sha256: str, gateway_id: str = "tu-1", *, size_bytes: int = 20_000_000, **said: object
    ) -> None:
        async with self.store.begin() as connection:
            await connection.execute(
                insert(alarms).values(
                    alarm_id=f"alarm-{sha256[:6]}",
                    kind="littering",
                    gateway_id=gateway_id,
                    object_id="cam-1",
                    area_id="ban-chuong",
                    priority="high",
                    state="unacknowledged",
                    annunciate=True,
                    late=False,
                    occurred_at=AT,
                    last_occurred_at=AT,
                    raised_at=AT,
                )
            )
            await connection.execute(
                insert(evidence).values(
                    event_id=f"event-{sha256[:6]}",
                    role="after",
                    sha256=sha256,
                    gateway_id=gateway_id,
                    alarm_id=f"alarm-{sha256[:6]}",
                    size_bytes=size_bytes,
                    taken_at=AT,
                    state="announced",
                    **{"media_type": "image/jpeg", "width_px": 64, "height_px": 48, **said},
                )
            )

    async def rows(self, table):
        async with self.store.read() as connection:
            return [dict(row) for row in (await connection.execute(select(table))).mappings()]

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture
async def room(tmp_path, clock) -> AsyncIterator[Room]:
    """An empty evidence store."""
    folder = tmp_path / "evidence"
    async with open_commune(tmp_path) as store:
        opened = EvidenceStore(folder=folder, store=store, clock=clock)
        yield Room(evidence=opened, store=store, folder=folder)


async def test_an_announced_picture_is_kept_and_told(room):
    """The alarm's page learns that its picture has come; a second upload changes nothing."""
    body = jpeg()
    await room.announce(hash_of(body))
    for _ in range(2):
        await room.deliver(hash_of(body), body)
    assert room.evidence.path_of(hash_of(body), "image/jpeg").read_bytes() == body
    assert [row["state"] for row in await room.rows(evidence)] == ["stored"]
    assert (await room.rows(journal))[0]["subject_id"] == f"alarm-{hash_of(body)[:6]}"
    assert len(room.files()) == 1


async def test_a_full_disk_leaves_no_piece_of_a_picture(room, monkeypatch):
    """However often the gateway tries, nothing piles up, and the picture is taken in the end."""
    body = jpeg()
    await room.announce(hash_of(body))

    def refuse(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr("os.fsync", refuse)
        with pytest.raises(OSError, match="No space"):
            await room.deliver(hash_of(body), body)
    assert not room.files()
    await room.deliver(hash_of(body), body)
    assert len(room.files()) == 1


async def test_a_picture_nobody_announced_is_refused(room):
    """Also one that another gateway announced."""
    body = jpeg()
    await room.announce(hash_of(body), gateway_id="tu-2")
    with pytest.raises(NotAnnounced):
        await room.deliver(hash_of(body), body)
    assert room.files() == []


async def test_a_picture_with_a_wrong_hash_is_refused(room):
    """What its address names is what is kept, or nothing."""
    await room.announce(hash_of(jpeg()))
    with pytest.raises(WrongHash):
        await room.deliver(hash_of(jpeg()), jpeg(32, 32))
    assert (await room.rows(evidence))[0]["state"] == "announced"
    assert room.files() == []


@pytest.mark.parametrize(
    "body",
    [b"", b"GIF89a" + b"0" * 99, b"\xff\xd8\xff\xe0" + b"0" * 99],
    ids=["empty", "another format", "no frame"],
)
async def test_what_is_no_picture_is_refused(room, body):
    """Announced or not."""
    await room.announce(hash_of(body))
    with pytest.raises(NotAPicture):
        await room.deliver(hash_of(body), body)
    assert room.files() == []


async def test_a_picture_that_declares_too_many_pixels_is_never_decoded(room):
    """Few bytes may ask for gigabytes of memory."""
    body = bytearray(jpeg())
    at = body.index(b"\xff\xc0")
    body[at + 5 : at + 9] = (60_000).to_bytes(2, "big") * 2
    await room.announce(hash_of(bytes(body)))
    with pytest.raises(NotAPicture, match="60000x60000"):
        await room.deliver(hash_of(bytes(body)), bytes(body))


async def test_a_picture_of_endless_passes_is_never_decoded(room):
    """A pass over fifty megapixels costs 75 bytes: twenty megabytes of them took hours."""
    settings = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    body = cv2.imencode(".jpg", np.full((48, 64), 90, np.uint8), settings)[1].tobytes()
    scan = body[body.rindex(b"\xff\xda") : -2]
    bomb = body[:-2] + scan * 100 + body[-2:]
    for picture in (body, bomb):
        await room.announce(hash_of(picture))
    await room.deliver(hash_of(body), body)
    with pytest.raises(NotAPicture, match="more passes"):
        await room.deliver(hash_of(bomb), bomb)


async def test_a_picture_beyond_the_cap_is_refused(room):
    """20 MB."""
    body = b"\xff\xd8\xff" + bytes(MAX_PICTURE_BYTES)
    await room.announce(hash_of(body))
    with pytest.raises(TooLarge):
        await room.deliver(hash_of(body), body)


@given(width=st.integers(1, 300), height=st.integers(1, 300))
def test_dimensions_are_read_from_the_header(width, height):
    """As the encoder wrote them."""
    found = read_dimensions(jpeg(width, height))
    assert found is not None
    assert (found.width_px, found.height_px) == (width, height)


@given(st.binary(max_size=200))
def test_no_bytes_upset_the_header_reader(tail):
    """It answers or says that it is no JPEG."""
    read_dimensions(tail)
    read_dimensions(b"\xff\xd8\xff" + tail)


async def test_a_picture_of_another_size_than_announced_is_refused(room):
    """Boxes and paths are shares of the announced size: on another they would show something else."""
    body = jpeg(32, 32)
    await room.announce(hash_of(body))
    with pytest.raises(NotAPicture, match="32x32, but 64x48 was announced"):
        await room.deliver(hash_of(body), body)
    assert room.files() == []


async def test_what_is_longer_than_announced_is_not_read_to_its_end(room):
    """The disk is no larger for a sender's mistake."""
    body = jpeg()
    await room.announce(hash_of(body), size_bytes=len(body) - 1)
    with pytest.raises(WrongHash, match="announced"):
        await room.deliver(hash_of(body), body)
    assert room.files() == []


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
async def test_an_announced_clip_is_kept_and_told(room, codec):
    """H.264 and H.265, as cameras record them."""
    body = mp4(codec=codec)
    await room.announce(hash_of(body), size_bytes=len(body), media_type="video/mp4")
    await room.deliver(hash_of(body), body)
    assert room.evidence.path_of(hash_of(body), "video/mp4").read_bytes() == body
    assert [row["state"] for row in await room.rows(evidence)] == ["stored"]
    assert len(await room.rows(journal)) == 1


async def test_a_clip_is_never_whole_in_memory(room, monkeypatch):
    """A hundred megabytes pass in pieces of one: what is held at once stays small."""
    held = []
    write = Arrival._write

    def watched(arrival: Arrival) -> None:
        held.append(len(arrival._piece))
        write(arrival)

    monkeypatch.setattr(Arrival, "_write", watched)
    body = mp4() + (1_000_008).to_bytes(4, "big") + b"free" + bytes(1_000_000)
    body += (2_000_008).to_bytes(4, "big") + b"free" + bytes(2_000_000)
    await room.announce(hash_of(body), size_bytes=len(body), media_type="video/mp4")
    await room.deliver(hash_of(body), body)
    assert len(held) >= 3
    assert max(held) < 1_100_000


async def test_what_is_no_whole_clip_is_refused(room):
    """Announced as one or not: a picture, half a clip, a clip of another codec."""
    whole = mp4()
    for body in (jpeg(), whole[: len(whole) // 2], whole.replace(b"avc1", b"mp4v")):
        await room.announce(hash_of(body), size_bytes=len(body), media_type="video/mp4")
        with pytest.raises(NotAClip):
            await room.deliver(hash_of(body), body)
    assert room.files() == []


async def test_a_clip_beyond_the_cap_is_refused(room):
    """100 MB, whatever was announced."""
    await room.announce("c" * 64, size_bytes=10**9, media_type="video/mp4")

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(10_000_000)

    with pytest.raises(TooLarge, match=str(MAX_CLIP_BYTES)):
        await room.evidence.accept("tu-1", "c" * 64, endless())
    assert room.files() == []


async def test_what_was_arriving_when_the_centre_ended_is_forgotten(room):
    """A power cut leaves no piece behind for ever."""
    part = room.folder / "arriving" / "x.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half")
    room.evidence.forget_parts()
    assert room.files() == []
