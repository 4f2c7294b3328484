"""Pictures reach the centre after their event, once, or are reported lost."""

import asyncio
import hashlib
import os

import pytest

from contracts.events import EvidenceLost, LitteringConfirmed, Picture
from edge_agent.evidence import Spool
from edge_agent.outbox import Draft
from tests.edge_agent.outbox.gateway import littering

pytestmark = pytest.mark.broker

PICTURE = b"\xff\xd8 a picture " * 500
SHA = hashlib.sha256(PICTURE).hexdigest()


async def announce(outbox, *, on_disk: bool, folder) -> None:
    if on_disk:
        Spool(folder).path(SHA).write_bytes(PICTURE)
    picture = Picture(
        role="after",
        sha256=SHA,
        width_px=8,
        height_px=8,
        size_bytes=len(PICTURE),
        taken_at=outbox.timekeeper.moment().occurred_at,
    )
    data = littering(pictures=(picture,))
    await outbox.record(
        Draft(
            data=data,
            moment=outbox.timekeeper.moment(),
            device_id="cam1",
            picture_hashes=(SHA,),
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
    from edge_agent import evidence
    from edge_agent.supervisor import Backoff

    monkeypatch.setattr(evidence, "_BACKOFF", Backoff(first_s=0.1, last_s=0.1))
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
    spool.path("b" * 64).write_bytes(PICTURE)
    async with gateway(config):
        await centre.until(lambda: centre.births)
    assert not spool.has("b" * 64)


async def test_pictures_give_way_before_the_disk_is_full(centre, make_config, gateway, monkeypatch):
    """While the centre takes none, the oldest go first, and each is reported lost."""
    monkeypatch.setattr("edge_agent.evidence._ROOM_EVERY_S", 0.1)
    monkeypatch.setattr("edge_agent.evidence.MAX_SPOOL_BYTES", len(PICTURE) + 10)
    centre.evidence_answers = [503] * 100
    config = make_config()
    spool = Spool(config.data_dir / "spool")
    async with gateway(config) as outbox:
        await announce(outbox, on_disk=True, folder=spool.folder)
        os.utime(spool.path(SHA), (1, 1))
        spool.path("f" * 64).write_bytes(b"a newer picture")
        await centre.until(lambda: centre.data(EvidenceLost))
        assert [lost.sha256 for lost in centre.data(EvidenceLost)] == [SHA]
        assert not spool.has(SHA)
        assert spool.has("f" * 64)
