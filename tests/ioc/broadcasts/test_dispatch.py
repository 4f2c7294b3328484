"""Commands reach gateways that are there, again until answered, and expire visibly."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from contracts.commands import Clock
from contracts.state import Birth
from contracts.topics import Address
from ioc.alarms.settings import AlarmSettings, policies_of
from ioc.broadcasts import BroadcastOrder, RelayedStream
from ioc.broadcasts.dispatch import CommandDispatch
from ioc.broadcasts.keys import SigningKeyUnusable, create_signing_key, load_signing_key
from ioc.broadcasts.sources import Station
from ioc.ingest.bus import BusUnavailable
from ioc.store.tables import alarms, commands, deliveries, journal
from tests.ioc.broadcasts.conftest import ELSEWHERE, LOUDSPEAKER, OTHER, TEXT, order_of
from tests.ioc.commune import set_online


def birth(nonce: str | None = None) -> Birth:
    return Birth(
        epoch=str(uuid4()),
        connection_number=1,
        boot_id=str(uuid4()),
        agent_version="0.1.0",
        clock_synced=False,
        nonce=nonce or str(uuid4()),
        devices=(),
    )


async def answer(store, state: str) -> None:
    async with store.begin() as connection:
        await connection.execute(update(commands).values(state=state))


async def test_a_command_is_sent_again_every_ten_seconds_until_answered(
    desk, operator, store, bus, dispatch, clock
):
    """A broker that lost it loses nothing; an answer ends the sending."""
    await desk.broadcast(operator, await order_of(desk, operator, LOUDSPEAKER))
    assert await dispatch.run_once(bus) == 1
    clock.advance(9)
    assert await dispatch.run_once(bus) == 0
    clock.advance(1)
    assert await dispatch.run_once(bus) == 1
    first, second = (command for _, command in bus.published)
    assert first == second
    await answer(store, "done")
    clock.advance(10)
    assert await dispatch.run_once(bus) == 0


async def test_a_gateway_that_is_away_gets_its_commands_when_it_returns_in_order(
    desk, operator, store, bus, dispatch, clock
):
    """Nothing is published to nobody; the numbers only grow."""
    await set_online(store, "tu-1", online=False)
    for _ in range(3):
        await desk.broadcast(operator, await order_of(desk, operator, LOUDSPEAKER))
    assert await dispatch.run_once(bus) == 0
    clock.advance(60)
    await set_online(store, "tu-1", online=True)
    assert await dispatch.run_once(bus) == 3
    assert [command.command_number for _, command in bus.published] == [1, 2, 3]


async def test_what_the_broker_did_not_take_goes_out_when_it_is_back(desk, operator, bus, dispatch):
    """While the broker is away nothing is marked as sent, and the sender tries on."""
    await desk.broadcast(operator, await order_of(desk, operator, LOUDSPEAKER))
    bus.fails_with = BusUnavailable("gone")
    with pytest.raises(BusUnavailable):
        await dispatch.run_once(bus)
    async with asyncio.TaskGroup() as tasks:
        sender = tasks.create_task(desk.run_sender(bus))
        await asyncio.sleep(0.05)
        assert bus.published == []
        bus.fails_with = None
        while not bus.published:
            await asyncio.sleep(0.01)
        sender.cancel()


async def test_a_birth_is_answered_with_the_signed_time_and_its_nonce(store, bus, dispatch, clock):
    """Sent again, the command carries the time of that moment, not the old one."""
    nonce = str(uuid4())
    async with store.begin() as connection:
        await dispatch.answer_birth(
            connection, address=Address.of("thu", "tu-1"), birth=birth(nonce)
        )
    await dispatch.run_once(bus)
    clock.advance(10)
    await dispatch.run_once(bus)
    first, second = (command for _, command in bus.published)
    assert isinstance(first.data, Clock)
    assert isinstance(second.data, Clock)
    assert first.data.nonce == second.data.nonce == nonce
    assert second.data.centre_time - first.data.centre_time == timedelta(seconds=10)
    assert first.command_number == second.command_number


async def test_a_birth_makes_pending_commands_due_and_the_previous_clock_void(
    desk, operator, store, bus, dispatch
):
    """After a reconnection the gateway need not wait for the next turn."""
    await desk.broadcast(operator, await order_of(desk, operator, LOUDSPEAKER))
    for _ in range(2):
        async with store.begin() as connection:
            await dispatch.answer_birth(
                connection, address=Address.of("thu", "tu-1"), birth=birth()
            )
        bus.published.clear()
        await dispatch.run_once(bus)
        assert [command.kind for _, command in bus.published] == ["speak.v1", "clock.v1"]


async def test_old_clock_commands_do_not_pile_up(store, dispatch, clock):
    """A gateway that reconnects for years leaves a week of handshakes, not a table full."""
    for _ in range(30):
        clock.advance(86_400)
        async with store.begin() as connection:
            await dispatch.answer_birth(
                connection, address=Address.of("thu", "tu-1"), birth=birth()
            )
    async with store.read() as connection:
        rows = (await connection.execute(select(commands.c.command_number))).scalars().all()
    assert sorted(rows) == list(range(23, 31))


async def test_a_command_nobody_answers_expires_and_raises_an_alarm_per_loudspeaker(
    desk, operator, store, bus, dispatch, clock
):
    """The operator learns that the hamlet has not heard it."""
    await set_online(store, "tu-1", online=False)
    broadcast_id = await desk.broadcast(
        operator, await order_of(desk, operator, LOUDSPEAKER, OTHER, ELSEWHERE)
    )
    await dispatch.run_once(bus)
    clock.advance(600 + 16)
    await dispatch.run_once(bus)
    async with store.read() as connection:
        states = (await connection.execute(select(commands.c.state))).scalars().all()
        raised = (await connection.execute(select(alarms))).all()
        told = (await connection.execute(select(journal.c.subject, journal.c.subject_id))).all()
    assert set(states) == {"expired"}
    assert sorted(alarm.device_id for alarm in raised) == [
        "tu-1-loa-1",
        "tu-1-loa-2",
        "tu-2-loa-1",
    ]
    assert {(alarm.kind, alarm.priority) for alarm in raised} == {("broadcast_failed", "high")}
    assert {alarm.facts["text"] for alarm in raised} == {TEXT}
    assert ("broadcast", broadcast_id) in {tuple(row) for row in told}
    view = await desk.view(operator, broadcast_id)
    assert {each.state for each in view.deliveries} == {"expired"}


async def test_the_installation_decides_how_urgent_a_silent_loudspeaker_is(
    desk, operator, store, bus, signing, clock
):
    """What expires follows the same settings as what a gateway reports failed."""
    settings = AlarmSettings.model_validate({"kinds": {"broadcast_failed": {"priority": "low"}}})
    policies = policies_of(settings, ZoneInfo("Asia/Ho_Chi_Minh"))
    dispatch = CommandDispatch(store=store, clock=clock, signing=signing, policies=policies)
    await set_online(store, "tu-1", online=False)
    await desk.broadcast(operator, await order_of(desk, operator, LOUDSPEAKER))
    clock.advance(600 + 16)
    await dispatch.run_once(bus)
    async with store.read() as connection:
        assert list(await connection.scalars(select(alarms.c.priority))) == ["low"]


async def test_what_finished_in_time_stays_finished_when_the_answer_was_lost(
    desk, operator, store, dispatch, bus, clock
):
    """Proof counts more than a missing answer to the command."""
    broadcast_id = await desk.broadcast(operator, await order_of(desk, operator, LOUDSPEAKER))
    async with store.begin() as connection:
        await connection.execute(update(deliveries).values(state="finished"))
    clock.advance(3600)
    await dispatch.run_once(bus)
    assert [each.state for each in (await desk.view(operator, broadcast_id)).deliveries] == [
        "finished"
    ]
    async with store.read() as connection:
        assert (await connection.execute(select(alarms))).all() == []


async def test_a_gateway_that_took_the_order_and_fell_silent_is_not_believed_for_ever(
    desk, operator, store, dispatch, bus, clock
):
    """Accepted but never proven becomes a failure the operator sees."""
    broadcast_id = await desk.broadcast(operator, await order_of(desk, operator, LOUDSPEAKER))
    await answer(store, "done")
    async with store.begin() as connection:
        await connection.execute(update(deliveries).values(state="started"))
    clock.advance(600 + 100)
    await dispatch.run_once(bus)
    assert (await desk.view(operator, broadcast_id)).deliveries[0].state == "started"
    clock.advance(60)
    await dispatch.run_once(bus)
    delivery = (await desk.view(operator, broadcast_id)).deliveries[0]
    assert (delivery.state, delivery.detail) == (
        "expired",
        "the gateway reported nothing after started",
    )


def test_the_signing_key_is_private_and_made_once(tmp_path):
    """A second `init` keeps the key that gateways already trust; strangers cannot read it."""
    folder = tmp_path / "keys"
    made = create_signing_key(folder)
    assert [(file.name, file.stat().st_mode & 0o777) for file in folder.iterdir()] == [
        ("commands.pem", 0o600)
    ]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert create_signing_key(folder).public_key_base64 == made.public_key_base64
    assert load_signing_key(folder).key_id == made.key_id


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_a_damaged_signing_key_is_one_clear_error(tmp_path_factory, damaged):
    """Whatever the file holds, the administrator is told to run `ioc init`."""
    folder = tmp_path_factory.mktemp("keys")
    (folder / "commands.pem").write_bytes(damaged)
    with pytest.raises(SigningKeyUnusable, match="ioc init"):
        load_signing_key(folder)


async def report(store, broadcast_id, state, *, at):
    async with store.begin() as connection:
        await connection.execute(
            update(deliveries)
            .where(deliveries.c.broadcast_id == broadcast_id)
            .values(state=state, updated_at=at)
        )


async def test_what_an_emergency_interrupted_is_waited_for_from_its_last_step(
    desk, operator, store, bus, dispatch, clock
):
    """It goes on long after its order expired, and is given up only when it stays silent then."""
    order = await order_of(desk, operator, LOUDSPEAKER, when_interrupted="resume")
    broadcast_id = await desk.broadcast(operator, order)
    await answer(store, "done")
    clock.advance(3_600)
    await report(store, broadcast_id, "resumed", at=clock.now())
    await dispatch.run_once(bus)
    (delivery,) = (await desk.view(operator, broadcast_id)).deliveries
    assert delivery.state == "resumed"
    clock.advance(200)
    await dispatch.run_once(bus)
    (delivery,) = (await desk.view(operator, broadcast_id)).deliveries
    assert delivery.state == "expired"


async def test_a_relay_is_given_up_only_after_its_length(
    desk, operator, store, bus, dispatch, clock
):
    """A relay has no sound of its own; how long it lasts is in its order."""
    station = Station(name="Đài", stream_url="https://phatthanh.example/a.mp3")
    desk.studio._sources = replace(desk.studio.sources, stations=(station,))
    order = BroadcastOrder(
        text="Tiếp sóng",
        audio_sha256="",
        loudspeakers=(LOUDSPEAKER,),
        source="console",
        relay=RelayedStream(stream_url=station.stream_url, duration_s=1_800.0),
    )
    broadcast_id = await desk.broadcast(operator, order)
    await answer(store, "done")
    await report(store, broadcast_id, "started", at=clock.now())
    for wait_s, state in ((1_800, "started"), (1_000, "expired")):
        clock.advance(wait_s)
        await dispatch.run_once(bus)
        (delivery,) = (await desk.view(operator, broadcast_id)).deliveries
        assert delivery.state == state
