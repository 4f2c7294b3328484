"""A village whose pages answer over ASGI, and people signed in to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from ioc.web.application import create_application
from tests.fakes.clock import FakeClock
from tests.ioc.web.village import Village, open_village

ORIGIN = "http://testserver"


@dataclass(kw_only=True)
class Browser:
    """Somebody's browser; `csrf` proves that a request comes from our page."""

    http: httpx.AsyncClient
    csrf: str

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path)

    async def post(self, path: str, body: object = None, *, csrf: str | None = None):
        headers = {"x-csrf-token": self.csrf if csrf is None else csrf, "origin": ORIGIN}
        return await self.http.post(path, json=body or {}, headers=headers)


@dataclass(kw_only=True)
class Site:
    """The village's web pages."""

    village: Village
    application: FastAPI

    @asynccontextmanager
    async def visitor(self) -> AsyncIterator[httpx.AsyncClient]:
        """Give a browser in which nobody is signed in."""
        transport = httpx.ASGITransport(self.application, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
            yield http

    @asynccontextmanager
    async def sign_in(self, login: str) -> AsyncIterator[Browser]:
        """Give a browser in which `login` is signed in."""
        async with self.visitor() as http:
            fields = {"login": login, "password": self.village.passwords[login]}
            answer = await http.post("/dang-nhap", data=fields, headers={"origin": ORIGIN})
            assert answer.status_code == 303, answer.text
            me = (await http.get("/api/me")).json()
            yield Browser(http=http, csrf=me["csrf_token"])


@pytest.fixture
async def village(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Village]:
    async with open_village(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
async def site(village: Village) -> Site:
    return Site(village=village, application=create_application(village.centre))
