"""The ONVIF driver against a camera that speaks ONVIF over real sockets."""

import asyncio
import socket
from datetime import timedelta
from urllib.parse import urlsplit

import av
import pytest

from drivers.camera import (
    CameraAuthFailed,
    CameraError,
    CameraUnreachable,
    CameraUnsupported,
    with_credentials,
)
from drivers.onvif_camera import fetch_snapshot, open_camera
from tests.drivers.camera.conftest import RIGHT, WRONG, CameraFactory, now
from tests.fakes.http_answers import serve_answer
from tests.fakes.simulated_camera import PASSWORD, SimulatedCamera

pytestmark = pytest.mark.timeout(40)


async def test_an_opened_camera_tells_its_streams(plain_camera: SimulatedCamera) -> None:
    """The sub-stream is for analysis, the main stream for evidence, and no address holds the account."""
    streams = await open_camera(plain_camera.xaddr, RIGHT, now=now)
    assert (streams.analysis_uri, streams.evidence_uri) == (plain_camera.sub, plain_camera.main)
    assert streams.snapshot_uri == plain_camera.snapshot
    assert streams.manufacturer == "Commune IOC"
    assert streams.model == "Simulated camera lane"
    assert streams.firmware_version == "0.1.0"
    assert streams.clock_offset_s == pytest.approx(0, abs=1.2)
    assert PASSWORD not in repr(streams) + repr(RIGHT)


async def test_the_addresses_open_with_the_account_in_them(plain_camera: SimulatedCamera) -> None:
    """A password full of signs that mean something in addresses still opens the stream."""
    streams = await open_camera(plain_camera.xaddr, RIGHT, now=now)
    uri = with_credentials(streams.analysis_uri, RIGHT)

    def open_it() -> int:
        with av.open(uri, options={"rtsp_transport": "tcp"}, timeout=(5, 5)) as container:
            return container.streams.video[0].width

    assert await asyncio.to_thread(open_it) == 640


@pytest.mark.parametrize("offset_s", [-86_400 * 400, 7 * 3_600])
async def test_a_camera_with_a_wrong_clock_works(
    start_camera: CameraFactory, offset_s: int
) -> None:
    """Tokens are signed with the camera's own time, and the error of its clock is reported."""
    camera = start_camera(clock_offset_s=offset_s, soap_auth="username_token")
    streams = await open_camera(camera.xaddr, RIGHT, now=now)
    assert streams.clock_offset_s == pytest.approx(offset_s, abs=1.2)
    assert camera.count("auth_failed") == 0


async def test_only_the_caller_s_clock_counts(start_camera: CameraFactory) -> None:
    """A gateway that believes in another year still signs what the camera accepts."""
    camera = start_camera(soap_auth="username_token")
    streams = await open_camera(camera.xaddr, RIGHT, now=lambda: now() - timedelta(days=500))
    assert streams.clock_offset_s == pytest.approx(500 * 86_400, abs=1.2)


async def test_a_camera_that_wants_http_digest_works(start_camera: CameraFactory) -> None:
    """Where WS-UsernameToken counts for nothing, HTTP Digest is answered."""
    camera = start_camera(soap_auth="digest")
    assert (await open_camera(camera.xaddr, RIGHT, now=now)).analysis_uri == camera.sub


@pytest.mark.parametrize("soap_auth", ["both", "username_token", "digest"])
async def test_a_wrong_password_is_tried_once(start_camera: CameraFactory, soap_auth: str) -> None:
    """The operator must act; one attempt is no reason for the camera to lock the account."""
    camera = start_camera(soap_auth=soap_auth)
    with pytest.raises(CameraAuthFailed) as refused:
        await open_camera(camera.xaddr, WRONG, now=now)
    assert "password" in str(refused.value)
    assert WRONG.password not in str(refused.value).replace("user name or password", "")
    await asyncio.sleep(0.2)
    assert camera.count("auth_failed") == 1


async def test_a_camera_that_asks_for_an_account_says_so(plain_camera: SimulatedCamera) -> None:
    """Without an account the camera refuses; that is the operator's to correct."""
    with pytest.raises(CameraAuthFailed):
        await open_camera(plain_camera.xaddr, None, now=now)


async def test_an_absent_camera_is_unreachable(free_port: int) -> None:
    """Nobody listens: worth trying again."""
    with pytest.raises(CameraUnreachable):
        await open_camera(f"http://127.0.0.1:{free_port}/onvif/device_service", RIGHT, now=now)


async def test_a_silent_camera_is_unreachable_in_time() -> None:
    """Something accepts the connection and never answers: the driver gives up when told to."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        xaddr = f"http://127.0.0.1:{silent.getsockname()[1]}/onvif/device_service"
        start_s = asyncio.get_running_loop().time()
        with pytest.raises(CameraUnreachable):
            await open_camera(xaddr, RIGHT, now=now, timeout_s=1)
        assert asyncio.get_running_loop().time() - start_s < 4


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>printer</html>"),
        (404, b"nothing"),
        (200, b""),
        (500, b"<broken"),
        (200, b"\xff"),
        (200, b"<a>" + b"x" * 5_000_000),
    ],
    ids=["printer", "absent", "empty", "broken", "bytes", "without end"],
)
async def test_what_is_no_camera_is_unsupported(status: int, body: bytes) -> None:
    """A printer at the address is said to be none of ours, not an error of the program."""
    async with serve_answer(status, body) as url:
        with pytest.raises(CameraUnsupported):
            await open_camera(url + "onvif/device_service", RIGHT, now=now)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.20.30.40", "169.254.7.7"])
async def test_a_wrong_host_in_addresses_is_corrected(
    start_camera: CameraFactory, host: str
) -> None:
    """A camera that reports an address of no use is asked at the one where it was found."""
    camera = start_camera(advertised_host=host)
    streams = await open_camera(camera.xaddr, RIGHT, now=now)
    hosts = {
        urlsplit(uri).hostname
        for uri in (streams.analysis_uri, streams.evidence_uri, str(streams.snapshot_uri))
    }
    assert hosts == {"127.0.0.1"}


async def test_a_snapshot_is_a_picture(plain_camera: SimulatedCamera) -> None:
    """The snapshot address gives a JPEG to who knows the password."""
    jpeg = await fetch_snapshot(plain_camera.snapshot, RIGHT)
    assert jpeg.startswith(b"\xff\xd8")
    for account in (WRONG, None):
        with pytest.raises(CameraAuthFailed):
            await fetch_snapshot(plain_camera.snapshot, account)


async def test_a_snapshot_falls_back_to_basic() -> None:
    """A camera that offers Basic only gets it, in one attempt."""
    async with serve_answer(200, b"\xff\xd8picture", basic=("admin", PASSWORD)) as url:
        assert await fetch_snapshot(url, RIGHT) == b"\xff\xd8picture"
        with pytest.raises(CameraAuthFailed):
            await fetch_snapshot(url, WRONG)


async def test_a_snapshot_that_is_no_picture_is_refused(free_port: int) -> None:
    """A login page is not evidence."""
    async with serve_answer(200, b"<html>log in</html>") as url:
        with pytest.raises(CameraUnsupported):
            await fetch_snapshot(url, RIGHT)
    with pytest.raises(CameraUnreachable):
        await fetch_snapshot(f"http://127.0.0.1:{free_port}/", RIGHT)


def test_every_error_is_of_the_family() -> None:
    """Who catches CameraError misses nothing, and each error says who must act."""
    assert {error.__name__ for error in CameraError.__subclasses__()} == {
        "CameraUnreachable",
        "CameraAuthFailed",
        "CameraUnsupported",
    }
    assert all(error.__doc__ for error in CameraError.__subclasses__())
