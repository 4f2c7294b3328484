"""Where announcements come from, and what surrounds them, as the author hears it before sending."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from contracts.commands import Relay, Speak
from ioc.broadcasts import BroadcastDesk, BroadcastOrder, Framing, RelayedStream
from ioc.broadcasts.sources import Sources, Station
from ioc.people import Refusal
from ioc.sounds import chime
from ioc.store.tables import broadcasts, deliveries
from tests.ioc.broadcasts.conftest import (
    ELSEWHERE,
    LOUDSPEAKER,
    OTHER,
    TEXT,
    Person,
    Role,
    access_of,
    order_of,
    say,
)
from tests.ioc.sounds.recorded import play, record, voice

pytestmark = pytest.mark.timeout(60)  # recordings are opened in a process of their own

STATION = Station(name="Đài tỉnh", stream_url="https://phatthanh.example/song.mp3")


@pytest.fixture
def desk(store, clock, signing, tmp_path) -> BroadcastDesk:
    return BroadcastDesk(
        store=store,
        clock=clock,
        folder=tmp_path / "audio",
        signing=signing,
        speech=say,
        sources=replace(Sources.default(), stations=(STATION,), largest_upload_bytes=2_000_000),
    )


@pytest.fixture
async def admin(store):
    return await access_of(store, Person(login="quantri", role=Role.ADMIN, area_id="xa"))


async def upload(path):
    body = path.read_bytes()
    for begin in range(0, len(body), 50_000):
        yield body[begin : begin + 50_000]


async def recorded(desk, access, tmp_path, *, seconds: float = 2.0, **others):
    path = record(tmp_path / "chrome.webm", voice(seconds))
    return await desk.studio.take_recording(
        access, upload(path), purpose="voice", title=others.get("title", "Ghi âm sáng nay")
    )


async def commands_of(dispatch, bus, kind):
    await dispatch.run_once(bus)
    return {
        address.gateway_id: command for address, command in bus.published if command.kind == kind
    }


async def test_an_emergency_text_is_said_twice(desk, operator):
    """The words that will be spoken show it, and only such a sound may be sent as an emergency."""
    once = await desk.studio.preview_text(operator, TEXT)
    order = BroadcastOrder(
        text=TEXT,
        audio_sha256=once.audio_sha256,
        loudspeakers=(LOUDSPEAKER,),
        source="console",
        priority="emergency",
    )
    with pytest.raises(Refusal, match="say_it_twice"):
        await desk.broadcast(operator, order)
    twice = await desk.studio.preview_text(operator, TEXT, framing=Framing(said_twice=True))
    assert twice.spoken_text == f"{TEXT} Nhắc lại. {TEXT}"
    await desk.broadcast(operator, replace(order, audio_sha256=twice.audio_sha256))


async def test_a_drill_says_so_before_and_after(desk, operator, dispatch, bus):
    """In the words heard, in the command; the sound of a drill is never sent as the real thing."""
    framing = Framing(status="exercise", chime="two_tones")
    drill = await desk.studio.preview_text(operator, TEXT, framing=framing)
    assert drill.spoken_text == f"Đây là diễn tập. {TEXT} Đây là diễn tập."
    order = BroadcastOrder(
        text=TEXT,
        audio_sha256=drill.audio_sha256,
        loudspeakers=(LOUDSPEAKER,),
        source="console",
    )
    with pytest.raises(Refusal, match="not_previewed"):
        await desk.broadcast(operator, order)
    real = await order_of(desk, operator, LOUDSPEAKER)
    with pytest.raises(Refusal, match="not_previewed"):
        await desk.broadcast(operator, replace(real, status="exercise"))
    await desk.broadcast(operator, replace(order, status="exercise"))
    assert (await commands_of(dispatch, bus, "speak.v1"))["tu-1"].data.status == "exercise"


async def test_a_chime_sounds_before_and_after(desk, operator):
    """The text lies between two chimes of the chosen kind."""
    plain = await desk.studio.preview_text(operator, TEXT)
    rung = await desk.studio.preview_text(operator, TEXT, framing=Framing(chime="three_tones"))
    bell_s = len(chime("three_tones")) / 48_000
    assert rung.duration_s == pytest.approx(plain.duration_s + 2 * bell_s + 1.0, abs=0.1)
    assert rung.spoken_text == plain.spoken_text


async def test_a_recording_is_kept_and_broadcast_under_its_title(
    desk, head, dispatch, bus, tmp_path
):
    """Its author may send it at once; what gateways get is what was cleaned."""
    preview = await recorded(desk, head, tmp_path)
    path = await desk.audio_for(head, preview.audio_sha256)
    assert path is not None
    assert len(play(path)) / 48_000 == pytest.approx(preview.duration_s, abs=0.1)
    order = BroadcastOrder(
        text="Ghi âm sáng nay",
        audio_sha256=preview.audio_sha256,
        loudspeakers=(LOUDSPEAKER,),
        source="phone",
    )
    broadcast_id = await desk.broadcast(head, order)
    spoken = (await commands_of(dispatch, bus, "speak.v1"))["tu-1"].data
    assert spoken.audio.sha256 == preview.audio_sha256
    assert spoken.audio.size_bytes == path.stat().st_size
    assert (await desk.view(head, broadcast_id)).kind == "recording"


async def test_a_recorded_drill_says_so_before_and_after(desk, operator, tmp_path):
    """The voice of the centre frames somebody's recording; framing it again is refused."""
    plain = await recorded(desk, operator, tmp_path)
    framing = Framing(status="exercise", chime="two_tones")
    framed = await desk.studio.preview_recording(
        operator, plain.audio_sha256, title="Diễn tập", framing=framing
    )
    assert framed.spoken_text == "Đây là diễn tập. … Đây là diễn tập."
    assert framed.duration_s > plain.duration_s + 2
    with pytest.raises(Refusal, match="not_found"):
        await desk.studio.preview_recording(
            operator, framed.audio_sha256, title="x", framing=framing
        )


async def test_a_recording_of_somebody_else_is_not_found(desk, head, operator, tmp_path):
    """Drafts are private."""
    preview = await recorded(desk, head, tmp_path)
    assert await desk.audio_for(operator, preview.audio_sha256) is None
    with pytest.raises(Refusal, match="not_found"):
        await desk.studio.preview_recording(
            operator, preview.audio_sha256, title="x", framing=Framing()
        )


async def test_an_upload_beyond_the_limit_leaves_nothing(desk, head, viewer, tmp_path):
    """Refused while it comes in; neither a part nor a row stays. Who may not speak uploads nothing."""

    async def endless():
        for _ in range(1_000):
            yield b"x" * 100_000
        pytest.fail("it was read to its end")

    with pytest.raises(Refusal, match="recording_too_large") as refusal:
        await desk.studio.take_recording(head, endless(), purpose="voice", title="")
    assert "2 MB" in refusal.value.vi
    assert [path for path in (tmp_path / "audio").rglob("*") if path.is_file()] == []
    with pytest.raises(Refusal, match="not_allowed"):
        await desk.studio.take_recording(viewer, endless(), purpose="voice", title="")


async def test_a_silent_recording_is_refused_with_advice(desk, head, tmp_path):
    """Before anything is sent."""
    path = record(tmp_path / "a.wav", voice(2.0, loudness=0.0))
    with pytest.raises(Refusal, match="recording_silent"):
        await desk.studio.take_recording(head, upload(path), purpose="voice", title="")


def relay(**others) -> BroadcastOrder:
    stream = RelayedStream(
        stream_url=others.pop("stream_url", STATION.stream_url),
        duration_s=others.pop("duration_s", 900.0),
    )
    return BroadcastOrder(
        text="Tiếp sóng Đài tỉnh",
        audio_sha256="",
        loudspeakers=(LOUDSPEAKER, ELSEWHERE),
        source="console",
        when_interrupted="resume",
        relay=stream,
        **others,
    )


async def test_a_station_is_relayed_by_every_gateway(desk, operator, dispatch, bus, store):
    """One signed command each; the log knows the stream, and a relay can be seen and repeated."""
    broadcast_id = await desk.broadcast(operator, relay(priority="priority"))
    ordered = await commands_of(dispatch, bus, "relay.v1")
    assert set(ordered) == {"tu-1", "tu-2"}
    data = ordered["tu-1"].data
    assert isinstance(data, Relay)
    assert (data.stream_url, data.duration_s) == (STATION.stream_url, 900.0)
    assert (data.priority, data.when_interrupted) == ("priority", "resume")
    view = await desk.view(operator, broadcast_id)
    assert (view.kind, view.stream_url, view.duration_s) == ("relay", STATION.stream_url, 900.0)
    await desk.stop(operator, broadcast_id)
    await desk.repeat(operator, broadcast_id, LOUDSPEAKER)
    async with store.read() as connection:
        rows = (await connection.execute(select(broadcasts))).all()
    assert {(row.kind, row.stream_s) for row in rows} == {("relay", 900.0)}


@pytest.mark.parametrize(
    ("stream_url", "code"),
    [
        ("https://other.example/song.mp3", "station_not_allowed"),
        ("ftp://phatthanh.example/song.mp3", "bad_stream_address"),
        ("https://user:secret@phatthanh.example/", "bad_stream_address"),
        ("http://localhost:8080/", "bad_stream_address"),
        ("http://127.0.0.1/", "bad_stream_address"),
        ("http://127.1/", "bad_stream_address"),
        ("http://2130706433/", "bad_stream_address"),
        ("http://0x7f000001/", "bad_stream_address"),
        ("http://[::1]/", "bad_stream_address"),
        ("http://[::ffff:127.0.0.1]/", "bad_stream_address"),
        ("http://169.254.169.254/latest", "bad_stream_address"),
        ("http://phatthanh.example:99999/", "bad_stream_address"),
        ("http:///x", "bad_stream_address"),
    ],
)
async def test_a_stream_outside_the_list_is_refused(desk, operator, stream_url, code):
    """Gateways are not sent where a stranger likes, least of all to themselves."""
    with pytest.raises(Refusal, match=code):
        await desk.broadcast(operator, relay(stream_url=stream_url))


async def test_only_an_administrator_relays_any_stream(desk, admin):
    """Also one inside the commune's own network; but not the gateway itself, and not for ever."""
    await desk.broadcast(admin, relay(stream_url="http://192.168.1.20:8000/loa"))
    with pytest.raises(Refusal, match="bad_stream_address"):
        await desk.broadcast(admin, relay(stream_url="http://127.0.0.1:8000/"))
    with pytest.raises(Refusal, match="bad_relay_length"):
        await desk.broadcast(admin, relay(duration_s=5 * 3_600.0))


async def test_a_broadcast_is_scheduled(desk, operator, dispatch, bus, clock):
    """The gateway learns of it now, plays it then, and may still learn of it shortly after."""
    at = clock.now() + timedelta(hours=3)
    order = await order_of(desk, operator, LOUDSPEAKER, not_before=at)
    broadcast_id = await desk.broadcast(operator, order)
    command = (await commands_of(dispatch, bus, "speak.v1"))["tu-1"]
    assert command.data.not_before == at
    assert command.expires_at == at + timedelta(minutes=10)
    assert (await desk.view(operator, broadcast_id)).not_before == at


@pytest.mark.parametrize(
    ("ahead", "code"), [(timedelta(minutes=-2), "start_has_passed"), (timedelta(days=8), "too_far")]
)
async def test_an_impossible_start_is_refused(desk, operator, clock, ahead, code):
    """Yesterday, or further ahead than gateways keep orders."""
    order = await order_of(desk, operator, LOUDSPEAKER, not_before=clock.now() + ahead)
    with pytest.raises(Refusal, match=code):
        await desk.broadcast(operator, order)


async def test_neighbouring_clusters_take_turns(desk, operator, dispatch, bus, store):
    """One hamlet first, the other when it has ended; all gateways count from one instant."""
    order = await order_of(desk, operator, LOUDSPEAKER, OTHER, ELSEWHERE, turns=2)
    await desk.broadcast(operator, order)
    ordered = await commands_of(dispatch, bus, "speak.v1")
    first, second = (ordered[gateway_id].data for gateway_id in ("tu-1", "tu-2"))
    assert isinstance(first, Speak)
    assert first.offsets_s == {}
    assert second.offsets_s == {"tu-2-loa-1": pytest.approx(first.audio.duration_s + 1.0)}
    assert first.not_before == second.not_before is not None
    async with store.read() as connection:
        rows = (await connection.execute(select(deliveries))).all()
    assert sorted(row.offset_s > 0 for row in rows) == [False, False, True]


@pytest.mark.parametrize(
    ("login", "wanted", "level"),
    [
        ("lan", None, "commune"),
        ("lan", "province", "province"),
        ("lan", "hamlet", "hamlet"),
        ("truong", None, "hamlet"),
        ("truong", "commune", None),
        ("truong", "central", None),
    ],
)
async def test_whose_broadcast_it_is(desk, operator, head, dispatch, bus, login, wanted, level):
    """A hamlet head speaks for the hamlet; the commune also passes on what comes from above."""
    access = {"lan": operator, "truong": head}[login]
    order = await order_of(desk, access, LOUDSPEAKER, level=wanted)
    if level is None:
        with pytest.raises(Refusal, match="level_not_allowed"):
            await desk.broadcast(access, order)
        return
    await desk.broadcast(access, order)
    assert (await commands_of(dispatch, bus, "speak.v1"))["tu-1"].data.level == level


async def test_a_question_answered_becomes_part_of_the_sound(desk, operator):
    """The unanswered question comes back with the preview."""
    text = "Mời BCH họp."
    asked = await desk.studio.preview_text(operator, text)
    assert [question.written for question in asked.questions] == ["BCH"]
    answered = await desk.studio.preview_text(operator, text, readings={"BCH": "ban chấp hành"})
    assert answered.questions == ()
    assert answered.spoken_text == "Mời ban chấp hành họp."
    assert answered.audio_sha256 != asked.audio_sha256


async def test_what_was_never_sent_is_forgotten_after_a_week(desk, operator, clock, tmp_path):
    """Row and file; what was broadcast stays for the log."""
    draft = await recorded(desk, operator, tmp_path)
    order = await order_of(desk, operator, LOUDSPEAKER)
    await desk.broadcast(operator, order)
    clock.advance(timedelta(days=8).total_seconds())
    made_at = clock.now().timestamp() - 8 * 86_400
    for path in (tmp_path / "audio").glob("*.ogg"):
        os.utime(path, (made_at, made_at))
    await desk.forget_drafts()
    kept = [path.stem for path in (tmp_path / "audio").glob("*.ogg")]
    assert kept == [order.audio_sha256]
    assert draft.audio_sha256 not in kept
    await recorded(desk, operator, tmp_path)


async def test_an_hour_with_chimes_is_too_long(desk, operator, tmp_path, monkeypatch):
    """What no command can name is refused before anybody chooses loudspeakers."""
    monkeypatch.setattr("ioc.broadcasts.sources.studio.LONGEST_S", 5.0)
    plain = await recorded(desk, operator, tmp_path)
    with pytest.raises(Refusal, match="recording_too_long"):
        await desk.studio.preview_recording(
            operator, plain.audio_sha256, title="x", framing=Framing(chime="attention")
        )
