"""An intake over a real store, with a bus that is not connected: what counts is what is committed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Table, select

from contracts.state import Ack
from ioc.broadcasts import BroadcastDesk
from ioc.broadcasts.keys import create_signing_key
from ioc.ingest import committed
from ioc.ingest.bus import Bus
from ioc.ingest.intake import Intake
from ioc.ingest.received import Received
from ioc.settings import Broker
from ioc.store.engine import Store
from ioc.timeseries import SeriesStore, open_series
from tests.fakes.clock import FakeClock
from tests.ioc.commune import add_gateway, open_commune
from tests.ioc.sender import Sender


@dataclass(frozen=True, kw_only=True)
class Centre:
    """What a test of ingest needs to hand."""

    store: Store
    series: SeriesStore
    bus: Bus
    intake: Intake
    clock: FakeClock

    async def take(self, *group: Received) -> None:
        await self.intake.take(group)

    async def rows(self, table: Table) -> list[dict[str, Any]]:
        async with self.store.read() as connection:
            return [dict(row) for row in (await connection.execute(select(table))).mappings()]

    async def row(self, table: Table) -> dict[str, Any]:
        (row,) = await self.rows(table)
        return row

    async def ack(self, sender: Sender, *, forked: bool = False) -> Ack:
        async with self.store.read() as connection:
            return await committed.acknowledge(
                connection,
                store_id=self.store.store_id,
                gateway_id=str(sender.address.gateway_id),
                epoch=sender.epoch,
                forked=forked,
            )


@pytest.fixture
async def centre(
    tmp_path: Path, clock: FakeClock, database_url: str | None
) -> AsyncIterator[Centre]:
    """A centre that knows the gateway `tu-1`, which has never been seen."""
    async with open_commune(tmp_path, database_url) as store, open_series(tmp_path) as series:
        await add_gateway(store, "tu-1", area_id="ban-chuong", online=False)
        bus = Bus(
            Broker(), password="", instance=str(uuid4()), store_id=store.store_id, clock=clock
        )
        voice = BroadcastDesk(
            store=store,
            clock=clock,
            folder=tmp_path / "audio",
            signing=create_signing_key(tmp_path / "keys"),
        )
        intake = Intake(store=store, series=series, bus=bus, voice=voice, clock=clock)
        yield Centre(store=store, series=series, bus=bus, intake=intake, clock=clock)


@pytest.fixture
async def sender(centre: Centre) -> Sender:
    """The gateway `tu-1`, connected."""
    sender = Sender(centre.clock)
    await centre.take(sender.birth())
    return sender
