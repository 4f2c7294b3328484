"""The clip of an alarm in a real browser: a good one is never called unplayable."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.test_sightings import DESKTOP, until
from tests.ioc.clips import mp4
from tests.ioc.web.reporting_gateway import ReportingGateway

SLOW_MS = 20_000
"""For a player that asks again before it gives up, on a busy machine."""

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


async def film(
    gateway: ReportingGateway, body: bytes, camera_id: str = "cam-cong"
) -> tuple[str, str]:
    """Report a left object with its clip; return the alarm and the clip's hash."""
    alarm_id, pictures = await gateway.see_littering(camera_id)
    (object_id,) = await gateway.objects_of(alarm_id)
    sha256 = await gateway.record(object_id, body, device_id=camera_id)
    await gateway.upload({**pictures, sha256: body})
    return alarm_id, sha256


@asynccontextmanager
async def held_back(
    page: Page, sha256: str, answer: Callable[[Route], Awaitable[None]] | None = None
) -> AsyncIterator[None]:
    """Open the console anew and let its player wait for a clip until the end of the context."""
    asked, given = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await given.wait()
        await (answer(route) if answer else route.continue_())

    await page.route(f"**/api/evidence/{sha256}", hold)
    await page.reload(wait_until="domcontentloaded")
    async with asyncio.timeout(20):
        await asked.wait()
    await expect(page.locator("#clip")).to_be_visible()
    try:
        yield
    finally:
        given.set()


async def expect_playing(page: Page) -> None:
    clip = page.locator("#clip")
    await until(clip, "clip => clip.currentTime > 0.3")
    await expect(clip).to_be_visible()
    for note in ("#clip-unplayable", "#clip-unloaded"):
        await expect(page.locator(note)).to_be_hidden()


async def test_the_space_bar_withdraws_no_clip_that_is_still_loading(served):
    """Pressed twice it plays and pauses; held down it is pressed once."""
    _, sha256 = await film(served.village.ban_chuong, mp4(seconds=8.0, fps=5))
    async with served.sign_in("truc", **DESKTOP) as page:
        clip = page.locator("#clip")
        async with held_back(page, sha256):
            await page.keyboard.press("Space")
            assert not await clip.evaluate("clip => clip.paused")
            await page.keyboard.press("Space")
            assert await clip.evaluate("clip => clip.paused")
            for _ in range(4):
                await page.keyboard.down("Space")
            await page.keyboard.up("Space")
            assert not await clip.evaluate("clip => clip.paused")
        await expect_playing(page)


async def test_the_next_alarms_clip_is_shown_though_the_last_had_not_begun(served):
    """The player is the same, what it was to play is not."""
    clips = dict(
        [
            await film(served.village.ban_chuong, mp4(seconds=8.0, fps=5)),
            await film(served.village.na_lay, mp4(seconds=9.0, fps=5), "cam-suoi"),
        ]
    )
    async with served.sign_in("truc", **DESKTOP) as page:
        first, second = [
            str(await row.get_attribute("data-alarm")) for row in await page.locator(".row").all()
        ]
        await page.locator(f"#row-{first} .what").focus()
        clip = page.locator("#clip")
        async with held_back(page, clips[first]):
            await page.locator(f"#row-{first} .what").focus()
            await page.keyboard.press("Space")
            await page.keyboard.press("ArrowDown")
            await expect(clip).to_have_attribute("src", f"/api/evidence/{clips[second]}")
            await page.keyboard.press("Space")
            await expect_playing(page)


async def withhold(route: Route) -> None:
    await route.fulfill(status=403)


@pytest.mark.parametrize("answer", [withhold, Route.abort])
async def test_a_clip_that_is_not_given_is_not_called_unplayable(served, answer):
    """Another browser would not be given it either."""
    _, sha256 = await film(served.village.ban_chuong, mp4(seconds=8.0, fps=5))
    async with served.sign_in("truc", **DESKTOP) as page:
        async with held_back(page, sha256, answer):
            pass
        said = page.locator("#clip-unloaded")
        await expect(said).to_be_visible(timeout=SLOW_MS)
        await expect(said).to_contain_text("Không tải được đoạn phim")
        await expect(page.locator("#clip-unplayable")).to_be_hidden()
        await expect(page.locator("#clip")).to_be_hidden()
        await page.keyboard.press("a")
        await expect(page.locator("#preview")).to_contain_text("Ma Thị Lan tiếp nhận lúc")


async def test_a_clip_in_a_coding_that_the_browser_lacks_is_called_unplayable(served):
    """Also where it was announced as another, and after the page has changed."""
    await film(served.village.ban_chuong, mp4(codec="libx265", seconds=2.0))
    async with served.sign_in("truc", **DESKTOP) as page:
        said = page.locator("#clip-unplayable")
        await expect(said).to_be_visible(timeout=SLOW_MS)
        await expect(said).to_contain_text("Trình duyệt này không phát được")
        await page.keyboard.press("a")
        await expect(page.locator("#preview")).to_contain_text("Ma Thị Lan tiếp nhận lúc")
        await expect(said).to_be_visible(timeout=SLOW_MS)
        await expect(page.locator("#clip")).to_be_hidden()
        await expect(page.locator("#clip-unloaded")).to_be_hidden()
