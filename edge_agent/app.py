"""The composition root: reads the system clock, makes every part, runs them until told to stop."""

import asyncio
import logging
import os
import signal
import ssl
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import structlog

from edge_agent.cameras.conditions import end_left_behind
from edge_agent.centre_http import CentreHttp, open_centre_http
from edge_agent.clock import SystemClock, is_system_clock_synced
from edge_agent.config import BrokerSettings, GatewayConfig
from edge_agent.devices import Devices, forget_stale_conditions, inventory_of
from edge_agent.evidence import EvidenceUploader, Spool, wanted_hashes
from edge_agent.orders.audio_fetching import AudioSource
from edge_agent.orders.audio_shelf import AudioShelf
from edge_agent.orders.broadcasts import Broadcasts
from edge_agent.orders.desk import Desk, Offices
from edge_agent.orders.markings import Markings
from edge_agent.orders.trusted_time import TrustedTime
from edge_agent.outbox import Outbox, open_outbox
from edge_agent.outbox.importance import Bounds
from edge_agent.sd_notify import ServiceNotifier
from edge_agent.secret_files import read_secret
from edge_agent.supervisor import Backoff, Supervisor
from edge_agent.telemetry import Samples, Telemetry
from edge_agent.timekeeping import Timekeeper
from edge_agent.wire.bus import Account, BusRefused
from edge_agent.wire.link import Identity, Link

log = structlog.get_logger(__name__)

EventSource = Callable[[Outbox], Awaitable[None]]
"""Something that records events of its own while the gateway runs."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_STATUS_EVERY_S = 10.0
_HOUSEKEEPING_EVERY_S = 600.0
_BROKER_BACKOFF = Backoff(last_s=30.0, slow_errors=(BusRefused,), slow_s=15.0)


def make_timekeeper() -> Timekeeper:
    """Return the machine's clock and boot."""
    return Timekeeper(
        clock=SystemClock(),
        boot_id=_BOOT_ID.read_text().strip(),
        is_synced=is_system_clock_synced,
    )


def configure_logging() -> None:
    """Log one JSON line per entry to stderr."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def serve(config: GatewayConfig) -> None:
    """Run the gateway until SIGTERM or SIGINT; returns after a clean stop."""
    configure_logging()
    os.umask(0o077)  # pictures and events are nobody else's on this machine
    asyncio.run(_serve(config))


async def _serve(config: GatewayConfig) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run_gateway(config, timekeeper=make_timekeeper(), stop=stop)


async def run_gateway(
    config: GatewayConfig,
    *,
    timekeeper: Timekeeper,
    stop: asyncio.Event,
    source: EventSource | None = None,
    notifier: ServiceNotifier | None = None,
) -> None:
    """Run every part of a gateway until `stop` is set.

    Raises:
        ConfigurationError: a secret cannot be read.
    """
    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    outbox_settings = config.outbox
    bounds = Bounds(
        max_bytes=outbox_settings.max_mb * 1_000_000,
        late_after_s=outbox_settings.late_after_s,
        keep_s=outbox_settings.keep_h * 3_600,
    )
    async with (
        open_centre_http(
            config.centre.url,
            token=read_secret(config.centre.token_file),
            ca_file=config.centre.ca_file,
        ) as centre,
        open_outbox(
            config.data_dir / "outbox.db",
            address=config.address,
            timekeeper=timekeeper,
            bounds=bounds,
        ) as outbox,
    ):
        gateway = await _assemble(config, outbox=outbox, centre=centre)
        await gateway.run(stop, source=source, notifier=notifier or ServiceNotifier())


@dataclass(frozen=True, kw_only=True)
class _Gateway:
    """Every part of one gateway, connected."""

    outbox: Outbox
    devices: Devices
    desk: Desk
    link: Link
    uploader: EvidenceUploader
    telemetry: Telemetry

    async def run(
        self, stop: asyncio.Event, *, source: EventSource | None, notifier: ServiceNotifier
    ) -> None:
        """Run every part until `stop` is set; then end them, children included."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._start(tasks, stop, source)
                tasks.create_task(self._report(notifier), name="service status")
                await _stop_when_told(stop, notifier)
        except* _Stop:
            await self.telemetry.write()
            log.info("stopped")

    def _start(
        self, tasks: asyncio.TaskGroup, stop: asyncio.Event, source: EventSource | None
    ) -> None:
        clock = self.outbox.timekeeper.clock
        parts = Supervisor(clock=clock, stopping=stop)
        broker = Supervisor(clock=clock, backoff=_BROKER_BACKOFF, stopping=stop)
        tasks.create_task(broker.keep("link", self.link.run_once), name="link")
        tasks.create_task(parts.keep("commands", self.desk.run_once), name="commands")
        tasks.create_task(parts.keep("evidence", self.uploader.run_once), name="evidence")
        tasks.create_task(parts.keep("telemetry", self.telemetry.run_once), name="telemetry")
        tasks.create_task(parts.keep("housekeeping", self._housekeep), name="housekeeping")
        tasks.create_task(self.devices.run(stop), name="devices")
        if source is not None:
            tasks.create_task(_drain(source, self.outbox), name="event source")

    async def _housekeep(self) -> None:
        while True:
            await self.outbox.housekeep()
            await self.outbox.timekeeper.clock.sleep(_HOUSEKEEPING_EVERY_S)

    async def _report(self, notifier: ServiceNotifier) -> None:
        """Beat while this loop turns and the outbox answers; a hung disk stops the beat."""
        notifier.ready(await self._status())
        every_s = min(_STATUS_EVERY_S, (notifier.watchdog_s or 2 * _STATUS_EVERY_S) / 2)
        while True:
            await self.outbox.timekeeper.clock.sleep(every_s)
            notifier.status(await self._status())
            notifier.beat()

    async def _status(self) -> str:
        where = "connected" if self.link.is_connected else "not connected"
        return f"{where} to the broker, {await self.outbox.depth()} rows wait for the centre"


class _Stop(Exception):
    """Ends every task of the gateway."""


async def _stop_when_told(stop: asyncio.Event, notifier: ServiceNotifier) -> None:
    await stop.wait()
    notifier.stopping()
    raise _Stop


async def _drain(source: EventSource, outbox: Outbox) -> None:
    await source(outbox)


async def _assemble(config: GatewayConfig, *, outbox: Outbox, centre: CentreHttp) -> _Gateway:
    """Clear what an earlier run left behind and connect the parts."""
    clock = outbox.timekeeper.clock
    spool = Spool(config.data_dir / "spool")
    spool.sweep(await outbox.read(wanted_hashes))
    inventory = inventory_of(config)
    device_ids = frozenset(device.device_id for device in inventory)
    await outbox.write(end_left_behind)
    await outbox.write(partial(forget_stale_conditions, device_ids=device_ids, now=clock.now()))
    samples = Samples(outbox.timekeeper)
    trusted_time = TrustedTime(outbox.timekeeper)
    audio = AudioSource(AudioShelf(config.data_dir / "audio"), centre, clock)
    devices = Devices(
        config,
        outbox=outbox,
        samples=samples,
        standing=await outbox.conditions(),
        audio=audio,
        known_time=trusted_time.estimate,
    )
    desk = _make_desk(config, devices, outbox=outbox, audio=audio, trusted_time=trusted_time)
    identity = Identity(
        address=config.address,
        account=account_of(config.broker, username=config.gateway_id),
        agent_version=version("commune-ioc"),
        devices=inventory,
    )
    return _Gateway(
        outbox=outbox,
        devices=devices,
        desk=desk,
        link=Link(identity, outbox=outbox, desk=desk, has_evidence=spool.has),
        uploader=EvidenceUploader(
            spool,
            outbox=outbox,
            centre=centre,
            bytes_per_s=config.centre.evidence_kbit_s * 125.0,
        ),
        telemetry=Telemetry(
            samples,
            outbox=outbox,
            settings=config.telemetry,
            process_ids=lambda: (os.getpid(), *devices.child_process_ids()),
        ),
    )


def _make_desk(
    config: GatewayConfig,
    devices: Devices,
    *,
    outbox: Outbox,
    audio: AudioSource,
    trusted_time: TrustedTime,
) -> Desk:
    broadcasts = Broadcasts(
        loudspeaker_ids=frozenset(one.id for one in config.loudspeakers),
        outbox=outbox,
        trusted_time=trusted_time,
        audio=audio,
        player=devices.loudspeakers.player,
    )
    return Desk(
        address=config.address,
        key=config.centre.key,
        outbox=outbox,
        trusted_time=trusted_time,
        offices=Offices(
            broadcasts=broadcasts,
            markings=Markings(
                mark=devices.cameras.mark_fixture,
                forget=devices.cameras.forget_fixture,
                outbox=outbox,
            ),
            self_tests=devices.loudspeakers.self_tests,
            talk_downs=devices.loudspeakers.talk_downs,
        ),
    )


def account_of(broker: BrokerSettings, *, username: str) -> Account:
    """Return how this gateway connects to its broker.

    Raises:
        ConfigurationError: the password cannot be read.
    """
    tls = None if broker.tls is None else ssl.create_default_context(cafile=broker.tls.ca_file)
    return Account(
        host=broker.host,
        port=broker.port,
        username=username,
        password=read_secret(broker.password_file),
        tls=tls,
    )
