"""The page of an alarm of several sightings speaks of the one whose pictures it shows."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from contracts.events import (
    CameraClaim,
    CameraCondition,
    CameraDegraded,
    CameraRecovered,
    Clip,
    Corroboration,
    EvidenceClip,
    LitteringCleared,
    Picture,
)
from tests.ioc.sender import littering


async def test_an_alarm_page_speaks_of_one_object(site, clock):
    """The newer one was cleared; zone, duration, score and doubts are those of what still lies."""
    gateway = site.village.ban_chuong
    lying = littering(clock, sha256="a" * 64).model_copy(
        update={"zone": "Lề đường", "reasons": ("depositor_traced",), "unattended_s": 14.0}
    )
    newer = littering(clock, sha256="b" * 64).model_copy(
        update={
            "zone": "Bờ suối",
            "reasons": ("nobody_beside_deposit",),
            "unattended_s": 55.0,
            "score": 0.55,
        }
    )
    cleared = LitteringCleared(object_id=newer.object_id, zone=newer.zone)
    for each in (lying, newer, cleared):
        clock.advance(60)
        event_id = await gateway.report(each, device_id="cam-cong")
    async with site.sign_in("truc") as browser:
        page = (await browser.get(f"/manh/canh-bao/{await gateway.alarm_of(event_id)}")).text
    for words in ("Lề đường", "Vật bị bỏ lại 14 giây", "90/100", "Đã thấy người để lại"):
        assert words in page
    for words in ("Bờ suối", "55 giây", "55/100", "Không có ai cạnh vật"):
        assert words not in page


@pytest.mark.parametrize("behind_s", [10_800, 90_000])
async def test_every_time_on_the_page_is_corrected_as_the_alarms_is(site, clock, behind_s):
    """Pictures, deposit, clip and claim of a gateway three hours, or a day, behind."""
    gateway = site.village.ban_chuong
    now = clock.now()
    theirs = now - timedelta(seconds=behind_s)
    claim = Corroboration(
        claim=CameraClaim.OBJECT_LEFT, topic="RuleEngine/ObjectAbandoned", since=theirs
    )
    left = littering(clock, sha256="a" * 64)
    picture = left.pictures[0].model_copy(update={"taken_at": theirs})
    told = {"deposited_at": theirs, "left_at": theirs, "pictures": (picture,)}
    left = left.model_copy(update={**told, "corroborated_by": (claim,)})
    clip = Clip(
        sha256="c" * 64,
        codec="h264",
        width_px=160,
        height_px=90,
        size_bytes=1_000,
        begins_at=theirs,
        duration_s=26.0,
        encoded_again=False,
    )
    for data in (left, EvidenceClip(object_id=left.object_id, clip=clip)):
        await gateway.report(data, device_id="cam-cong", ago_s=0.0, clock_behind_s=behind_s)
    async with site.sign_in("truc") as browser:
        (listed,) = (await browser.get("/api/alarms")).json()["alarms"]
        page = (await browser.get(f"/manh/canh-bao/{listed['alarm_id']}")).text
    assert "giờ này do trung tâm hiệu chỉnh" in page
    for words in (
        '"caption">Sau · 07:00:00<',
        "Bỏ lại lúc 07:00:00, lúc 07:00:00 không còn ai",
        "07:00:00 · 26 giây",
        "vật bị bỏ lại · từ 07:00<",
    ):
        assert words in page
    assert f"{theirs.astimezone(ZoneInfo('Asia/Ho_Chi_Minh')):%H:%M:%S}" not in page


async def test_what_was_seen_on_another_day_says_which(site, clock):
    """A late alarm of yesterday: so do the pictures and the deposit."""
    alarm_id, _ = await site.village.ban_chuong.see_littering(ago_s=86_400, late=True)
    clock.advance(60)
    async with site.sign_in("truc") as browser:
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
    assert '"caption">Sau · 07:00:00 04/01' in page
    assert "Bỏ lại lúc 06:59:45 04/01, lúc 06:59:50 04/01 không còn ai" in page


async def test_a_camera_shows_the_condition_that_still_lasts(site, clock):
    """Not the newer one that is over."""
    gateway = site.village.ban_chuong

    def degraded(condition: CameraCondition, digit: str) -> CameraDegraded:
        picture = Picture(
            role="shown",
            sha256=digit * 64,
            width_px=640,
            height_px=360,
            size_bytes=1_000,
            taken_at=clock.now(),
        )
        return CameraDegraded(condition=condition, pictures=(picture,))

    slow, covered = CameraCondition.LOW_FRAME_RATE, CameraCondition.COVERED
    shown = []
    for step in (
        lambda: degraded(slow, "a"),
        lambda: degraded(covered, "b"),
        lambda: CameraRecovered(condition=covered, lasted_s=60.0),
    ):
        clock.advance(60)
        await gateway.report(step(), device_id="cam-cong")
        async with site.sign_in("truc") as browser:
            (alarm,) = (await browser.get("/api/alarms")).json()["alarms"]
        shown.append([picture["sha256"][0] for picture in alarm["pictures"]])
    assert shown == [["a"], ["b"], ["a"]]
