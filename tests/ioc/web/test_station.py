"""The station: talk-downs, self-tests, what microphones heard, and the log that accounts for all."""

import csv
import io
from datetime import timedelta
from urllib.parse import quote
from uuid import uuid4

import pytest

from contracts import commands
from contracts.events import (
    Answer,
    BroadcastHeard,
    BroadcastProgress,
    BroadcastState,
    CommandOutcome,
    Hearing,
    LoudspeakerDescribed,
    LoudspeakerTested,
    TalkDownAnswered,
    TalkDownSpoken,
    TalkDownWithheld,
    WithheldReason,
)
from tests.ioc.web.test_broadcasts import GATE, HALL, STREAM, TEXT, preview, send

NIGHT = "Xin đừng đổ rác."


async def talk_down_of(browser, **more):
    body = {
        "gateway_id": "tu-ban-chuong",
        "camera_id": "cam-cong",
        "causes": ["littering"],
        "loudspeaker_ids": ["loa-cong"],
        "text": TEXT,
        "audio_sha256": await preview(browser),
    }
    return await browser.post("/api/talk-downs", body | more)


async def told(gateway):
    """The talk-downs in the newest order to a gateway."""
    orders = [
        each for each in await gateway.orders() if isinstance(each.data, commands.SetTalkDowns)
    ]
    return orders[-1].data.talk_downs


async def test_a_talk_down_is_told_to_its_gateway(site):
    """The gateway learns all of them, with sounds it may fetch; what is removed it forgets."""
    gateway = site.village.ban_chuong
    async with site.sign_in("truc") as browser:
        kept = (await talk_down_of(browser, hours=["05:00-23:00"])).json()
        night = await preview(browser, NIGHT)
        both = await talk_down_of(
            browser, camera_id="cam-cho", night_text=NIGHT, night_audio_sha256=night
        )
        assert both.status_code == 201, both.text
        first, second = sorted(await told(gateway), key=lambda each: each.camera_id, reverse=True)
        assert (first.camera_id, first.hours, first.night_audio) == (
            "cam-cong",
            ("05:00-23:00",),
            None,
        )
        assert second.night_audio is not None
        assert second.night_audio.sha256 == night
        station = site.village.centre.station
        assert await station.audio_for_gateway("tu-ban-chuong", night) is not None
        assert await station.audio_for_gateway("tu-na-lay", night) is None
        page = (await browser.get("/nhac-qua-loa")).text
        assert "Chưa đến tủ" in page
        left = (await browser.post(f"/api/talk-downs/{kept['talk_down_id']}/remove")).json()
        assert [each["camera_id"] for each in left] == ["cam-cho"]
    assert [each.camera_id for each in await told(gateway)] == ["cam-cho"]


async def test_a_gateway_that_missed_its_talk_downs_is_told_anew(site):
    """An order that failed is placed again at the next birth; one that was carried out is not."""
    gateway = site.village.ban_chuong
    async with site.sign_in("truc") as browser:
        await talk_down_of(browser)
        (order,) = await gateway.orders()
        await gateway.answer(order, CommandOutcome.FAILED, "disk full")
        await gateway.be_born([])
        (again,) = await gateway.orders()
        assert again.data == order.data
        await gateway.answer(again)
        await gateway.be_born([])
        assert await gateway.orders() == []


@pytest.mark.parametrize("login", ["xem", "kythuat", "truongxom"])
async def test_not_everybody_decides_what_gateways_say(site, login):
    """Viewers, technicians and hamlet heads do not."""
    async with site.sign_in("truc") as operator:
        sound = await preview(operator)
    async with site.sign_in(login) as browser:
        body = {
            "gateway_id": "tu-ban-chuong",
            "camera_id": "cam-cong",
            "causes": ["littering"],
            "loudspeaker_ids": ["loa-cong"],
            "text": TEXT,
            "audio_sha256": sound,
        }
        assert (await browser.post("/api/talk-downs", body)).status_code == 403


async def test_a_talk_down_of_another_area_does_not_exist(site):
    """Neither the camera nor the loudspeaker of another hamlet can be used or seen."""
    async with site.sign_in("truc") as browser:
        kept = (await talk_down_of(browser)).json()
    async with site.sign_in("trucnalay") as other:
        assert (await talk_down_of(other)).status_code == 404
        assert (await other.get("/api/talk-downs")).json() == []
        assert (
            await other.post(f"/api/talk-downs/{kept['talk_down_id']}/remove")
        ).status_code == 404


async def test_a_talk_down_is_heard_by_its_author_first(site):
    """A text that was not previewed, or hours no day has, are refused with advice."""
    async with site.sign_in("truc") as browser:
        refused = await talk_down_of(browser, text="Lời khác hẳn.")
        assert refused.status_code == 409
        wrong = await talk_down_of(browser, hours=["22:00-22:00"])
        assert "22:00-22:00" in wrong.json()["error"]["vi"]
        assert (await talk_down_of(browser, hours=["25:00-26:00"])).status_code == 422
    assert await site.village.ban_chuong.orders() == []


async def speak_to_the_person(gateway, object_id, sound):
    """What a gateway reports when it speaks by itself."""
    spoken = TalkDownSpoken(
        talk_down_id=str(uuid4()),
        broadcast_id=str(uuid4()),
        cause="littering",
        object_id=object_id,
        loudspeaker_ids=("loa-cong",),
        audio_sha256=sound,
    )
    await gateway.report(spoken, device_id="cam-cong", ago_s=20)
    return spoken


async def step(gateway, broadcast_id, state, ago_s, device_id="loa-cong", **more):
    progress = BroadcastProgress(broadcast_id=broadcast_id, state=state, **more)
    await gateway.report(progress, device_id=device_id, ago_s=ago_s)


async def test_the_alarm_says_that_the_person_was_spoken_to_and_left(site):
    """The operator sees it in the list, in the alarm and in its log."""
    gateway = site.village.ban_chuong
    alarm_id, _ = await gateway.see_littering()
    (object_id,) = await gateway.objects_of(alarm_id)
    async with site.sign_in("truc") as browser:
        sound = (await talk_down_of(browser)).json()["audio_sha256"]
        spoken = await speak_to_the_person(gateway, object_id, sound)
        await step(gateway, spoken.broadcast_id, BroadcastState.STARTED, 19)
        await step(gateway, spoken.broadcast_id, BroadcastState.FINISHED, 15, seconds_sent=4.0)
        waiting = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert "đang xem người đó có rời đi không" in waiting
        answered = TalkDownAnswered(
            broadcast_id=spoken.broadcast_id,
            object_id=object_id,
            answer=Answer.LEFT,
            after_s=7.5,
        )
        await gateway.report(answered, device_id="cam-cong")
        shown = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert "người đó đã rời đi sau 7,5 giây" in shown
        assert TEXT in shown
        assert "Đã phát xong" in shown
        assert "đã nhắc qua loa" in (await browser.get("/")).text.lower()


async def test_the_alarm_says_why_nothing_was_said(site):
    """A withheld talk-down is no secret, and does not hide one that was spoken."""
    gateway = site.village.ban_chuong
    alarm_id, _ = await gateway.see_littering()
    (object_id,) = await gateway.objects_of(alarm_id)
    withheld = TalkDownWithheld(
        talk_down_id=str(uuid4()),
        cause="littering",
        object_id=object_id,
        reason=WithheldReason.COOL_DOWN,
    )
    await gateway.report(withheld, device_id="cam-cong")
    async with site.sign_in("truc") as browser:
        assert "vừa nhắc ở đây rồi" in (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        sound = (await talk_down_of(browser)).json()["audio_sha256"]
        await speak_to_the_person(gateway, object_id, sound)
        await gateway.report(withheld, device_id="cam-cong")
        assert "Tủ đã tự nhắc qua loa" in (await browser.get(f"/manh/canh-bao/{alarm_id}")).text


async def test_steps_that_overtake_the_talk_down_count(site):
    """Whatever order the events arrive in, the log says what happened."""
    gateway = site.village.ban_chuong
    async with site.sign_in("truc") as browser:
        sound = (await talk_down_of(browser)).json()["audio_sha256"]
        spoken = TalkDownSpoken(
            talk_down_id=str(uuid4()),
            broadcast_id=str(uuid4()),
            cause="intrusion",
            object_id=str(uuid4()),
            loudspeaker_ids=("loa-cong",),
            audio_sha256=sound,
        )
        await step(gateway, spoken.broadcast_id, BroadcastState.STARTED, 19)
        await step(gateway, spoken.broadcast_id, BroadcastState.FINISHED, 15, seconds_sent=4.0)
        await gateway.report(spoken, device_id="cam-cong", ago_s=20)
        (entry,) = await log_of(browser, site)
        (line,) = entry["lines"]
        assert (entry["kind"], entry["text"], entry["author"]) == ("talk_down", TEXT, "")
        assert (line["state"], line["seconds_sent"]) == ("finished", 4.0)
        assert line["started_at"] < line["finished_at"]


async def log_of(browser, site):
    now = site.village.centre.clock.now()
    since, until = now - timedelta(days=1), now + timedelta(days=1)
    answer = await browser.get(
        f"/api/station-log?since={quote(since.isoformat())}&until={quote(until.isoformat())}"
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_log_accounts_for_every_second(site):
    """An interrupted broadcast shows each step, in the right order whatever order they came in."""
    gateway = site.village.ban_chuong
    async with site.sign_in("truc") as browser:
        broadcast_id = (await send(browser, GATE, HALL)).json()["broadcast_id"]
        await step(gateway, broadcast_id, BroadcastState.STARTED, 60)
        await step(gateway, broadcast_id, BroadcastState.RESUMED, 40, seconds_sent=5.0)
        await step(gateway, broadcast_id, BroadcastState.INTERRUPTED, 50, seconds_sent=5.0)
        middle = await browser.get(f"/api/broadcasts/{broadcast_id}")
        states = {each["device_id"]: each["state"] for each in middle.json()["deliveries"]}
        assert states == {"loa-cong": "resumed", "loa-nha": "queued"}
        await step(gateway, broadcast_id, BroadcastState.FINISHED, 30, seconds_sent=9.5)
        (entry,) = await log_of(browser, site)
        gate, hall = sorted(entry["lines"], key=lambda line: line["device_id"])
        assert [each["state"] for each in gate["steps"]] == [
            "started",
            "interrupted",
            "resumed",
            "finished",
        ]
        assert (gate["interruptions"], gate["seconds_sent"]) == (1, 9.5)
        assert hall["state"] == "queued"
        page = (await browser.get("/nhat-ky-phat-thanh")).text
        assert "bị ngắt 1 lần" in page
        assert "Ma Thị Lan" in page


async def test_what_a_microphone_heard_is_proof(site):
    """Heard is said only where a microphone heard it; silence at a microphone is said too."""
    gateway = site.village.ban_chuong
    async with site.sign_in("truc") as browser:
        broadcast_id = (await send(browser, GATE, HALL)).json()["broadcast_id"]
        for device_id, hearing in (("loa-cong", Hearing.HEARD), ("loa-nha", Hearing.NOT_HEARD)):
            await step(gateway, broadcast_id, BroadcastState.STARTED, 60, device_id=device_id)
            await step(
                gateway,
                broadcast_id,
                BroadcastState.FINISHED,
                50,
                device_id=device_id,
                seconds_sent=5.0,
            )
            heard = BroadcastHeard(
                broadcast_id=broadcast_id,
                camera_id="cam-cong",
                hearing=hearing,
                score=21.0,
                threshold=8.0,
            )
            await gateway.report(heard, device_id=device_id)
        proof = (await browser.get(f"/manh/phat/{broadcast_id}")).text
        assert "Đã nghe thấy qua micrô" in proof
        assert "không nghe thấy" in proof
        report = (await browser.get("/nhat-ky-phat-thanh/bao-cao")).text
        assert "1 / 2" in report


async def test_the_table_opens_in_a_spreadsheet_and_runs_nothing(site):
    """A text that looks like a formula stays a text."""
    formula = "=HYPERLINK(1) Họp xóm."
    async with site.sign_in("truc") as browser:
        sound = await preview(browser, formula)
        await send(browser, GATE, text=formula, audio_sha256=sound)
        now = site.village.centre.clock.now()
        since, until = (
            quote((now - timedelta(days=1)).isoformat()),
            quote((now + timedelta(days=1)).isoformat()),
        )
        answer = await browser.get(f"/api/station-log.csv?since={since}&until={until}")
        assert answer.content.startswith(b"\xef\xbb\xbf")
        heads, row = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
        cells = dict(zip(heads, row, strict=True))
        assert cells["Nội dung"] == "'" + formula
        assert cells["Loa"] == "Loa Cổng làng"
        backwards = await browser.get(f"/api/station-log.csv?since={until}&until={since}")
        assert backwards.status_code == 422


async def test_the_log_of_another_hamlet_is_not_shown(site):
    """Who has no loudspeaker in it does not learn of a broadcast."""
    async with site.sign_in("truc") as browser:
        await send(browser, GATE)
        await send(browser, STREAM)
        assert len(await log_of(browser, site)) == 2
    async with site.sign_in("trucnalay") as other:
        (entry,) = await log_of(other, site)
        assert [line["device_id"] for line in entry["lines"]] == ["loa-suoi"]


async def test_a_technician_tests_a_loudspeaker(site):
    """The order goes to its gateway; the answer stands on the devices page."""
    gateway = site.village.ban_chuong
    async with site.sign_in("kythuat") as browser:
        test_id = (await browser.post("/api/loudspeaker-tests", {"loudspeakers": [GATE]})).json()[
            "test_id"
        ]
        (order,) = await gateway.orders()
        assert order.data == commands.TestLoudspeakers(
            test_id=test_id, loudspeaker_ids=("loa-cong",)
        )
        assert "Đang thử loa từ" in (await browser.get("/thiet-bi")).text
        tested = LoudspeakerTested(test_id=test_id, is_played=True, hearing=Hearing.NOT_HEARD)
        await gateway.report(tested, device_id="loa-cong")
        described = LoudspeakerDescribed(maker="AXIS", model="C1310-E", firmware="11.8.61")
        await gateway.report(described, device_id="loa-cong")
        page = (await browser.get("/thiet-bi")).text
        assert "<strong>không nghe thấy</strong>" in page
        assert "AXIS C1310-E, phần mềm 11.8.61" in page
    async with site.sign_in("xem") as viewer:
        assert (
            await viewer.post("/api/loudspeaker-tests", {"loudspeakers": [GATE]})
        ).status_code == 403
    async with site.sign_in("trucnalay") as other:
        assert (
            await other.post("/api/loudspeaker-tests", {"loudspeakers": [GATE]})
        ).status_code == 404
