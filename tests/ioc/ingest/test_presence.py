"""Gateways come by birth, go by will or silence, and bring their inventory."""

from contextlib import asynccontextmanager
from uuid import uuid4

from contracts.events import DeviceKind
from contracts.state import Device
from ioc.ingest.watch import look_once
from ioc.store.tables import alarms, commands, devices, gateways
from tests.ioc.sender import CAMERA, LOUDSPEAKER, Sender, motion


async def test_a_birth_makes_the_gateway_online_with_its_devices(centre, sender):
    """The register says what the connection said; the clock command is ordered."""
    gateway = await centre.row(gateways)
    assert gateway["online"]
    assert (gateway["epoch"], gateway["connection_number"]) == (sender.epoch, 1)
    named = {row["device_id"]: row for row in await centre.rows(devices) if row["present"]}
    assert set(named) == {"cam-1", "loa-1"}
    assert named["cam-1"]["loudspeaker_ids"] == ["loa-1"]
    assert (await centre.row(commands))["kind"] == "clock.v1"


async def test_a_device_outside_the_gateways_area_lies_in_the_gateways_own(centre, sender):
    """A gateway cannot place its devices in areas it was not given."""
    strayed = Device(device_id="cam-2", device_kind=DeviceKind.CAMERA, name="Xa", area_id="na-lang")
    await centre.take(sender.birth(CAMERA, strayed))
    areas = {row["device_id"]: row["area_id"] for row in await centre.rows(devices)}
    assert areas["cam-2"] == "ban-chuong"


async def test_a_device_that_left_the_inventory_is_kept_as_absent(centre, sender):
    """Its alarms still name it."""
    await centre.take(sender.birth(LOUDSPEAKER))
    present = {row["device_id"]: row["present"] for row in await centre.rows(devices)}
    assert (present["cam-1"], present["loa-1"]) == (False, True)


async def test_a_will_of_the_current_connection_raises_gateway_down_and_a_birth_returns_it(
    centre, sender
):
    """The alarm is the centre's own; an unacknowledged one waits for its answer."""
    await centre.take(sender.will())
    alarm = await centre.row(alarms)
    assert (alarm["kind"], alarm["state"]) == ("gateway_down", "unacknowledged")
    assert not (await centre.row(gateways))["online"]
    await centre.take(sender.birth())
    assert (await centre.row(alarms))["state"] == "rtn_unacknowledged"
    assert (await centre.row(gateways))["online"]


async def test_a_will_of_an_older_connection_does_not_count(centre, sender):
    """The broker may publish it after the gateway has connected again."""
    await centre.take(sender.birth())
    await centre.take(sender.will(connection_number=1))
    assert (await centre.row(gateways))["online"]
    assert await centre.rows(alarms) == []


async def test_a_birth_of_an_older_connection_does_not_count(centre, sender):
    """A retained birth from before changes nothing."""
    old = sender.birth()
    await centre.take(sender.birth())
    await centre.take(sender.will())
    await centre.take(old)
    assert not (await centre.row(gateways))["online"]
    assert (await centre.row(gateways))["connection_number"] == 3


async def test_a_gateway_that_goes_back_to_a_former_epoch_is_one_of_two(centre, sender):
    """Two copies take turns at the broker; a gateway with an outbox of its own never goes back."""
    await centre.take(sender.batch(sender.event(motion())))
    before = sender.epoch
    sender.epoch = str(uuid4())
    await centre.take(sender.birth())
    assert await centre.rows(alarms) == []
    sender.epoch = before
    await centre.take(sender.birth())
    alarm = await centre.row(alarms)
    assert (alarm["kind"], alarm["object_id"]) == ("gateway_forked", "tu-1")


async def test_a_retained_birth_read_again_is_not_a_sign_of_life(centre, sender):
    """The centre's own reconnection must not revive a gateway that is gone."""
    await centre.take(sender.will())
    sender.connection_number = 0
    await centre.take(sender.birth(retained=True))
    assert not (await centre.row(gateways))["online"]


async def test_ninety_seconds_of_silence_are_an_alarm_and_any_word_ends_it(centre, sender):
    """A link that died without a will is noticed; what comes after it proves life."""
    centre.bus.connected_at = centre.clock.now()
    centre.clock.advance(89)
    assert await _look(centre) == 0
    centre.clock.advance(2)
    assert await _look(centre) == 1
    assert (await centre.row(alarms))["facts"]["cause"] == "silence"
    await centre.take(sender.batch(sender.event(motion())))
    assert (await centre.row(alarms))["state"] == "rtn_unacknowledged"
    assert (await centre.row(gateways))["online"]


async def test_silence_does_not_count_while_the_centre_is_deaf(centre, sender):
    """Without the broker the centre knows nothing; afterwards every gateway gets its 90 s."""
    centre.clock.advance(600)
    assert await _look(centre) == 0
    centre.bus.connected_at = centre.clock.now()
    centre.clock.advance(80)
    assert await _look(centre) == 0


async def test_a_word_that_comes_while_the_centre_looks_is_a_sign_of_life(centre, sender):
    """It was heard after the look began, and is no word of a clock that was set back."""

    class Interrupted:
        """The centre's store, before each reading of which the gateway says something."""

        begin = centre.store.begin

        @asynccontextmanager
        async def read(self):
            centre.clock.advance(0.02)
            await centre.take(sender.batch(sender.event(motion())))
            async with centre.store.read() as connection:
                yield connection

    centre.bus.connected_at = centre.clock.now()
    centre.clock.advance(60)
    await centre.take(sender.batch(sender.event(motion())))
    centre.clock.advance(60)
    assert await look_once(store=Interrupted(), listener=centre.bus, clock=centre.clock) == 0
    assert await centre.rows(alarms) == []


async def test_a_gateway_never_seen_is_never_down(centre):
    """Added today, installed next month."""
    centre.bus.connected_at = centre.clock.now()
    centre.clock.advance(600)
    assert await _look(centre) == 0
    stranger = Sender(centre.clock)
    await centre.take(stranger.will(connection_number=1))
    assert await centre.rows(alarms) == []


async def _look(centre) -> int:
    return await look_once(store=centre.store, listener=centre.bus, clock=centre.clock)
