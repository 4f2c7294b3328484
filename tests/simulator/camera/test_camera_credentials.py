"""The simulated camera judges accounts as strictly as a real one."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element, SubElement

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.camera.onvif.credentials import (
    DIGEST_TYPE,
    WSSE,
    WSU,
    Credentials,
    HttpDigestCheck,
    UsernameTokenCheck,
    password_digest,
)
from simulator.camera.onvif.http_server import Request, Response, serve_http

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def token(*, password: str, created: datetime = NOW, nonce: str = "bm9uY2U=") -> Element:
    """Build a WS-UsernameToken."""
    root = Element(f"{WSSE}UsernameToken")
    text = created.isoformat().replace("+00:00", "Z")
    SubElement(root, f"{WSSE}Username").text = "admin"
    digest = SubElement(root, f"{WSSE}Password", Type=DIGEST_TYPE)
    digest.text = password_digest(nonce, text, password)
    SubElement(root, f"{WSSE}Nonce").text = nonce
    SubElement(root, f"{WSU}Created").text = text
    return root


def check() -> UsernameTokenCheck:
    """Return the check of a camera whose password is `right`."""
    return UsernameTokenCheck(Credentials(username="admin", password="right"))


def test_a_right_token_is_accepted_once() -> None:
    """A token that was overheard cannot be used again."""
    judge = check()
    assert judge.accepts(token(password="right"), NOW)
    assert not judge.accepts(token(password="right"), NOW)


def test_a_wrong_password_is_refused() -> None:
    """The digest must be made with the camera's password."""
    assert not check().accepts(token(password="wrong"), NOW)


@given(minutes=st.floats(-5_000, 5_000))
def test_a_token_is_good_for_five_minutes_of_the_camera_s_clock(minutes: float) -> None:
    """Whose clock differs by more than five minutes is refused, whatever the password."""
    created = NOW + timedelta(minutes=minutes)
    accepted = check().accepts(token(password="right", created=created), NOW)
    assert accepted == (abs(created - NOW) <= timedelta(minutes=5))


@given(st.text(), st.text(), st.text())
def test_nonsense_in_a_token_is_refused(digest: str, nonce: str, created: str) -> None:
    """Whatever stands in a token, the answer is no and never an error."""
    forged = token(password="right")
    for element, text in zip(list(forged)[1:], (digest, nonce, created), strict=True):
        element.text = text
    assert not check().accepts(forged, NOW)


@given(st.text())
def test_nonsense_in_http_digest_is_refused(authorization: str) -> None:
    """Whatever stands in an Authorization header, the answer is no."""
    judge = HttpDigestCheck(Credentials(username="admin", password="right"))
    judge.challenge()
    assert not judge.accepts(authorization, "GET")
    assert not judge.accepts("Digest " + authorization, "GET")


def test_the_digest_is_the_one_of_the_standard() -> None:
    """Base64(SHA-1(nonce + created + password)), worked out by hand once."""
    nonce = base64.b64encode(bytes(range(16))).decode()
    digest = password_digest(nonce, "2026-01-01T00:00:00Z", "secret")
    assert len(base64.b64decode(digest)) == 20
    assert digest == password_digest(nonce, "2026-01-01T00:00:00Z", "secret")
    assert digest != password_digest(nonce, "2026-01-01T00:00:01Z", "secret")


async def test_httpx_logs_in_by_digest() -> None:
    """A real HTTP library can answer the challenge; a wrong password cannot."""
    judge = HttpDigestCheck(Credentials(username="admin", password="right"))

    async def answer(request: Request) -> Response:
        if judge.accepts(request.headers.get("authorization", ""), request.method):
            return Response(body=b"in")
        return Response(status=401, headers={"WWW-Authenticate": judge.challenge()})

    server = await serve_http(answer, host="127.0.0.1", port=0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, httpx.AsyncClient() as http:
        assert (await http.get(url, auth=httpx.DigestAuth("admin", "right"))).text == "in"
        assert (await http.get(url, auth=httpx.DigestAuth("admin", "no"))).status_code == 401


@pytest.mark.parametrize(
    "garbage", [b"\x00\xff\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"GET\r\n"]
)
async def test_garbage_is_hung_up_on(garbage: bytes) -> None:
    """What is not HTTP loses its connection, and the next caller is served."""

    async def answer(_request: Request) -> Response:
        return Response(body=b"fine")

    server = await serve_http(answer, host="127.0.0.1", port=0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(garbage)
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"http://127.0.0.1:{port}/")).text == "fine"
