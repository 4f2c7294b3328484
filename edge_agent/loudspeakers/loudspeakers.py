"""All loudspeakers of this gateway: the player child, one keeper for each, and what speaks by itself."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from edge_agent.config import GatewayConfig
from edge_agent.device_health import DeviceHealth
from edge_agent.hearing.ears import Ears
from edge_agent.hearing.listening import Verdict
from edge_agent.hearing.microphones import Microphones
from edge_agent.loudspeakers.keeper import LoudspeakerKeeper
from edge_agent.loudspeakers.player import Player
from edge_agent.loudspeakers.proof import Proof
from edge_agent.loudspeakers.reports import record_progress
from edge_agent.loudspeakers.self_tests import SelfTests
from edge_agent.loudspeakers.settings import Loudspeaker
from edge_agent.loudspeakers.talk_downs.audio import TalkDownAudio
from edge_agent.loudspeakers.talk_downs.talk_downs import Ground, TalkDowns
from edge_agent.outbox import Outbox
from edge_agent.playout.messages import Install, Progress, SinkFault
from edge_agent.playout.sinks import read_status
from edge_agent.secret_files import read_secret
from edge_agent.supervisor import Backoff, Supervisor
from edge_agent.telemetry import Samples

_CHILD_BACKOFF = Backoff(first_s=0.5, last_s=30.0)


class Loudspeakers:
    """Every loudspeaker that is configured."""

    def __init__(
        self,
        config: GatewayConfig,
        *,
        outbox: Outbox,
        samples: Samples,
        health_of: Callable[[str], DeviceHealth],
        talk_down_audio: TalkDownAudio,
        known_time: Callable[[], datetime | None],
    ) -> None:
        """Args: `known_time` is the present; None while nobody knows it.

        Raises:
            ConfigurationError: a password cannot be read.
        """
        self._outbox = outbox
        self._samples = samples
        self._health_of = health_of
        self._clock = outbox.timekeeper.clock
        self._has_any = bool(config.loudspeakers)
        installs = {one.id: _install(one, config.loudness_lufs) for one in config.loudspeakers}
        self.player = Player(installs.values(), clock=self._clock, take_report=self._take)
        self._keepers = {one: self._keeper_of(install) for one, install in installs.items()}

        def local_time() -> datetime | None:
            now = known_time()
            return None if now is None else now.astimezone(ZoneInfo(config.time_zone))

        self._ears = Ears(
            microphones=Microphones(config.cameras, self._clock).find,
            clock=self._clock,
            report=self._take_verdict,
        )
        self._proof = Proof(self._ears, near_cameras=near_cameras_of(config), outbox=outbox)
        self.self_tests = SelfTests(
            config.loudspeakers,
            player=self.player,
            outbox=outbox,
            folder=config.data_dir,
            local_time=local_time,
            expect=self._proof.expect,
        )
        ground = Ground(
            camera_ids=frozenset(camera.id for camera in config.cameras),
            loudspeaker_ids=frozenset(installs),
            local_time=local_time,
        )
        self.talk_downs = TalkDowns(
            ground, outbox=outbox, audio=talk_down_audio, player=self.player
        )

    def child_process_ids(self) -> tuple[int, ...]:
        """Return the processes of the children that run."""
        pids = (self.player.child.pid, self._ears.child.pid)
        return tuple(pid for pid in pids if pid is not None)

    async def run(self, stopping: asyncio.Event) -> None:
        """Keep the children and every loudspeaker; without loudspeakers nothing is started."""
        if not self._has_any:
            return
        children = Supervisor(clock=self._clock, backoff=_CHILD_BACKOFF, stopping=stopping)
        parts = Supervisor(clock=self._clock, stopping=stopping)
        async with asyncio.TaskGroup() as tasks:
            player = children.keep("player", self.player.child.run_once)
            tasks.create_task(player, name="player")
            for name, run_once in (
                ("ears", self._ears.run),
                ("self-tests", self.self_tests.run_once),
                ("talk-downs", self.talk_downs.run_once),
            ):
                tasks.create_task(parts.keep(name, run_once), name=name)
            for loudspeaker_id, keeper in self._keepers.items():
                name = f"loudspeaker {loudspeaker_id}"
                tasks.create_task(parts.keep(name, keeper.run_once), name=name)

    async def _take(self, report: Progress | SinkFault) -> None:
        """Hear from the player."""
        if isinstance(report, SinkFault):
            if (keeper := self._keepers.get(report.loudspeaker_id)) is not None:
                await keeper.take(report)
            return
        await self.talk_downs.follow(report)
        await record_progress(self._outbox, report, self._samples)
        self.self_tests.follow(report)
        sounding = self.player.playing(report.broadcast_id, report.loudspeaker_id)
        await self._proof.follow(report, sounding)

    async def _take_verdict(self, verdict: Verdict) -> None:
        """Hear from the ears."""
        if not self.self_tests.take_verdict(verdict):
            await self._proof.record(verdict)

    def _keeper_of(self, install: Install) -> LoudspeakerKeeper:
        loudspeaker_id = install.loudspeaker_id
        return LoudspeakerKeeper(
            loudspeaker_id,
            ask=partial(read_status, install.sink, password=install.password),
            health=self._health_of(loudspeaker_id),
            outbox=self._outbox,
            samples=self._samples,
            is_speaking=partial(self.player.is_speaking, loudspeaker_id),
        )


def near_cameras_of(config: GatewayConfig) -> dict[str, tuple[str, ...]]:
    """Return for each loudspeaker the cameras that can hear it."""
    return {
        one.id: one.near_cameras
        if one.near_cameras is not None
        else tuple(camera.id for camera in config.cameras if one.id in camera.loudspeakers)
        for one in config.loudspeakers
    }


def _install(loudspeaker: Loudspeaker, loudness_lufs: float) -> Install:
    secret = loudspeaker.password_file
    return Install(
        loudspeaker_id=loudspeaker.id,
        sink=loudspeaker.sink,
        password=None if secret is None else read_secret(secret),
        volume_db=loudspeaker.volume_db,
        emergency_volume_db=loudspeaker.emergency_volume_db,
        loudness_lufs=loudness_lufs,
    )
