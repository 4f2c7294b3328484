"""Many alarms answered at once: each for itself, never those that a person must look at."""

import re
from html import unescape

from sqlalchemy import func, select

from contracts.events import DeviceDown, DeviceKind, DownReason, IntrusionStarted, OutboxGap
from ioc.alarms.handling.together import MOST, note_of, read_note
from ioc.people import audit
from ioc.store.tables import alarm_transitions, alarms, audit_log
from tests.ioc.web.conftest import ORIGIN
from tests.ioc.web.reporting_gateway import camera

RULE = """\
rules:
  - id: vao-kho
    name: Vào kho
    priority: high
    event: {kind: intrusion.started}
    advice: Gọi bảo vệ.
  - id: vao-roi-mat-camera
    name: Vào kho rồi mất camera
    sequence:
      steps:
        - event: {kind: intrusion.started}
        - event: {kind: device.down}
      within_s: 600
  - id: roi-do-rac
    name: Vào kho, mất camera, rồi đổ rác
    sequence:
      steps:
        - rule: vao-roi-mat-camera
        - event: {kind: littering.confirmed}
      within_s: 600
"""
CAMERAS = ("cam-cong", "cam-cho", "loa-cong", "loa-nha")


async def lose(gateway, device_ids=CAMERAS):
    """Let devices vanish, each an alarm of its own; return the alarms."""
    down = DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.UNREACHABLE)
    events = [await gateway.report(down, device_id=device_id) for device_id in device_ids]
    return [await gateway.alarm_of(event_id) for event_id in events]


async def intrude(gateway):
    entered = IntrusionStarted(
        object_id="2b4c7a6e-8a3c-4d83-9a35-1d8c2c9ce001",
        zone="Kho",
        present_s=3.0,
        box=(0.1, 0.1, 0.2, 0.4),
    )
    return await gateway.alarm_of(await gateway.report(entered, device_id="cam-cong"))


async def as_of(browser):
    return (await browser.get("/api/alarms")).json()["as_of"]


async def answer(browser, alarm_ids, deed="acknowledge", *, seen=None, **more):
    body = {"deed": deed, "alarm_ids": alarm_ids, "as_of": seen or await as_of(browser)}
    return await browser.post("/api/alarms/answer-together", body | more)


async def log_of(browser, alarm_id):
    detail = (await browser.get(f"/api/alarms/{alarm_id}")).json()
    return [
        (step["cause"], step["who"], step["together"], step["note"]) for step in detail["history"]
    ][1:]


async def test_each_alarm_has_its_own_line_that_names_how_many_others(site):
    """Who, when, and together with how many; the audit log holds one line with all of them."""
    lost = await lose(site.village.ban_chuong)
    async with site.sign_in("truc") as browser:
        answered = await answer(browser, lost)
        assert answered.json() == {"answered": lost, "left": []}
        for alarm_id in lost:
            assert await log_of(browser, alarm_id) == [("acknowledge", "Ma Thị Lan", 3, None)]
            page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
            assert "Tiếp nhận cùng lúc với 3 cảnh báo khác" in page
        listed = (await browser.get("/api/alarms?tab=all")).json()["alarms"]
        assert {each["state"] for each in listed} == {"acknowledged"}
    async with site.village.centre.store.read() as connection:
        query = select(audit_log).where(audit_log.c.action == "alarms_acknowledge_together")
        (line,) = (await connection.execute(query)).all()
        assert (line.login, line.subject, line.detail.split()) == ("truc", "4 alarms", lost)
        assert (await audit.verify(connection)).broken_at is None


async def test_the_same_request_again_changes_nothing(site):
    """A page that was sent twice answers once."""
    lost = await lose(site.village.ban_chuong)
    async with site.sign_in("truc") as browser:
        seen = await as_of(browser)
        await answer(browser, lost, seen=seen)
        before = await count_lines(site)
        again = await answer(browser, lost + lost, seen=seen)
        assert again.status_code == 200
        assert again.json()["answered"] == []
        assert {each["why"] for each in again.json()["left"]} == {"done"}
        assert await count_lines(site) == before


async def test_emergencies_and_intrusions_are_never_answered_together(site):
    """Not even when they are named; the rest of the request is done."""
    gateway = site.village.ban_chuong
    intrusion = await intrude(gateway)
    critical, other, *_ = await lose(gateway)
    async with site.village.centre.store.begin() as connection:
        urgent = alarms.update().where(alarms.c.alarm_id == critical).values(priority="critical")
        await connection.execute(urgent)
    async with site.sign_in("truc") as browser:
        answered = (await answer(browser, [intrusion, critical, other])).json()
        assert answered["answered"] == [other]
        assert {each["alarm_id"]: each["why"] for each in answered["left"]} == {
            intrusion: "pressing",
            critical: "pressing",
        }
        assert await log_of(browser, other) == [("acknowledge", "Ma Thị Lan", 0, None)]
        page = (await browser.get("/tra-loi-nhieu")).text
        assert "không bao giờ" in page
        assert "Có <strong>2</strong> cảnh báo như vậy" in page
        assert not {intrusion, critical} & set(chosen_in(page))


async def test_a_rules_alarm_about_an_intrusion_counts_as_one(site):
    """Whatever kind its row has, somebody is where nobody may be."""
    async with site.sign_in("quantri") as browser:
        kept = await browser.post("/api/rules", {"text": RULE, "number": 0})
        assert kept.status_code == 200, kept.text
        await intrude(site.village.ban_chuong)
        await lose(site.village.ban_chuong, ("cam-cho",))
        await site.village.ban_chuong.see_littering(ago_s=0.0)
        listed = (await browser.get("/api/alarms")).json()["alarms"]
        ours = [each["alarm_id"] for each in listed if each["kind"] == "rule"]
        assert len(ours) == 3
        answered = (await answer(browser, ours)).json()
        assert [each["why"] for each in answered["left"]] == ["pressing"] * 3


async def test_what_has_called_anew_since_the_list_was_seen_is_left(site):
    """Nobody answers what nobody has seen."""
    gateway = site.village.ban_chuong
    alarm_id, _ = await gateway.see_littering()
    quiet, *_ = await lose(gateway, ("cam-cho",))
    async with site.sign_in("truc") as browser:
        await browser.post(f"/api/alarms/{alarm_id}/acknowledge")
        seen = await as_of(browser)
        assert (await gateway.see_littering())[0] == alarm_id
        answered = (await answer(browser, [alarm_id, quiet], seen=seen)).json()
        assert answered["answered"] == [quiet]
        assert answered["left"] == [{"alarm_id": alarm_id, "why": "changed"}]
        assert (await answer(browser, [alarm_id])).json()["answered"] == [alarm_id]


async def test_closing_ends_what_a_person_may_end_and_says_why(site):
    """A loss of events is over by their word; a device that is away stays, and so does its alarm."""
    gateway = site.village.ban_chuong
    gap = OutboxGap(epoch=gateway.epoch, ranges=((900, 950),), events=51, reason="full")
    lost_events = await gateway.alarm_of(await gateway.report(gap, device_id=None))
    away, *_ = await lose(gateway)
    async with site.sign_in("truc") as browser:
        refused = await answer(browser, [lost_events], "close")
        assert refused.status_code == 422
        blank = await answer(browser, [lost_events], "close", reason="  ")
        assert blank.json()["error"]["code"] == "close_needs_reason"
        done = (await answer(browser, [lost_events, away], "close", reason="Đã đổi ổ đĩa")).json()
        assert done == {"answered": [lost_events], "left": [{"alarm_id": away, "why": "lasts"}]}
        asked = await form(
            browser, "/tra-loi-nhieu/hoi", chon=[away], viec="close", ly_do="Đã đổi ổ đĩa"
        )
        assert "Không có cảnh báo nào kết thúc được" in asked.text
        assert "1 cảnh báo: còn tiếp diễn" in asked.text
        steps = await log_of(browser, lost_events)
        assert steps == [
            ("acknowledge", "Ma Thị Lan", 0, "Đã đổi ổ đĩa"),
            ("close", "Ma Thị Lan", 0, "Đã đổi ổ đĩa"),
        ]
        assert "Kết thúc: Đã đổi ổ đĩa" in (await browser.get(f"/manh/canh-bao/{lost_events}")).text


async def test_every_alarm_is_authorised_for_itself(site):
    """Of a mixed request the neighbours' alarms do not exist; who may only look answers none."""
    lost = await lose(site.village.ban_chuong)
    async with site.sign_in("trucnalay") as browser:
        (own,) = await lose(site.village.na_lay, ("cam-suoi",))
        answered = (await answer(browser, [*lost, own])).json()
        assert answered["answered"] == [own]
        assert {each["why"] for each in answered["left"]} == {"not_found"}
        assert (await answer(browser, lost)).status_code == 404
        page = (await browser.get("/tra-loi-nhieu?muc=tat-ca")).text
        assert not any(alarm_id in page for alarm_id in lost)
    for login in ("xem", "kythuat", "truongxom"):
        async with site.sign_in(login) as browser:
            assert (await answer(browser, lost)).status_code == 403
            if login != "truongxom":
                page = (await browser.get("/tra-loi-nhieu")).text
                assert "không tiếp nhận được" in page
    async with site.sign_in("quantri") as browser:
        assert await log_of(browser, lost[0]) == []


async def test_no_more_than_a_bounded_number_at_once(site):
    """By the interface and by the form."""
    async with site.sign_in("truc") as browser:
        many = [f"canh-bao-{number}" for number in range(MOST + 1)]
        assert (await answer(browser, many)).status_code == 422
        page = await form(browser, "/tra-loi-nhieu/hoi", chon=many)
        assert "Đã chọn nhiều hơn 500 cảnh báo" in page.text
        assert (await form(browser, "/tra-loi-nhieu", chon=many)).status_code == 422


async def test_the_forms_need_no_script_and_ask_with_the_number_first(site):
    """List, question and answer are plain forms; asking changes nothing."""
    lost = await lose(site.village.ban_chuong)
    async with site.sign_in("truc") as browser:
        page = (await browser.get("/tra-loi-nhieu?tim=cho%20cu")).text
        assert chosen_in(page) == [lost[1]]
        page = (await browser.get("/tra-loi-nhieu?loai=device_down&tu=tu-ban-chuong")).text
        assert set(chosen_in(page)) == set(lost)
        assert "4 cảnh báo, đã chọn sẵn tất cả" in page
        seen = int(re.search(r'name="den" value="(\d+)"', page)[1])
        asked = await form(browser, "/tra-loi-nhieu/hoi", chon=lost, den=seen)
        assert "Tiếp nhận <strong>4 cảnh báo</strong> cùng lúc?" in asked.text
        assert await log_of(browser, lost[0]) == []
        done = await form(browser, "/tra-loi-nhieu", chon=lost, den=seen)
        assert "Đã tiếp nhận 4 cảnh báo" in done.text
        again = await form(browser, "/tra-loi-nhieu", chon=lost, den=seen)
        assert "Chưa có cảnh báo nào thay đổi" in again.text
        assert "đã được trả lời hoặc đã xong từ trước" in again.text
        forged = await browser.http.post(
            "/tra-loi-nhieu", data={"chon": lost, "csrf": "x"}, headers={"origin": ORIGIN}
        )
        assert forged.status_code == 403
        empty = await form(browser, "/tra-loi-nhieu/hoi", chon=[])
        assert "Chưa chọn cảnh báo nào" in empty.text
        blank = await form(browser, "/tra-loi-nhieu/hoi", chon=lost[:3], viec="close")
        assert "Chưa ghi lý do" in blank.text
        assert chosen_in(blank.text) == lost[:3]  # who has left one out need not do so again
        assert 'name="ly_do"' in blank.text


async def test_a_long_search_goes_along(site):
    """A whole heading pasted into the search is answered from, whatever its letters take."""
    name = "Đường vào nhà văn hoá Bản Chương ở chỗ rẽ xuống bến đò cũ trước cổng trường mầm non phía suối"
    gateway = site.village.ban_chuong
    await gateway.be_born([camera("cam-dai", name, "ban-chuong", [])])
    await lose(gateway, ("cam-dai",))
    async with site.sign_in("truc") as browser:
        page = (
            await browser.http.get("/tra-loi-nhieu", params={"tim": name, "x": "y" * 9_000})
        ).text
        (chosen,) = chosen_in(page)
        back = unescape(re.search(r'name="ve" value="([^"]*)"', page)[1])
        asked = await form(browser, "/tra-loi-nhieu/hoi", chon=[chosen], ve=back)
        assert "Tiếp nhận <strong>1 cảnh báo</strong> cùng lúc?" in asked.text
        back = unescape(re.search(r'class="back"><a href="([^"]*)"', asked.text)[1])
        assert chosen_in((await browser.get(back)).text) == [chosen]


async def test_what_was_left_is_named_with_what_calls_for_a_look_first(site):
    """However many others had been answered already; those are counted."""
    gateway = site.village.ban_chuong
    lost = await lose(gateway, [f"cam-{number}" for number in range(14)])
    anew, _ = await gateway.see_littering()
    async with site.sign_in("truc") as browser:
        await answer(browser, [*lost, anew])
        seen = await as_of(browser)
        await gateway.see_littering()
        done = (await form(browser, "/tra-loi-nhieu", chon=[*lost, anew], den=seen)).text
        named = re.findall(r"canh-bao=([^\"]+)", done[done.index("Được giữ nguyên") :])
        assert named == [anew, *lost[:11]]
        assert "1 cảnh báo: vừa báo lại" in done
        assert "14 cảnh báo: đã được trả lời" in done
        assert "và 3 cảnh báo khác" in done


async def test_a_group_is_answered_from_the_alarm_that_explains_it(site):
    """A gateway that is away explains its devices: one link leads to all of them."""
    gateway = site.village.ban_chuong
    lost = await lose(gateway)
    await gateway.die()
    async with site.sign_in("truc") as browser:
        listed = (await browser.get("/api/alarms?tab=all")).json()["alarms"]
        (head,) = [each for each in listed if each["kind"] == "gateway_down"]
        page = (await browser.get(f"/manh/canh-bao/{head['alarm_id']}")).text
        explained = [each["alarm_id"] for each in listed if each["cause_id"] == head["alarm_id"]]
        assert head["explains"] == len(explained)
        assert explained
        assert f"/tra-loi-nhieu?nhom={head['alarm_id']}" in page
        groups = (await browser.get("/tra-loi-nhieu")).text
        assert f"kéo theo <bdi>{len(explained)}</bdi> cảnh báo chưa tiếp nhận" in groups
        group = (await browser.get(f"/tra-loi-nhieu?nhom={head['alarm_id']}")).text
        assert set(chosen_in(group)) == {head["alarm_id"], *explained} <= {head["alarm_id"], *lost}


async def test_texts_of_strangers_stay_texts(site):
    """What the address or the form says comes back as text."""
    await lose(site.village.ban_chuong)
    evil = '"><script>alert(1)</script>'
    async with site.sign_in("truc") as browser:
        answer_ = await browser.http.get("/tra-loi-nhieu", params={"tim": evil, "loai": evil})
        assert "<script>alert" not in answer_.text
        page = await form(browser, "/tra-loi-nhieu/hoi", chon=[evil[:36]], ve=evil, ly_do=evil)
        assert "<script>alert" not in page.text


def test_a_note_reads_as_it_was_written():
    """Also a reason that looks like one, and what other causes have noted."""
    assert read_note("close", note_of(211, "together: 5 người")) == (211, "together: 5 người")
    assert read_note("acknowledge", note_of(0)) == (0, None)
    assert read_note("comment", "together:5 x") == (None, "together:5 x")
    assert read_note("acknowledge", None) == (None, None)


def chosen_in(page):
    return re.findall(r'name="chon" value="([^"]+)"', page)


async def form(browser, path, **fields):
    fields = {"csrf": browser.csrf, "viec": "acknowledge", "den": 10**6} | fields
    return await browser.http.post(path, data=fields, headers={"origin": ORIGIN})


async def count_lines(site):
    async with site.village.centre.store.read() as connection:
        return [
            await connection.scalar(select(func.count()).select_from(table))
            for table in (alarm_transitions, audit_log)
        ]
