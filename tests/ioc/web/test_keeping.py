"""What is kept, on hold and deleted, as pages and as JSON; a database that is away is said so."""

import re
from dataclasses import replace

from ioc.backup.daily import DailyBackup
from ioc.backup.settings import BackupSettings
from ioc.keeping.retention import Retention
from ioc.keeping.settings import RetentionSettings
from ioc.store.faults import StoreUnavailable

WHY = {"reason": "Công an xã yêu cầu <b>giữ</b>"}


async def test_the_page_says_how_it_stands_with_the_daily_backup(site, tmp_path):
    """None is wanted, not looked at yet, none there, on the disk of the data, away; in both languages."""
    centre = site.village.centre
    async with site.sign_in("truc") as browser, site.sign_in("trucnalay") as neighbour:
        assert "Chưa đặt sao lưu hằng ngày." in (await browser.get("/luu-giu")).text
        folder = tmp_path / "usb"
        wanted = BackupSettings(folder=folder)
        work = DailyBackup(
            wanted,
            centre.settings,
            store=centre.store,
            clock=centre.clock,
            policies=centre.policies,
        )
        site.application.state.centre = replace(centre, backup=work)
        assert "chưa xem xong thư mục sao lưu" in (await browser.get("/luu-giu")).text
        await work.run_once()
        page = (await browser.get("/luu-giu")).text
        assert "Không xem được thư mục <bdi>" in page
        assert 'id="same-disk"' not in page
        folder.mkdir()
        centre.clock.advance(3_601)
        assert await work.run_once()
        page = (await browser.get("/luu-giu")).text
        assert "Bản sao lưu đang nằm cùng ổ đĩa với dữ liệu." in page
        assert f"Đang giữ <bdi>1</bdi> bản trong <bdi>{folder}</bdi>" in page
        english = (await browser.get("/luu-giu?lang=en")).text
        assert "The backups lie on the disk that holds the data." in english
        assert 'id="backup"' not in (await neighbour.get("/luu-giu")).text
        work.standing = replace(work.standing, same_disk=False, in_memory=True)
        page = (await browser.get("/luu-giu?lang=vi")).text
        assert "đang nằm trong bộ nhớ tạm" in page
        assert 'id="same-disk"' not in page


async def test_an_alarm_is_put_on_hold_and_released_by_who_may(site):
    """Its page offers it; the list says who, since when and why, and as text only."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("quantri") as browser:
        preview = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert f'href="/luu-giu?canh-bao={alarm_id}"' in preview
        asked = (await browser.get(f"/luu-giu?canh-bao={alarm_id}")).text
        assert f'data-hold="{alarm_id}"' in asked
        answer = await browser.post(f"/api/alarms/{alarm_id}/hold", WHY)
        assert answer.status_code == 201
        assert [(h["alarm_id"], h["login"]) for h in answer.json()] == [(alarm_id, "quantri")]
        page = (await browser.get("/luu-giu")).text
        assert "Công an xã yêu cầu &lt;b&gt;giữ&lt;/b&gt;" in page
        assert "Nông Thị Quản" in page
        (link,) = re.findall(f'href="/[^"]*canh-bao={alarm_id}">(.*?)</a>', page)
        assert link.startswith("Đổ rác sai quy định – ")
        again = await browser.post(f"/api/alarms/{alarm_id}/hold", WHY)
        assert (again.status_code, again.json()["error"]["code"]) == (409, "held_already")
        assert (await browser.post(f"/api/alarms/{alarm_id}/release", WHY)).json() == []
        assert (await browser.post(f"/api/alarms/{alarm_id}/release", WHY)).status_code == 409


async def test_a_hold_needs_a_reason(site):
    """Who finds it in five years should know why."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("quantri") as browser:
        for reason in ("", "   ", "x" * 501):
            answer = await browser.post(f"/api/alarms/{alarm_id}/hold", {"reason": reason})
            assert answer.status_code == 422


async def test_others_see_what_is_kept_and_hold_nothing(site):
    """Operators read the books; what lies elsewhere does not exist for them."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("truc") as browser:
        assert "/luu-giu?canh-bao" not in (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert (await browser.post(f"/api/alarms/{alarm_id}/hold", WHY)).status_code == 403
        assert (await browser.get("/luu-giu")).status_code == 200
    async with site.sign_in("trucnalay") as browser:
        assert (await browser.post(f"/api/alarms/{alarm_id}/hold", WHY)).status_code == 404
    async with site.sign_in("truongxom") as browser:
        assert (await browser.get("/api/retention")).status_code == 403


async def test_what_was_deleted_is_shown(site, clock):
    """With how much, when and why."""
    alarm_id, pictures = await site.village.ban_chuong.see_littering()
    await site.village.ban_chuong.upload(pictures)
    async with site.sign_in("quantri") as browser:
        await browser.post(f"/api/alarms/{alarm_id}/acknowledge")
        await browser.post(f"/api/alarms/{alarm_id}/mark-false", {"reason": "other"})
    clock.advance(200 * 86_400)
    centre = site.village.centre
    await Retention(
        store=centre.store, evidence=centre.evidence, settings=RetentionSettings(), clock=clock
    ).run_once()
    async with site.sign_in("quantri") as browser:
        answer = (await browser.get("/api/retention")).json()
        assert [(d["what"], d["reason"], d["count"]) for d in answer["deletions"]] == [
            ("evidence", "age", len(pictures))
        ]
        assert answer["stored_bytes"] == 0
        assert "Quá hạn giữ" in (await browser.get("/luu-giu")).text
        assert "Ảnh không còn ở trung tâm" in (await browser.get(f"/manh/canh-bao/{alarm_id}")).text


async def test_a_database_that_is_away_is_a_sentence(site, monkeypatch):
    """It says that nothing was done and what to do next."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("quantri") as browser:

        def away(**_options):
            raise StoreUnavailable("the database cannot be used: locked")

        monkeypatch.setattr(site.village.centre.store, "begin", away)
        answer = await browser.post(f"/api/alarms/{alarm_id}/hold", WHY)
        monkeypatch.undo()
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "store_unavailable"
    assert "chưa được thực hiện" in answer.json()["error"]["vi"]
