"""The console in a real browser: an alarm arrives, is seen, answered, and spoken to."""

import re

import pytest
from playwright.async_api import expect

from contracts.events import BroadcastState, DeviceDown, DeviceKind, DeviceUp, DownReason
from contracts.telemetry import Metric
from tests.browser.conftest import serve

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

DESKTOP = {"viewport": {"width": 1366, "height": 768}}


async def test_an_alarm_arrives_live_with_its_picture_and_is_acknowledged_with_a_key(served):
    """From the empty list to an answered alarm without touching the mouse or reloading."""
    gateway = served.village.ban_chuong
    async with served.sign_in("truc", **DESKTOP) as page:
        await expect(page.locator("#empty")).to_contain_text("Không có cảnh báo cần xử lý.")
        alarm_id, pictures = await gateway.see_littering()
        row = page.locator(f"#row-{alarm_id}")
        await expect(row).to_contain_text("Đổ rác sai quy định – Cổng làng, xóm Bản Chương")
        await expect(row).to_contain_text("Ảnh đang gửi về")
        await expect(page.locator("#count-high")).to_contain_text("1")
        await expect(page.locator("#polite")).to_contain_text("Cảnh báo mới")
        await gateway.upload(pictures)
        await expect(row.locator("img.thumbnail")).to_be_visible()
        large = page.locator("#large-picture")
        await expect(large).to_be_visible()
        assert await large.evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
        await expect(page.locator("#framed svg rect")).to_be_visible()
        await page.keyboard.press("a")
        await expect(row).to_have_attribute("data-state", "acknowledged")
        await expect(page.locator("#preview")).to_contain_text("Ma Thị Lan tiếp nhận lúc")
        await expect(page.locator("#polite")).to_contain_text("Không thể hoàn tác")


async def test_new_alarms_never_move_what_holds_the_focus(served):
    """They wait behind a button until N is pressed."""
    async with served.sign_in("truc", **DESKTOP) as page:
        first, _ = await served.village.ban_chuong.see_littering()
        await page.locator(f"#row-{first} .what").focus()
        before = await page.locator(f"#row-{first}").bounding_box()
        second, _ = await served.village.na_lay.see_littering("cam-suoi")
        await expect(page.locator("#waiting")).to_have_text("1 cảnh báo mới – bấm N")
        await expect(page.locator(f"#row-{second}")).to_have_count(0)
        assert await page.locator(f"#row-{first}").bounding_box() == before
        await expect(page.locator("#count-high")).to_contain_text("2")
        await page.keyboard.press("n")
        await expect(page.locator(".row").first).to_have_id(f"row-{second}")
        await expect(page.locator("#waiting")).to_be_hidden()


async def test_a_held_row_whose_alarm_is_done_offers_nothing_more(served):
    """Acknowledged after its end it leaves the list; under the pointer it stays, but says so."""
    gateway = served.village.ban_chuong
    async with served.sign_in("truc", **DESKTOP) as page:
        down = DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.UNREACHABLE)
        alarm_id = await gateway.alarm_of(await gateway.report(down, device_id="cam-cong"))
        await gateway.report(
            DeviceUp(device_kind=DeviceKind.CAMERA, down_s=4.0), device_id="cam-cong"
        )
        row = page.locator(f"#row-{alarm_id}")
        await expect(row).to_have_attribute("data-state", "rtn_unacknowledged")
        await row.locator(".next").click()
        await expect(row).to_contain_text("Không còn trong danh sách này")
        await expect(row).not_to_contain_text("chưa tiếp nhận")
        await expect(row.locator(".next")).to_have_text("Xem")
        await page.keyboard.press("n")
        await expect(row).to_have_count(0)


async def test_keys_move_open_search_and_are_silent_in_fields(served):
    """↑ ↓ Enter / ? do what the help says; a letter typed into the search is only a letter."""
    async with served.sign_in("truc", **DESKTOP) as page:
        first, _ = await served.village.ban_chuong.see_littering()
        down = DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.UNREACHABLE)
        event_id = await served.village.ban_chuong.report(down, device_id="cam-cho")
        second = await served.village.ban_chuong.alarm_of(event_id)
        await expect(page.locator(f"#row-{second}")).to_be_visible()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        await expect(page.locator(f"#row-{second}")).to_have_class(re.compile("selected"))
        await expect(page.locator("#preview-title")).to_contain_text("Mất kết nối camera")
        await page.keyboard.press("Enter")
        await expect(page.locator("#preview-title")).to_be_focused()
        await page.keyboard.press("/")
        await expect(page.locator("#search")).to_be_focused()
        await page.keyboard.type("do rac a")
        await expect(page.locator("#no-match")).to_be_visible()
        await page.fill("#search", "do rac")
        await expect(page.locator(f"#row-{first}")).to_be_visible()
        await expect(page.locator(f"#row-{second}")).to_be_hidden()
        await expect(page.locator(f"#row-{second}")).to_have_attribute(
            "data-state", "unacknowledged"
        )
        await page.locator("#preview-title").focus()
        await page.keyboard.press("?")
        await expect(page.locator("#help")).to_be_visible()


async def test_speaking_here_is_heard_first_and_proven_loudspeaker_by_loudspeaker(served):
    """The button is closed until the preview has sounded; then each proof arrives live."""
    gateway = served.village.ban_chuong
    async with served.sign_in("truc", **DESKTOP) as page:
        alarm_id, _ = await gateway.see_littering()
        await expect(page.locator(f"#row-{alarm_id}")).to_be_visible()
        await page.keyboard.press("l")
        await expect(page.locator("#speak-send")).to_be_disabled()
        await page.fill("#speak-text", "Xin mang rác về nhà.")
        await page.click("#speak-preview")
        await expect(page.locator("#speak-spoken")).to_have_text("Xin mang rác về nhà.")
        await expect(page.locator("#speak-send")).to_be_enabled(timeout=20_000)
        await page.click("#speak-send")
        proofs = page.locator("#speak-proofs")
        await expect(proofs).to_contain_text("Chưa phát – đang chờ mạng")
        await expect(proofs.locator("[data-stop]")).to_be_visible()
        broadcast_id = (await gateway.broadcasts())[-1]
        for state, words in (
            (BroadcastState.ACCEPTED, "Loa đã nhận lệnh"),
            (BroadcastState.STARTED, "Đang phát"),
            (BroadcastState.FINISHED, "Đã phát xong"),
        ):
            await gateway.play(broadcast_id, "loa-cong", state)
            await expect(proofs.locator("li").first).to_contain_text(words)
        await gateway.play(broadcast_id, "loa-nha", BroadcastState.FAILED)
        await expect(proofs.locator(".verdict")).to_have_text("1/2. Loa Nhà văn hóa không phát")
        await proofs.locator("[data-repeat]").click()
        await expect(proofs).to_contain_text("Chưa phát – đang chờ mạng")
        await expect(page.locator(f"#row-{alarm_id}")).to_contain_text("đã nhắc qua loa")


async def test_a_lost_link_is_said_across_the_page_and_taken_back(served):
    """The list may be old, and the operator knows since when; on return it is fresh again."""
    async with served.sign_in("truc", **DESKTOP) as page:
        await expect(page.locator("#chip")).to_contain_text("Có kết nối")
        served.server.should_exit = True
        await expect(page.locator("#gone")).to_have_text(
            re.compile(r"Mất kết nối với máy chủ từ \d\d:\d\d\. Danh sách có thể đã cũ\."),
            timeout=20_000,
        )
        alarm_id, _ = await served.village.ban_chuong.see_littering()
        async with serve(served.village, int(served.address.rpartition(":")[2])):
            await expect(page.locator("#gone")).to_be_hidden(timeout=20_000)
            await expect(page.locator(f"#row-{alarm_id}")).to_be_visible()
            await page.goto("about:blank")


async def test_whose_rights_ended_while_the_link_was_gone_is_led_to_sign_in(served):
    """The page does not stay open with an old list for somebody who may no longer see it."""
    async with served.sign_in("truc", **DESKTOP) as page:
        await expect(page.locator("#chip")).to_contain_text("Có kết nối")
        served.server.should_exit = True
        await expect(page.locator("#gone")).to_be_visible(timeout=20_000)
        await served.village.centre.people.set_disabled("truc", disabled=True)
        async with serve(served.village, int(served.address.rpartition(":")[2])):
            await expect(page.locator("#login")).to_be_visible(timeout=20_000)
            await page.goto("about:blank")


async def test_a_bell_that_the_browser_keeps_silent_is_said_and_switched_on(served):
    """A page opened without anybody's act may not sound; one press lets it."""
    async with served.sign_in("truc", **DESKTOP) as page:
        await page.goto(f"{served.address}/?muc=tat-ca")
        await expect(page.locator("#bell")).to_have_text("Chuông chưa bật – bấm để bật")
        await expect(page.locator("#chip")).to_contain_text("Chuông chưa bật")
        await page.click("#bell")
        await expect(page.locator("#bell")).to_be_hidden()
        await expect(page.locator("#chip")).to_contain_text("Chuông bật")


async def test_devices_and_their_chart_are_shown(served):
    """States in words and one line of ink."""
    await served.village.na_lay.measure(Metric.CAMERA_FPS, [15.0] * 60, device_id="cam-suoi")
    async with served.sign_in("kythuat", **DESKTOP) as page:
        await page.goto(f"{served.address}/thiet-bi")
        await expect(page.locator("#device-tables")).to_contain_text("Đang hoạt động từ")
        await expect(page.locator("#chart canvas")).to_be_visible()
        await page.select_option("#metric", "outbox_depth")
        await expect(page.locator("#chart")).to_contain_text("Không có dữ liệu")
        await served.village.ban_chuong.die()
        await expect(page.locator("#device-tables")).to_contain_text("Mất kết nối từ")
