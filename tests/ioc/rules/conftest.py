"""A commune's centre with rules: intake, series and the desk of rules over a real store."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from contracts.telemetry import Metric
from ioc.broadcasts import BroadcastDesk
from ioc.broadcasts.keys import create_signing_key
from ioc.ingest.bus import Bus
from ioc.ingest.intake import Intake
from ioc.people import Access, Role
from ioc.rules.desk import RuleDesk
from ioc.settings import Broker
from ioc.store.engine import Store
from ioc.store.tables import alarms
from ioc.timeseries import Point, SeriesKey, SeriesStore, open_series
from tests.fakes.clock import FakeClock
from tests.ioc.commune import add_gateway, open_commune
from tests.ioc.rules.happened import ZONE
from tests.ioc.sender import Sender

ADMIN = Access(
    login="quantri", name="Q", role=Role.ADMIN, area_ids=frozenset({"xa", "ban-chuong", "na-lang"})
)


@dataclass(frozen=True, kw_only=True)
class Centre:
    """What a test of rules in force needs to hand."""

    store: Store
    series: SeriesStore
    bus: Bus
    voice: BroadcastDesk
    clock: FakeClock
    rules: RuleDesk
    intake: Intake

    async def restarted(self, file: Path | None = None) -> "Centre":
        """Return the centre as it is after a restart: nothing but the store is left."""
        rules = RuleDesk(store=self.store, series=self.series, clock=self.clock, zone=ZONE)
        await rules.open(file)
        intake = Intake(
            store=self.store,
            series=self.series,
            bus=self.bus,
            voice=self.voice,
            clock=self.clock,
            rules=rules.running,
        )
        return Centre(**{**self.__dict__, "rules": rules, "intake": intake})

    async def enforce(self, text: str) -> None:
        """Put rules in force, whatever was before."""
        book = await self.rules.read(ADMIN)
        await self.rules.save(ADMIN, text, number=book.number)

    async def alarms(self) -> list[dict[str, Any]]:
        """Return the alarms of rules, oldest first."""
        query = select(alarms).where(alarms.c.kind == "rule").order_by(alarms.c.raised_at)
        async with self.store.read() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def measure(self, metric: Metric, *values: float, every_s: float = 30.0) -> None:
        """Let time pass with a value of `cam-1` each step, and the rules look at it."""
        key = SeriesKey(gateway_id="tu-1", device_id="cam-1", metric=metric)
        for value in values:
            now = self.clock.now()
            await self.series.write([Point(key=key, sampled_at=now, value=value)])
            await self.rules.watch.run_once()
            self.clock.advance(every_s)


@pytest.fixture
async def centre(
    tmp_path: Path, clock: FakeClock, database_url: str | None
) -> AsyncIterator[Centre]:
    """A centre that knows the gateway `tu-1`."""
    async with open_commune(tmp_path, database_url) as store, open_series(tmp_path) as series:
        await add_gateway(store, "tu-1", area_id="ban-chuong")
        bus = Bus(
            Broker(), password="", instance=str(uuid4()), store_id=store.store_id, clock=clock
        )
        voice = BroadcastDesk(
            store=store,
            clock=clock,
            folder=tmp_path / "audio",
            signing=create_signing_key(tmp_path / "keys"),
        )
        rules = RuleDesk(store=store, series=series, clock=clock, zone=ZONE)
        intake = Intake(
            store=store, series=series, bus=bus, voice=voice, clock=clock, rules=rules.running
        )
        yield Centre(
            store=store,
            series=series,
            bus=bus,
            voice=voice,
            clock=clock,
            rules=rules,
            intake=intake,
        )


@pytest.fixture
async def sender(centre: Centre) -> Sender:
    """The gateway `tu-1`, connected, with the camera `cam-1`."""
    sender = Sender(centre.clock)
    await centre.intake.take([sender.birth()])
    return sender
