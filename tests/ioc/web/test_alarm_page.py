"""What somebody reads on the alarm page who was not there: clips, faults, answers, lost files."""

from uuid import uuid4

import pytest

from contracts.events import (
    CameraCondition,
    CameraDegraded,
    CameraRecovered,
    DeviceDown,
    DeviceKind,
    DownReason,
    IntrusionStarted,
)
from ioc.alarms import AlarmKind, Occurrence, Raise, raise_alarm
from ioc.alarms.engine.policy import Limits, Policies
from tests.ioc.clips import mp4

COVERED, BLURRED = CameraCondition.COVERED, CameraCondition.BLURRED


def part(page: str, *, after: str, before: str) -> str:
    """Return what stands between two pieces of a page."""
    assert after in page
    return page.partition(after)[2].partition(before)[0]


async def test_a_repeat_never_shows_the_clip_of_the_time_before(site, clock):
    """Its own is on its way, then shown; the earlier one stays listed with its time."""
    gateway = site.village.ban_chuong
    alarm_id, _ = await gateway.see_littering()
    (first,) = await gateway.objects_of(alarm_id)
    earlier = mp4(seconds=1.0)
    await gateway.upload({await gateway.record(first, earlier): earlier})
    address = f"/manh/canh-bao/{alarm_id}"
    async with site.sign_in("truc") as browser:
        assert 'id="clip"' in (await browser.get(address)).text
        clock.advance(120)
        await gateway.see_littering(ago_s=1)
        second = (await gateway.objects_of(alarm_id))[-1]
        page = (await browser.get(address)).text
        assert 'id="clip"' not in page
        assert "Đoạn phim đang được gửi về" in page
        assert "06:59:20 · 26 giây" in part(page, after='id="other-clips"', before="</ul>")
        newer = mp4(seconds=2.0)
        sha256 = await gateway.record(second, newer)
        assert 'id="clip"' not in (await browser.get(address)).text
        await gateway.upload({sha256: newer})
        page = (await browser.get(address)).text
        assert f'src="/api/evidence/{sha256}"' in part(page, after='id="clip"', before=">")
        assert "06:59:20 · 26 giây" in part(page, after='id="other-clips"', before="</ul>")


async def test_a_clip_that_nobody_announces_is_not_awaited_for_ever(site, clock):
    """Ten minutes later the page says that there is none, not that it is on its way."""
    gateway = site.village.ban_chuong
    alarm_id, _ = await gateway.see_littering()
    (first,) = await gateway.objects_of(alarm_id)
    await gateway.record(first, mp4())
    clock.advance(3_600)
    await gateway.see_littering(ago_s=1)
    async with site.sign_in("truc") as browser:
        address = f"/manh/canh-bao/{alarm_id}"
        assert "Không có đoạn phim của lần này" not in (await browser.get(address)).text
        clock.advance(700)
        assert "Không có đoạn phim của lần này" in (await browser.get(address)).text


async def test_who_called_it_false_and_why_stands_at_the_head(site, clock):
    """Not as an acknowledgement, unless there was one before; taken back, nothing is left."""
    gateway = site.village.ban_chuong
    async with site.sign_in("truc") as browser:
        for acknowledged in (False, True):
            alarm_id, _ = await gateway.see_littering()
            if acknowledged:
                await browser.post(f"/api/alarms/{alarm_id}/acknowledge")
                clock.advance(60)
            await browser.post(f"/api/alarms/{alarm_id}/mark-false", {"reason": "vehicle"})
            page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
            head = page.partition('class="acts"')[0]
            assert f"Ma Thị Lan báo nhầm lúc 07:0{int(acknowledged)}: xe đỗ" in head
            assert ("Ma Thị Lan tiếp nhận lúc 07:00" in head) is acknowledged
            assert "Đã hết lúc" not in head
        await browser.post(f"/api/alarms/{alarm_id}/undo")
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert "báo nhầm lúc" not in page
        assert "Ma Thị Lan tiếp nhận lúc 07:00" in page


async def test_speaking_is_no_first_answer_to_a_fault(site):
    """People in a zone may hear it; a covered lens is called false or looked into first."""
    gateway = site.village.ban_chuong
    fault = CameraDegraded(condition=COVERED)
    stay = IntrusionStarted(
        object_id=str(uuid4()), zone="Trạm bơm", box=(0.1, 0.2, 0.1, 0.3), present_s=3
    )
    down = DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.UNREACHABLE)
    offered = []
    async with site.sign_in("truc") as browser:
        for event, camera_id in ((stay, "cam-cong"), (fault, "cam-cong"), (down, "cam-cho")):
            alarm_id = await gateway.alarm_of(await gateway.report(event, device_id=camera_id))
            await browser.post(f"/api/alarms/{alarm_id}/acknowledge")
            page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
            acts = part(page, after='class="acts"', before="</article>")
            found = {name: acts.find(name) for name in ('"talk_down"', "mark_false")}
            offered.append(sorted((name for name in found if found[name] >= 0), key=found.get))
    assert offered == [['"talk_down"', "mark_false"], ["mark_false", '"talk_down"'], []]


async def test_a_cameras_history_names_each_condition_and_its_title_the_last(site, clock):
    """Which began, lasted and ended; once all is well, only the one that lasted longest."""
    gateway = site.village.ban_chuong
    steps = [
        CameraDegraded(condition=COVERED),
        CameraDegraded(condition=BLURRED),
        CameraDegraded(condition=BLURRED),
        CameraRecovered(condition=BLURRED, lasted_s=60),
        CameraRecovered(condition=COVERED, lasted_s=120),
    ]
    events = []
    for step in steps:
        clock.advance(60)
        events.append(await gateway.report(step, device_id="cam-cong"))
    alarm_id = await gateway.alarm_of(events[0])
    expected = {
        "vi": ["Bắt đầu: bị che", "Bắt đầu: hình mờ", "Vẫn còn: hình mờ", "Đã hết: hình mờ"],
        "en": ["Began: covered", "Began: blurred", "Still there: blurred", "Over: blurred"],
    }
    titles = {"vi": "Camera bị che –", "en": "Camera covered –"}
    last = {"vi": "Đã hết: bị che", "en": "Over: covered"}
    async with site.sign_in("truc") as browser:
        for language, lines in expected.items():
            page = (await browser.get(f"/manh/canh-bao/{alarm_id}?lang={language}")).text
            assert titles[language] in page.partition("</h1>")[0]
            history = page.partition('class="history"')[2]
            reached = [history.find(line) for line in [*lines, last[language]]]
            assert reached == sorted(reached)
            assert reached[0] > 0
            assert titles[language] in (await browser.get(f"/?lang={language}")).text


async def test_a_fault_called_false_keeps_its_name(site):
    """Those that were in force when it was called false, and no others."""
    gateway = site.village.ban_chuong
    event_id = await gateway.report(CameraDegraded(condition=COVERED), device_id="cam-cong")
    await gateway.report(CameraDegraded(condition=BLURRED), device_id="cam-cong")
    await gateway.report(CameraRecovered(condition=BLURRED, lasted_s=9), device_id="cam-cong")
    alarm_id = await gateway.alarm_of(event_id)
    async with site.sign_in("truc") as browser:
        await browser.post(f"/api/alarms/{alarm_id}/mark-false", {"reason": "other"})
        await gateway.report(CameraRecovered(condition=COVERED, lasted_s=9), device_id="cam-cong")
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
    assert "Camera bị che –" in page.partition("</h1>")[0]


async def test_names_from_a_gateway_do_not_turn_the_sentence_around_them(site):
    """A zone in another direction of writing, or with markup, stays within its own bounds."""
    zone = "\u202eחצר <b>"
    stay = IntrusionStarted(
        object_id=str(uuid4()), zone=zone, box=(0.1, 0.2, 0.1, 0.3), present_s=3
    )
    gateway = site.village.ban_chuong
    alarm_id = await gateway.alarm_of(await gateway.report(stay, device_id="cam-cong"))
    async with site.sign_in("truc") as browser:
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
    assert "Khu vực: <bdi>\u202eחצר &lt;b&gt;</bdi>" in page


async def test_evidence_that_the_disk_has_lost_is_said(site):
    """Asked for, it is not found, in words; the page says that it is no longer there."""
    gateway, holds = site.village.ban_chuong, site.village.centre.evidence
    alarm_id, pictures = await gateway.see_littering()
    (object_id,) = await gateway.objects_of(alarm_id)
    film = mp4()
    clip = await gateway.record(object_id, film)
    await gateway.upload({**pictures, clip: film})
    async with site.sign_in("truc") as browser:
        for sha256 in pictures:
            holds.path_of(sha256, "image/jpeg").unlink()
        holds.path_of(clip, "video/mp4").unlink()
        for sha256 in (*pictures, clip):
            answer = await browser.get(f"/api/evidence/{sha256}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "evidence_gone")
            assert "không còn ở trung tâm" in answer.json()["error"]["vi"]
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert page.count("Ảnh không còn ở trung tâm") == 4
        assert "Đoạn phim không còn ở trung tâm" in page
        assert "/api/evidence/" not in page
        rows = (await browser.get("/")).text
        assert "Ảnh không còn ở trung tâm" in rows
        assert "/api/evidence/" not in rows


async def test_a_gateway_with_too_many_alarms_is_explained_with_what_to_do(site, clock):
    """What it means, how much opened no alarm of its own, and when it ends by itself."""
    gateway = site.village.ban_chuong
    policies = Policies(limits=Limits(open_per_gateway=50))
    async with site.village.centre.store.begin() as connection:
        for number in range(60):
            effect = Raise(
                kind=AlarmKind.LOITERING, object_id=f"cam/khu-{number}", device_id="cam-cong"
            )
            occurrence = Occurrence(
                gateway_id=gateway.gateway_id,
                area_id="ban-chuong",
                occurred_at=clock.now(),
                at=clock.now(),
                policies=policies,
            )
            await raise_alarm(connection, effect, occurrence)
    async with site.sign_in("truc") as browser:
        listed = (await browser.get("/api/alarms?limit=200")).json()
        alarm_id = next(a for a in listed["alarms"] if a["kind"] == "gateway_flooding")["alarm_id"]
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
    assert "Tủ kỹ thuật báo quá nhiều sự cố cùng lúc" in page
    assert "Tủ này đã có 50 cảnh báo chưa xong" in page
    assert "Từ 07:00 có 10 báo cáo không thành cảnh báo riêng (Nán lại bất thường: 10)" in page
    assert "còn dưới 40 thì tự trở lại bình thường" in page


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("folder_missing", "Không xem được các bản sao lưu ở đó"),
        ("disk_full", "Chưa thấy bản sao lưu nào"),
    ],
)
async def test_a_missing_backup_says_no_more_than_is_known(site, clock, fault, said):
    """On a disk that was unplugged there may be backups; the technician reads what failed."""
    facts = {
        "backup_fault": fault,
        "folder": "/mnt/usb",
        "last_good_at": None,
        "detail": "9 MB more",
    }
    effect = Raise(kind=AlarmKind.BACKUP_FAILED, object_id="backup", device_id=None, facts=facts)
    now = clock.now()
    occurrence = Occurrence(gateway_id="centre", area_id="xa", occurred_at=now, at=now)
    async with site.village.centre.store.begin() as connection:
        alarm_id = await raise_alarm(connection, effect, occurrence)
    async with site.sign_in("quantri") as browser:
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
    assert said in page
    assert page.count("Nếu máy chủ hỏng bây giờ") == 1
    assert "Cho kỹ thuật viên:" in page
    assert "9 MB more" in page
