"""This gateway's cameras and loudspeakers and the two children that serve them."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from contracts.events import DeviceKind, LitteringConfirmed
from contracts.state import Device
from edge_agent.cameras.cameras import Cameras
from edge_agent.config import GatewayConfig, LoudspeakerSettings
from edge_agent.device_health import DeviceHealth, condition_key
from edge_agent.loudspeakers.player import Player
from edge_agent.loudspeakers.reports import LoudspeakerReports
from edge_agent.outbox import Entry, Outbox
from edge_agent.outbox.drafts import Condition
from edge_agent.playout.messages import Install, RtpMulticastSink
from edge_agent.supervisor import Backoff, Supervisor
from edge_agent.telemetry import Samples

_OBJECT_REMEMBERED = timedelta(hours=24)
_CHILD_BACKOFF = Backoff(first_s=0.5, last_s=30.0)


class Devices:
    """Everything this gateway watches and speaks through."""

    def __init__(
        self,
        config: GatewayConfig,
        *,
        outbox: Outbox,
        samples: Samples,
        standing: tuple[Condition, ...],
        now: Callable[[], datetime],
    ) -> None:
        """Args: `now` is the best known present, by which zones have their hours."""
        conditions = {condition.key: condition for condition in standing}
        self._clock = outbox.timekeeper.clock

        def health(device_id: str, *, device_kind: DeviceKind) -> DeviceHealth:
            return DeviceHealth(
                outbox,
                device_id=device_id,
                device_kind=device_kind,
                standing=conditions.get(condition_key(device_id)),
            )

        healths = {
            one.id: health(one.id, device_kind=DeviceKind.LOUDSPEAKER)
            for one in config.loudspeakers
        }
        self.player = Player(
            [_install(loudspeaker) for loudspeaker in config.loudspeakers],
            clock=self._clock,
            take_report=LoudspeakerReports(outbox, healths).take,
        )
        self.cameras = Cameras(
            config,
            outbox=outbox,
            samples=samples,
            health_of=partial(health, device_kind=DeviceKind.CAMERA),
            now=now,
        )
        self._has_loudspeakers = bool(config.loudspeakers)

    def child_process_ids(self) -> tuple[int, ...]:
        """Return the processes of the children that run."""
        pids = (self.cameras.child_process_id, self.player.child.pid)
        return tuple(pid for pid in pids if pid is not None)

    async def run(self, stopping: asyncio.Event) -> None:
        """Keep children and cameras running; what is not configured is not started."""
        children = Supervisor(clock=self._clock, backoff=_CHILD_BACKOFF, stopping=stopping)
        async with asyncio.TaskGroup() as tasks:
            if self._has_loudspeakers:
                player = children.keep("player", self.player.child.run_once)
                tasks.create_task(player, name="player")
            tasks.create_task(self.cameras.run(stopping), name="cameras")


def inventory_of(config: GatewayConfig) -> tuple[Device, ...]:
    """Return the devices as a birth names them."""
    cameras = (
        Device(
            device_id=camera.id,
            device_kind=DeviceKind.CAMERA,
            name=camera.name,
            area_id=camera.area,
            loudspeaker_ids=camera.loudspeakers,
        )
        for camera in config.cameras
    )
    loudspeakers = (
        Device(
            device_id=one.id, device_kind=DeviceKind.LOUDSPEAKER, name=one.name, area_id=one.area
        )
        for one in config.loudspeakers
    )
    return (*cameras, *loudspeakers)


def forget_stale_conditions(entry: Entry, *, device_ids: frozenset[str], now: datetime) -> None:
    """Forget conditions of devices no longer configured, and objects nobody has seen for a day."""
    for condition in tuple(entry.conditions()):
        is_stranger = condition.draft.device_id not in device_ids
        is_object = isinstance(condition.draft.data, LitteringConfirmed)
        is_old = now - condition.draft.moment.occurred_at > _OBJECT_REMEMBERED
        if is_stranger or (is_object and is_old):
            entry.end_condition(condition.key)


def _install(loudspeaker: LoudspeakerSettings) -> Install:
    sink = RtpMulticastSink(
        address=loudspeaker.address,
        port=loudspeaker.port,
        codec=loudspeaker.codec,
        interface=loudspeaker.interface,
        ttl=loudspeaker.ttl,
    )
    return Install(loudspeaker_id=loudspeaker.id, sink=sink)
