"""Many alarms answered at once in a browser: without scripts, on a telephone, with the list narrowed."""

import pytest
from playwright.async_api import expect

from tests.ioc.web.test_together import lose

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


@pytest.mark.parametrize("width", [1366, 360])
async def test_many_are_answered_without_scripts(served, width):
    """Group, list, question with the number, result; nothing scrolls sideways."""
    await lose(served.village.ban_chuong)
    device = {"viewport": {"width": width, "height": 768}, "java_script_enabled": False}
    async with served.sign_in("truc", **device) as page:
        await page.goto(f"{served.address}/tra-loi-nhieu")
        await page.click(".groups a")
        await expect(page.locator("[name=chon]:checked")).to_have_count(4)
        box = await page.locator(".many li").first.bounding_box()
        assert box["x"] + box["width"] <= width
        await page.locator("[name=chon]").first.uncheck()
        await page.click("button[value=acknowledge]")
        await expect(page.locator("h1")).to_have_text("Tiếp nhận 3 cảnh báo cùng lúc?")
        await page.click("main button[type=submit]")
        await expect(page.locator("h1")).to_have_text("Đã tiếp nhận 3 cảnh báo")
        await page.click(".back a")
        await expect(page.locator("[name=chon]")).to_have_count(1)


async def test_what_is_searched_for_goes_along(served):
    """From the console's list to the page, by its menu."""
    await lose(served.village.ban_chuong)
    async with served.sign_in("truc", viewport={"width": 1366, "height": 768}) as page:
        await page.fill("#search", "cho cu")
        await page.click(".menu summary")
        await page.click("#together")
        await expect(page.locator("[name=chon]")).to_have_count(1)
        await expect(page.locator(".many")).to_contain_text("Chợ cũ")
