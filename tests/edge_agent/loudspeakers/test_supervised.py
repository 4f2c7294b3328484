"""A loudspeaker that is a process of its own: described, tested, missed when it dies."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from contracts.commands import TestLoudspeakers as OrderTest
from contracts.events import (
    DeviceDown,
    DeviceUp,
    DownReason,
    LoudspeakerDescribed,
    LoudspeakerTested,
)
from edge_agent.loudspeakers import keeper
from tests.edge_agent.conftest import configure

pytestmark = [pytest.mark.broker, pytest.mark.scenario, pytest.mark.timeout(60)]

PASSWORD = "Khong-Doan-Duoc-2"


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch):
    monkeypatch.setattr(keeper, "EVERY_S", 0.4)
    monkeypatch.setattr(keeper, "AGAIN_S", 0.2)


@asynccontextmanager
async def axis_loudspeaker(folder):
    """A simulated one; yields its process and its port."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator.loudspeaker", "--kind", "axis"),
        *("--listen", "127.0.0.1", "--port", "0", "--record", str(folder), "--username", "ioc"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "LOUDSPEAKER_PASSWORD": PASSWORD},
    )
    try:
        async with asyncio.timeout(20):
            ready = json.loads(await running.stdout.readline())
        yield running, ready["port"]
    finally:
        if running.returncode is None:
            running.send_signal(signal.SIGKILL)
        await running.wait()


def config_of(folder, centre, broker, port: int, password: str = PASSWORD):
    (folder / "loudspeaker").write_text(password)
    loudspeaker = {
        "id": "loa1",
        "name": "Loa",
        "area": "lane",
        "driver": "axis_vapix",
        "url": f"http://127.0.0.1:{port}",
        "username": "ioc",
        "password_file": folder / "loudspeaker",
    }
    return configure(folder, centre, broker, loudspeakers=(loudspeaker,))


async def test_it_is_described_tested_and_missed(centre, broker, gateway, tmp_path):
    """What it says of itself, that it took the tone, and that it is gone."""
    async with (
        axis_loudspeaker(tmp_path / "heard") as (process, port),
        gateway(config_of(tmp_path, centre, broker, port)),
    ):
        await centre.until(lambda: centre.data(LoudspeakerDescribed), 20)
        await centre.until(lambda: centre.data(DeviceUp), 20)
        test_id = "66666666-0000-4000-8000-000000000002"
        await centre.order(centre.sign(OrderTest(test_id=test_id, loudspeaker_ids=("loa1",))))
        await centre.until(lambda: centre.data(LoudspeakerTested), 30)
        process.send_signal(signal.SIGKILL)
        await centre.until(lambda: centre.data(DeviceDown), 20)
    (described,) = centre.data(LoudspeakerDescribed)
    assert described.model
    (tested,) = centre.data(LoudspeakerTested)
    assert (tested.test_id, tested.is_played) == (test_id, True), tested.detail
    assert centre.data(DeviceDown)[0].reason is DownReason.UNREACHABLE
    assert any((tmp_path / "heard").iterdir()), "the tone was recorded"


async def test_a_wrong_password_is_a_technicians_work(centre, broker, gateway, tmp_path):
    """Told with its reason; the password stands nowhere."""
    async with axis_loudspeaker(tmp_path / "heard") as (_, port):
        config = config_of(tmp_path, centre, broker, port, password="Sai-Mat-Khau-9")
        async with gateway(config):
            await centre.until(lambda: centre.data(DeviceDown), 20)
    (down,) = centre.data(DeviceDown)
    assert down.reason is DownReason.AUTH_FAILED
    assert "Sai-Mat-Khau-9" not in down.detail
