"""Who has an alarm in hand, and what people write about it, by the interface and on the pages."""

from sqlalchemy import select

from ioc.store.tables import annunciations, audit_log

SQL = "'; DROP TABLE alarms; -- <script>alert(1)</script>"


async def causes(browser, alarm_id):
    detail = (await browser.get(f"/api/alarms/{alarm_id}")).json()
    return [(step["cause"], step["who"], step["note"]) for step in detail["history"]][1:]


async def test_who_takes_an_alarm_is_named_on_row_and_page(site):
    """Its state stays as it is; the log says who and when."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("truc") as browser:
        assert "Tôi xử lý" in (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        answer = await browser.post(f"/api/alarms/{alarm_id}/take", {"instead_of": None})
        assert answer.status_code == 200, answer.text
        alarm = answer.json()["alarm"]
        assert (alarm["assigned_to"], alarm["assigned_name"]) == ("truc", "Ma Thị Lan")
        assert alarm["state"] == "unacknowledged"
        assert await causes(browser, alarm_id) == [("take", "Ma Thị Lan", None)]
        for path in ("/manh/danh-sach", f"/manh/canh-bao/{alarm_id}"):
            assert "Ma Thị Lan đang xử lý từ" in (await browser.get(path)).text
        row = (await browser.get("/manh/danh-sach?tab=in_progress")).text
        assert f'data-alarm="{alarm_id}"' in row


async def test_nobody_takes_an_alarm_from_another_unasked(site):
    """The page asks first; the interface wants to hear from whom."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("truc") as browser:
        await browser.post(f"/api/alarms/{alarm_id}/take")
    async with site.sign_in("quantri") as browser:
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert "Bạn nhận thay?" in page
        assert "Tôi xử lý" not in page
        refused = await browser.post(f"/api/alarms/{alarm_id}/take")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "in_other_hands")
        assert "Ma Thị Lan đang xử lý" in refused.json()["error"]["vi"]
        taken = await browser.post(f"/api/alarms/{alarm_id}/take", {"instead_of": "truc"})
        assert taken.json()["alarm"]["assigned_to"] == "quantri"
        again = await browser.post(f"/api/alarms/{alarm_id}/take", {"instead_of": "truc"})
        assert again.status_code == 200


async def test_an_alarm_is_given_to_whoever_covers_its_place_and_they_are_told(site):
    """A hamlet head may have it; somebody of another hamlet or who only looks may not."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("truc") as browser:
        offered = (await browser.get(f"/api/alarms/{alarm_id}/assignable")).json()
        assert {each["login"] for each in offered} == {"truc", "kythuat", "quantri", "truongxom"}
        for login in ("trucnalay", "xem", "khong-co"):
            wanted = {"login": login, "instead_of": None}
            refused = await browser.post(f"/api/alarms/{alarm_id}/assign", wanted)
            assert refused.json()["error"]["code"] == "cannot_be_assigned"
            assert refused.status_code == 422
        wanted = {"login": "truongxom", "instead_of": None}
        given = await browser.post(f"/api/alarms/{alarm_id}/assign", wanted)
        assert given.json()["alarm"]["assigned_name"] == "Triệu Văn Hào"
        assert await causes(browser, alarm_id) == [("assign", "Ma Thị Lan", "Triệu Văn Hào")]
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert "Giao xử lý: Triệu Văn Hào" in page
    async with site.village.centre.store.read() as connection:
        told = await connection.execute(
            select(annunciations.c.login).where(annunciations.c.reason == "assign")
        )
        assert [row.login for row in told] == ["truongxom"]
        deeds = await connection.scalars(
            select(audit_log.c.action).where(audit_log.c.subject == alarm_id)
        )
        assert list(deeds) == ["alarm_assign"]


async def test_who_has_an_alarm_may_give_it_back(site):
    """Also a hamlet head, who may not give away what others have."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("truongxom") as browser:
        wanted = {"login": "truc", "instead_of": None}
        assert (await browser.post(f"/api/alarms/{alarm_id}/assign", wanted)).status_code == 403
        assert (await browser.post(f"/api/alarms/{alarm_id}/take")).status_code == 200
        back = {"login": None, "instead_of": "truongxom"}
        answer = await browser.post(f"/api/alarms/{alarm_id}/assign", back)
        assert answer.json()["alarm"]["assigned_to"] is None
        causes_ = [cause for cause, _, _ in await causes(browser, alarm_id)]
        assert causes_ == ["take", "unassign"]


async def test_what_is_over_or_elsewhere_is_given_to_nobody(site):
    """An alarm of another hamlet does not exist; one that is over needs nobody; viewers look on."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("trucnalay") as browser:
        for deed, body in (("take", {}), ("assign", {"login": None}), ("comments", {"text": "a"})):
            answer = await browser.post(f"/api/alarms/{alarm_id}/{deed}", body)
            assert answer.status_code == 404, deed
        assert (await browser.get(f"/api/alarms/{alarm_id}/assignable")).status_code == 404
    async with site.sign_in("xem") as browser:
        assert (await browser.post(f"/api/alarms/{alarm_id}/take")).status_code == 403
        answer = await browser.post(f"/api/alarms/{alarm_id}/comments", {"text": "a"})
        assert answer.status_code == 403
    async with site.sign_in("truc") as browser:
        await browser.post(f"/api/alarms/{alarm_id}/mark-false", {"reason": "other"})
        answer = await browser.post(f"/api/alarms/{alarm_id}/take")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "nothing_to_handle")


async def test_what_people_write_stays_in_the_history_as_text(site):
    """Markup and SQL are shown, not obeyed; too much or nothing is refused."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("kythuat") as browser:
        answer = await browser.post(f"/api/alarms/{alarm_id}/comments", {"text": f"  {SQL} "})
        assert answer.status_code == 201
        assert await causes(browser, alarm_id) == [("comment", "Hoàng Văn Kỹ", SQL)]
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert "Ghi chú: &#39;; DROP TABLE alarms; -- &lt;script&gt;" in page
        for text in ("", "   ", "x" * 2001, "a\x00b", 7, None):
            refused = await browser.post(f"/api/alarms/{alarm_id}/comments", {"text": text})
            assert refused.status_code == 422, text
        lone = await browser.http.post(
            f"/api/alarms/{alarm_id}/comments",
            content=b'{"text":"\\ud800"}',
            headers={
                "x-csrf-token": browser.csrf,
                "origin": "http://testserver",
                "content-type": "application/json",
            },
        )
        assert lone.status_code == 422


async def test_who_was_given_an_alarm_has_it_in_hand_only_once_they_say_so(site):
    """Being named is not working on it; saying so twice is logged once."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("truc") as browser:
        wanted = {"login": "truongxom", "instead_of": None}
        await browser.post(f"/api/alarms/{alarm_id}/assign", wanted)
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert "Đã giao Triệu Văn Hào lúc" in page
        assert "Triệu Văn Hào đang xử lý" not in page
    async with site.sign_in("truongxom") as browser:
        assert f'data-take="{alarm_id}"' in (await browser.get("/loa")).text
        for _ in range(2):
            taking = {"instead_of": "truongxom"}
            assert (await browser.post(f"/api/alarms/{alarm_id}/take", taking)).status_code == 200
        causes_ = [cause for cause, _, _ in await causes(browser, alarm_id)]
        assert causes_ == ["assign", "take"]
        task = (await browser.get("/manh/viec-duoc-giao")).text
        assert "Triệu Văn Hào đang xử lý từ" in task
        assert "data-take" not in task
    async with site.sign_in("trucnalay") as browser:
        assert alarm_id not in (await browser.get("/manh/viec-duoc-giao")).text
