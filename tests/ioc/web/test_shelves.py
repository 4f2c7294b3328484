"""What people put aside on the console: with a reason, for a time, and never out of sight."""

from datetime import timedelta

import pytest

from contracts.events import DeviceDown, DeviceKind, DownReason

DOWN = DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.UNREACHABLE)


async def test_a_shelved_alarm_leaves_the_work_list_and_stands_under_its_own_tab(site):
    """With its reason, its end and who did it; it counts no more and rings no more."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("truc") as browser:
        body = {"reason": "đội vệ sinh đang dọn <b>", "span": "1h"}
        answer = await browser.post(f"/api/alarms/{alarm_id}/shelve", body)
        assert answer.status_code == 200
        assert answer.json()["alarm"]["suppression"] == "shelved"
        assert answer.json()["history"][-1]["cause"] == "shelve"
        listed = (await browser.get("/api/alarms")).json()
        assert (listed["alarms"], sum(listed["counts"].values())) == ([], 0)
        (kept,) = (await browser.get("/api/alarms?tab=shelved")).json()["alarms"]
        assert kept["alarm_id"] == alarm_id
        page = (await browser.get(f"/?muc=tam-an&canh-bao={alarm_id}")).text
        assert "Tạm ẩn đến 08:00" in page
        assert "đội vệ sinh đang dọn &lt;b&gt;" in page
        assert "Bỏ tạm ẩn" in page
        assert 'data-bell=""' in page


async def test_what_is_unshelved_is_work_again(site):
    """And cannot be unshelved twice."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("truc") as browser:
        body = {"reason": "chờ", "span": "15m"}
        await browser.post(f"/api/alarms/{alarm_id}/shelve", body)
        answer = await browser.post(f"/api/alarms/{alarm_id}/unshelve")
        assert answer.json()["alarm"]["suppression"] == ""
        assert len((await browser.get("/api/alarms")).json()["alarms"]) == 1
        again = await browser.post(f"/api/alarms/{alarm_id}/unshelve")
        assert (again.status_code, again.json()["error"]["code"]) == (409, "not_shelved")


async def test_a_camera_out_of_service_takes_all_its_alarms_along(site, clock):
    """Until the hour that was named."""
    await site.village.ban_chuong.report(DOWN, device_id="cam-cong")
    async with site.sign_in("truc") as browser:
        (alarm,) = (await browser.get("/api/alarms")).json()["alarms"]
        until = (clock.now() + timedelta(days=2)).isoformat()
        body = {"reason": "thay camera", "until": until}
        path = f"/api/alarms/{alarm['alarm_id']}/out-of-service"
        answer = await browser.post(path, body)
        assert answer.json()["alarm"]["suppression"] == "out_of_service"
        await site.village.ban_chuong.see_littering("cam-cong")
        assert (await browser.get("/api/alarms")).json()["alarms"] == []
        assert len((await browser.get("/api/alarms?tab=shelved")).json()["alarms"]) == 2


async def test_to_the_end_of_the_shift_is_by_the_commune_s_clock(site):
    """It is 07:00 in Viet Nam: the shift that has just begun ends at 13:00."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("truc") as browser:
        body = {"reason": "chờ", "span": "shift"}
        answer = await browser.post(f"/api/alarms/{alarm_id}/shelve", body)
        assert answer.json()["alarm"]["suppressed_until"] == "2026-01-05T06:00:00Z"


@pytest.mark.parametrize(
    ("body", "status_code"),
    [
        ({"reason": "", "span": "1h"}, 422),
        ({"reason": "   ", "span": "1h"}, 409),
        ({"reason": "x" * 301, "span": "1h"}, 422),
        ({"span": "1h"}, 422),
        ({"reason": "chờ"}, 422),
        ({"reason": "chờ", "span": "1y"}, 422),
        ({"reason": "chờ", "span": "1h", "until": "2026-01-05T02:00:00Z"}, 422),
        ({"reason": "chờ", "until": "2026-01-05T02:00:00"}, 422),
        ({"reason": "chờ", "until": "2026-01-04T02:00:00Z"}, 409),
        ({"reason": "chờ", "until": "2027-01-04T02:00:00Z"}, 409),
        ({"reason": "chờ", "until": "9999-12-31T23:59:59Z"}, 422),
        ({"reason": "chờ", "span": "1h", "for_ever": True}, 422),
    ],
)
async def test_nothing_is_put_aside_without_reason_or_end(site, body, status_code):
    """What is refused changes nothing."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("truc") as browser:
        answer = await browser.post(f"/api/alarms/{alarm_id}/shelve", body)
        assert answer.status_code == status_code
        assert answer.json()["error"]["vi"]
        assert len((await browser.get("/api/alarms")).json()["alarms"]) == 1


@pytest.mark.parametrize(
    ("login", "status_code"), [("xem", 403), ("kythuat", 403), ("trucnalay", 404)]
)
async def test_only_who_may_answer_an_alarm_may_put_it_aside(site, login, status_code):
    """Others are told so, or do not learn that it exists."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    body = {"reason": "chờ", "span": "1h"}
    async with site.sign_in(login) as browser:
        for deed in ("shelve", "out-of-service", "unshelve"):
            answer = await browser.post(f"/api/alarms/{alarm_id}/{deed}", body)
            assert answer.status_code == status_code
