"""What fits where: the actions on the smallest console, the devices on a telephone."""

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


async def test_actions_take_two_rows_and_their_questions_move_nothing(served):
    """At 1366×768; what a menu asks lies over the page, and opening one closes the other."""
    gateway = served.village.ban_chuong
    alarm_id, pictures = await gateway.see_littering()
    await gateway.upload(pictures)
    async with served.sign_in("truc", viewport={"width": 1366, "height": 768}) as page:
        await page.goto(f"{served.address}/?canh-bao={alarm_id}")
        shown = page.locator("#preview .acts > button, #preview .acts > details")
        await expect(shown).to_have_count(4)
        boxes = [await each.bounding_box() for each in await shown.all()]
        assert len({round(box["y"] + box["height"] / 2) for box in boxes}) <= 2, boxes
        await page.locator("#preview .false summary").click()
        await expect(page.locator("[data-reason=shadow]")).to_be_visible()
        assert [await each.bounding_box() for each in await shown.all()] == boxes
        reasons = await page.locator("#preview .false .reasons").bounding_box()
        assert reasons["x"] + reasons["width"] <= 1366
        await page.locator("#preview .teach summary").click()
        await expect(page.locator("[data-reason=shadow]")).to_be_hidden()
        await expect(page.locator("[data-act=mark_fixture]")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.locator("[data-act=mark_fixture]")).to_be_hidden()
        await page.keyboard.press("f")
        await page.keyboard.press("Enter")
        await expect(page.locator("#preview")).to_contain_text("Ma Thị Lan báo nhầm lúc")


async def test_devices_are_cards_on_a_telephone(served):
    """At 360 px every cell says what it is, and nothing scrolls sideways."""
    async with served.sign_in("kythuat", viewport={"width": 360, "height": 740}) as page:
        await page.goto(f"{served.address}/thiet-bi")
        card = page.locator("tr[data-device=cam-cong]")
        box = await card.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        cells = await card.locator("th, td").all()
        tops = [(await cell.bounding_box())["y"] for cell in cells]
        assert tops == sorted(set(tops))
        label = "cell => getComputedStyle(cell, '::before').content"
        said = [await cell.evaluate(label) for cell in cells[1:]]
        assert all("Nơi đặt" in each or "Tình trạng" in each or "Tủ" in each for each in said), said
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
