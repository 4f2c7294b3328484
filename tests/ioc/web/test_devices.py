"""Devices with their state in words, and measurements over time."""

import html
import re

import pytest

from contracts.events import (
    CameraCondition,
    CameraDegraded,
    CameraRecovered,
    DeviceDown,
    DeviceKind,
    DownReason,
)
from contracts.telemetry import Metric


async def test_states_are_words_with_since_when_and_what_to_do(site, clock):
    """A wrong password is told from a lost connection, and unknown is not offline."""
    gateway = site.village.ban_chuong
    await gateway.report(
        DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.AUTH_FAILED),
        device_id="cam-cho",
        ago_s=0,
    )
    async with site.sign_in("kythuat") as browser:
        page = (await browser.get("/thiet-bi")).text
        assert "Sai mật khẩu camera từ 07:00" in page
        assert "kỹ thuật viên sửa mật khẩu" in page
        assert "Đang hoạt động từ 07:00" in page
        clock.advance(300)
        await gateway.die()
        page = (await browser.get("/thiet-bi")).text
        assert "Mất kết nối từ 07:05" in page
        assert "Không rõ: tủ kỹ thuật mất kết nối từ 07:05" in page
        ban_chuong = page.split('<tr data-gateway="tu-ban-chuong" data-name')[1].split("</tr>")[0]
        assert "0 sự kiện" not in ban_chuong, "what still waits there is not known"
        assert "Không rõ từ 07:0" in ban_chuong


async def test_a_camera_whose_pictures_cannot_be_relied_on_is_not_simply_online(site):
    """Every condition in force is named, until the last one is over."""
    gateway = site.village.ban_chuong
    await gateway.measure(Metric.CAMERA_FPS, [15.0], device_id="cam-cho")
    for condition in (CameraCondition.BLURRED, CameraCondition.CLOCK_DRIFT):
        await gateway.report(CameraDegraded(condition=condition), device_id="cam-cho", ago_s=0)
    async with site.sign_in("kythuat") as browser:
        page = (await browser.get("/thiet-bi")).text
        assert "Hoạt động kém từ 07:00: hình mờ, sai giờ" in page
        for condition in (CameraCondition.BLURRED, CameraCondition.CLOCK_DRIFT):
            over = CameraRecovered(condition=condition, lasted_s=5)
            await gateway.report(over, device_id="cam-cho")
        assert "Hoạt động kém" not in (await browser.get("/thiet-bi")).text


async def test_the_backlog_is_a_number_of_events_or_unknown_but_never_an_invented_zero(site, clock):
    """Ten minutes after the last sample nobody knows any more."""
    gateway = site.village.ban_chuong
    async with site.sign_in("kythuat") as browser:
        assert "sự kiện</td>" not in (await browser.get("/thiet-bi")).text
        await gateway.measure(Metric.OUTBOX_DEPTH, [5.0, 1_312.0], device_id=None)
        clock.advance(1)
        assert "1.312 sự kiện" in (await browser.get("/thiet-bi")).text
        clock.advance(3_600)
        assert "sự kiện</td>" not in (await browser.get("/thiet-bi")).text


async def test_a_series_has_nulls_where_nothing_was_measured(site, clock):
    """A hole in the data is not a zero."""
    gateway = site.village.ban_chuong
    await gateway.measure(Metric.CAMERA_FPS, [15.0] * 10, device_id="cam-cong")
    clock.advance(1)
    async with site.sign_in("truc") as browser:
        address = "/api/series?measure=camera_fps&gateway_id=tu-ban-chuong&device_id=cam-cong"
        series = (await browser.get(address)).json()
        assert series["step_s"] == 300
        assert len(series["instants"]) == len(series["values"]) >= 288
        assert series["values"][0] is None
        assert series["values"][-1] == 15.0


async def test_every_metric_of_a_gateway_can_be_charted(site, clock):
    """A new one would else be stored and never seen."""
    gateway = site.village.ban_chuong
    async with site.sign_in("kythuat") as browser:
        page = (await browser.get("/thiet-bi")).text
        for metric in Metric:
            measure = "motion_minutes" if metric is Metric.MOTION_S else str(metric)
            assert f'<option value="{measure}">' in page, metric
        await gateway.measure(Metric.BRIGHTNESS, [0.25] * 9, device_id="cam-cong")
        clock.advance(1)
        address = "/api/series?measure=brightness&gateway_id=tu-ban-chuong&device_id=cam-cong"
        assert (await browser.get(address)).json()["values"][-1] == 25.0


async def test_motion_is_told_in_minutes_per_hour(site, clock):
    """Seconds with motion add up."""
    gateway = site.village.ban_chuong
    await gateway.measure(Metric.MOTION_S, [6.0] * 20, device_id="cam-cong")
    clock.advance(1)
    async with site.sign_in("truc") as browser:
        address = "/api/series?measure=motion_minutes&gateway_id=tu-ban-chuong&device_id=cam-cong"
        series = (await browser.get(address)).json()
        assert sum(value or 0 for value in series["values"]) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("login", "status"), [("kythuat", 200), ("quantri", 200), ("truc", 403), ("truongxom", 403)]
)
async def test_the_description_of_the_interface_is_for_those_who_build_on_it(site, login, status):
    """And it names every route."""
    async with site.sign_in(login) as browser:
        answer = await browser.get("/api/openapi.json")
        assert answer.status_code == status
        if status == 200:
            assert "/api/alarms/{alarm_id}/acknowledge" in answer.json()["paths"]


async def test_a_hamlet_head_is_led_from_the_console_to_the_phone_page(site):
    """The console is not theirs."""
    async with site.sign_in("truongxom") as browser:
        for path in ("/", "/thiet-bi"):
            assert (await browser.get(path)).headers["location"] == "/loa"


HEADS_PAGES = ("/loa", "/thong-bao", "/phat-thanh", "/cau-ghi-san", "/truc-ban")


async def test_a_hamlet_head_finds_only_links_that_open(site):
    """Every page of theirs has the phone's frame: no counts, no tabs of a console they have not."""
    async with site.sign_in("truongxom") as browser:
        linked = set()
        for path in HEADS_PAGES:
            page = await browser.get(path)
            assert page.status_code == 200
            assert 'class="tabs"' not in page.text
            assert 'id="counts"' not in page.text
            assert re.search(r'<body class="phone( framed)?"', page.text)
            linked |= set(re.findall(r'href="(/[^"]*)"', page.text))
        pages = sorted(link for link in linked if not link.startswith("/static/"))
        assert set(HEADS_PAGES) <= set(pages)
        opened = {link: (await browser.get(html.unescape(link))).status_code for link in pages}
        assert set(opened.values()) == {200}, opened


async def test_operators_keep_the_consoles_frame_on_the_same_pages(site):
    """They come from the console and go back to it."""
    async with site.sign_in("truc") as browser:
        for path in HEADS_PAGES[1:]:
            page = (await browser.get(path)).text
            assert 'class="tabs"' in page
            assert 'id="counts"' in page
