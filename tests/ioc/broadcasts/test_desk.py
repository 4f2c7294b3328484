"""Who may have what spoken where, and what is written down for it."""

from dataclasses import replace
from hashlib import sha256

import pytest
from sqlalchemy import select, update

from contracts.commands import Speak
from ioc.broadcasts import BroadcastOrder, LoudspeakerId
from ioc.people import Refusal, Role, audit
from ioc.store.tables import audit_log, broadcasts, commands, deliveries, devices, journal
from tests.ioc.broadcasts.conftest import ELSEWHERE, LOUDSPEAKER, OTHER, TEXT, order_of


async def rows_of(store, table):
    async with store.read() as connection:
        return (await connection.execute(select(table))).all()


async def report(store, broadcast_id, loudspeaker, state):
    async with store.begin() as connection:
        await connection.execute(
            update(deliveries)
            .where(deliveries.c.broadcast_id == broadcast_id)
            .where(deliveries.c.device_id == loudspeaker.device_id)
            .values(state=state)
        )


async def test_a_preview_is_heard_by_its_author_and_stored_under_its_hash(desk, head, tmp_path):
    """What the author hears is, byte for byte, what a broadcast of its hash will play."""
    preview = await desk.preview(head, TEXT)
    path = await desk.audio_for(head, preview.audio_sha256)
    assert path is not None
    assert sha256(path.read_bytes()).hexdigest() == preview.audio_sha256
    assert preview.spoken_text == TEXT
    kept = [file.name for file in (tmp_path / "audio").rglob("*") if file.is_file()]
    assert kept == [path.name]


async def test_a_preview_of_one_person_is_not_heard_by_another(desk, head, operator):
    """Drafts are private until they are broadcast."""
    preview = await desk.preview(head, TEXT)
    assert await desk.audio_for(operator, preview.audio_sha256) is None
    assert await desk.audio_for(head, "../../etc/passwd") is None


async def test_a_broadcast_becomes_one_command_per_gateway_and_a_delivery_per_loudspeaker(
    desk, operator, store, bus, dispatch
):
    """Each gateway is told of its own loudspeakers only, in one signed command."""
    order = await order_of(desk, operator, LOUDSPEAKER, ELSEWHERE, OTHER, OTHER)
    broadcast_id = await desk.broadcast(operator, order)
    await dispatch.run_once(bus)
    told = {address.gateway_id: command.data for address, command in bus.published}
    assert isinstance(told["tu-1"], Speak)
    assert told["tu-1"].loudspeaker_ids == ("tu-1-loa-1", "tu-1-loa-2")
    assert told["tu-2"].loudspeaker_ids == ("tu-2-loa-1",)
    assert told["tu-2"].audio.sha256 == order.audio_sha256
    assert told["tu-2"].broadcast_id == broadcast_id
    view = await desk.view(operator, broadcast_id)
    assert {each.state for each in view.deliveries} == {"queued"}
    assert len(view.deliveries) == 3


async def test_who_sends_must_have_heard(desk, operator, head, clock):
    """Neither another's preview, nor another text, nor yesterday's preview counts."""
    heard_by_head = (await desk.preview(head, TEXT)).audio_sha256
    own = await order_of(desk, operator, LOUDSPEAKER)
    await desk.broadcast(head, replace(own, audio_sha256=heard_by_head))
    for order in (
        replace(own, text="Lời khác"),
        replace(own, audio_sha256="0" * 64),
    ):
        with pytest.raises(Refusal, match="not_previewed"):
            await desk.broadcast(operator, order)
    clock.advance(25 * 3600)
    with pytest.raises(Refusal, match="not_previewed"):
        await desk.broadcast(operator, own)


async def test_a_hamlet_head_speaks_in_the_own_hamlet_only(desk, head, store):
    """Loudspeakers of another hamlet do not even exist for a hamlet head; nothing is written."""
    order = await order_of(desk, head, LOUDSPEAKER, ELSEWHERE)
    with pytest.raises(Refusal, match="not_found"):
        await desk.broadcast(head, order)
    assert await rows_of(store, broadcasts) == []
    assert await rows_of(store, commands) == []
    offered = await desk.loudspeakers(head)
    assert {each.device_id for each in offered} == {"tu-1-loa-1", "tu-1-loa-2"}


async def test_who_may_not_speak_may_not_preview_either(desk, viewer):
    """A viewer cannot make the centre work, and is offered no loudspeaker."""
    with pytest.raises(Refusal, match="not_allowed"):
        await desk.preview(viewer, TEXT)
    assert await desk.loudspeakers(viewer) == ()


@pytest.mark.parametrize(
    ("loudspeakers", "others", "code"),
    [
        ((), {}, "no_loudspeaker"),
        ((LoudspeakerId("tu-1", "khong-co"),), {}, "not_found"),
        ((LOUDSPEAKER,), {"alarm_id": "khong-co"}, "not_found"),
        ((LOUDSPEAKER,), {"priority": "emergency"}, "emergency_not_allowed"),
        (tuple(LoudspeakerId("tu-1", f"l{n}") for n in range(201)), {}, "too_many_loudspeakers"),
    ],
)
async def test_an_order_that_cannot_be_carried_out_is_refused_with_a_sentence(
    desk, head, loudspeakers, others, code
):
    """The author learns in both languages what to change."""
    with pytest.raises(Refusal, match=code) as refused:
        await desk.broadcast(head, await order_of(desk, head, *loudspeakers, **others))
    assert refused.value.vi != refused.value.en


async def test_everything_of_a_broadcast_is_written_in_one_transaction(
    desk, operator, store, monkeypatch
):
    """If the log cannot be written, nothing is broadcast."""
    order = await order_of(desk, operator, LOUDSPEAKER)

    async def fails(*_args, **_named):
        raise OSError("disk full")

    monkeypatch.setattr(audit, "write", fails)
    with pytest.raises(OSError, match="disk full"):
        await desk.broadcast(operator, order)
    for table in (broadcasts, deliveries, commands, journal):
        assert await rows_of(store, table) == []


async def test_a_broadcast_is_logged_with_its_loudspeakers_and_told_to_watchers(desk, head, store):
    """Afterwards one can read who spoke where; open pages learn of it by area."""
    broadcast_id = await desk.broadcast(head, await order_of(desk, head, LOUDSPEAKER, OTHER))
    (entry,) = await rows_of(store, audit_log)
    assert (entry.login, entry.action, entry.subject) == ("truong", "broadcast", broadcast_id)
    assert entry.detail == "tu-1/tu-1-loa-1 tu-1/tu-1-loa-2"
    told = [(row.subject, row.subject_id, row.area_id) for row in await rows_of(store, journal)]
    assert told == [("broadcast", broadcast_id, "ban-chuong")]


async def test_a_stop_silences_what_plays_and_withdraws_what_waits(
    desk, operator, store, bus, dispatch
):
    """What a gateway has taken is stopped there; what it has not is never sent again."""
    order = await order_of(desk, operator, LOUDSPEAKER, OTHER)
    broadcast_id = await desk.broadcast(operator, order)
    await report(store, broadcast_id, LOUDSPEAKER, "started")
    assert await desk.stop(operator, broadcast_id) == 2
    await dispatch.run_once(bus)
    (stop,) = bus.of_kind("stop.v1")
    assert stop.data.broadcast_id == broadcast_id
    assert stop.data.loudspeaker_ids == ("tu-1-loa-1", "tu-1-loa-2")
    assert bus.of_kind("speak.v1") == []
    view = await desk.view(operator, broadcast_id)
    assert [each.state for each in view.deliveries] == ["started", "stopped"]


async def test_a_hamlet_head_stops_only_the_own_hamlet(desk, operator, head, store, dispatch, bus):
    """The commune's broadcast goes on elsewhere, and is not withdrawn there."""
    order = await order_of(desk, operator, LOUDSPEAKER, ELSEWHERE)
    broadcast_id = await desk.broadcast(operator, order)
    assert await desk.stop(head, broadcast_id) == 1
    await dispatch.run_once(bus)
    sent = {(address.gateway_id, command.kind) for address, command in bus.published}
    assert sent == {("tu-1", "stop.v1"), ("tu-2", "speak.v1")}
    states = {
        each.loudspeaker.device_id: each.state
        for each in (await desk.view(operator, broadcast_id)).deliveries
    }
    assert states == {"tu-1-loa-1": "stopped", "tu-2-loa-1": "queued"}


async def test_a_gateway_of_two_hamlets_goes_on_in_the_one_that_did_not_stop_it(
    desk, operator, head, store, dispatch, bus
):
    """A stop in one hamlet must not take the command away from the other's loudspeaker."""
    async with store.begin() as connection:
        await connection.execute(
            update(devices).where(devices.c.device_id == OTHER.device_id).values(area_id="na-lang")
        )
    order = await order_of(desk, operator, LOUDSPEAKER, OTHER)
    broadcast_id = await desk.broadcast(operator, order)
    assert await desk.stop(head, broadcast_id) == 1
    await dispatch.run_once(bus)
    speak, stop = (command for _, command in bus.published)
    assert (speak.kind, stop.kind) == ("speak.v1", "stop.v1")
    assert stop.data.loudspeaker_ids == (LOUDSPEAKER.device_id,)


async def test_who_lost_the_right_to_speak_cannot_use_an_old_preview(desk, operator):
    """Rights count when it is sent, not when it was heard."""
    order = await order_of(desk, operator, LOUDSPEAKER)
    demoted = replace(operator, role=Role.TECHNICIAN)
    with pytest.raises(Refusal, match="not_allowed"):
        await desk.broadcast(demoted, order)


async def test_broadcasts_of_other_hamlets_do_not_exist_for_a_hamlet_head(desk, operator, head):
    """Neither to see, nor to hear, nor to stop, nor to repeat."""
    order = await order_of(desk, operator, ELSEWHERE)
    broadcast_id = await desk.broadcast(operator, order)
    for attempt in (
        desk.view(head, broadcast_id),
        desk.stop(head, broadcast_id),
        desk.repeat(head, broadcast_id, ELSEWHERE),
    ):
        with pytest.raises(Refusal, match="not_found"):
            await attempt
    assert await desk.audio_for(head, order.audio_sha256) is None


async def test_a_viewer_sees_a_broadcast_but_cannot_stop_it(desk, operator, viewer):
    """Reading is not acting."""
    order = await order_of(desk, operator, LOUDSPEAKER)
    broadcast_id = await desk.broadcast(operator, order)
    assert (await desk.view(viewer, broadcast_id)).text == TEXT
    assert await desk.audio_for(viewer, order.audio_sha256) is not None
    with pytest.raises(Refusal, match="not_allowed"):
        await desk.stop(viewer, broadcast_id)


async def test_a_repeat_is_another_broadcast_of_the_same_sound_and_replaces_the_failure(
    desk, operator, store, bus, dispatch
):
    """The proof screen then shows the repeat's state in the failed one's place."""
    broadcast_id = await desk.broadcast(
        operator, await order_of(desk, operator, LOUDSPEAKER, OTHER)
    )
    with pytest.raises(Refusal, match="still_busy"):
        await desk.repeat(operator, broadcast_id, LOUDSPEAKER)
    await report(store, broadcast_id, LOUDSPEAKER, "failed")
    await report(store, broadcast_id, OTHER, "finished")
    repeat_id = await desk.repeat(operator, broadcast_id, LOUDSPEAKER)
    assert repeat_id != broadcast_id
    await report(store, repeat_id, LOUDSPEAKER, "started")
    for asked in (broadcast_id, repeat_id):
        view = await desk.view(operator, asked)
        assert view.broadcast_id == broadcast_id
        assert {e.loudspeaker.device_id: e.state for e in view.deliveries} == {
            "tu-1-loa-1": "started",
            "tu-1-loa-2": "finished",
        }
    await dispatch.run_once(bus)
    spoken = [command.data for command in bus.of_kind("speak.v1")]
    assert spoken[0].audio == spoken[1].audio
    assert spoken[1].loudspeaker_ids == ("tu-1-loa-1",)


async def test_a_hamlet_head_cannot_repeat_an_emergency(desk, operator, head, store):
    """Nobody reaches by a repeat what they may not order."""
    order = await order_of(desk, operator, LOUDSPEAKER, priority="emergency")
    broadcast_id = await desk.broadcast(operator, order)
    await report(store, broadcast_id, LOUDSPEAKER, "failed")
    with pytest.raises(Refusal, match="emergency_not_allowed"):
        await desk.repeat(head, broadcast_id, LOUDSPEAKER)


async def test_a_repeat_of_a_repeat_hangs_on_the_first_broadcast(desk, operator, store, clock):
    """However often it is tried, one broadcast shows one line per loudspeaker."""
    broadcast_id = await desk.broadcast(operator, await order_of(desk, operator, LOUDSPEAKER))
    latest = broadcast_id
    for _ in range(3):
        await report(store, latest, LOUDSPEAKER, "failed")
        clock.advance(1)
        latest = await desk.repeat(operator, latest, LOUDSPEAKER)
    view = await desk.view(operator, broadcast_id)
    assert [each.broadcast_id for each in view.deliveries] == [latest]


async def test_a_gateway_gets_only_the_sound_that_a_command_to_it_names(desk, operator):
    """A stolen gateway token does not open the archive of announcements."""
    order = await order_of(desk, operator, LOUDSPEAKER)
    assert await desk.audio_for_gateway("tu-1", order.audio_sha256) is None
    await desk.broadcast(operator, order)
    assert await desk.audio_for_gateway("tu-1", order.audio_sha256) is not None
    assert await desk.audio_for_gateway("tu-2", order.audio_sha256) is None


def test_an_order_is_routine_unless_said_otherwise():
    """Nobody interrupts by forgetting a field."""
    order = BroadcastOrder(text="a", audio_sha256="0", loudspeakers=(), source="phone")
    assert order.priority == "routine"
