"""The page of rules as a technician meets it: faults lead to their line, a text goes into force."""

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

RULES = """rules:
  - id: mat-ket-noi
    name: Mất kết nối
    event: {kind: device.dow}
"""


async def test_a_text_is_mended_saved_tried_and_switched_off(served):
    """Every step says what it did; nothing needs the page to be loaded again."""
    async with served.sign_in("kythuat") as page:
        await page.goto(f"{served.address}/quy-tac")
        await page.fill("#rules-text", RULES)
        await page.click("#rules-save")
        fault = page.locator("#rules-faults button")
        await expect(fault).to_contain_text("Dòng 4")
        await expect(fault).to_contain_text("device.down")
        await fault.click()
        chosen = await page.evaluate(
            "() => { const t = document.querySelector('#rules-text');"
            " return t.value.slice(t.selectionStart, t.selectionEnd); }"
        )
        assert chosen.strip() == "event: {kind: device.dow}"
        await page.fill("#rules-text", RULES.replace("dow}", "down}"))
        await page.click("#rules-save")
        await expect(page.locator("#rules-said")).to_contain_text("Đã lưu")
        row = page.locator("[data-rule=mat-ket-noi]")
        await expect(row).to_contain_text("Đang bật")
        await page.click("#rules-trial")
        await expect(page.locator("#rules-trial-said")).to_contain_text("cảnh báo trong 24 giờ")
        await row.locator("[data-switch]").click()
        await expect(row).to_contain_text("Đang tắt")
        await expect(page.locator("#rules-text")).to_have_value(
            RULES.replace("dow}", "down}").replace("noi\n", "noi\n    enabled: false\n", 1)
        )
    assert served.complaints == []
