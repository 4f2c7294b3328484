"""Alarms on the console and in the interface: who sees them, who may answer them."""

import pytest

from contracts.events import (
    DeviceDown,
    DeviceKind,
    DownReason,
    LitteringCleared,
    OutboxGap,
)
from ioc.people.audit import verify


async def test_alarms_come_most_severe_first_then_unacknowledged_then_newest(site, clock):
    """The row on top is the one to answer next."""
    gateway = site.village.ban_chuong
    down = DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.UNREACHABLE)
    await gateway.report(down, device_id="cam-cho")
    clock.advance(60)
    first, _ = await gateway.see_littering("cam-cong")
    clock.advance(60)
    second, _ = await site.village.na_lay.see_littering("cam-suoi")
    async with site.sign_in("truc") as browser:
        answer = (await browser.get("/api/alarms")).json()
        order = [alarm["alarm_id"] for alarm in answer["alarms"]]
        assert order[:2] == [second, first]
        assert [alarm["kind"] for alarm in answer["alarms"]] == [
            "littering",
            "littering",
            "device_down",
        ]
        assert answer["counts"] == {"critical": 0, "high": 2, "medium": 1, "low": 0}
        await browser.post(f"/api/alarms/{second}/acknowledge")
        answer = (await browser.get("/api/alarms")).json()
        assert [alarm["alarm_id"] for alarm in answer["alarms"]][:2] == [first, second]


async def test_an_alarm_of_another_area_does_not_exist(site):
    """Neither in lists nor by its id, nor its picture, nor by acting on it."""
    alarm_id, pictures = await site.village.ban_chuong.see_littering()
    await site.village.ban_chuong.upload(pictures)
    sha256 = next(iter(pictures))
    async with site.sign_in("trucnalay") as browser:
        assert (await browser.get("/api/alarms")).json()["alarms"] == []
        for path in (
            f"/api/alarms/{alarm_id}",
            f"/manh/canh-bao/{alarm_id}",
            f"/manh/nhac-qua-loa/{alarm_id}",
            f"/api/evidence/{sha256}",
            "/api/series?measure=cpu_share&gateway_id=tu-ban-chuong",
            "/api/series?measure=camera_fps&gateway_id=tu-ban-chuong&device_id=cam-cong",
        ):
            assert (await browser.get(path)).status_code == 404, path
        assert (await browser.post(f"/api/alarms/{alarm_id}/acknowledge")).status_code == 404
        page = (await browser.get("/")).text
        assert alarm_id not in page
        assert "Bản Chương" not in (await browser.get("/thiet-bi")).text
    async with site.sign_in("truc") as browser:
        assert (await browser.get(f"/api/evidence/{sha256}")).content == pictures[sha256]


@pytest.mark.parametrize("login", ["xem", "kythuat", "truongxom"])
async def test_who_only_looks_on_cannot_acknowledge(site, login):
    """The alarm stays unacknowledged, and the person is told why."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in(login) as browser:
        answer = await browser.post(f"/api/alarms/{alarm_id}/acknowledge")
        assert answer.status_code == 403
        assert "không có quyền" in answer.json()["error"]["vi"]
        detail = (await browser.get(f"/api/alarms/{alarm_id}")).json()
        assert detail["alarm"]["state"] == "unacknowledged"


async def test_acknowledging_is_recorded_with_name_and_time_and_cannot_be_done_twice(site, clock):
    """The log and the audit trail both say who it was."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("truc") as browser:
        answer = (await browser.post(f"/api/alarms/{alarm_id}/acknowledge")).json()
        assert answer["alarm"]["state"] == "acknowledged"
        assert answer["alarm"]["acknowledged_by"] == "Ma Thị Lan"
        assert [step["cause"] for step in answer["history"]] == ["raise", "acknowledge"]
        again = await browser.post(f"/api/alarms/{alarm_id}/acknowledge")
        assert (again.status_code, again.json()["error"]["code"]) == (409, "already_acknowledged")
    async with site.village.centre.store.read() as connection:
        assert (await verify(connection)).broken_at is None


async def test_an_alarm_that_is_over_and_acknowledged_leaves_the_list(site):
    """Nothing is left that needs nobody."""
    gateway = site.village.ban_chuong
    alarm_id, _ = await gateway.see_littering()
    async with site.sign_in("truc") as browser:
        await browser.post(f"/api/alarms/{alarm_id}/acknowledge")
        part = next(
            iter((await browser.get(f"/api/alarms/{alarm_id}")).json()["alarm"]["facts"]["parts"])
        )
        cleared = LitteringCleared(object_id=part, zone="Bãi đất trống")
        await gateway.report(cleared, device_id="cam-cong")
        assert (await browser.get("/api/alarms")).json()["alarms"] == []
        everything = (await browser.get("/api/alarms?tab=all")).json()["alarms"]
        assert [alarm["state"] for alarm in everything] == ["normal"]
        assert "Đã được dọn" in (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        empty = (await browser.get("/")).text
        assert "Không có cảnh báo cần xử lý. Sự kiện gần nhất 06:59." in empty
        assert "/3 camera có tín hiệu." in empty


async def test_a_gap_stays_until_somebody_closes_it(site):
    """First acknowledged, then closed; other alarms cannot be closed by hand."""
    gap = OutboxGap(
        epoch=site.village.ban_chuong.epoch, ranges=((90, 94),), events=5, reason="disk_full"
    )
    event_id = await site.village.ban_chuong.report(gap, device_id=None)
    alarm_id = await site.village.ban_chuong.alarm_of(event_id)
    littering, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("truc") as browser:
        close = f"/api/alarms/{alarm_id}/close"
        early = await browser.post(close)
        assert (early.status_code, early.json()["error"]["code"]) == (409, "acknowledge_first")
        await browser.post(f"/api/alarms/{alarm_id}/acknowledge")
        assert "bấm Kết thúc" in (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert (await browser.post(close)).json()["alarm"]["state"] == "normal"
        by_hand = await browser.post(f"/api/alarms/{littering}/close")
        assert by_hand.status_code == 409
        assert by_hand.json()["error"]["code"] in ("acknowledge_first", "not_latched")


async def test_the_picture_is_announced_as_on_its_way_until_it_is_stored(site):
    """The alarm does not wait for the picture, and says so."""
    alarm_id, pictures = await site.village.ban_chuong.see_littering()
    async with site.sign_in("truc") as browser:
        assert "Ảnh đang gửi về" in (await browser.get("/")).text
        waiting = await browser.get(f"/api/evidence/{next(iter(pictures))}")
        assert (waiting.status_code, waiting.json()["error"]["code"]) == (
            404,
            "evidence_not_stored",
        )
        await site.village.ban_chuong.upload(pictures)
        page = (await browser.get(f"/?canh-bao={alarm_id}")).text
        assert "Ảnh đang gửi về" not in page
        for sha256 in pictures:
            assert f"/api/evidence/{sha256}" in page
        for word in ("Trước", "Lúc bỏ lại", "Sau"):
            assert word in page


async def test_a_picture_is_asked_for_again_but_sent_once(site):
    """Rights are checked each time; the bytes travel only once."""
    _, pictures = await site.village.ban_chuong.see_littering()
    await site.village.ban_chuong.upload(pictures)
    address = f"/api/evidence/{next(iter(pictures))}"
    async with site.sign_in("truc") as browser:
        tag = (await browser.get(address)).headers["etag"]
        again = await browser.http.get(address, headers={"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")


async def test_a_late_alarm_says_so_and_rings_no_bell(site):
    """What happened long ago is shown with its true time and disturbs nobody."""
    await site.village.ban_chuong.see_littering(ago_s=3_600, late=True)
    async with site.sign_in("truc") as browser:
        page = (await browser.get("/?muc=tat-ca")).text
        assert "Gửi muộn (xảy ra 06:00)" in page
        assert 'data-bell=""' in page


async def test_a_corrected_clock_is_said(site):
    """The reader knows that the time is the centre's estimate."""
    gateway = site.village.ban_chuong
    down = DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.AUTH_FAILED)
    event_id = await gateway.report(down, device_id="cam-cong", clock_behind_s=7_200)
    alarm_id = await gateway.alarm_of(event_id)
    async with site.sign_in("truc") as browser:
        detail = (await browser.get(f"/api/alarms/{alarm_id}")).json()
        assert detail["occurred_at_corrected"] is True
        preview = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert "Đồng hồ của tủ kỹ thuật chưa được đồng bộ" in preview
        assert "Sai mật khẩu camera" in preview


async def test_what_a_gateway_wrote_cannot_become_part_of_the_page(site):
    """Names and reasons from outside are text, never markup."""
    gateway = site.village.ban_chuong
    down = DeviceDown(
        device_kind=DeviceKind.CAMERA, reason=DownReason.STALLED, detail="<script>alert(1)</script>"
    )
    event_id = await gateway.report(down, device_id="cam-<b>x</b>"[:3])
    alarm_id = await gateway.alarm_of(event_id)
    async with site.sign_in("truc") as browser:
        for path in ("/", f"/manh/canh-bao/{alarm_id}"):
            assert "<script>alert" not in (await browser.get(path)).text


async def test_an_alarm_that_happens_again_is_the_newest(site, clock):
    """Its row rises above others of the same priority."""
    first, _ = await site.village.ban_chuong.see_littering("cam-cong")
    clock.advance(60)
    second, _ = await site.village.na_lay.see_littering("cam-suoi")
    clock.advance(60)
    again, _ = await site.village.ban_chuong.see_littering("cam-cong")
    assert again == first
    async with site.sign_in("truc") as browser:
        answer = (await browser.get("/api/alarms")).json()
    assert [alarm["alarm_id"] for alarm in answer["alarms"]] == [first, second]
