"""A village served on a real socket, and a real Chromium to look at it."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from ioc.clock import SystemClock
from ioc.web.application import create_application
from tests.ioc.web.village import Village, open_village

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(kw_only=True)
class ServedVillage:
    """A village at an address, and a browser that can visit it."""

    village: Village
    address: str
    browser: Browser
    server: uvicorn.Server
    complaints: list[str]

    @asynccontextmanager
    async def sign_in(self, login: str, **device: object) -> AsyncIterator[Page]:
        """Give a page on which `login` has signed in through the form."""
        context: BrowserContext = await self.browser.new_context(locale="vi-VN", **device)
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("console", self._console)
        await page.goto(f"{self.address}/dang-nhap")
        await page.fill("#login", login)
        await page.fill("#password", self.village.passwords[login])
        await page.click("button[type=submit]")
        await page.wait_for_url(lambda url: "dang-nhap" not in url)
        yield page
        await context.close()

    def _console(self, message) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            self.complaints.append(message.text)


@asynccontextmanager
async def serve(village: Village, port: int = 0) -> AsyncIterator[tuple[uvicorn.Server, str]]:
    """Serve the village's pages on 127.0.0.1, by default on a free port."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        application = create_application(village.centre)
        config = uvicorn.Config(
            application, log_config=None, lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve([listener]), name="serve")
            while not server.started:
                await asyncio.sleep(0.01)
            yield server, f"http://127.0.0.1:{listener.getsockname()[1]}"
            application.state.feed.close()
            server.should_exit = True
            await serving


def chromium() -> str:
    """Return the browser to test with; a missing one is a fault, never a skip."""
    found = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    assert found, "Chromium is missing: run `make setup`, or name one with CHROMIUM="
    return found


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[ServedVillage]:
    complaints: list[str] = []
    async with (
        open_village(tmp_path, SystemClock()) as village,
        serve(village) as (server, address),
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield ServedVillage(
            village=village,
            address=address,
            browser=browser,
            server=server,
            complaints=complaints,
        )
        await browser.close()
    assert not complaints, complaints
