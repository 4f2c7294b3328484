"""The RTSP driver: one look before a stream is opened, and one attempt with the account."""

import asyncio
import hashlib
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.camera import CameraAuthFailed, CameraUnreachable, CameraUnsupported
from drivers.rtsp_camera import open_camera, probe
from drivers.rtsp_camera.authorization import RtspRequest, answer_challenge
from tests.drivers.camera.conftest import RIGHT, WRONG
from tests.fakes.simulated_camera import PASSWORD, SimulatedCamera

pytestmark = pytest.mark.timeout(40)
SDP = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 {}/90000\r\n"


class RtspDevice:
    """A small RTSP server that counts the accounts it is shown."""

    def __init__(
        self, *, challenge: str | None = None, answer: str = "", status: int = 200
    ) -> None:
        self.challenge = challenge
        self.answer = answer
        self.status = status
        self.accounts: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer every request of one connection."""
        while head := (await reader.readuntil(b"\r\n\r\n")).decode() if not reader.at_eof() else "":
            account = re.search(r"Authorization: (.*)\r\n", head)
            if account:
                self.accounts.append(account.group(1))
            status, extra, body = self._reply(head, bool(account))
            writer.write(
                f"RTSP/1.0 {status} X\r\nCSeq: 1\r\n{extra}Content-Length: {len(body)}\r\n\r\n{body}".encode()
            )
            await writer.drain()

    def _reply(self, head: str, account: bool) -> tuple[int, str, str]:
        if head.startswith("OPTIONS"):
            return 200, "Public: DESCRIBE\r\n", ""
        if self.challenge is not None and not (account and self._is_right(self.accounts[-1])):
            return 401, f"WWW-Authenticate: {self.challenge}\r\n", ""
        return self.status, "", self.answer

    def _is_right(self, account: str) -> bool:
        if account.startswith("Basic"):
            return account == "Basic YWRtaW46Y2FtICYgcEBzczp3L29yZA=="
        found = re.findall(r'(\w+)=(?:"([^"]*)"|([^,]*))', account)
        fields = {name: quoted or plain for name, quoted, plain in found}
        digest = hashlib.sha256 if "SHA-256" in account else hashlib.md5

        def hashed(text: str) -> str:
            return digest(text.encode()).hexdigest()

        owner = hashed(f"admin:{fields['realm']}:{PASSWORD}")
        what = hashed(f"DESCRIBE:{fields['uri']}")
        middle = fields["nonce"]
        if "qop" in fields:
            middle += f":{fields['nc']}:{fields['cnonce']}:auth"
        return fields["response"] == hashed(f"{owner}:{middle}:{what}")


@asynccontextmanager
async def serve(device: RtspDevice) -> AsyncIterator[str]:
    """Serve a device and yield the address of its stream."""

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await device.serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0)
    async with server:
        yield f"rtsp://127.0.0.1:{server.sockets[0].getsockname()[1]}/live"


CHALLENGES = [
    'Digest realm="cam", nonce="abc"',
    'Digest realm="cam, door", nonce="abc", qop="auth,auth-int", algorithm=MD5, opaque="o"',
    'Digest realm="cam", nonce="abc", qop="auth", algorithm=SHA-256',
    'Basic realm="cam"',
]


async def test_a_camera_without_onvif_is_opened(plain_camera: SimulatedCamera) -> None:
    """Given addresses and account, both streams are looked at and returned as they were given."""
    streams = await open_camera(plain_camera.sub, plain_camera.main, RIGHT)
    assert (streams.analysis_uri, streams.evidence_uri) == (plain_camera.sub, plain_camera.main)
    only = await open_camera(plain_camera.sub, None, RIGHT)
    assert only.evidence_uri == plain_camera.sub


async def test_a_wrong_password_is_seen_before_the_stream_is_opened(
    plain_camera: SimulatedCamera,
) -> None:
    """A real RTSP server refuses, and the driver says who must act."""
    for account in (WRONG, None):
        with pytest.raises(CameraAuthFailed):
            await open_camera(plain_camera.sub, plain_camera.main, account)


async def test_a_camera_whose_main_stream_is_not_there_is_opened(
    plain_camera: SimulatedCamera,
) -> None:
    """It is watched by its sub-stream, which must be there; what is wrong with the other is said."""
    streams = await open_camera(plain_camera.sub, plain_camera.main + "-x", RIGHT)
    assert streams.evidence_uri == plain_camera.main + "-x"
    assert "no stream" in streams.evidence_fault
    with pytest.raises(CameraUnsupported, match="no stream"):
        await open_camera(plain_camera.sub + "-x", plain_camera.main, RIGHT)


async def test_a_stream_that_is_not_there_is_said(plain_camera: SimulatedCamera) -> None:
    """A misspelt path is the technician's to correct."""
    with pytest.raises(CameraUnsupported, match="no stream"):
        await probe(plain_camera.sub + "-x", RIGHT)


@pytest.mark.parametrize("challenge", CHALLENGES)
async def test_every_common_login_works(challenge: str) -> None:
    """Digest with and without qop, SHA-256, and Basic are answered rightly."""
    async with serve(RtspDevice(challenge=challenge, answer=SDP.format("H265"))) as uri:
        assert await probe(uri, RIGHT) == "H265"


@pytest.mark.parametrize("challenge", CHALLENGES)
async def test_a_wrong_password_is_shown_once(challenge: str) -> None:
    """Cameras lock accounts after a few attempts; a look costs one."""
    device = RtspDevice(challenge=challenge, answer=SDP.format("H264"))
    async with serve(device) as uri:
        with pytest.raises(CameraAuthFailed):
            await open_camera(uri, uri + "/main", WRONG)
    assert len(device.accounts) == 1
    assert WRONG.password not in device.accounts[0]


@pytest.mark.parametrize(
    ("device", "error"),
    [
        (RtspDevice(status=404), CameraUnsupported),
        (RtspDevice(status=503), CameraUnreachable),
        (
            RtspDevice(answer="v=0\r\nm=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"),
            CameraUnsupported,
        ),
        (RtspDevice(answer=SDP.format("JPEG")), CameraUnsupported),
        (RtspDevice(answer=""), CameraUnsupported),
        (RtspDevice(challenge="Kerberos"), CameraUnsupported),
    ],
)
async def test_what_cannot_be_opened_says_why(device: RtspDevice, error: type[Exception]) -> None:
    """A busy camera is worth another try, a missing or foreign stream is not."""
    async with serve(device) as uri:
        with pytest.raises(error):
            await probe(uri, RIGHT)


async def test_an_absent_or_silent_camera_is_unreachable(free_port: int) -> None:
    """Nobody there, or somebody who never answers."""
    with pytest.raises(CameraUnreachable):
        await probe(f"rtsp://127.0.0.1:{free_port}/live", RIGHT)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(CameraUnreachable):
        await probe(f"rtsp://127.0.0.1:{silent.getsockname()[1]}/live", RIGHT, timeout_s=0.5)


@pytest.mark.parametrize(
    "garbage", [b"HTTP/1.1 200 OK\r\n\r\n", b"\xff" * 70_000, b"", b"RTSP/1.0 abc\r\n\r\n"]
)
async def test_garbage_is_an_error_of_the_family(garbage: bytes) -> None:
    """What answers without speaking RTSP raises nothing but the drivers' own errors."""

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(garbage)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        with pytest.raises((CameraUnsupported, CameraUnreachable)):
            await probe(f"rtsp://127.0.0.1:{server.sockets[0].getsockname()[1]}/live", RIGHT)


@pytest.mark.parametrize("uri", ["http://10.0.0.1/live", "rtsp:///live", "10.0.0.1"])
async def test_addresses_that_are_not_rtsp_are_refused(uri: str) -> None:
    """A misspelt address is said at once."""
    with pytest.raises(CameraUnsupported, match="rtsp://"):
        await probe(uri, RIGHT)


@given(st.lists(st.text(), max_size=3))
def test_any_challenge_is_answered_or_passed_over(challenges: list[str]) -> None:
    """A camera's challenge never breaks the driver."""
    request = RtspRequest(method="DESCRIBE", uri="rtsp://h/live")
    answer = answer_challenge(challenges, RIGHT, request, cnonce="c")
    assert answer is None or answer.startswith(("Digest ", "Basic "))
    digest = ["Digest " + challenge for challenge in challenges]
    assert (answer_challenge(digest, RIGHT, request, cnonce="c") or "Digest ").startswith("Digest ")
