"""Evidence reaches the centre after its event, once, pictures first, or is reported lost."""

import asyncio
import hashlib
import os

import pytest

from contracts.events import Clip, EvidenceClip, EvidenceLost, LitteringConfirmed, Picture
from edge_agent.evidence import Spool
from edge_agent.outbox import Draft
from tests.edge_agent.outbox.gateway import littering

pytestmark = pytest.mark.broker

PICTURE = b"\xff\xd8 a picture " * 500
SHA = hashlib.sha256(PICTURE).hexdigest()


CLIP = b"a clip, " * 15_000
CLIP_SHA = hashlib.sha256(CLIP).hexdigest()


async def announce_clip(outbox, folder) -> None:
    (Spool(folder).folder / f"{CLIP_SHA}.mp4").write_bytes(CLIP)
    moment = outbox.timekeeper.moment()
    clip = Clip(
        sha256=CLIP_SHA,
        codec="h264",
        width_px=8,
        height_px=8,
        size_bytes=len(CLIP),
        begins_at=moment.occurred_at,
        duration_s=12,
        encoded_again=False,
    )
    data = EvidenceClip(object_id="22222222-0000-4000-8000-000000000001", clip=clip)
    await outbox.record(
        Draft(data=data, moment=moment, device_id="cam1", evidence_hashes=(CLIP_SHA,))
    )


async def announce(outbox, *, on_disk: bool, folder, body: bytes = PICTURE) -> None:
    sha256 = hashlib.sha256(body).hexdigest()
    if on_disk:
        (Spool(folder).folder / f"{sha256}.jpg").write_bytes(body)
    picture = Picture(
        role="after",
        sha256=sha256,
        width_px=8,
        height_px=8,
        size_bytes=len(body),
        taken_at=outbox.timekeeper.moment().occurred_at,
    )
    data = littering(pictures=(picture,))
    await outbox.record(
        Draft(
            data=data,
            moment=outbox.timekeeper.moment(),
            device_id="cam1",
            evidence_hashes=(sha256,),
        )
    )


async def test_a_picture_follows_its_event_and_leaves_the_disk(centre, make_config, gateway):
    """Uploaded once the centre has committed the event; deleted once the centre has it."""
    config = make_config()
    spool = Spool(config.data_dir / "spool")
    async with gateway(config) as outbox:
        centre.acknowledging = False
        await announce(outbox, on_disk=True, folder=spool.folder)
        await centre.until(lambda: centre.data(LitteringConfirmed))
        await asyncio.sleep(1.2)
        assert not centre.requests, "the centre has not committed the event"
        centre.acknowledging = True
        await centre.acknowledge(centre.births[0].epoch)
        await centre.until(lambda: SHA in centre.evidence)
        async with asyncio.timeout(5):
            while spool.has(SHA):
                await asyncio.sleep(0.02)
    assert centre.evidence[SHA] == PICTURE
    assert not centre.data(EvidenceLost)


async def test_a_picture_that_cannot_be_read_holds_up_no_other(centre, make_config, gateway):
    """A bad sector: the file is tried again later, the next one is delivered."""
    config = make_config()
    spool = Spool(config.data_dir / "spool")
    broken = b"lies in a bad sector"
    name = hashlib.sha256(broken).hexdigest()
    async with gateway(config) as outbox:
        # Reading this one answers EIO, as a failing disk does.
        (spool.folder / f"{name}.jpg").symlink_to("/proc/self/mem")
        await announce(outbox, on_disk=False, folder=spool.folder, body=broken)
        await announce(outbox, on_disk=True, folder=spool.folder)
        await centre.until(lambda: SHA in centre.evidence)
    assert not centre.data(EvidenceLost)


async def test_a_refused_picture_is_reported_lost(centre, make_config, gateway):
    """A picture the centre will never take is said to be lost; its file goes."""
    centre.evidence_answers = [422]
    config = make_config()
    spool = Spool(config.data_dir / "spool")
    async with gateway(config) as outbox:
        await announce(outbox, on_disk=True, folder=spool.folder)
        await centre.until(lambda: centre.data(EvidenceLost))
    assert centre.data(EvidenceLost)[0].sha256 == SHA
    assert not spool.has(SHA)


async def test_a_picture_that_is_gone_is_reported_lost(centre, make_config, gateway):
    """The centre need not wait for a file that no longer exists."""
    async with gateway(make_config()) as outbox:
        await announce(outbox, on_disk=False, folder=None)
        await centre.until(lambda: centre.data(EvidenceLost))
    assert "no longer" in centre.data(EvidenceLost)[0].reason


@pytest.mark.parametrize("answer", [404, 409, 401, 503])
async def test_a_picture_not_wanted_yet_waits(centre, make_config, gateway, monkeypatch, answer):
    """An answer that may change keeps the picture."""
    from edge_agent.evidence import uploading
    from edge_agent.supervisor import Backoff

    monkeypatch.setattr(uploading, "_BACKOFF", Backoff(first_s=0.1, last_s=0.1))
    centre.evidence_answers = [answer]
    config = make_config()
    async with gateway(config) as outbox:
        await announce(outbox, on_disk=True, folder=config.data_dir / "spool")
        await centre.until(lambda: SHA in centre.evidence)
    assert len(centre.requests) == 2
    assert not centre.data(EvidenceLost)


async def test_a_restart_clears_pictures_nobody_announced(centre, make_config, gateway):
    """What a killed agent wrote without an event would never be deleted otherwise."""
    config = make_config()
    spool = Spool(config.data_dir / "spool")
    (spool.folder / f"{'b' * 64}.jpg").write_bytes(PICTURE)
    (spool.folder / f"{'c' * 64}.mp4").write_bytes(PICTURE)
    async with gateway(config):
        await centre.until(lambda: centre.births)
    assert not list(spool.folder.iterdir())


async def test_pictures_give_way_before_the_disk_is_full(centre, make_config, gateway, monkeypatch):
    """While the centre takes none, the oldest go first, and each is reported lost."""
    monkeypatch.setattr("edge_agent.evidence.uploading._ROOM_EVERY_S", 0.1)
    monkeypatch.setattr("edge_agent.evidence.spool.MAX_SPOOL_BYTES", len(PICTURE) + 10)
    centre.evidence_answers = [503] * 100
    config = make_config()
    spool = Spool(config.data_dir / "spool")
    async with gateway(config) as outbox:
        await announce(outbox, on_disk=True, folder=spool.folder)
        os.utime(spool.find(SHA), (1, 1))
        (spool.folder / f"{'f' * 64}.jpg").write_bytes(b"a newer picture")
        await centre.until(lambda: centre.data(EvidenceLost))
        assert [lost.sha256 for lost in centre.data(EvidenceLost)] == [SHA]
        assert not spool.has(SHA)
        assert spool.has("f" * 64)


async def test_pictures_overtake_a_clip(centre, make_config, gateway, monkeypatch):
    """Who must act needs the pictures; the clip, as large as all of them, waits in its midst."""
    monkeypatch.setattr("edge_agent.evidence.uploading._LOOK_S", 0.05)
    config = make_config()
    slow = config.centre.model_copy(update={"evidence_kbit_s": 800})
    spool = Spool(config.data_dir / "spool")
    pictures = [bytes([number]) * 40_000 for number in range(3)]
    async with gateway(config.model_copy(update={"centre": slow})) as outbox:
        await announce_clip(outbox, spool.folder)
        await centre.until(lambda: centre.data(EvidenceClip))
        await asyncio.sleep(0.3)  # of the 1.2 s that the clip takes
        for picture in pictures:
            await announce(outbox, on_disk=True, folder=spool.folder, body=picture)
        await centre.until(lambda: len(centre.evidence) == 4)
        async with asyncio.timeout(5):
            while spool.has(CLIP_SHA):
                await asyncio.sleep(0.02)
    assert list(centre.evidence.values()) == [*pictures, CLIP]
    assert centre.media_types.popitem() == (CLIP_SHA, "video/mp4")
    assert set(centre.media_types.values()) == {"image/jpeg"}


def test_clips_leave_before_pictures(tmp_path, monkeypatch):
    """On a full disk a clip is the larger and the lesser loss, however new it is."""
    monkeypatch.setattr("edge_agent.evidence.spool.MAX_SPOOL_BYTES", 250)
    spool = Spool(tmp_path)
    for age, name in enumerate(("old.jpg", "older.jpg", "new.mp4", "newer.mp4")):
        (tmp_path / name).write_bytes(b"x" * 100)
        os.utime(tmp_path / name, (1_000 + age, 1_000 + age))
    assert spool.excess() == ["new", "newer"]
    monkeypatch.setattr("edge_agent.evidence.spool.MAX_SPOOL_BYTES", 100)
    assert spool.excess() == ["new", "newer", "old"]
