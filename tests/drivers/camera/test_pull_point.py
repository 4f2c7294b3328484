"""A camera's own events through PullPoint, against the simulated camera over real sockets."""

import asyncio
from datetime import timedelta

import pytest

from drivers.camera import (
    CameraAuthFailed,
    CameraUnreachable,
    CameraUnsupported,
)
from drivers.onvif_camera import open_camera
from drivers.onvif_camera.events import CameraEvent, PullPoint, PullPointEnded, open_pull_point
from drivers.onvif_camera.events.pull_point import Pace
from tests.drivers.camera.conftest import RIGHT, WRONG, now
from tests.fakes.http_answers import serve_answer
from tests.fakes.onvif_camera import OnvifCamera, open_onvif_camera
from tests.fakes.simulated_camera import SimulatedCamera

MOTION = "RuleEngine/CellMotionDetector/Motion"
LEFT = "RuleEngine/ObjectAbandoned"
ENVELOPE = b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>?<a/></s:Body></s:Envelope>'
QUICK = Pace(lifetime_s=60, poll_s=1)


def subscribe(camera: OnvifCamera, *, pace: Pace = QUICK, account=RIGHT):
    return open_pull_point(camera.xaddr, account, now=now, pace=pace)


async def pull_some(pull_point: PullPoint) -> tuple[CameraEvent, ...]:
    """Pull until something comes."""
    while not (events := await pull_point.pull()):
        pass
    return events


async def pull_one(camera: OnvifCamera, pull_point: PullPoint) -> None:
    """Show that the subscription works."""
    camera.emit(LEFT)
    assert [event.onvif_topic for event in await pull_point.pull()] == [LEFT]


@pytest.mark.parametrize("soap_auth", ["both", "username_token", "digest"])
async def test_what_the_camera_says_is_pulled(soap_auth: str) -> None:
    """First what holds already, as such; then what happens, in order, with names, states and time."""
    async with open_onvif_camera(soap_auth=soap_auth) as camera:
        camera.emit(MOTION, active=True, source="cổng <1>")
        async with subscribe(camera) as pull_point:
            (held,) = await pull_point.pull()
            camera.emit(MOTION, active=False, source="cổng <1>")
            camera.emit(LEFT)
            over, left = await pull_some(pull_point)
        assert camera.said == {"subscribed": 1, "unsubscribed": 1}
    assert (held.onvif_topic, held.property_operation, held.active) == (MOTION, "Initialized", True)
    assert dict(held.source_items)["Rule"] == "cổng <1>"
    assert (over.property_operation, over.active) == ("Changed", False)
    assert (left.onvif_topic, left.property_operation, left.active) == (LEFT, None, None)
    assert left.data_items == (("ObjectId", "7"),)
    assert left.occurred_at is not None
    assert abs(now() - left.occurred_at) < timedelta(seconds=3)


@pytest.mark.timeout(40)
async def test_a_camera_in_a_process_of_its_own_is_told_what_to_say(
    plain_camera: SimulatedCamera,
) -> None:
    """Orders on standard input become events; the library that opens streams is not disturbed."""
    async with open_pull_point(plain_camera.xaddr, RIGHT, now=now, pace=QUICK) as pull_point:
        order = {"do": "event", "topic": MOTION, "active": True, "source": "ô 3"}
        await asyncio.to_thread(plain_camera.order, **order)
        (event,) = await pull_some(pull_point)
        assert (await open_camera(plain_camera.xaddr, RIGHT, now=now)).model is not None
    assert (event.onvif_topic, event.active) == (MOTION, True)


@pytest.mark.parametrize("offset_s", [-86_400 * 400, 7 * 3_600])
async def test_a_wrong_clock_neither_locks_out_nor_misdates(offset_s: int) -> None:
    """Tokens, the end of the subscription and the times of events all follow the camera's clock."""
    async with open_onvif_camera(soap_auth="username_token") as camera:
        camera.clock.offset_s = offset_s
        camera.order("events", fault="refuse_durations")
        async with subscribe(camera) as pull_point:
            camera.emit(LEFT)
            (left,) = await pull_some(pull_point)
    assert camera.said["auth_failed"] == 0
    assert left.occurred_at is not None
    assert abs(now() - left.occurred_at) < timedelta(seconds=3)


async def test_a_burst_arrives_whole_and_in_order() -> None:
    """More events than one answer may hold come in several, none lost and none twice."""
    async with open_onvif_camera() as camera, subscribe(camera) as pull_point:
        for number in range(250):
            camera.emit(MOTION, active=number % 2 == 0, source=f"rule {number}")
        events = [event for _ in range(3) for event in await pull_point.pull()]
    names = [dict(event.source_items)["Rule"] for event in events]
    assert names == [f"rule {number}" for number in range(250)]


async def test_a_subscription_is_renewed_before_it_ends() -> None:
    """The camera grants three seconds; after four nothing was lost and nobody subscribed again."""
    async with open_onvif_camera(longest_s=3) as camera, subscribe(camera) as pull_point:
        for _ in range(4):
            await pull_point.pull()
        camera.emit(LEFT)
        assert len(await pull_some(pull_point)) == 1
        assert camera.said["renewed"] >= 1
        assert camera.said["subscribed"] == 1


async def test_pulling_does_not_put_the_renewal_off() -> None:
    """Every answer tells the same end again; a fifth of the time stays for what may go wrong."""
    async with open_onvif_camera(longest_s=5) as camera, subscribe(camera) as pull_point:
        for _ in range(4):
            await pull_point.pull()
        assert camera.said["renewed"] == 1
        assert camera.said["subscribed"] == 1


async def test_a_subscription_that_the_camera_prolongs_need_not_be_renewed() -> None:
    """Some do so whenever they are asked for events."""
    async with open_onvif_camera(longest_s=3) as camera, subscribe(camera) as pull_point:
        await pull_point.pull()
        camera.prolong_subscriptions(60)
        for _ in range(2):
            await pull_point.pull()
        assert camera.said["renewed"] == 0


async def test_a_camera_that_does_not_renew_is_subscribed_to_again() -> None:
    """The caller is told that it is worth doing at once, and the camera gets its place back."""
    async with open_onvif_camera(longest_s=1) as camera:
        camera.order("events", fault="refuse_renew")
        async with subscribe(camera) as pull_point:
            with pytest.raises(PullPointEnded, match="renew"):
                await pull_point.pull()
        assert camera.said["unsubscribed"] == 1


async def test_a_restarted_camera_has_forgotten_the_subscription() -> None:
    """It answers, but knows nothing of us: subscribe again at once."""
    async with open_onvif_camera() as camera, subscribe(camera) as pull_point:
        await pull_one(camera, pull_point)
        camera.order("forget_subscriptions")
        with pytest.raises(PullPointEnded):
            await pull_point.pull()


async def test_a_clock_that_is_set_while_subscribed_is_no_wrong_password() -> None:
    """What looks like a refused account a moment after it was accepted is a new clock."""
    async with (
        open_onvif_camera(soap_auth="username_token") as camera,
        subscribe(camera) as pull_point,
    ):
        await pull_one(camera, pull_point)
        camera.clock.offset_s = -7_200
        with pytest.raises(PullPointEnded):
            await pull_point.pull()
        async with subscribe(camera) as again:
            await pull_one(camera, again)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("close", CameraUnreachable),
        ("garbage", PullPointEnded),
        ("bomb", PullPointEnded),
    ],
)
async def test_bad_answers_end_the_subscription_and_nothing_else(
    fault: str, error: type[Exception]
) -> None:
    """A hung-up poll, broken XML, an XML bomb: an error of the family, soon, and all is well later."""
    async with open_onvif_camera() as camera:
        async with subscribe(camera) as pull_point:
            await pull_one(camera, pull_point)
            camera.order("events", fault=fault)
            async with asyncio.timeout(3):
                with pytest.raises(error):
                    await pull_point.pull()
        camera.order("events", fault="none")
        async with subscribe(camera) as pull_point:
            await pull_one(camera, pull_point)


@pytest.mark.parametrize("soap_auth", ["both", "username_token", "digest"])
async def test_a_wrong_password_is_tried_once(soap_auth: str) -> None:
    """One attempt is no reason for the camera to lock the account."""
    async with open_onvif_camera(soap_auth=soap_auth) as camera:
        with pytest.raises(CameraAuthFailed) as refused:
            async with subscribe(camera, account=WRONG):
                pass
        assert camera.said["auth_failed"] == 1
        assert WRONG.password not in str(refused.value).replace("user name or password", "")


async def test_a_camera_without_events_says_so() -> None:
    """The technician sees it; trying again every minute would be of no use."""
    async with open_onvif_camera(has_events=False) as camera:
        with pytest.raises(CameraUnsupported, match="no ONVIF event service"):
            async with subscribe(camera):
                pass


async def test_a_camera_with_no_place_left_is_tried_again() -> None:
    """Cameras keep few subscriptions; ours end with us, others run out."""
    async with open_onvif_camera(longest_s=2) as camera:
        for _ in range(4):
            async with open_onvif_camera() as _other, subscribe(camera):
                pass
        async with subscribe(camera), subscribe(camera), subscribe(camera), subscribe(camera):
            with pytest.raises(CameraUnreachable, match="no more subscriptions"):
                async with subscribe(camera):
                    pass
        async with subscribe(camera):
            pass


@pytest.mark.parametrize("host", ["0.0.0.0", "10.20.30.40"])
async def test_an_address_of_no_use_is_corrected(host: str) -> None:
    """The camera names itself wrongly; it is asked where it was found."""
    async with open_onvif_camera(advertised_host=host) as camera, subscribe(camera) as pull_point:
        camera.emit(LEFT)
        assert len(await pull_some(pull_point)) == 1


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b"<html>printer</html>", "no SOAP envelope"),
        (404, b"nothing", "HTTP 404"),
        (200, b"", "not well-formed"),
        (200, b"\xff", "not well-formed"),
        (200, b"<a>" * 100_000, "without end"),
        (200, ENVELOPE.replace(b"?", b" " * 1_100_000), "too large"),
        (200, ENVELOPE.replace(b"?", b""), "no ONVIF event service"),
        (200, "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".encode("utf-16"), "document type"),
    ],
    ids=["printer", "absent", "empty", "bytes", "deep", "huge", "other", "entities in UTF-16"],
)
async def test_what_is_no_camera_is_unsupported(status: int, body: bytes, reason: str) -> None:
    """Whatever answers at the address, it is said to be none of ours, and soon."""
    async with serve_answer(status, body) as url, asyncio.timeout(3):
        with pytest.raises(CameraUnsupported, match=reason):
            async with open_pull_point(url + "onvif/device_service", RIGHT, now=now):
                pass


async def test_an_absent_camera_is_unreachable(free_port: int) -> None:
    """Nobody listens: worth trying again."""
    with pytest.raises(CameraUnreachable) as error:
        async with open_pull_point(f"http://127.0.0.1:{free_port}/x", RIGHT, now=now):
            pass
    assert not isinstance(error.value, PullPointEnded)
