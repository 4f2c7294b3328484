"""A gateway's configuration around a real broker and a small real centre."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from contracts.topics import Address
from edge_agent.app import run_gateway
from edge_agent.clock import SystemClock
from edge_agent.config import GatewayConfig
from edge_agent.timekeeping import Timekeeper
from tests.edge_agent.centre import TOKEN, FakeCentre

ADDRESS = Address.of("sang-moc", "nha-van-hoa")
BOOT_ID = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
async def centre(broker):
    broker.add_user(ADDRESS.gateway_id, "gateway-password")
    async with FakeCentre(broker, ADDRESS).running() as running:
        yield running


def configure(folder: Path, centre, broker, **changes) -> GatewayConfig:
    """Return a configuration for this centre and broker, its data below `folder`."""
    (folder / "token").write_text(TOKEN)
    (folder / "password").write_text("gateway-password")
    fields = {
        "site_id": ADDRESS.site_id,
        "gateway_id": ADDRESS.gateway_id,
        "data_dir": folder / "gateway",
        "centre": {
            "url": centre.url,
            "token_file": folder / "token",
            "public_key": centre.public_key,
        },
        "broker": {
            "host": broker.host,
            "port": broker.port,
            "password_file": folder / "password",
        },
    }
    return GatewayConfig.model_validate({**fields, **changes})


@pytest.fixture
def make_config(tmp_path: Path, centre, broker):
    """Return a maker of configurations for this centre and broker."""
    return lambda **changes: configure(tmp_path, centre, broker, **changes)


@pytest.fixture
def gateway():
    """Return a context in which a gateway runs; yields a function to its outbox."""

    @asynccontextmanager
    async def run(config: GatewayConfig, *, synced: bool = True, boot_id: str = BOOT_ID):
        stop, outbox = asyncio.Event(), asyncio.Future()

        async def keep(opened) -> None:
            outbox.set_result(opened)

        timekeeper = Timekeeper(clock=SystemClock(), boot_id=boot_id, is_synced=lambda: synced)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(
                run_gateway(config, timekeeper=timekeeper, stop=stop, source=keep)
            )
            running.add_done_callback(lambda _: outbox.done() or outbox.cancel())
            try:
                yield await outbox
            finally:
                stop.set()

    return run
