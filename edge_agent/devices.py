"""This gateway's cameras and loudspeakers, and how they hear of one another."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from contracts.events import DeviceKind, LitteringConfirmed
from contracts.state import Device
from edge_agent.cameras.cameras import Cameras
from edge_agent.config import GatewayConfig
from edge_agent.device_health import DeviceHealth, condition_key
from edge_agent.loudspeakers.loudspeakers import Loudspeakers
from edge_agent.loudspeakers.talk_downs.audio import TalkDownAudio
from edge_agent.orders.audio_fetching import AudioSource
from edge_agent.outbox import Entry, Outbox
from edge_agent.outbox.drafts import Condition
from edge_agent.telemetry import Samples

_OBJECT_REMEMBERED = timedelta(hours=24)


class Devices:
    """Everything this gateway watches and speaks through."""

    def __init__(
        self,
        config: GatewayConfig,
        *,
        outbox: Outbox,
        samples: Samples,
        standing: tuple[Condition, ...],
        audio: AudioSource,
        known_time: Callable[[], datetime | None],
    ) -> None:
        """Args: `known_time` is the present, None while nobody knows it.

        Zones have their hours by the machine's clock then; nothing speaks by itself.
        """
        conditions = {condition.key: condition for condition in standing}

        def health(device_id: str, *, device_kind: DeviceKind) -> DeviceHealth:
            return DeviceHealth(
                outbox,
                device_id=device_id,
                device_kind=device_kind,
                standing=conditions.get(condition_key(device_id)),
            )

        clock = outbox.timekeeper.clock
        self.loudspeakers = Loudspeakers(
            config,
            outbox=outbox,
            samples=samples,
            health_of=partial(health, device_kind=DeviceKind.LOUDSPEAKER),
            talk_down_audio=TalkDownAudio(audio, clock),
            known_time=known_time,
        )
        self.cameras = Cameras(
            config,
            outbox=outbox,
            samples=samples,
            health_of=partial(health, device_kind=DeviceKind.CAMERA),
            known_time=known_time,
            witness=self.loudspeakers.talk_downs,
        )

    def child_process_ids(self) -> tuple[int, ...]:
        """Return the processes of the children that run."""
        vision = self.cameras.child_process_id
        return (*self.loudspeakers.child_process_ids(), *((vision,) if vision else ()))

    async def run(self, stopping: asyncio.Event) -> None:
        """Keep children and devices running; what is not configured is not started."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.loudspeakers.run(stopping), name="loudspeakers")
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
