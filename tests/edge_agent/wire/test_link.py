"""The gateway and a centre over a real broker: births, acknowledgements, losses."""

import asyncio
from dataclasses import replace

import pytest

from contracts.codec import encode
from contracts.events import DeviceDown, DeviceKind, DownReason, MotionStarted
from contracts.state import Ack, Will
from contracts.topics import Channel
from edge_agent.app import account_of
from edge_agent.outbox import Draft
from edge_agent.wire.bus import BusError, BusRefused, try_account
from tests.edge_agent.centre import FakeCentre
from tests.edge_agent.conftest import ADDRESS, configure
from tests.fakes.broker import RealBroker
from tests.fakes.ports import find_free_port

pytestmark = pytest.mark.broker


def motion(outbox, share: float = 0.5) -> Draft:
    data = MotionStarted(zone="cong", share=share)
    return Draft(data=data, moment=outbox.timekeeper.moment(), device_id="cam1")


async def emptied(outbox) -> None:
    async with asyncio.timeout(10):
        while await outbox.depth():
            await asyncio.sleep(0.02)


async def test_a_birth_is_followed_by_the_events(centre, make_config, gateway):
    """The gateway is born with its inventory, sends what it recorded and forgets it when acked."""
    async with gateway(make_config()) as outbox:
        event_id = await outbox.record(motion(outbox))
        await centre.until(lambda: centre.data(MotionStarted))
        assert event_id in {event.event_id for event in centre.events}
        assert centre.births[0].connection_number == 1
        await emptied(outbox)


async def test_a_clean_stop_says_so(centre, make_config, gateway):
    """A gateway that is stopped leaves its will retained, although it disconnects cleanly."""
    async with gateway(make_config()):
        await centre.until(lambda: centre.births)
    await centre.until(lambda: isinstance(centre.states[-1], Will))
    assert centre.states[-1].connection_number == centre.births[0].connection_number


async def test_nothing_is_sent_while_the_centre_is_offline(centre, make_config, gateway):
    """Events wait in the outbox until ingest is there."""
    await centre.say_online(online=False)
    async with gateway(make_config()) as outbox:
        await centre.until(lambda: centre.births)
        await outbox.record(motion(outbox))
        await asyncio.sleep(0.3)
        assert not centre.data(MotionStarted)
        await centre.say_online(online=True)
        await centre.until(lambda: centre.data(MotionStarted))


async def test_what_was_not_acknowledged_is_sent_again(centre, make_config, gateway):
    """A centre that went away without committing gets everything again, in order."""
    centre.acknowledging = centre.answers_births = False
    async with gateway(make_config()) as outbox:
        ids = [await outbox.record(motion(outbox)) for _ in range(3)]
        await centre.until(lambda: len(centre.data(MotionStarted)) == 3)
        assert await outbox.depth() >= 3
        centre.acknowledging = True
        centre.events.clear()
        await centre.say_online(online=False)
        await centre.say_online(online=True)
        await centre.until(lambda: len(centre.data(MotionStarted)) == 3)
        await emptied(outbox)
    assert [e.event_id for e in centre.events if e.kind == "motion.started.v1"] == ids


async def test_a_broker_that_dies_and_forgets_loses_nothing(tmp_path, gateway):
    """Its data directory wiped while events flow, the broker comes back and all arrive once."""
    broker = RealBroker(tmp_path / "mortal")
    broker.add_user(ADDRESS.gateway_id, "gateway-password")
    broker.start()
    try:
        centre = FakeCentre(broker, ADDRESS)
        async with centre.running():
            config = configure(tmp_path, centre, broker)
        async with gateway(config) as outbox:
            ids = [await outbox.record(motion(outbox)) for _ in range(50)]
            broker.kill()
            broker.wipe()
            ids += [await outbox.record(motion(outbox)) for _ in range(50)]
            broker.start()
            async with centre.running():
                await centre.until(lambda: len(centre.data(MotionStarted)) == 100)
                await emptied(outbox)
    finally:
        broker.stop()
    assert [e.event_id for e in centre.events if e.kind == "motion.started.v1"] == ids


async def test_a_displaced_birth_is_published_again(centre, make_config, gateway):
    """An old connection's will that arrives late is corrected by the living gateway."""
    async with gateway(make_config()):
        await centre.until(lambda: centre.births)
        stale = Will(epoch=centre.births[0].epoch, connection_number=1)
        await centre.publish(Channel.STATE, encode(stale))
        await centre.until(lambda: len(centre.births) == 2)
        assert centre.births[0] == centre.births[1]


async def test_a_fork_is_answered_by_a_birth_in_a_new_epoch(centre, make_config, gateway):
    """Told that another copy of its outbox was used, the gateway sends all again, ids unchanged."""
    async with gateway(make_config()) as outbox:
        event_id = await outbox.record(motion(outbox))
        await centre.until(lambda: centre.data(MotionStarted))
        await centre.acknowledge(centre.births[0].epoch, new_epoch=True)
        await centre.until(lambda: len(centre.births) == 2)
        assert centre.births[1].epoch != centre.births[0].epoch
        await centre.until(lambda: any(number for _, number in centre.arrivals[1:]))
        await emptied(outbox)
    assert [e.event_id for e in centre.events if e.kind == "motion.started.v1"] == [event_id]


async def test_an_acknowledgement_of_a_copys_rows_loses_none_of_this_gateways(
    centre, make_config, gateway
):
    """Two gateways from one disk image: what the other sent under these numbers was not this."""
    async with gateway(make_config()) as outbox:
        await centre.until(lambda: centre.births)
        await asyncio.sleep(0.2)
        await centre.say_online(online=False)
        await asyncio.sleep(0.2)
        await outbox.record(motion(outbox))
        (highest,) = await outbox.read(
            lambda entry: entry.connection.execute("SELECT max(sequence) FROM event").fetchone()
        )
        of_a_copy = Ack(
            store_id=centre.store_id, epoch=centre.births[0].epoch, committed=((1, highest),)
        )
        await centre.publish(Channel.ACK, encode(of_a_copy))
        await asyncio.sleep(0.2)
        await centre.say_online(online=True)
        await centre.until(lambda: centre.data(MotionStarted))


async def test_late_events_go_by_backfill(centre, make_config, gateway):
    """What waited over a reboot is late and leaves the live lane to what is new."""
    config = make_config()
    await centre.say_online(online=False)
    async with gateway(config) as outbox:
        await outbox.record(motion(outbox, 0.1))
    await centre.say_online(online=True)
    async with gateway(config, boot_id="00000000-0000-4000-8000-000000000002") as outbox:
        await outbox.record(motion(outbox, 0.2))
        await centre.until(lambda: len(centre.data(MotionStarted)) == 2)
    late = {e.data.share: e.late for e in centre.events if isinstance(e.data, MotionStarted)}
    assert late == {0.1: True, 0.2: False}
    assert {channel for channel, _ in centre.arrivals} >= {
        Channel.EVENTS_LIVE,
        Channel.EVENTS_BACKFILL,
    }


async def test_the_past_is_sent_at_a_bounded_rate(centre, make_config, gateway):
    """A backlog of some 150 kB takes two seconds: what is new has room beside it."""
    config = make_config()
    await centre.say_online(online=False)

    def backlog(entry):
        for _ in range(350):
            entry.record(motion(outbox))

    async with gateway(config) as outbox:
        await outbox.write(backlog)
    await centre.say_online(online=True)
    loop = asyncio.get_running_loop()
    async with gateway(config, boot_id="00000000-0000-4000-8000-000000000003") as outbox:
        await centre.until(lambda: centre.data(MotionStarted))
        begun_s = loop.time()
        await centre.until(lambda: len(centre.data(MotionStarted)) == 350, 15)
    assert loop.time() - begun_s > 1.5


async def test_standing_conditions_follow_a_birth(centre, make_config, gateway):
    """A camera that has been down since before the restart is told again, once, as standing."""
    config = make_config()
    async with gateway(config) as outbox:
        down = DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.UNREACHABLE)
        draft = Draft(data=down, moment=outbox.timekeeper.moment(), device_id="cam1")
        await outbox.write(lambda entry: entry.state_condition("device.down:cam1", draft))
        await centre.until(lambda: centre.data(DeviceDown))
        await emptied(outbox)
        await centre.say_online(online=False)
        await centre.say_online(online=True)
        await centre.until(lambda: len(centre.data(DeviceDown)) == 2)
    first, second = (e for e in centre.events if isinstance(e.data, DeviceDown))
    assert (first.standing, second.standing) == (False, True)
    assert first.occurred_at == second.occurred_at


async def test_a_wrong_payload_from_the_centre_is_survived(centre, make_config, gateway):
    """Bytes that are no acknowledgement do not end the connection."""
    async with gateway(make_config()) as outbox:
        await centre.until(lambda: centre.births)
        await centre.publish(Channel.ACK, b"\xff{", retain=False)
        await outbox.record(motion(outbox))
        await centre.until(lambda: centre.data(MotionStarted))
        assert len(centre.births) == 1


async def test_nobody_without_its_password_can_take_a_gateways_connection(
    centre, make_config, gateway, broker
):
    """A broker cuts off the older of two connections of one name; the name cannot be guessed."""
    config = make_config()
    async with gateway(config) as outbox:
        await centre.until(lambda: centre.births)
        account = account_of(config.broker, username=ADDRESS.gateway_id)
        name = f"{ADDRESS.site_id}/{ADDRESS.gateway_id}"
        await try_account(account, identifier=name)
        await try_account(account, identifier=replace(account, password="x").secret_name(name))
        await outbox.record(motion(outbox))
        await centre.until(lambda: centre.data(MotionStarted))
        assert len(centre.births) == 1


async def test_a_refused_password_is_told_apart_from_a_broker_that_is_away(
    centre, make_config, broker
):
    """Who must act differs: the administrator here, nobody there."""
    account = account_of(make_config().broker, username=ADDRESS.gateway_id)
    await try_account(account, identifier="right")
    with pytest.raises(BusRefused):
        await try_account(replace(account, password="wrong"), identifier="wrong")
    with pytest.raises(BusError) as away:
        await try_account(replace(account, port=find_free_port()), identifier="away")
    assert not isinstance(away.value, BusRefused)


@pytest.mark.timeout(60)
async def test_a_stop_is_obeyed_at_any_instant(centre, make_config, gateway):
    """Whatever the connection is doing when it is told to stop, the gateway ends within 5 s."""
    await centre.say_online(online=False)
    config = make_config()
    for delay_ms in range(30):
        async with asyncio.timeout(5), gateway(config) as outbox:
            await outbox.record(motion(outbox))
            await asyncio.sleep(delay_ms / 1_000)
