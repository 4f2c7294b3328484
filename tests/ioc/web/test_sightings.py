"""What the alarm page says of sightings, its clips, and what people may answer."""

import re
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import select

from contracts.commands import ForgetFixture, MarkFixture
from contracts.events import (
    CameraClaim,
    CameraCondition,
    CameraDegraded,
    CameraReported,
    CommandOutcome,
    CrowdingStarted,
    IntrusionStarted,
    LitteringFixture,
    LoiteringStarted,
)
from ioc.people.audit import verify
from ioc.store.tables import events
from tests.ioc.clips import mp4
from tests.ioc.web.reporting_gateway import camera

BOX = (0.1, 0.2, 0.1, 0.3)


async def test_presence_is_told_in_the_agreed_words(site):
    """In the row and on the page."""
    gateway = site.village.ban_chuong
    stay = {"object_id": str(uuid4()), "zone": "Trạm bơm"}
    told = {
        "Vào khu vực cấm": (
            IntrusionStarted(**stay, box=BOX, present_s=2.4),
            "Có người ở đó 2,4 giây",
        ),
        "Nán lại bất thường": (
            LoiteringStarted(**stay, box=BOX, present_s=61),
            "Khu vực: <bdi>Trạm bơm</bdi>",
        ),
        "Tập trung đông người": (CrowdingStarted(**stay, share=0.42), "Người che 42/100 khu vực"),
    }
    async with site.sign_in("truc") as browser:
        for kind, (sighting, reason) in told.items():
            alarm_id = await gateway.alarm_of(await gateway.report(sighting, device_id="cam-cong"))
            title = f"{kind} – <bdi>Cổng làng, xóm Bản Chương</bdi>"
            assert title in (await browser.get("/")).text
            page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
            assert title in page
            assert reason in page
            assert "Vật có sẵn ở đây" not in page


async def test_every_condition_of_a_camera_has_words_and_advice_in_both_languages(site):
    """All in force are named; the measured values are folded away for the technician."""
    gateway = site.village.ban_chuong
    event_id = ""
    for condition in CameraCondition:
        degraded = CameraDegraded(condition=condition, detail=f"đo {condition}")
        event_id = await gateway.report(degraded, device_id="cam-cong")
    alarm_id = await gateway.alarm_of(event_id)
    async with site.sign_in("kythuat") as browser:
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        title = page.partition("</h1>")[0]
        for words in ("bị che", "bị xoay", "hình mờ", "đứng hình", "hình tối đen", "sai giờ"):
            assert words in title
        plain, _, technical = page.partition("Chi tiết cho kỹ thuật viên</summary>")
        assert "bị che: <bdi>đo covered</bdi>" in technical
        assert technical.count("<bdi>đo ") == len(CameraCondition)
        assert "đo covered" not in plain
        english = (await browser.get(f"/manh/canh-bao/{alarm_id}?lang=en")).text
        assert "Camera frozen, black, blurred, covered, moved" in english


async def test_the_page_says_what_speaks_for_an_alarm_and_what_against_it(site):
    """First what an operator needs, then what it is not sure of; what was measured is folded."""
    gateway = site.village.ban_chuong
    reasons = ("static_14s", "outline_1.2", "no_figure_seen", "detector_person_0.81", "novel_7")
    alarm_id, _ = await gateway.see_littering(reasons=reasons)
    (object_id,) = await gateway.objects_of(alarm_id)
    remark = CameraReported(
        claim=CameraClaim.OBJECT_LEFT,
        topic="RuleEngine/ObjectAbandoned",
        active=True,
        corroborates=object_id,
    )
    await gateway.report(remark, device_id="cam-cong", ago_s=0)
    async with site.sign_in("truc") as browser:
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
    supporting, _, opposing = page.partition("Điều chưa chắc")
    opposing, _, measures = opposing.partition("Số đo</summary>")
    measures, _, history = measures.partition("Diễn biến")
    assert "Vật bị bỏ lại 14 giây" in supporting
    for words in ("92/100", "Đứng yên 14 giây", "gấp 1,2 lần", "novel_7"):
        assert words in measures
        assert words not in supporting + opposing
    assert "Người để lại: đến từ bên trái, đi về bên phải" in supporting
    assert re.search(r"Bỏ lại lúc \d\d:\d\d:\d\d, lúc \d\d:\d\d:\d\d không còn ai", supporting)
    assert "Camera cũng báo: vật bị bỏ lại · từ 07:00" in supporting
    for words in ("Không thấy ai để lại", "Máy dò thấy giống người: 81/100"):
        assert words in opposing
    assert "Camera cũng báo: vật bị bỏ lại" in history


async def test_boxes_and_the_path_are_drawn_where_they_belong(site):
    """Nothing before; object, figure and path while it is put down; object and path after."""
    alarm_id, pictures = await site.village.ban_chuong.see_littering()
    await site.village.ban_chuong.upload(pictures)
    async with site.sign_in("truc") as browser:
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
    _, before, depositing, after = page.partition('<ul class="strip">')[2].split("data-picture")
    assert "<svg" not in before
    assert 'class="object"' in depositing
    assert 'class="figure"' in depositing
    assert 'class="figure"' not in after
    for drawn in (depositing, after):
        assert "đến từ bên trái" in drawn
        assert drawn.count("<circle") == 11


async def test_a_clip_is_on_its_way_then_played_in_parts(site):
    """Announced, then served to those of the area, in the ranges that players ask for."""
    gateway = site.village.ban_chuong
    alarm_id, _ = await gateway.see_littering()
    (object_id,) = await gateway.objects_of(alarm_id)
    body = mp4()
    address = f"/api/evidence/{await gateway.record(object_id, body)}"
    sha256 = address.rpartition("/")[2]
    async with site.sign_in("truc") as browser, site.sign_in("trucnalay") as neighbour:
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert "Đoạn phim đang được gửi về" in page
        assert (await browser.get(address)).status_code == 404
        await gateway.upload({sha256: body})
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert f'src="{address}"' in page
        assert "H.264" in page
        assert (await neighbour.get(address)).status_code == 404
        whole = await browser.get(address)
        assert (whole.status_code, whole.content) == (200, body)
        assert whole.headers["content-type"] == "video/mp4"
        assert whole.headers["x-content-type-options"] == "nosniff"
        assert whole.headers["cache-control"] == "private, no-cache"
        part = await browser.http.get(address, headers={"range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, body[100:200])
        assert part.headers["content-range"] == f"bytes 100-199/{len(body)}"
        beyond = await browser.http.get(address, headers={"range": f"bytes={len(body)}-"})
        assert beyond.status_code == 416


async def test_a_clip_that_browsers_may_not_play_is_offered_as_a_file(site):
    """H.265 needs a licence that not every browser has."""
    gateway = site.village.ban_chuong
    alarm_id, _ = await gateway.see_littering()
    (object_id,) = await gateway.objects_of(alarm_id)
    body = mp4(codec="libx265")
    await gateway.upload({await gateway.record(object_id, body, codec="hevc"): body})
    async with site.sign_in("truc") as browser:
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
    assert 'data-codec="hevc"' in page
    assert "Trình duyệt này không phát được đoạn phim H.265" in page
    assert "download=" in page


async def test_a_fixture_is_ordered_until_the_gateway_answers_and_ends_the_alarm(site, clock):
    """Sent, done, ended: each step is on the page, and a second press orders nothing more.

    Before it is sent, the page says what it means. Whoever orders it has answered the alarm.
    """
    gateway = site.village.ban_chuong
    alarm_id, _ = await gateway.see_littering()
    (object_id,) = await gateway.objects_of(alarm_id)
    mark = f"/api/alarms/{alarm_id}/mark-fixture"
    page = f"/manh/canh-bao/{alarm_id}"
    async with site.sign_in("truc") as browser:
        before, _, _ = (await browser.get(page)).text.partition('data-act="mark_fixture"')
        assert "Camera sẽ không báo vật giống thế này ở chỗ này nữa." in before
        for _ in range(2):
            answer = await browser.post(mark, {"object_id": object_id})
            assert answer.status_code == 200
            alarm = answer.json()["alarm"]
            assert (alarm["state"], alarm["acknowledged_by"]) == ("acknowledged", "Ma Thị Lan")
        (command,) = await gateway.orders()
        assert command.data == MarkFixture(camera_id="cam-cong", object_id=object_id)
        assert command.expires_at - command.issued_at == timedelta(hours=1)
        waiting = (await browser.get(page)).text
        assert "đang chờ tủ kỹ thuật trả lời" in waiting
        assert 'data-act="mark_fixture"' not in waiting
        await gateway.answer(command)
        assert await gateway.orders() == []
        assert "Tủ kỹ thuật đã ghi nhớ" in (await browser.get(page)).text
        fixture = LitteringFixture(object_id=object_id, zone="Bãi đất trống")
        await gateway.report(fixture, device_id="cam-cong")
        over = (await browser.get(f"/api/alarms/{alarm_id}")).json()
        assert over["alarm"]["state"] == "normal"
        causes = [step["cause"] for step in over["history"]]
        assert causes == ["raise", "mark_fixture", "return"]
        again = await browser.post(mark, {"object_id": object_id})
        assert (again.status_code, again.json()["error"]["code"]) == (409, "not_markable")
    async with site.village.centre.store.read() as connection:
        assert (await verify(connection)).broken_at is None


async def mark_on(browser, gateway) -> tuple[str, str]:
    """Have a left object marked and the gateway take it for a fixture; return alarm and object."""
    alarm_id, _ = await gateway.see_littering()
    (object_id,) = await gateway.objects_of(alarm_id)
    await browser.post(f"/api/alarms/{alarm_id}/mark-fixture", {"object_id": object_id})
    (command,) = await gateway.orders()
    await gateway.answer(command)
    fixture = LitteringFixture(object_id=object_id, zone="Bãi đất trống")
    await gateway.report(fixture, device_id="cam-cong")
    return alarm_id, object_id


async def test_a_camera_lists_what_it_passes_over_and_forgets_it_on_order(site, clock):
    """With zone, time and person; forgotten once the gateway says so, and gone an hour later."""
    gateway, page = site.village.ban_chuong, "/manh/thiet-bi"
    async with site.sign_in("truc") as browser, site.sign_in("kythuat") as technician:
        assert "Vật có sẵn" not in (await browser.get(page)).text
        alarm_id, object_id = await mark_on(browser, gateway)
        listed = (await browser.get(page)).text
        assert "Vật có sẵn: Bãi đất trống · đánh dấu 07:00 · Ma Thị Lan" in listed
        assert f'data-forget="{object_id}"' in listed
        assert "data-forget" not in (await technician.get(page)).text
        await gateway.die()
        forget = f"/api/alarms/{alarm_id}/forget-fixture"
        for _ in range(2):
            answer = await browser.post(forget, {"object_id": object_id})
            assert answer.status_code == 200
        assert answer.json()["history"][-1]["cause"] == "forget_fixture"
        away = (await browser.get(page)).text
        assert "Lệnh “Bỏ” <strong>chưa</strong> đến" in away
        assert "data-forget" not in away
        await gateway.be_born([camera("cam-cong", "Cổng làng", "ban-chuong", [])])
        assert "Đã gửi lệnh “Bỏ”" in (await browser.get(page)).text
        (command,) = await gateway.orders()
        assert command.data == ForgetFixture(camera_id="cam-cong", fixture_id=object_id)
        await gateway.answer(command)
        assert "Đã bỏ: camera lại báo" in (await browser.get(page)).text
        again = await browser.post(forget, {"object_id": object_id})
        assert (again.status_code, await gateway.orders()) == (200, [])
        clock.advance(3_700)
        assert "Vật có sẵn" not in (await browser.get(page)).text


async def test_what_a_gateway_could_not_forget_stays_listed(site, clock):
    """The person knows, and may press again."""
    gateway, page = site.village.ban_chuong, "/manh/thiet-bi"
    async with site.sign_in("truc") as browser:
        alarm_id, object_id = await mark_on(browser, gateway)
        await browser.post(f"/api/alarms/{alarm_id}/forget-fixture", {"object_id": object_id})
        (command,) = await gateway.orders()
        await gateway.answer(command, CommandOutcome.FAILED, "the disk takes nothing")
        failed = (await browser.get(page)).text
        assert "<strong>không</strong> bỏ được" in failed
        assert "the disk takes nothing" in failed
        assert f'data-forget="{object_id}"' in failed


async def test_what_was_never_marked_cannot_be_forgotten(site):
    """Nor can what was ordered, but not carried out."""
    gateway = site.village.ban_chuong
    alarm_id, _ = await gateway.see_littering()
    (object_id,) = await gateway.objects_of(alarm_id)
    async with site.sign_in("truc") as browser:
        await browser.post(f"/api/alarms/{alarm_id}/mark-fixture", {"object_id": object_id})
        for other in (object_id, str(uuid4())):
            answer = await browser.post(
                f"/api/alarms/{alarm_id}/forget-fixture", {"object_id": other}
            )
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_markable")


async def test_a_recognised_fixture_is_history_and_touches_no_alarm(site):
    """Neither one that is open on this camera, nor a new one."""
    gateway = site.village.ban_chuong
    alarm_id, _ = await gateway.see_littering()
    recognised = LitteringFixture(object_id=str(uuid4()), zone="Bãi", fixture_id=str(uuid4()))
    async with site.sign_in("truc") as browser:
        before = (await browser.get(f"/api/alarms/{alarm_id}")).json()
        event_id = await gateway.report(recognised, device_id="cam-cong")
        assert (await browser.get(f"/api/alarms/{alarm_id}")).json() == before
        assert len((await browser.get("/api/alarms?tab=all")).json()["alarms"]) == 1
    async with site.village.centre.store.read() as connection:
        stored = select(events.c.kind).where(events.c.event_id == event_id)
        assert await connection.scalar(stored) == "littering.fixture.v1"


async def test_a_fixture_that_was_refused_or_never_answered_is_said(site, clock):
    """The operator knows that nothing was noted, and may press again."""
    gateway = site.village.ban_chuong
    alarm_id, _ = await gateway.see_littering()
    (object_id,) = await gateway.objects_of(alarm_id)
    mark = f"/api/alarms/{alarm_id}/mark-fixture"
    page = f"/manh/canh-bao/{alarm_id}"
    async with site.sign_in("truc") as browser:
        await browser.post(mark, {"object_id": object_id})
        (command,) = await gateway.orders()
        await gateway.answer(command, CommandOutcome.FAILED, "object unknown")
        refused = (await browser.get(page)).text
        assert "<strong>không</strong> ghi nhớ được" in refused
        assert "object unknown" in refused
        await browser.post(mark, {"object_id": object_id})
        await gateway.die()
        assert "Tủ kỹ thuật đang mất kết nối" in (await browser.get(page)).text
        clock.advance(3_700)
        told = await site.application.state.feed.newest()
        await site.village.centre.voice.dispatch.run_once(SilentBus())
        assert await site.application.state.feed.newest() == told + 1
        expired = (await browser.get(page)).text
        assert "Lệnh đã hết hạn" in expired
        assert 'data-act="mark_fixture"' in expired


class SilentBus:
    """A broker behind which nobody listens."""

    async def publish(self, topic_name: str, payload: bytes, *, retained: bool) -> None: ...


async def test_only_who_may_answer_and_see_an_alarm_may_call_it_false_or_a_fixture(site):
    """A viewer is told why; for another hamlet it does not exist."""
    gateway = site.village.ban_chuong
    alarm_id, _ = await gateway.see_littering()
    (object_id,) = await gateway.objects_of(alarm_id)
    deeds = {
        "mark-false": {"reason": "shadow"},
        "mark-fixture": {"object_id": object_id},
        "forget-fixture": {"object_id": object_id},
        "undo": {},
    }
    for login, status in (("xem", 403), ("trucnalay", 404)):
        async with site.sign_in(login) as browser:
            for deed, body in deeds.items():
                answer = await browser.post(f"/api/alarms/{alarm_id}/{deed}", body)
                assert answer.status_code == status, (login, deed)
    assert await gateway.orders() == []


async def test_a_false_alarm_ends_with_its_reason_and_can_be_taken_back(site, clock):
    """Ten seconds long, and by the same person."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    address = f"/api/alarms/{alarm_id}"
    async with site.sign_in("truc") as browser, site.sign_in("quantri") as other:
        assert (await browser.post(f"{address}/mark-false", {"reason": "x"})).status_code == 422
        answer = await browser.post(f"{address}/mark-false", {"reason": "person"})
        assert answer.json()["alarm"]["state"] == "normal"
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert "Báo nhầm: người đứng" in page
        assert 'data-act="mark_false"' not in page
        for who, after_s in ((other, 0), (browser, 60)):
            clock.advance(after_s)
            late = await who.post(f"{address}/undo")
            assert (late.status_code, late.json()["error"]["code"]) == (409, "too_late_to_undo")
    second, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("truc") as browser:
        await browser.post(f"/api/alarms/{second}/mark-false", {"reason": "shadow"})
        clock.advance(9)
        back = await browser.post(f"/api/alarms/{second}/undo")
        assert back.json()["alarm"]["state"] == "unacknowledged"
        assert [s["cause"] for s in back.json()["history"]] == ["raise", "mark_false", "undo"]


async def test_reasons_of_another_release_do_not_hide_the_alarm(site):
    """A code that lacks the value its words ask for is shown as it is."""
    reasons = ("static", "detector", "detector_5", "contrast_", "<b>still</b>")
    alarm_id, _ = await site.village.ban_chuong.see_littering(reasons=reasons)
    async with site.sign_in("truc") as browser:
        page = await browser.get(f"/manh/canh-bao/{alarm_id}")
    assert page.status_code == 200
    for words in ("static", "detector", "detector_5", "contrast_", "&lt;b&gt;still&lt;/b&gt;"):
        assert f'<p class="note">{words}</p>' in page.text


async def test_who_announces_the_same_bytes_hides_nothing(site):
    """Another gateway names a stored clip and never delivers it; each sees what is theirs."""
    gateway, other = site.village.ban_chuong, site.village.na_lay
    body = mp4()
    sha256 = ""
    for reporter, camera_id in ((gateway, "cam-cong"), (other, "cam-suoi")):
        alarm_id, _ = await reporter.see_littering(camera_id)
        (object_id,) = await reporter.objects_of(alarm_id)
        sha256 = await reporter.record(object_id, body, device_id=camera_id)
        if reporter is gateway:
            await gateway.upload({sha256: body})
    async with site.sign_in("truc") as browser, site.sign_in("trucnalay") as neighbour:
        assert (await browser.get(f"/api/evidence/{sha256}")).content == body
        assert (await neighbour.get(f"/api/evidence/{sha256}")).status_code == 404
