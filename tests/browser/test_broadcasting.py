"""Making announcements in a real browser: questions, recordings, phrases, and a phone's recorder."""

import pytest
from playwright.async_api import expect

from tests.ioc.sounds.recorded import record, voice

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

CONSOLE = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


async def test_a_text_with_a_question_becomes_an_emergency_said_twice(served):
    """The question is answered on the page; the button names how many loudspeakers it reaches."""
    async with served.sign_in("truc", **CONSOLE) as page:
        await page.click("text=Phát thanh")
        await page.fill("#text", "Mời XMXD họp lúc 7h.")
        await page.click("#preview")
        question = page.locator("#questions")
        await expect(question).to_contain_text("Không biết XMXD nghĩa là gì", timeout=20_000)
        await question.locator("input").fill("xóm mới")
        await page.select_option("#priority", "emergency")
        await expect(page.locator("#send")).to_be_disabled()
        await page.click("#preview")
        await expect(page.locator("#spoken")).to_contain_text(
            "Mời xóm mới họp lúc bảy giờ. Nhắc lại. Mời xóm mới họp lúc bảy giờ.", timeout=20_000
        )
        await expect(question).to_be_hidden()
        for box in (await page.locator("input[name=loudspeaker]").all())[:2]:
            await box.check()
        send = page.locator("#send")
        await expect(send).to_be_enabled(timeout=20_000)
        await expect(send).to_have_text("Phát khẩn cấp ra 2 loa")
        await send.click()
        await expect(page.locator("#proofs")).to_contain_text("Chưa phát – đang chờ mạng")


async def test_a_recording_is_refused_then_another_is_sent_with_a_chime(served, tmp_path):
    """The author reads what was wrong with the first; the second is framed and sent."""
    path = record(tmp_path / "chrome.webm", voice(1.5))
    silent = record(tmp_path / "recorder.wav", voice(1.5, loudness=0.004))
    async with served.sign_in("truc", **CONSOLE) as page:
        await page.goto(page.url.rstrip("/") + "/phat-thanh")
        await page.check("input[value=recording]")
        await page.set_input_files("#file", silent)
        await page.click("#preview")
        await expect(page.locator("#form-problem")).to_contain_text(
            "Nói to hơn, gần máy hơn", timeout=20_000
        )
        await page.set_input_files("#file", path)
        await page.select_option("#chime", "two_tones")
        await page.click("#preview")
        await page.locator("input[name=loudspeaker]").first.check()
        await expect(page.locator("#send")).to_be_enabled(timeout=20_000)
        await expect(page.locator("#spoken")).to_have_text("chrome.webm")
        await page.click("#send")
        await expect(page.locator("#proofs")).to_contain_text("chrome.webm")


async def test_phrases_are_recorded_one_by_one_and_become_a_sentence(served, tmp_path):
    """The page lists what is missing, takes it, and the sentence can be heard."""
    path = record(tmp_path / "recorder.wav", voice(1.0))
    async with served.sign_in("truc", **CONSOLE) as page:
        home = page.url.rstrip("/")
        await page.goto(f"{home}/cau-ghi-san")
        await page.fill("#pattern", "Mời bà con đi tiêm phòng")
        await page.click("#template-form button")
        missing = page.locator("#missing li")
        await expect(missing).to_have_count(1)
        await expect(missing).to_contain_text("Mời bà con đi tiêm phòng")
        await missing.locator("input").set_input_files(path)
        await expect(page.locator("#missing")).to_contain_text("Đã đủ bản ghi", timeout=20_000)
        await expect(page.locator("#recorded li")).to_contain_text("truc")
        await page.goto(f"{home}/phat-thanh")
        await page.check("input[value=phrases]")
        await expect(page.locator("#template")).to_contain_text("Mời bà con đi tiêm phòng")
        await page.click("#preview")
        await page.locator("input[name=loudspeaker]").first.check()
        await expect(page.locator("#send")).to_be_enabled(timeout=20_000)


async def test_a_hamlet_head_records_with_the_phone(served, tmp_path):
    """The phone's own recorder, then the loudspeakers, then the proof."""
    path = record(tmp_path / "iphone.m4a", voice(1.5))
    async with served.sign_in("truongxom", **PHONE) as page:
        await page.set_input_files("#recording", path)
        await expect(page.locator("#send")).to_be_enabled(timeout=20_000)
        await expect(page.locator("#spoken")).to_contain_text("Ghi âm lúc")
        await page.tap("#send")
        await expect(page.locator("#proofs")).to_contain_text("Chưa phát – đang chờ mạng")


async def test_the_pages_fit(served):
    """Nothing scrolls sideways, on a telephone or on the console."""
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    async with served.sign_in("truc", **CONSOLE) as page:
        home = page.url.rstrip("/")
        for width in (360, 1280):
            await page.set_viewport_size({"width": width, "height": 800})
            for path in ("/phat-thanh", "/cau-ghi-san"):
                await page.goto(home + path)
                assert await page.evaluate(overflow) <= 0, (width, path)
