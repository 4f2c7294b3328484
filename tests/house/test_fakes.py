"""The fakes themselves: a broker that lets nobody in without a password, a clock that obeys."""

import asyncio

import aiomqtt
import pytest

from tests.fakes.broker import RealBroker
from tests.fakes.clock import FakeClock


@pytest.mark.broker
async def test_broker_lets_in_only_known_users(broker: RealBroker) -> None:
    """A user added while the broker runs gets in; a stranger and a wrong password do not."""
    broker.add_user("later", "secret")
    async with asyncio.timeout(5):
        while True:
            try:
                async with aiomqtt.Client(
                    broker.host, broker.port, username="later", password="secret"
                ):
                    break
            except aiomqtt.MqttError:
                await asyncio.sleep(0.02)  # SIGHUP is served between two turns of its loop
    with pytest.raises(aiomqtt.MqttError):
        async with aiomqtt.Client(broker.host, broker.port):
            pass
    with pytest.raises(aiomqtt.MqttError):
        async with aiomqtt.Client(broker.host, broker.port, username="test", password="no"):
            pass


@pytest.mark.broker
async def test_broker_comes_back_on_the_same_port_after_a_power_cut(broker: RealBroker) -> None:
    """Killed, wiped and started again, the broker serves the same users."""
    broker.kill()
    broker.wipe()
    broker.start()
    async with aiomqtt.Client(
        broker.host, broker.port, username=broker.username, password=broker.password
    ) as connection:
        await connection.subscribe("#")


async def test_clock_wakes_sleepers_in_the_order_of_their_deadlines(clock: FakeClock) -> None:
    """While ninety seconds elapse, each sleep ends at its own instant."""
    woken: list[tuple[str, float]] = []
    started_s = clock.monotonic_s()

    async def sleeper(name: str, duration_s: float) -> None:
        await clock.sleep(duration_s)
        woken.append((name, clock.monotonic_s() - started_s))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeper("late", 60), name="late")
        tasks.create_task(sleeper("early", 5), name="early")
        await clock.elapse(90)
    assert woken == [("early", 5.0), ("late", 60.0)]
    assert clock.monotonic_s() - started_s == 90
