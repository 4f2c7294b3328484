"""Who gets in, and what every request must prove."""

import re

import pytest
from starlette.datastructures import Headers

from ioc.web.limits import MAX_FAILURES, WINDOW_S
from ioc.web.security import same_origin
from tests.ioc.web.conftest import ORIGIN


async def test_an_operator_lands_on_the_console_and_a_hamlet_head_on_the_phone_page(site):
    """Each person goes straight to the page they work on."""
    for login, home in (("truc", "/"), ("truongxom", "/loa")):
        async with site.visitor() as http:
            fields = {"login": login, "password": site.village.passwords[login]}
            answer = await http.post("/dang-nhap", data=fields)
            assert answer.headers["location"] == home


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_foreign_pages(site):
    """HttpOnly, SameSite=Lax, and Secure where the page came by HTTPS."""
    for scheme, secure in (("http", False), ("https", True)):
        async with site.visitor() as http:
            fields = {"login": "truc", "password": site.village.passwords["truc"]}
            answer = await http.post(f"{scheme}://testserver/dang-nhap", data=fields)
            cookie = answer.headers["set-cookie"].lower()
            assert "httponly" in cookie
            assert "samesite=lax" in cookie
            assert ("secure" in cookie) is secure


async def test_a_wrong_password_is_answered_with_a_sentence_and_no_cookie(site):
    """The person stays on the form, their name is kept, the password is not."""
    async with site.visitor() as http:
        answer = await http.post("/dang-nhap", data={"login": "truc", "password": "sai-roi"})
        assert answer.status_code == 401
        assert "không đúng" in answer.text
        assert 'value="truc"' in answer.text
        assert "sai-roi" not in answer.text
        assert "set-cookie" not in answer.headers


async def test_an_address_that_fails_too_often_must_wait_even_with_the_right_password(site, clock):
    """Trying many accounts from one machine is slowed down, then allowed again."""
    async with site.visitor() as http:
        for attempt in range(MAX_FAILURES):
            await http.post("/dang-nhap", data={"login": f"ai-{attempt}", "password": "x"})
        fields = {"login": "truc", "password": site.village.passwords["truc"]}
        refused = await http.post("/dang-nhap", data=fields)
        assert refused.status_code == 429
        assert "Chờ" in refused.text
        clock.advance(WINDOW_S + 1)
        assert (await http.post("/dang-nhap", data=fields)).status_code == 303


async def test_without_a_session_pages_lead_to_the_form_and_the_interface_answers_401(site):
    """Nothing is shown to somebody who is not signed in."""
    async with site.visitor() as http:
        page = await http.get("/", headers={"accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/dang-nhap")
        for path in ("/api/alarms", "/api/devices", "/events", "/api/me", "/api/openapi.json"):
            answer = await http.get(path)
            assert answer.status_code == 401
            assert answer.json()["error"]["vi"].startswith("Bạn chưa đăng nhập")


async def test_every_unsafe_request_needs_the_sessions_own_token(site):
    """A page that rides on the cookie alone changes nothing, whichever route it tries."""
    routes = [
        (method, route.path)
        for included in site.application.routes
        for route in getattr(getattr(included, "original_router", None), "routes", ())
        for method in getattr(route, "methods", None) or ()
        if method not in ("GET", "HEAD") and not route.path.startswith("/gateway")
    ]
    async with site.sign_in("truc") as browser:
        tried = 0
        for method, path in routes:
            if path == "/dang-nhap":
                continue
            address = re.sub(r"\{\w+\}", "x", path)
            answer = await browser.http.request(method, address, headers={"origin": ORIGIN})
            assert answer.status_code == 403, path
            assert answer.json()["error"]["code"] == "forged"
            tried += 1
        assert tried >= 7


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver:8081"},
        {"sec-fetch-site": "cross-site"},
    ],
)
async def test_an_unsafe_request_of_a_foreign_page_is_refused_even_at_the_login_form(site, headers):
    """Signing somebody in from elsewhere would let them act in a stranger's name."""
    async with site.visitor() as http:
        fields = {"login": "truc", "password": site.village.passwords["truc"]}
        answer = await http.post("/dang-nhap", data=fields, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "forged"


async def test_signing_out_makes_the_cookie_worthless(site):
    """The session ends at the centre, not only in the browser."""
    async with site.sign_in("truc") as browser:
        cookie = browser.http.cookies["ioc_session"]
        await browser.http.post("/dang-xuat", data={"csrf": browser.csrf})
        browser.http.cookies.set("ioc_session", cookie)
        assert (await browser.get("/api/me")).status_code == 401


async def test_every_answer_forbids_inline_scripts_framing_and_storing(site):
    """Pages, pieces, JSON and errors all carry the protective headers."""
    async with site.sign_in("truc") as browser:
        for path in ("/", "/api/alarms", "/static/console.js", "/khong-co"):
            headers = (await browser.get(path)).headers
            policy = headers["content-security-policy"]
            assert "script-src 'self'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] in ("no-store", "no-cache")


async def test_the_language_is_chosen_in_the_address_and_remembered(site):
    """Vietnamese unless somebody asks for English; then it stays English."""
    async with site.visitor() as http:
        assert "Đăng nhập" in (await http.get("/dang-nhap")).text
        assert "Sign in" in (await http.get("/dang-nhap?lang=en")).text
        assert "Sign in" in (await http.get("/dang-nhap")).text


async def test_a_fault_is_a_page_for_people_and_json_for_programs(site):
    """Both carry the same sentence."""
    async with site.sign_in("truc") as browser:
        for accept, kind in (("text/html", "text/html"), ("application/json", "application/json")):
            answer = await browser.http.get("/khong-co", headers={"accept": accept})
            assert answer.status_code == 404
            assert answer.headers["content-type"].startswith(kind)
            assert "không thuộc địa bàn của bạn" in answer.text


@pytest.mark.parametrize("path", ["/dang-nhap", "/api/previews", "/api/talk-downs/recordings"])
async def test_a_body_that_no_form_could_have_is_refused_before_it_is_read(site, path):
    """Nobody fills the memory without even signing in."""
    async with site.visitor() as http:
        answer = await http.post(path, content=b"login=" + b"a" * 100_000)
        assert answer.status_code == 413

        async def endless():
            yield b"login=a"

        assert (await http.post(path, content=endless())).status_code == 413


def test_an_origin_that_is_no_address_is_foreign():
    """Garbage in a header is refused like any foreign page, not a fault of the centre."""
    assert not same_origin(Headers({"origin": "http://[", "host": "xa.example"}), "http")
    assert same_origin(Headers({"origin": "http://xa.example", "host": "xa.example"}), "http")
