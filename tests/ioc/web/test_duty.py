"""The roster, handing over and taking over, and the duty log, by the interface and on the pages."""

from sqlalchemy import select

from ioc.people import Role
from ioc.store.tables import audit_log, handovers

ALL_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MARKUP = "Cổng làng <b>hỏng</b>; '; DROP TABLE handovers; --"


def shift(**changes):
    """Return a shift of every day, all day."""
    plain = {"area_id": "xa", "begins": "07:00", "ends": "07:00", "days": ALL_DAYS}
    return {**plain, "person": "truc", **changes}


async def test_leaders_and_administrators_set_the_roster_and_everybody_reads_it(site):
    """Each change is audited; the top bar says who is on duty, or that nobody is."""
    async with site.sign_in("truc") as browser:
        assert "Chưa xếp người trực" in (await browser.get("/")).text
        assert (await browser.post("/api/roster/shifts", shift())).status_code == 403
        assert "Lưu ca trực" not in (await browser.get("/truc-ban")).text
    async with site.sign_in("quantri") as browser:
        added = await browser.post("/api/roster/shifts", shift(deputy="quantri"))
        assert added.status_code == 201, added.text
        (entered,) = added.json()["shifts"]
        assert (entered["person"], entered["deputy"]) == ("truc", "quantri")
        page = (await browser.get("/truc-ban")).text
        assert "Lưu ca trực" in page
        assert "mọi ngày" in page
        duty = (await browser.get("/api/duty")).json()
        assert duty["person"] == {"login": "truc", "name": "Ma Thị Lan"}
        below = (await browser.get("/api/duty?area_id=ban-chuong")).json()
        assert below["deputy"]["login"] == "quantri"
    async with site.sign_in("truongxom") as browser:
        assert "Ma Thị Lan" in (await browser.get("/truc-ban")).text
    async with site.sign_in("xem") as browser:
        assert "Trực: Ma Thị Lan đến" in (await browser.get("/manh/truc")).text
    async with site.sign_in("quantri") as browser:
        number = entered["number"]
        gone = await browser.post(f"/api/roster/shifts/{number}/remove")
        assert gone.json() == {"shifts": []}
        again = await browser.post(f"/api/roster/shifts/{number}/remove")
        assert again.status_code == 404
    async with site.village.centre.store.read() as connection:
        deeds = await connection.scalars(
            select(audit_log.c.action).where(audit_log.c.subject == "xa")
        )
        assert list(deeds)[-2:] == ["roster_add", "roster_remove"]


async def test_shifts_that_cannot_be_kept_are_refused(site):
    """Hours taken already, nobody, somebody twice or of elsewhere, no days, days of both kinds."""
    async with site.sign_in("quantri") as browser:
        assert (await browser.post("/api/roster/shifts", shift())).status_code == 201
        dated = {"days": [], "first_day": "2026-09-02", "last_day": "2026-09-03"}
        for wanted, code, status in (
            (shift(begins="22:00", ends="23:00"), "shift_clashes", 409),
            (shift(area_id="na-lay", person=None), "nobody_named", 422),
            (shift(area_id="na-lay", deputy="truc"), "named_twice", 422),
            (shift(area_id="na-lay", person="truongxom"), "cannot_be_on_duty", 422),
            (shift(person="xem", begins="01:00"), "cannot_be_on_duty", 422),
            (shift(days=[]), "days_wrong", 422),
            (shift(first_day="2026-09-02", last_day="2026-09-02"), "days_wrong", 422),
            (shift(**{**dated, "last_day": "2026-09-01"}), "days_wrong", 422),
            (shift(**{**dated, "last_day": "2026-12-01"}), "days_wrong", 422),
            (shift(area_id="khong-co"), "not_found", 404),
            (shift(**{**dated, "last_day": "2026-02-30"}), "bad_request", 422),
            (shift(begins="24:00"), "bad_request", 422),
            (shift(person="a\x00b"), "bad_request", 422),
        ):
            answer = await browser.post("/api/roster/shifts", wanted)
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), wanted
        assert (await browser.post("/api/roster/shifts", shift(**dated))).status_code == 201
        clash = await browser.post("/api/roster/shifts", shift(**dated, person="quantri"))
        assert clash.status_code == 409
        assert len((await browser.get("/api/roster")).json()["shifts"]) == 2


async def test_a_leader_of_one_hamlet_sets_only_its_roster(site):
    """What lies elsewhere does not exist for them."""
    people = site.village.centre.people
    password = await people.add_user("lanhdao", name="Bí thư", role=Role.LEADER, area_id="na-lay")
    site.village.passwords["lanhdao"] = password
    async with site.sign_in("quantri") as browser:
        above = (await browser.post("/api/roster/shifts", shift())).json()["shifts"][0]["number"]
    async with site.sign_in("lanhdao") as browser:
        assert (await browser.post("/api/roster/shifts", shift())).status_code == 404
        assert (await browser.post(f"/api/roster/shifts/{above}/remove")).status_code == 404
        assert (await browser.get("/api/duty?area_id=ban-chuong")).status_code == 404
        assert (await browser.get("/api/roster/people?area_id=xa")).status_code == 404
        own = shift(area_id="na-lay", person="trucnalay")
        assert (await browser.post("/api/roster/shifts", own)).status_code == 201
        duty = (await browser.get("/api/duty")).json()
        assert (duty["area_id"], duty["person"]["name"]) == ("na-lay", "Đặng Thị Lay")


async def prepare(site):
    """Have something open, something shelved, something broken; return their ids."""
    opened, _ = await site.village.ban_chuong.see_littering("cam-cong")
    shelved, _ = await site.village.ban_chuong.see_littering("cam-cho")
    async with site.sign_in("truc") as browser:
        body = {"reason": "chợ phiên", "span": "1h"}
        assert (await browser.post(f"/api/alarms/{shelved}/shelve", body)).status_code == 200
        await browser.post(f"/api/alarms/{opened}/take")
    await site.village.na_lay.die()
    return opened, shelved


async def test_a_shift_is_handed_over_taken_over_and_becomes_a_page(site, clock):
    """What stood then stays as it was, with what came and went until somebody took over."""
    opened, shelved = await prepare(site)
    async with site.sign_in("truc") as browser:
        page = (await browser.get("/giao-ca")).text
        assert "Mất kết nối tủ kỹ thuật" in page or "mất kết nối từ" in page
        given = await browser.post("/api/handovers", {"note": MARKUP})
        assert given.status_code == 201, given.text
        record = given.json()
        piles = record["standing"]
        assert opened in [line["subject_id"] for line in piles["open"]["lines"]]
        assert "Ma Thị Lan đang xử lý từ" in piles["open"]["lines"][-1]["vi"]
        assert [line["subject_id"] for line in piles["shelved"]["lines"]] == [shelved]
        assert piles["shelved"]["lines"][0]["vi"].endswith(" · Ma Thị Lan: chợ phiên")
        assert [line["subject_id"] for line in piles["broken"]["lines"]] == ["tu-na-lay"]
        own = await browser.post(f"/api/handovers/{record['number']}/accept")
        assert (own.status_code, own.json()["error"]["code"]) == (409, "own_handover")
    clock.advance(600)
    later, _ = await site.village.ban_chuong.see_littering("cam-cong")
    async with site.sign_in("quantri") as browser:
        await browser.post(f"/api/alarms/{opened}/mark-false", {"reason": "other"})
        waiting = (await browser.get("/giao-ca")).text
        assert "Ma Thị Lan đã giao ca lúc" in waiting
        assert "Cổng làng &lt;b&gt;hỏng&lt;/b&gt;" in waiting
        assert "Chờ nhận ca" in waiting
        number = record["number"]
        taken = await browser.post(f"/api/handovers/{number}/accept", {"note": "Đã rõ"})
        assert taken.status_code == 200, taken.text
        changes = taken.json()["takeover"]["changes"]
        assert [line["subject_id"] for line in changes["gone"]["open"]] == [opened]
        assert taken.json()["standing"] == piles
        again = await browser.post(f"/api/handovers/{number}/accept")
        assert (again.status_code, again.json()["error"]["code"]) == (409, "taken_over_already")
        assert later == opened
        assert "Chờ nhận ca" not in (await browser.get("/giao-ca")).text
    async with site.sign_in("xem") as browser:
        for path in ("/so-truc", "/so-truc/in"):
            log = (await browser.get(path)).text
            assert "Người giao: Ma Thị Lan" in log
            assert "Người nhận: Nông Thị Quản" in log
            assert "Đã rõ" in log
            assert "<b>hỏng</b>" not in log
        assert (await browser.post("/api/handovers")).status_code == 403
        listed = (await browser.get("/api/handovers")).json()
        assert [each["number"] for each in listed] == [number]
        assert (await browser.get("/api/handovers?month=2020-01")).json() == []
        assert (await browser.get("/api/handovers?month=2020-13")).status_code == 422
        assert "chưa có lần giao ca" in (await browser.get("/so-truc?thang=2020-01")).text
        assert (await browser.get("/so-truc?thang=9999-12")).status_code == 200
    async with site.village.centre.store.read() as connection:
        deeds = await connection.scalars(
            select(audit_log.c.action).where(audit_log.c.subject == str(number))
        )
        assert list(deeds) == ["handover", "takeover"]


async def test_work_on_devices_and_calls_in_vain_are_handed_over_too(site):
    """The next shift learns what is not watched and who could not be told."""
    alarm_id, _ = await site.village.ban_chuong.see_littering("cam-cong")
    await site.village.ban_chuong.running.notifier.caller.run_once()
    async with site.sign_in("quantri") as browser:
        await browser.post("/api/roster/shifts", shift())
        other, _ = await site.village.na_lay.see_littering("cam-suoi")
        body = {"reason": "thay <ống kính>", "until": "2026-02-01T00:00:00Z"}
        answer = await browser.post(f"/api/alarms/{other}/out-of-service", body)
        assert answer.status_code == 200, answer.text
        piles = (await browser.get("/api/handovers/standing")).json()["standing"]
        (work,) = piles["out_of_service"]["lines"]
        assert work["vi"].startswith("Bờ suối, xóm Nà Lay đến ")
        assert work["vi"].endswith("Nông Thị Quản: thay <ống kính>")
        told = [line["vi"] for line in piles["undelivered"]["lines"]]
        assert any("Không báo được cho ai" in each for each in told), told
        assert all("Đổ rác sai quy định – Cổng làng" in each for each in told)
        page = (await browser.get("/giao-ca")).text
        assert "thay &lt;ống kính&gt;" in page
        await browser.post(f"/api/alarms/{alarm_id}/mark-false", {"reason": "other"})
        piles = (await browser.get("/api/handovers/standing")).json()["standing"]
        assert piles["undelivered"]["lines"] == []


async def test_only_the_newest_hand_over_can_be_taken_over(site):
    """The earlier one stays in the log and says that nobody came."""
    async with site.sign_in("truc") as browser:
        first = (await browser.post("/api/handovers")).json()["number"]
        second = (await browser.post("/api/handovers")).json()["number"]
    async with site.sign_in("quantri") as browser:
        old = await browser.post(f"/api/handovers/{first}/accept")
        assert (old.status_code, old.json()["error"]["code"]) == (409, "handover_replaced")
        assert (await browser.post(f"/api/handovers/{second}/accept")).status_code == 200
        assert "sau đó đã giao lại" in (await browser.get("/so-truc")).text


async def test_a_hamlets_hand_over_is_its_own(site):
    """The operator of another area neither sees nor takes it; a hamlet head has no shift."""
    async with site.sign_in("truc") as browser:
        number = (await browser.post("/api/handovers")).json()["number"]
    async with site.sign_in("trucnalay") as browser:
        assert (await browser.get(f"/api/handovers/{number}")).status_code == 404
        assert (await browser.post(f"/api/handovers/{number}/accept")).status_code == 404
        assert (await browser.get("/api/handovers")).json() == []
        mine = (await browser.post("/api/handovers")).json()
        assert mine["area_id"] == "na-lay"
    async with site.sign_in("truongxom") as browser:
        assert (await browser.get("/api/handovers")).status_code == 403
        assert (await browser.get("/giao-ca")).status_code == 303
        assert (await browser.get("/so-truc")).status_code == 303
    async with site.sign_in("kythuat") as browser:
        assert (await browser.post("/api/handovers")).status_code == 403
        assert (await browser.get(f"/api/handovers/{2**53 - 1}")).status_code == 404
        assert (await browser.get(f"/api/handovers/{2**53}")).status_code == 422
    async with site.village.centre.store.read() as connection:
        assert len((await connection.execute(select(handovers))).all()) == 2
