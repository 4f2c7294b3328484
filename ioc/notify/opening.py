"""Puts the room together: channels, caller, lanes and the desk, from the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from ioc.clock import Clock
from ioc.notify.calling.caller import Caller, Surroundings
from ioc.notify.calling.composing import Composer, Describe
from ioc.notify.calling.templates import load_templates
from ioc.notify.calling.turns import OnDuty
from ioc.notify.channels.outbound import Outbound
from ioc.notify.channels.registry import make_channels, push_key_of
from ioc.notify.desk import NoticeDesk
from ioc.notify.sending.lane import Lane
from ioc.notify.settings import Notify
from ioc.store.engine import Store
from ioc.supervisor import Work


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where notifications come from."""

    commune: str
    zone: ZoneInfo
    keys_dir: Path


@dataclass(frozen=True, kw_only=True)
class Notifier:
    """The composed room."""

    desk: NoticeDesk
    caller: Caller
    lanes: dict[str, Lane]

    @property
    def works(self) -> dict[str, Work]:
        """What must be kept running, by name."""
        return {
            "notify.calls": self.caller.run,
            **{f"notify.{name}": lane.run for name, lane in self.lanes.items()},
        }


@asynccontextmanager
async def open_notifier(
    settings: Notify,
    place: Place,
    *,
    store: Store,
    clock: Clock,
    on_duty: OnDuty,
    describe: Describe,
) -> AsyncIterator[Notifier]:
    """Open the room; close its connections on leaving.

    Raises:
        PushKeyUnusable: the key for web push cannot be used.
        TemplatesUnusable: the commune's own sentences are wrong.
    """
    composer = Composer(
        templates=load_templates(settings.templates), zone=place.zone, commune=place.commune
    )
    push_key = push_key_of(settings, place.keys_dir)
    outbound = Outbound(private_hosts=settings.private_hosts, clock=clock)
    try:
        channels = make_channels(settings, outbound=outbound, clock=clock, push_key=push_key)
        names = frozenset(channels)
        around = Surroundings(
            settings=settings,
            channels=names,
            composer=composer,
            on_duty=on_duty,
            describe=describe,
        )
        yield Notifier(
            desk=NoticeDesk(
                store=store,
                clock=clock,
                settings=settings,
                channels=names,
                composer=composer,
                push_public_key=push_key.public_base64url if push_key else "",
            ),
            caller=Caller(around, store=store, clock=clock),
            lanes={
                name: Lane(channel, store=store, clock=clock) for name, channel in channels.items()
            },
        )
    finally:
        await outbound.close()
