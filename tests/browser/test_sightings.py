"""The alarm page in a real browser: what is drawn over pictures, the clip, false alarm and undo."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.ioc.clips import mp4

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

DESKTOP = {"viewport": {"width": 1366, "height": 900}}


async def until(locator, condition: str) -> None:
    """Wait for a condition on an element; the page's policy forbids the browser's own way."""
    async with asyncio.timeout(20):
        while not await locator.evaluate(condition):
            await asyncio.sleep(0.05)


async def test_the_path_is_drawn_and_the_clip_plays_on_while_the_page_changes(served):
    """Space plays, a click enlarges; an acknowledgement meanwhile does not stop the clip."""
    gateway = served.village.ban_chuong
    alarm_id, pictures = await gateway.see_littering()
    await gateway.upload(pictures)
    (object_id,) = await gateway.objects_of(alarm_id)
    body = mp4(seconds=20.0, fps=5)
    sha256 = await gateway.record(object_id, body)
    async with served.sign_in("truc", **DESKTOP) as page:
        await expect(page.locator("#preview")).to_contain_text("Đoạn phim đang được gửi về")
        await gateway.upload({sha256: body})
        clip = page.locator("#clip")
        await expect(clip).to_be_visible()
        await page.locator(f"#row-{alarm_id} .what").focus()
        await page.keyboard.press("Space")
        await until(clip, "clip => clip.currentTime > 0.3")
        await page.keyboard.press("a")
        await expect(page.locator("#preview")).to_contain_text("Ma Thị Lan tiếp nhận lúc")
        reached = await clip.evaluate("clip => clip.paused ? -1 : clip.currentTime")
        assert reached > 0.3
        await page.keyboard.press("Space")
        assert await clip.evaluate("clip => clip.paused")

        drawn = page.locator("#framed .overlay")
        await page.locator("[data-role=before]").click()
        await expect(drawn).to_have_count(0)
        await page.locator("[data-role=depositing]").click()
        await expect(drawn.locator("rect.figure")).to_be_visible()
        await expect(drawn.locator("text")).to_have_text(["đến từ bên trái", "đi về bên phải"])
        for text in await drawn.locator("text").all():
            inner, outer = await text.bounding_box(), await page.locator("#framed").bounding_box()
            assert outer["x"] <= inner["x"]
            assert inner["x"] + inner["width"] <= outer["x"] + outer["width"]
        narrow = await page.locator("#framed").bounding_box()
        await page.locator("#framed").click()
        wide = await page.locator("#enlarged .framed svg").bounding_box()
        assert wide["width"] > 1.5 * narrow["width"]
        await page.keyboard.press("Escape")
        await expect(page.locator("#enlarged")).to_be_hidden()


async def test_a_false_alarm_is_one_key_and_one_click_and_can_be_taken_back(served):
    """F, the reason, and U within ten seconds; a fixture's order is followed live."""
    gateway = served.village.ban_chuong
    async with served.sign_in("truc", **DESKTOP) as page:
        alarm_id, _ = await gateway.see_littering()
        row = page.locator(f"#row-{alarm_id}")
        await expect(row).to_be_visible()
        await page.keyboard.press("f")
        await expect(page.locator("[data-reason=shadow]")).to_be_focused()
        await page.locator("[data-reason=vehicle]").click()
        await expect(page.locator("#undo")).to_contain_text("hoàn tác")
        await expect(page.locator("#preview")).to_contain_text("Báo nhầm: xe đỗ")
        await page.locator("#preview-title").focus()
        await page.keyboard.press("u")
        await expect(row).to_have_attribute("data-state", "unacknowledged")
        await expect(page.locator("#undo")).to_be_hidden()
        asked = page.locator(".teach summary")
        meaning = page.get_by_text("Camera sẽ không báo vật giống thế này ở chỗ này nữa.")
        await expect(meaning).to_be_hidden()
        await asked.click()
        await expect(meaning).to_be_visible()
        await page.locator(".teach [data-fold]").click()
        await expect(meaning).to_be_hidden()
        await expect(asked).to_be_focused()
        assert await gateway.orders() == []
        await asked.click()
        await expect(meaning).to_be_visible()
        await page.locator("[data-act=mark_fixture]").click()
        await expect(page.locator("#fixture")).to_contain_text("đang chờ tủ kỹ thuật trả lời")
        await expect(row).to_have_attribute("data-state", "acknowledged")
        (command,) = await gateway.orders()
        await gateway.answer(command)
        await expect(page.locator("#fixture")).to_contain_text("Tủ kỹ thuật đã ghi nhớ")

        await page.goto(f"{served.address}/thiet-bi")
        fixtures = page.locator("[data-device=cam-cong] .fixtures")
        await expect(fixtures).to_contain_text("Vật có sẵn: Bãi đất trống · đánh dấu")
        await fixtures.get_by_role("button", name="Bỏ").click()
        await expect(fixtures).to_contain_text("Đã gửi lệnh “Bỏ”")
        (command,) = await gateway.orders()
        await gateway.answer(command)
        await expect(fixtures).to_contain_text("Đã bỏ: camera lại báo")
