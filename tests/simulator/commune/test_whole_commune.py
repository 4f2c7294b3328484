"""`make run`: a stranger gets a commune with an alarm and a voice, and finds it again.

With SCREENSHOTS=folder the pictures of the README are taken on the way.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from simulator.loudspeaker.correlation import correlate, read_mono
from tests.simulator.commune.running import RunningCommune

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
DESK = {"viewport": {"width": 1366, "height": 768}}
PHONE = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
TEXT = "Mời bà con họp xóm lúc 19h30 tối nay tại nhà văn hóa."
PATIENCE_MS = 90_000


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert program, "Chromium is missing: `scripts/setup test`, or name one with CHROMIUM="
    async with async_playwright() as playwright:
        yield await playwright.chromium.launch(executable_path=program, args=FLAGS)


@asynccontextmanager
async def sign_in(
    browser: Browser, address: str, login: str, password: str, **device: object
) -> AsyncIterator[Page]:
    context = await browser.new_context(locale="vi-VN", **device)
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(f"{address}/dang-nhap")
    await page.fill("#login", login)
    await page.fill("#password", password)
    await page.click("button[type=submit]")
    await page.wait_for_url(lambda url: "dang-nhap" not in url)
    yield page
    await context.close()


@pytest.mark.scenario
@pytest.mark.browser
@pytest.mark.timeout(300)
async def test_stranger_sees_an_alarm_hears_a_voice_and_finds_both_again(
    tmp_path: Path, browser: Browser
) -> None:
    """First start: an alarm with its picture, a spoken text. Second start: the same alarm."""
    with RunningCommune(tmp_path / "var") as commune:
        ready = await commune.wait_until_ready()
        passwords = ready["passwords"]
        logins = {"truc", "trucdem", "lanhdao", "truongxom", "kythuat", "quantri"}
        assert set(passwords) == logins
        assert commune.secrets_in_arguments() == []
        await _see_the_alarm(browser, ready["address"], passwords["truc"])
        await _see_who_is_on_duty(browser, ready["address"], passwords["lanhdao"])
        await _speak(browser, ready["address"], passwords["truongxom"])
        await _expect_the_loudspeaker_played_it(commune.data)
        assert commune.end() == 0
        assert commune.processes() == []

    with RunningCommune(tmp_path / "var") as commune:
        again = await commune.wait_until_ready()
        assert again["passwords"] == {}
        await _see_the_alarm(browser, again["address"], passwords["truc"])
        commune.kill()
        async with asyncio.timeout(30):
            while commune.processes():
                await asyncio.sleep(0.2)


async def _see_the_alarm(browser: Browser, address: str, password: str) -> None:
    async with sign_in(browser, address, "truc", password, **DESK) as page:
        await page.locator("text=Ngõ Bản Chương").first.wait_for()
        picture = page.locator("img[src*='/api/evidence/']").first
        await picture.wait_for()
        await expect(picture).not_to_have_js_property("naturalWidth", 0)
        await _take_screenshot(page, "console.png")


async def _see_who_is_on_duty(browser: Browser, address: str, password: str) -> None:
    async with sign_in(browser, address, "lanhdao", password, **DESK) as page:
        await expect(page.locator(".top .on-duty")).to_contain_text("Trực:")
        await page.goto(f"{address}/truc-ban")
        await expect(page.locator("[data-shift]")).to_have_count(2)


async def _speak(browser: Browser, address: str, password: str) -> None:
    async with sign_in(browser, address, "truongxom", password, **PHONE) as page:
        await page.fill("#text", TEXT)
        await page.tap("#hear")
        await expect(page.locator("#send")).to_be_enabled(timeout=PATIENCE_MS)
        await _take_screenshot(page, "phone.png")
        await page.tap("#send")
        verdict = page.locator("#proofs .verdict")
        await expect(verdict).to_have_text("1/1 loa đã phát xong", timeout=PATIENCE_MS)


async def _expect_the_loudspeaker_played_it(data: Path) -> None:
    (sent,) = (data / "centre" / "audio").glob("*.ogg")
    log = data / "log" / "loa-ban-chuong.log"
    async with asyncio.timeout(30):
        while '"played"' not in log.read_text():
            await asyncio.sleep(0.2)
    (recorded,) = (data / "devices" / "loa-ban-chuong").glob("*.wav")
    assert correlate(read_mono(sent), read_mono(recorded)).peak >= 0.9


async def _take_screenshot(page: Page, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        await page.wait_for_timeout(1_000)
        await page.screenshot(path=Path(folder) / name)
