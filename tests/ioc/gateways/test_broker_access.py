"""What the product writes for mosquitto really confines each gateway; proven on a real mosquitto."""

import asyncio
import base64
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import aiomqtt
import pytest

from contracts.topics import CENTRE_STATE, Address, Channel
from ioc.gateways.broker_access import (
    acl_file,
    hash_password,
    passwords_file,
    write_access_files,
)
from tests.fakes.broker import RealBroker

pytestmark = pytest.mark.broker

ONE, TWO = Address.of("thu", "tu-1"), Address.of("thu", "tu-2")


@pytest.fixture
def confined(tmp_path: Path) -> RealBroker:
    """A broker on the product's files; password of everybody: the user name backwards."""
    write_access_files(
        tmp_path,
        centre=("centre", hash_password("ertnec")),
        gateways={ONE: hash_password("1-ut"), TWO: hash_password("2-ut")},
    )
    broker = RealBroker(tmp_path / "real")
    broker.use_files(passwords=passwords_file(tmp_path), acl=acl_file(tmp_path))
    broker.start()
    yield broker
    broker.stop()


def _connect(broker: RealBroker, username: str) -> aiomqtt.Client:
    return aiomqtt.Client(broker.host, broker.port, username=username, password=username[::-1])


async def _heard(listener: aiomqtt.Client, wait_s: float = 0.3) -> set[str]:
    heard = set()
    try:
        async with asyncio.timeout(wait_s):
            async for message in listener.messages:
                heard.add(str(message.topic))
    except TimeoutError:
        return heard


async def test_only_known_users_come_in(confined):
    """No anonymous access, no wrong password."""
    for credentials in ({}, {"username": "tu-1", "password": "wrong"}):
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client(confined.host, confined.port, **credentials):
                pass


async def test_a_gateway_reaches_the_centre_but_no_other_gateway(confined):
    """It writes below its own `up/`, and nowhere else."""
    mine = ONE.topic_name(Channel.EVENTS_LIVE)
    forbidden = (TWO.topic_name(Channel.EVENTS_LIVE), ONE.topic_name(Channel.ACK), CENTRE_STATE)
    async with _connect(confined, "centre") as centre, _connect(confined, "tu-1") as itself:
        # Between them they may read every topic that is tried.
        for listener in (centre, itself):
            await listener.subscribe("ioc/v1/#", qos=1)
        for topic in (*forbidden, mine):
            # mosquitto 2.0.11 drops the connection of an MQTT 3.1.1 client after a refusal.
            with suppress(aiomqtt.MqttError):
                async with _connect(confined, "tu-1") as gateway:
                    await gateway.publish(topic, b"x", qos=1)
        assert await _heard(centre) == {mine}
        assert await _heard(itself) == set()


async def test_the_centre_hears_what_stands_in_place_of_its_own_state(confined):
    """The late will of a centre whose machine died; it says again that it is there."""
    async with _connect(confined, "centre") as centre, _connect(confined, "centre") as dead:
        await centre.subscribe(CENTRE_STATE, qos=1)
        await dead.publish(CENTRE_STATE, b"x", qos=1)
        assert await _heard(centre) == {CENTRE_STATE}


async def test_a_gateway_hears_only_what_is_for_it(confined):
    """Its own `down/`, its own retained state and the centre's state."""
    async with _connect(confined, "centre") as centre, _connect(confined, "tu-1") as gateway:
        await gateway.subscribe("ioc/v1/#", qos=1)
        for topic in (
            ONE.topic_name(Channel.ACK),
            TWO.topic_name(Channel.ACK),
            TWO.command_topic_name("c1"),
            CENTRE_STATE,
        ):
            await centre.publish(topic, b"x", qos=1)
        await gateway.publish(ONE.topic_name(Channel.STATE), b"x", qos=1)
        assert await _heard(gateway) == {
            ONE.topic_name(Channel.ACK),
            ONE.topic_name(Channel.STATE),
            CENTRE_STATE,
        }


def test_hashes_are_what_mosquitto_passwd_writes(tmp_path):
    """The same password and salt give the same line."""
    program = shutil.which("mosquitto_passwd")
    assert program, "mosquitto_passwd comes with mosquitto"
    file = tmp_path / "passwords"
    subprocess.run([program, "-b", "-c", file, "tu-1", "bí mật"], check=True, capture_output=True)
    written = file.read_text().strip().removeprefix("tu-1:")
    salt = base64.b64decode(written.split("$")[3])
    assert hash_password("bí mật", salt) == written


def test_the_files_are_private(tmp_path):
    """They hold password hashes."""
    write_access_files(tmp_path, centre=("centre", "x"), gateways={})
    for path in (passwords_file(tmp_path), acl_file(tmp_path)):
        assert path.stat().st_mode & 0o077 == 0
