"""A gateway's outbox, a real player child and a loudspeaker on this machine."""

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest

from edge_agent.clock import SystemClock
from edge_agent.loudspeakers.player import Player
from edge_agent.outbox import Lane, open_outbox
from edge_agent.outbox.importance import Bounds
from edge_agent.playout.messages import Install
from edge_agent.timekeeping import Timekeeper
from tests.edge_agent.loudspeakers.talk_down_maker import BOOT_ID
from tests.edge_agent.outbox.gateway import ADDRESS, events_in


class Told:
    """What an outbox was told so far."""

    def __init__(self, outbox) -> None:
        self._outbox = outbox

    async def events(self) -> list:
        """In order; with a clock that runs fast some are late already."""
        events = []
        for lane in (Lane.LIVE, Lane.BACKFILL):
            after = 0
            while batch := await self._outbox.next_batch(lane, after=after):
                events += events_in(batch.payload)
                after = batch.sequences[-1]
        return sorted(events, key=lambda event: event.sequence)

    async def of(self, model) -> list:
        return [event.data for event in await self.events() if isinstance(event.data, model)]

    async def until(self, model, count: int = 1) -> list:
        async with asyncio.timeout(15):
            while len(found := await self.of(model)) < count:
                await asyncio.sleep(0.05)
        return found


@pytest.fixture
def open_told(tmp_path):
    """Open the outbox of this test's gateway; twice in a row is a restart."""

    @asynccontextmanager
    async def make(clock=None, boot_id: str = BOOT_ID):
        timekeeper = Timekeeper(
            clock=clock or SystemClock(), boot_id=boot_id, is_synced=lambda: True
        )
        bounds = Bounds(max_bytes=10**7)
        async with open_outbox(
            tmp_path / "outbox.db", address=ADDRESS, timekeeper=timekeeper, bounds=bounds
        ) as outbox:
            yield outbox, Told(outbox)

    return make


@pytest.fixture
def ear():
    """A socket where a loudspeaker would listen."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.setblocking(False)
        yield listening


@pytest.fixture
def make_player(ear):
    """Make the player child's counterpart, with one loudspeaker `loa1`; its child runs in a task."""

    def make(outbox, take_report) -> Player:
        sink = {
            "driver": "rtp_multicast",
            "address": "127.0.0.1",
            "port": ear.getsockname()[1],
            "interface": "127.0.0.1",
        }
        install = Install.model_validate({"loudspeaker_id": "loa1", "sink": sink})
        return Player([install], clock=outbox.timekeeper.clock, take_report=take_report)

    return make


@asynccontextmanager
async def running(*coroutines):
    """Run these beside the block; they are cancelled at its end."""
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(one) for one in coroutines]
        try:
            yield
        finally:
            for task in started:
                task.cancel()
