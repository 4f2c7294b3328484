"""What no database can keep and no calendar can hold is refused at the door, in a sentence."""

import json

import pytest

from tests.ioc.web.openapi.furnished import Caller, Served, serve_village

HOLD = "/api/alarms/{alarm_id}/hold"
SPAN = "/api/station-log?since={since}&until={until}"
PAGES = ("/", "/thiet-bi", "/phat-thanh", "/nhat-ky-phat-thanh", "/luu-giu", "/quy-tac")
PAGES += ("/thong-bao", "/truc-ban", "/so-truc", "/manh/danh-sach")


@pytest.fixture
async def served(tmp_path, clock, postgres):
    async with serve_village(tmp_path, clock, database_url=postgres.new_database()) as opened:
        yield opened


async def put(caller: Caller, path: str, text: str | bytes):
    """Post JSON as somebody else's program might write it."""
    headers = {"content-type": "application/json", "x-csrf-token": caller.csrf}
    return await caller.http.post(path, content=text, headers=headers)


async def test_bad_characters_and_numbers_are_refused_where_they_stand(served):
    """PostgreSQL keeps neither NUL nor half a character nor a number without an end."""
    hold = HOLD.format(alarm_id=served.ids["ban-chuong"]["alarm_id"][1])
    async with served.caller("quantri") as admin:
        for path, text, status, where in (
            (hold, r'{"reason": "a\u0000b"}', 422, ["body.reason"]),
            (hold, r'{"reason": "\ud800"}', 422, ["body.reason"]),
            (hold, r'{"reason": "x", "\ud800\u0000": 1}', 422, ["body"]),
            (hold, "[" * 100_00, 400, None),
            (hold, b'{"reason": "\xff\xfe"}', 400, None),
            (hold, '{"reason": ' + "9" * 5_000 + "}", 400, None),
            ("/api/previews", r'{"text": "x", "readings": {"\ud800": "x"}}', 422, None),
            ("/api/previews", r'{"text": "x", "readings": {"a": "\u0000"}}', 422, None),
            ("/api/rules", '{"text": "", "number": 99999999999999999999}', 422, ["body.number"]),
            ("/api/rules", '{"text": "", "number": "0"}', 422, ["body.number"]),
            ("/api/rules", '{"text": "", "number": -1}', 422, ["body.number"]),
            ("/api/rules", '{"text": "", "number": NaN}', 422, ["body.number"]),
            ("/api/rules/camera-hong/switch", '{"enabled": "yes"}', 422, ["body.enabled"]),
        ):
            answer = await put(admin, path, text)
            problem = answer.json()["error"]
            assert (answer.status_code, problem["code"]) == (status, "bad_request"), text[:80]
            assert problem["vi"]
            if where is not None:
                assert problem["where"] == where
        (held,) = {
            each["reason"] for each in (await admin.http.get("/api/retention")).json()["holds"]
        }
        assert "Công an" in held


async def test_an_address_or_a_form_with_nul_is_none(tmp_path, clock, postgres):
    """On every page, of every interface, for everybody; the sign-in page asks again."""
    url = postgres.new_database()
    async with serve_village(tmp_path, clock, database_url=url, empty=True) as served:
        await _no_address_with_nul(served)
        await _no_form_with_nul(served)


async def _no_address_with_nul(served: Served) -> None:
    async with served.caller("quantri") as admin:
        for path in (*PAGES, "/api/alarms", "/api/series", "/events", "/dang-nhap"):
            answer = await admin.http.get(f"{path}?canh-bao=%00&thang=%00&gateway_id=%00")
            assert answer.status_code == 400, path
        for path in ("/api/alarms/%00", "/manh/canh-bao/a%00b", "/gateway/audio/%00", "/%00"):
            assert (await admin.http.get(path)).status_code == 400, path
        assert (await admin.http.get("/api/alarms/%C3%28")).status_code == 404
        assert (await admin.http.get("/api/alarms/a%2Fb")).status_code == 404


async def _no_form_with_nul(served: Served) -> None:
    async with served.caller(None) as nobody:
        for fields in ({"login": "a\0", "password": "b"}, {"login": "truc", "password": "\0"}):
            answer = await nobody.http.post("/dang-nhap", data=fields)
            assert answer.status_code == 422


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("0001-01-01T00:00:00%2B14:00", "0001-01-02T00:00:00%2B14:00"),
        ("9999-12-30T00:00:00Z", "9999-12-31T23:59:59-14:00"),
        ("2026-02-30T00:00:00Z", "2026-02-31T00:00:00Z"),
        ("1767571200", "1767657600"),
        ("2026-01-01T00:00:00", "2026-01-02T00:00:00"),
    ],
)
async def test_an_instant_that_no_calendar_has_is_refused(site, since, until):
    """At its ends every zone overflows; one without its offset is no instant."""
    async with site.sign_in("truc") as browser:
        for ending in ("", ".csv"):
            path = SPAN.replace("?", f"{ending}?").format(since=since, until=until)
            answer = await browser.get(path)
            assert answer.status_code == 422
            assert answer.json()["error"]["where"] == ["query.since", "query.until"]


async def test_a_wrong_method_is_told_the_right_ones(site):
    """All that the address takes, whichever route takes it (RFC 9110 §15.5.6)."""
    async with site.sign_in("truc") as browser:
        for path, allowed in (("/api/rules", "GET, POST"), ("/api/alarms", "GET")):
            answer = await browser.http.delete(path)
            assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
            assert answer.json()["error"]["code"] == "wrong_method"


async def test_a_body_of_another_kind_is_refused(site):
    """A form, text or nothing where JSON belongs changes nothing."""
    body = json.dumps({"text": "", "number": 0})
    async with site.sign_in("quantri") as browser:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            headers = {"content-type": kind, "x-csrf-token": browser.csrf}
            answer = await browser.http.post("/api/rules", content=body, headers=headers)
            assert answer.status_code == 422, kind
        assert (await browser.get("/api/rules")).json()["number"] == 0
