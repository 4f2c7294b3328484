"""The composition root: builds the centre from its settings and runs it until it is told to stop."""

import asyncio
import gc
import logging
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from socket import socket
from uuid import uuid4

import structlog
import uvicorn
from fastapi import FastAPI

from ioc.alarms.clockwork import Clockwork
from ioc.alarms.engine.policy import Policies
from ioc.alarms.settings import policies_of
from ioc.backup.daily import DailyBackup
from ioc.broadcasts.desk import BroadcastDesk
from ioc.broadcasts.keys import load_signing_key
from ioc.broadcasts.sources.settings import sources_of
from ioc.centre import Centre
from ioc.certificate import follow_certificate
from ioc.clock import Clock, SystemClock
from ioc.clock_doubt import ClockDoubt
from ioc.duty.watches import DutyRoster
from ioc.evidence import EvidenceStore
from ioc.gateways.enrolment import read_centre_password
from ioc.housekeeping import keep_house
from ioc.ingest.bus import Bus
from ioc.ingest.intake import Intake
from ioc.ingest.listening import Listening
from ioc.ingest.watch import watch_silence
from ioc.keeping.retention import Retention
from ioc.listener import CannotListen, open_listener
from ioc.notify.opening import Notifier, Place, open_notifier
from ioc.notify_systemd import notify, watchdog_interval_s
from ioc.people import People
from ioc.rules.desk import RuleDesk
from ioc.serving_claim import ServingClaim, claim_database
from ioc.serving_lock import lock_for_serving
from ioc.settings import Settings, Web
from ioc.station import Station
from ioc.store.database import Database
from ioc.store.engine import Store, open_store
from ioc.store.migrate import initialise
from ioc.supervisor import Work, keep_running
from ioc.timeseries import open_series
from ioc.web.application import create_application
from ioc.web.describing import AlarmDescriber

STOP_TIMEOUT_S = 3
"""How long open requests, such as event streams, may go on after SIGTERM."""
CANCEL_AGAIN_S = 2.0
"""Longer than any part needs to leave cleanly."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A composed centre with its connections to gateways."""

    centre: Centre
    bus: Bus
    intake: Intake
    notifier: Notifier
    listening: Listening


@asynccontextmanager
async def compose(settings: Settings, *, clock: Clock) -> AsyncIterator[Running]:
    """Open everything an initialised centre consists of; close it on leaving."""
    signing = load_signing_key(settings.keys_dir)
    password = read_centre_password(settings)
    data_dir = settings.data_dir
    async with (
        open_store(data_dir, url=settings.database.read_url()) as store,
        open_series(data_dir, settings.series, clock=clock) as series,
        open_notifier(
            settings.notify,
            Place(
                commune=settings.commune.name,
                zone=settings.commune.zone,
                keys_dir=settings.keys_dir,
            ),
            store=store,
            clock=clock,
            on_duty=DutyRoster(zone=settings.commune.zone),
            describe=AlarmDescriber(settings=settings),
        ) as notifier,
    ):
        policies = policies_of(settings.alarms, settings.commune.zone)
        listening = Listening(clock)
        voice = BroadcastDesk(
            store=store,
            clock=clock,
            folder=data_dir / "audio",
            signing=signing,
            sources=sources_of(settings.broadcasts),
            policies=policies,
        )
        voice.forget_unfinished()
        station = Station(store=store, clock=clock, voice=voice)
        evidence = EvidenceStore(folder=data_dir / "evidence", store=store, clock=clock)
        evidence.forget_parts()
        rules = RuleDesk(
            store=store,
            series=series,
            clock=clock,
            zone=settings.commune.zone,
            policies=policies,
        )
        await rules.open(settings.rules)
        centre = Centre(
            settings=settings,
            clock=clock,
            store=store,
            series=series,
            evidence=evidence,
            voice=voice,
            station=station,
            people=People(store=store, clock=clock),
            notices=notifier.desk,
            policies=policies,
            rules=rules,
            backup=_daily_backup(settings, store=store, clock=clock, policies=policies),
            listening=listening,
        )
        bus = Bus(
            settings.broker,
            password=password,
            instance=str(uuid4()),
            store_id=store.store_id,
            clock=clock,
            listening=listening,
        )
        intake = Intake(
            store=store,
            series=series,
            bus=bus,
            voice=station,
            clock=clock,
            policies=centre.policies,
            rules=rules.running,
            listening=listening,
        )
        yield Running(centre=centre, bus=bus, intake=intake, notifier=notifier, listening=listening)


def serve(settings: Settings) -> None:
    """Run the centre until SIGTERM or SIGINT.

    Raises:
        AlreadyServed: another process serves the same data directory or database.
        CannotListen: the web address cannot be served.
        DatabaseTooNew: a later release has written the database.
        DatabaseUrlWrong: the address of the database cannot be used.
        DictionaryUnusable: the commune's dictionary is wrong.
        EnrolmentRefused: the centre's MQTT password is missing.
        PushKeyUnusable: the key for web push cannot be used.
        RestoreInterrupted: half a restored centre lies there.
        SigningKeyUnusable: the key for commands is missing.
        StoreUnavailable: the database cannot be reached.
        TemplatesUnusable: the commune's own sentences for notifications are wrong.
    """
    _configure_logs()
    os.umask(0o077)  # pictures and events are nobody else's on this machine
    with lock_for_serving(settings.data_dir), open_listener(settings.web) as listener:
        asyncio.run(_claim_and_run(settings, listener, clock=SystemClock()))


async def _claim_and_run(settings: Settings, listener: socket, *, clock: Clock) -> None:
    url = settings.database.read_url()
    async with claim_database(Database(data_dir=settings.data_dir, url=url), clock=clock) as claim:
        # Not before: another centre may be serving the tables as they are.
        await asyncio.to_thread(initialise, settings.data_dir, settings.areas, url=url)
        await _run(settings, listener, clock=clock, claim=claim)


async def _run(
    settings: Settings, listener: socket, *, clock: Clock, claim: ServingClaim | None
) -> None:
    loop = asyncio.get_running_loop()
    async with compose(settings, clock=clock) as running:
        _collect_seldom()
        application = create_application(running.centre)
        server = uvicorn.Server(_load(_web_config(settings.web, application)))
        for number in (signal.SIGTERM, signal.SIGINT):
            # Beside uvicorn's own, which serves open requests to their end.
            loop.add_signal_handler(number, _stop, server, application)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(keep_running(name, work, clock=clock), name=name)
                for name, work in {**_works(running, server), **_claiming(claim)}.items()
            ]
            await server.serve(sockets=[listener])
            notify("STOPPING=1")
            await _end(tasks)
    _log.info("centre.stopped")


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel until all have ended; `asyncio.wait_for` of Python 3.11 loses a cancellation at times."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)


def _claiming(claim: ServingClaim | None) -> dict[str, Work]:
    return {} if claim is None else {"claim": claim.keep}


def _works(running: Running, server: uvicorn.Server) -> dict[str, Work]:
    centre, bus, intake = running.centre, running.bus, running.intake
    doubt = ClockDoubt(store=centre.store, clock=centre.clock)
    return {
        "bus": lambda: bus.run_once(intake.deliver),
        "ingest": intake.run_events,
        "telemetry": intake.run_telemetry,
        "series": centre.series.run,
        "commands": lambda: centre.voice.run_sender(bus),
        "silence": lambda: watch_silence(
            store=centre.store,
            listener=running.listening,
            clock=centre.clock,
            policies=centre.policies,
        ),
        "alarm_clockwork": Clockwork(
            store=centre.store, clock=centre.clock, policies=centre.policies
        ).run,
        "rules": lambda: centre.rules.watch.run(running.listening),
        **running.notifier.works,
        "housekeeping": lambda: keep_house(
            store=centre.store,
            series=centre.series,
            voice=centre.voice,
            clock=centre.clock,
            kept=centre.settings.series,
            doubt=doubt,
        ),
        "retention": Retention(
            store=centre.store,
            evidence=centre.evidence,
            settings=centre.settings.retention,
            clock=centre.clock,
            doubt=doubt,
        ).run,
        **_backup_works(centre),
        "systemd": lambda: _tell_systemd(server, centre.clock),
        "certificate": lambda: follow_certificate(
            centre.settings.web, server.config.ssl, clock=centre.clock
        ),
    }


def _daily_backup(
    settings: Settings, *, store: Store, clock: Clock, policies: Policies
) -> DailyBackup | None:
    wanted = settings.backup
    if wanted is None:
        return None
    return DailyBackup(wanted, settings, store=store, clock=clock, policies=policies)


def _backup_works(centre: Centre) -> dict[str, Work]:
    return {} if centre.backup is None else {"backup": centre.backup.run}


async def _tell_systemd(server: uvicorn.Server, clock: Clock) -> None:
    """Say when pages can be had, then that the loop still turns, as often as systemd asks."""
    while not server.started:
        await clock.sleep(0.02)
    notify("READY=1")
    _log.info("centre.ready")
    interval_s = watchdog_interval_s()
    while True:
        await clock.sleep(interval_s or 3_600.0)
        if interval_s is not None:
            notify("WATCHDOG=1")


def _stop(server: uvicorn.Server, application: FastAPI) -> None:
    """Stop, also before it serves; event streams end by themselves instead of being cut off."""
    server.should_exit = True
    application.state.feed.close()


def _web_config(web: Web, application: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nobody may claim to be another peer
        ssl_certfile=web.tls_certificate,
        ssl_keyfile=web.tls_key,
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
        lifespan="off",
    )


def _load(config: uvicorn.Config) -> uvicorn.Config:
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise CannotListen(
            f"web.tls_certificate and web.tls_key cannot be used: {error}"
        ) from error
    return config


def _collect_seldom() -> None:
    """Look for circular garbage less often: a group of events is a hundred thousand objects.

    None of them is circular, and looking at them all again and again took a fifth of ingest's time.
    """
    gc.collect()
    gc.freeze()  # what the program consists of stays anyway
    gc.set_threshold(50_000, 20, 20)


def _configure_logs() -> None:
    """Write JSON lines to standard error, the libraries' as well as ours."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [output]
    root.setLevel(logging.INFO)
    for noisy in ("uvicorn.error", "alembic", "ioc.ingest.mqtt", "httpx"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
