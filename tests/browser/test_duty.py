"""A shift as people keep it: set, handed over, taken over, read in the log; an alarm in hands."""

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


async def test_a_shift_is_set_handed_over_taken_over_and_printed(served):
    """From the roster to the page of the duty log."""
    gateway = served.village.ban_chuong
    await gateway.see_littering()
    async with served.sign_in("quantri", viewport={"width": 1366, "height": 768}) as page:
        await page.goto(f"{served.address}/truc-ban")
        await page.fill("[name=begins]", "07:00")
        await page.fill("[name=ends]", "07:00")
        await page.select_option("[name=person]", "truc")
        await page.click("#shift-form button[type=submit]")
        await expect(page.locator("#on-duty")).to_contain_text("Trực: Ma Thị Lan đến 07:00")
        await expect(page.locator("tr[data-shift]")).to_contain_text("mọi ngày")
        async with served.sign_in("truc", viewport={"width": 1366, "height": 768}) as leaving:
            await leaving.goto(f"{served.address}/giao-ca")
            await leaving.fill("textarea[name=note]", "Chú ý bãi rác ở Cổng làng")
            await leaving.click("text=Giao ca >> nth=-1")
            await expect(leaving.locator("#waiting-handover")).to_contain_text("Bạn đã giao ca lúc")
        await expect(page.locator("#on-duty")).to_contain_text("Chờ nhận ca")
        await page.click("#on-duty a[href='/giao-ca']")
        waiting = page.locator("#waiting-handover")
        await expect(waiting).to_contain_text("Chú ý bãi rác ở Cổng làng")
        await expect(waiting).to_contain_text("Đổ rác sai quy định – Cổng làng, xóm Bản Chương")
        await waiting.locator("button[type=submit]").click()
        await page.wait_for_url("**/so-truc")
        await expect(page.locator(".page[open]")).to_contain_text("Người nhận: Nông Thị Quản")
        await page.click("text=Bản in")
        await expect(page.locator("section.page")).to_contain_text("Người giao: Ma Thị Lan")


async def test_an_alarm_is_taken_given_away_and_written_about(served):
    """Taking it from somebody asks first; giving can be taken back at once."""
    alarm_id, _ = await served.village.ban_chuong.see_littering()
    async with served.sign_in("truc", viewport={"width": 1366, "height": 768}) as page:
        preview = page.locator("#preview")
        await expect(preview.locator("[data-act=take]")).to_be_visible()
        await page.keyboard.press("g")
        await expect(page.locator(f"#row-{alarm_id}")).to_contain_text("Ma Thị Lan đang xử lý từ")
        await expect(preview).to_contain_text("Ma Thị Lan đang xử lý từ")
        await preview.locator(".assign select").select_option("truongxom")
        await served.village.ban_chuong.see_littering("cam-cong")
        await expect(preview).to_contain_text("lặp lại ×2")
        await expect(preview.locator(".assign select")).to_have_value("truongxom")
        await preview.locator(".assign button").click()
        await expect(preview).to_contain_text("Đã giao Triệu Văn Hào lúc")
        await page.click("#undo")
        await expect(page.locator(f"#row-{alarm_id}")).to_contain_text("Ma Thị Lan đang xử lý từ")
        await preview.locator(".comment textarea").fill("<b>Đã gọi</b> tổ vệ sinh")
        await preview.locator(".comment button").click()
        await expect(preview.locator(".history")).to_contain_text("<b>Đã gọi</b> tổ vệ sinh")
        await expect(preview.locator(".comment textarea")).to_have_value("")
    async with served.sign_in("quantri", viewport={"width": 1366, "height": 768}) as page:
        preview = page.locator("#preview")
        await expect(preview.locator(".take-over")).to_be_visible()
        await page.keyboard.press("g")
        await expect(preview.locator(".take-over")).to_contain_text("Bạn nhận thay?")
        await page.keyboard.press("Enter")
        await expect(page.locator(f"#row-{alarm_id}")).to_contain_text(
            "Nông Thị Quản đang xử lý từ"
        )
