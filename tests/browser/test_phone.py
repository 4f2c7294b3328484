"""The phone page in a real browser at 360 px: write, hear, send, proof, and no network."""

import pytest
from playwright.async_api import expect

from contracts.events import BroadcastState

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


async def write_and_hear(page, text: str) -> None:
    await page.fill("#text", text)
    await page.tap("#hear")
    await expect(page.locator("#send")).to_be_enabled(timeout=20_000)


async def test_a_hamlet_head_speaks_to_the_hamlet_and_sees_the_proof(served):
    """Text, its read-out, own loudspeakers ticked, the verdict in one sentence."""
    gateway = served.village.ban_chuong
    async with served.sign_in("truongxom", **PHONE) as page:
        assert page.url.endswith("/loa")
        await write_and_hear(page, "Mời họp lúc 19h30.")
        await expect(page.locator("#spoken")).to_contain_text("mười chín giờ ba mươi")
        await expect(page.locator("input[name=loudspeaker]:checked")).to_have_count(2)
        await expect(page.locator("#check")).not_to_contain_text("Bờ suối")
        send = await page.locator("#send").bounding_box()
        assert send["height"] >= 64
        await page.tap("#send")
        await expect(page.locator("#proofs")).to_contain_text("Chưa phát – đang chờ mạng")
        broadcast_id = (await gateway.broadcasts())[-1]
        for device_id in ("loa-cong", "loa-nha"):
            await gateway.play(
                broadcast_id, device_id, BroadcastState.STARTED, BroadcastState.FINISHED
            )
        await expect(page.locator("#proofs .verdict")).to_have_text("2/2 loa đã phát xong")
        await expect(page.locator("#proofs [data-stop]")).to_have_count(0)


async def test_without_network_the_text_stays_and_is_sent_once_when_it_returns(served):
    """The bar says that nothing has played; the answer that was lost plays nothing twice."""
    async with served.sign_in("truongxom", **PHONE) as page:
        await write_and_hear(page, "Mai nghỉ họp.")
        await page.context.set_offline(True)
        await page.tap("#send")
        await expect(page.locator("#offline")).to_contain_text("Chưa có mạng. Loa CHƯA phát.")
        assert await served.village.ban_chuong.broadcasts() == []
        await page.context.set_offline(False)
        await expect(page.locator("#proofs .verdict")).to_be_visible()
        assert len(await served.village.ban_chuong.broadcasts()) == 1


async def test_a_text_that_is_too_long_is_said_and_loses_nothing(served):
    """A pasted directive keeps its end: the author is told, and shortens it."""
    async with served.sign_in("truongxom", **PHONE) as page:
        await page.fill("#text", "a" * 1_001)
        await page.tap("#hear")
        problem = page.locator("#write-problem")
        await expect(problem).to_contain_text("Nội dung dài 1001 ký tự, tối đa 1000")
        assert len(await page.locator("#text").input_value()) == 1_001


async def test_a_network_lost_while_it_plays_does_not_deny_that_it_plays(served):
    """Nobody repeats an announcement because the page could not look."""
    async with served.sign_in("truongxom", **PHONE) as page:
        await write_and_hear(page, "Mai nghỉ họp.")
        await page.tap("#send")
        await expect(page.locator("#proofs .verdict")).to_be_visible()
        await page.context.set_offline(True)
        bar = page.locator("#offline")
        await expect(bar).to_contain_text("Tình trạng loa dưới đây có thể đã cũ")
        await page.wait_for_timeout(1_500)  # the page looks every second
        await expect(bar).not_to_contain_text("chưa")
        await page.context.set_offline(False)
        await expect(bar).to_be_hidden()


async def test_what_was_typed_survives_closing_the_page(served):
    """A text is long to type on a phone."""
    async with served.sign_in("truongxom", **PHONE) as page:
        await page.fill("#text", "Chữ dài gõ mãi mới xong.")
        await page.reload()
        await expect(page.locator("#text")).to_have_value("Chữ dài gõ mãi mới xong.")


async def test_the_page_is_light_and_its_type_grows(served):
    """At most 100 kB with everything, and nothing scrolls sideways at the largest type."""
    async with served.sign_in("truongxom", **PHONE) as page:
        await page.reload()
        await expect(page.locator("#hear")).to_be_visible()
        weight = await page.evaluate(
            "performance.getEntriesByType('resource')"
            ".concat(performance.getEntriesByType('navigation'))"
            ".reduce((sum, entry) => sum + entry.encodedBodySize, 0)"
        )
        assert 5_000 < weight <= 100_000
        for _ in range(2):
            await page.tap("#larger")
        assert await page.evaluate("getComputedStyle(document.body).fontSize") == "26px"
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        await page.reload()
        assert await page.evaluate("getComputedStyle(document.body).fontSize") == "26px"


async def test_what_a_hamlet_head_was_given_is_on_the_phone_and_the_answer_on_the_console(served):
    """The card shows what and where; taking it and a note reach the alarm; until then nobody claims it is in hand."""
    alarm_id, _ = await served.village.ban_chuong.see_littering()
    async with (
        served.sign_in("truongxom", **PHONE) as phone,
        served.sign_in("truc") as console,
    ):
        await expect(phone.locator("#tasks")).to_be_hidden()
        await console.select_option(f"#assign-{alarm_id}", "truongxom")
        await console.click(".assign button")
        await expect(console.locator("#preview")).to_contain_text("Đã giao Triệu Văn Hào lúc")
        await expect(console.locator("#preview")).to_contain_text("chưa nhận")
        task = phone.locator(f"#task-{alarm_id}")
        await expect(task).to_contain_text("Đổ rác sai quy định")
        await phone.tap("[data-take]")
        await expect(console.locator("#preview")).to_contain_text("Triệu Văn Hào đang xử lý từ")
        await expect(phone.locator("[data-take]")).to_have_count(0)
        await phone.fill(".task textarea", "Đã dọn xong.")
        await phone.tap(".task form button")
        await expect(phone.locator("#tasks-said")).to_contain_text("Đã gửi")
        await expect(console.locator("#preview")).to_contain_text("Ghi chú: Đã dọn xong.")
        assert await phone.evaluate("document.documentElement.scrollWidth") <= 360


async def test_a_hamlet_heads_other_pages_are_the_phones_as_well(served):
    """Type that grows, a way back, nothing beside the screen, no bell; a wish is kept."""
    async with served.sign_in("truongxom", **PHONE) as page:
        for path in ("/thong-bao", "/phat-thanh", "/cau-ghi-san", "/truc-ban"):
            await page.goto(f"{served.address}{path}")
            await expect(page.locator(".tabs")).to_have_count(0)
            await page.tap("#larger")
            await expect(page.locator("html")).to_have_class("larger")
            assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path
            await page.tap("#smaller")
        await page.goto(f"{served.address}/thong-bao")
        await page.fill("#wish-digest", "30")
        await page.tap("#wish-save")
        await expect(page.locator("#notice-status")).not_to_be_empty()
        await page.tap(".back")
        await page.wait_for_url("**/loa")
