"""The centre and a gateway's messages through a real broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import aiomqtt
import pytest

from contracts.codec import decode, encode
from contracts.state import Ack, CentreState
from contracts.topics import CENTRE_STATE, Channel
from ioc.ingest.bus import Bus, BusUnavailable, try_broker
from ioc.ingest.intake import Intake
from ioc.settings import Broker
from ioc.store.tables import events
from ioc.supervisor import keep_running
from tests.fakes.broker import RealBroker
from tests.ioc.sender import Sender, motion

pytestmark = pytest.mark.broker


@asynccontextmanager
async def _ingesting(centre, broker: RealBroker) -> AsyncIterator[None]:
    settings = Broker(host=broker.host, port=broker.port, username=broker.username)
    bus = Bus(
        settings,
        password=broker.password,
        instance=str(uuid4()),
        store_id=centre.store.store_id,
        clock=centre.clock,
    )
    intake = Intake(
        store=centre.store,
        series=centre.series,
        bus=bus,
        voice=centre.intake._voice,
        clock=centre.clock,
    )
    async with asyncio.TaskGroup() as group:
        work = keep_running("bus", lambda: bus.run_once(intake.deliver), clock=centre.clock)
        tasks = [
            group.create_task(work, name="bus"),
            group.create_task(intake.run_events(), name="events"),
        ]
        yield
        for task in tasks:
            task.cancel()


@asynccontextmanager
async def _gateway(broker: RealBroker, *topics: str) -> AsyncIterator[aiomqtt.Client]:
    async with aiomqtt.Client(
        broker.host, broker.port, username=broker.username, password=broker.password
    ) as connection:
        for topic in topics:
            await connection.subscribe(topic, qos=1)
        yield connection


async def _next(connection: aiomqtt.Client) -> bytes:
    async with asyncio.timeout(10):
        return (await anext(aiter(connection.messages))).payload


async def test_events_are_acknowledged_retained_after_they_are_committed(centre, broker):
    """The acknowledgement is the only proof; when it comes the rows are there."""
    sender = Sender(centre.clock)
    ack_topic = sender.address.topic_name(Channel.ACK)
    async with _gateway(broker, CENTRE_STATE, ack_topic) as gateway, _ingesting(centre, broker):
        state = decode(CentreState, await _next(gateway))
        assert (state.online, state.store_id) == (True, centre.store.store_id)
        for message in (sender.birth(), sender.batch(sender.event(motion()))):
            await gateway.publish(message.topic_name, message.payload, qos=1)
        ack = decode(Ack, await _next(gateway))
        while not ack.committed:
            ack = decode(Ack, await _next(gateway))
        assert (ack.epoch, ack.committed) == (sender.epoch, ((1, 1),))
        assert len(await centre.rows(events)) == 1
        async with _gateway(broker, ack_topic) as later:
            assert decode(Ack, await _next(later)) == ack


async def test_the_centre_says_that_it_stops(centre, broker):
    """Gateways hold their outbox from then on."""
    async with _gateway(broker, CENTRE_STATE) as gateway:
        async with _ingesting(centre, broker):
            assert decode(CentreState, await _next(gateway)).online
        assert not decode(CentreState, await _next(gateway)).online


@pytest.mark.parametrize("body", [None, b"no state at all"], ids=["will", "garbage"])
async def test_a_dead_centres_late_will_does_not_keep_the_gateways_silent(centre, broker, body):
    """Its machine died, another serves already: what is retained becomes the living one's again."""
    will = CentreState(online=False, instance=str(uuid4()), store_id=centre.store.store_id)
    async with _gateway(broker, CENTRE_STATE) as gateway, _ingesting(centre, broker):
        assert decode(CentreState, await _next(gateway)).online
        await gateway.publish(CENTRE_STATE, body or encode(will), qos=1, retain=True)
        assert await _next(gateway) == (body or encode(will))
        assert decode(CentreState, await _next(gateway)).online
        async with _gateway(broker, CENTRE_STATE) as later:
            assert decode(CentreState, await _next(later)).online


async def test_two_living_centres_do_not_contradict_each_other_for_ever(centre, broker):
    """One broker for two centres is a mistake that is said once, not a storm of states."""
    rival = CentreState(online=True, instance=str(uuid4()), store_id=str(uuid4()))
    async with _gateway(broker, CENTRE_STATE) as gateway, _ingesting(centre, broker):
        assert decode(CentreState, await _next(gateway)).online
        await gateway.publish(CENTRE_STATE, encode(rival), qos=1, retain=True)
        assert decode(CentreState, await _next(gateway)) == rival
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await anext(gateway.messages)


async def test_the_centre_comes_back_after_the_broker_lost_everything(centre, broker):
    """The broker's state is disposable."""
    async with _ingesting(centre, broker):
        async with _gateway(broker, CENTRE_STATE) as gateway:
            assert decode(CentreState, await _next(gateway)).online
        broker.kill()
        broker.wipe()
        broker.start()
        async with _gateway(broker, CENTRE_STATE) as gateway:
            await centre.clock.elapse(30)
            async with asyncio.timeout(10):
                while not decode(CentreState, await _next(gateway)).online:
                    await centre.clock.elapse(30)


async def test_a_refused_password_is_said(broker):
    """`ioc check` tells why the broker does not let the centre in."""
    settings = Broker(host=broker.host, port=broker.port, username=broker.username)
    await try_broker(settings, password=broker.password, name="check-1")
    with pytest.raises(BusUnavailable, match=r"(?i)not authori"):
        await try_broker(settings, password="wrong", name="check-2")


async def test_what_the_centre_publishes_does_not_name_its_connection(centre, broker):
    """A gateway that connects under the published instance cuts nobody off."""
    async with _ingesting(centre, broker), _gateway(broker, CENTRE_STATE) as gateway:
        async with asyncio.timeout(10):
            state = decode(CentreState, (await anext(gateway.messages)).payload)
        assert state.online
        rival = aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            identifier=f"ioc-{state.instance}",
        )
        async with rival:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await anext(gateway.messages)
