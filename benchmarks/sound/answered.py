"""From a confirmed sighting to the first packet of what a gateway says by itself."""

import asyncio
import hashlib
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import structlog

from contracts.commands import Audio, Command, SetTalkDowns, TalkDown
from contracts.events import IntrusionStarted
from edge_agent.clock import SystemClock
from edge_agent.loudspeakers.player import Player
from edge_agent.loudspeakers.talk_downs.audio import TalkDownAudio
from edge_agent.loudspeakers.talk_downs.talk_downs import Ground, TalkDowns
from edge_agent.orders.audio_fetching import AudioSource
from edge_agent.orders.audio_shelf import AudioShelf
from edge_agent.outbox import Draft, Outbox, open_outbox
from edge_agent.outbox.importance import Bounds
from edge_agent.playout.messages import Install, Progress, SinkFault
from edge_agent.timekeeping import Timekeeper
from sound.receivers import Receivers
from tests.edge_agent.audio import tone_ogg
from tests.edge_agent.outbox.gateway import ADDRESS

_SPOKEN_S = 0.5


class _NoCentre:
    """Nothing is fetched: what is said lies on the gateway's disk."""

    async def fetch_audio(self, sha256: str, *, size_bytes: int) -> bytes:
        raise OSError(f"no centre for {sha256} of {size_bytes} bytes")


def confirmed_to_sound_s(folder: Path, *, times: int) -> list[float]:
    """Seconds from the draft of a sighting to the packet, each time with another figure."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    return asyncio.run(_measure(folder, times))


async def _measure(folder: Path, times: int) -> list[float]:
    timekeeper = Timekeeper(clock=SystemClock(), boot_id=str(uuid4()), is_synced=lambda: True)
    bounds = Bounds(max_bytes=10**7)
    file = folder / "outbox.db"
    async with open_outbox(file, address=ADDRESS, timekeeper=timekeeper, bounds=bounds) as outbox:
        with Receivers(1) as receivers:
            return await _run(outbox, receivers, folder, times)


async def _run(outbox: Outbox, receivers: Receivers, folder: Path, times: int) -> list[float]:
    clock = outbox.timekeeper.clock
    sink = {"driver": "rtp_multicast", "address": "127.0.0.1", "port": receivers.ports[0]}
    install = Install.model_validate({"loudspeaker_id": "loa", "sink": sink})

    async def take(report: Progress | SinkFault) -> None:
        if isinstance(report, Progress):
            await talk_downs.follow(report)

    player = Player([install], clock=clock, take_report=take)
    shelf = AudioShelf(folder / "audio")
    ground = Ground(
        camera_ids=frozenset({"cam"}),
        loudspeaker_ids=frozenset({"loa"}),
        local_time=clock.now,
    )
    audio = TalkDownAudio(AudioSource(shelf, _NoCentre(), clock), clock)  # type: ignore[arg-type]
    talk_downs = TalkDowns(ground, outbox=outbox, audio=audio, player=player)
    async with asyncio.TaskGroup() as tasks:
        parts = (talk_downs.run_once(), player.child.run_once())
        running = [tasks.create_task(part, name="part") for part in parts]
        await _set(talk_downs, shelf)
        await asyncio.sleep(2)
        waits = [await _once(outbox, talk_downs, receivers) for _ in range(times)]
        for task in running:
            task.cancel()
    return waits


async def _set(talk_downs: TalkDowns, shelf: AudioShelf) -> None:
    body = tone_ogg(seconds=_SPOKEN_S)
    sha256 = hashlib.sha256(body).hexdigest()
    shelf.put(sha256, body)
    talk_down = TalkDown(
        talk_down_id=str(uuid4()),
        camera_id="cam",
        causes=("intrusion",),
        loudspeaker_ids=("loa",),
        audio=Audio(sha256=sha256, size_bytes=len(body), duration_s=_SPOKEN_S),
        cool_down_s=0,
        daily_limit=1_000,
    )
    order = SetTalkDowns(talk_downs=(talk_down,))
    command = Command.model_validate(
        {
            "id": str(uuid4()),
            "subject": f"{ADDRESS.site_id}/{ADDRESS.gateway_id}",
            "type": "set_talk_downs.v1",
            "time": datetime(2026, 1, 1, tzinfo=UTC),
            "expiresat": datetime(2036, 1, 1, tzinfo=UTC),
            "commandnumber": 1,
            "data": order,
        }
    )
    await talk_downs.set(command, order)


async def _once(outbox: Outbox, talk_downs: TalkDowns, receivers: Receivers) -> float:
    heard = receivers.arrivals_s[0]
    before = len(heard)
    data = IntrusionStarted(object_id=str(uuid4()), zone="sân", box=(0, 0, 0.1, 0.1), present_s=1)
    seen_s = time.time()  # noqa: TID251 - compared with the kernel's wall clock
    talk_downs.see(Draft(data=data, moment=outbox.timekeeper.moment(), device_id="cam"))
    async with asyncio.timeout(10):
        while len(heard) == before:  # noqa: ASYNC110 - another thread hears it
            await asyncio.sleep(0.01)
    await asyncio.sleep(_SPOKEN_S + 1)
    return heard[before] - seen_s
