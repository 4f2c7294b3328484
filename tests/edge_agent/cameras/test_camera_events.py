"""A camera's own events, from its event service over real sockets into the outbox."""

import asyncio
import threading
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest

from contracts.events import CameraClaim, CameraDegraded, CameraReported, LitteringConfirmed
from edge_agent.cameras.claims.camera_events import BACKOFF, CameraEvents
from edge_agent.cameras.claims.corroboration import Corroboration
from edge_agent.cameras.sightings import Sightings
from edge_agent.config import CameraSettings
from edge_agent.outbox import Lane, open_outbox
from edge_agent.outbox.importance import Bounds
from edge_agent.supervisor import Supervisor
from edge_agent.vision import findings as vision
from tests.edge_agent.outbox.gateway import ADDRESS, events_in, make_clock, make_timekeeper
from tests.fakes.onvif_camera import OnvifCamera, open_onvif_camera
from tests.fakes.simulated_camera import PASSWORD

MOTION = "RuleEngine/CellMotionDetector/Motion"
LEFT = "RuleEngine/ObjectAbandoned"
TAMPER = "VideoSource/GlobalSceneChange/AnalyticsService"
OTHER = "RuleEngine/MyRuleDetector/PeopleDetect"
BAG = "00000000-0000-4000-8000-000000000001"


class Gateway:
    """An outbox, a clock that tests move, and listeners for cameras."""

    def __init__(self, clock, outbox, folder) -> None:
        self.clock = clock
        self.outbox = outbox
        self.corroboration = Corroboration()
        self.is_admitted = asyncio.Event()
        self.is_admitted.set()
        self._folder = folder

    def listener(self, camera: OnvifCamera, *, password: str = PASSWORD) -> CameraEvents:
        secret = self._folder / f"secret-{password != PASSWORD}"
        secret.write_text(password)
        settings = CameraSettings(
            id="cam1",
            name="Cổng",
            area="thon",
            driver="onvif",
            xaddr=camera.xaddr,
            username="admin",
            password_file=secret,
        )
        return CameraEvents(
            settings,
            outbox=self.outbox,
            corroboration=self.corroboration,
            is_admitted=self.is_admitted,
        )

    @asynccontextmanager
    async def listening(self, *listeners: CameraEvents):
        supervisor = Supervisor(clock=self.clock, backoff=BACKOFF, draw=lambda: 0.5)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(one.run(supervisor)) for one in listeners]
            try:
                yield
            finally:
                for task in running:
                    task.cancel()

    async def told(self, count: int = 0) -> list:
        """What was recorded, once it is that many."""
        async with asyncio.timeout(5):
            while len(events := await self._recorded()) < count:
                await asyncio.sleep(0.01)
        return events

    async def told_later(self, count: int) -> list:
        """The same, while time passes."""
        async with asyncio.timeout(5):
            while len(events := await self._recorded()) < count:
                await self.clock.elapse(1)
                await asyncio.sleep(0.01)
        return events

    async def _recorded(self) -> list:
        batch = await self.outbox.next_batch(Lane.LIVE, after=0)
        return [] if batch is None else [event.data for event in events_in(batch.payload)]


async def until_said(camera: OnvifCamera, word: str, count: int = 1) -> None:
    async with asyncio.timeout(5):
        while camera.said[word] < count:
            await asyncio.sleep(0.01)


@pytest.fixture
async def stack():
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
async def gateway(stack, tmp_path) -> Gateway:
    clock = make_clock()
    outbox = await stack.enter_async_context(
        open_outbox(
            tmp_path / "o.db",
            address=ADDRESS,
            timekeeper=make_timekeeper(clock),
            bounds=Bounds(max_bytes=10**6),
        )
    )
    return Gateway(clock, outbox, tmp_path)


@pytest.fixture
async def camera(stack) -> OnvifCamera:
    return await stack.enter_async_context(open_onvif_camera())


async def test_claims_are_told_once_per_change(gateway: Gateway, camera: OnvifCamera):
    """What held before is no news; a begin at once, an end when it lasted, in the camera's words."""
    camera.emit(TAMPER, active=True)
    async with gateway.listening(gateway.listener(camera)):
        await until_said(camera, "subscribed")
        for active in (True, False, True, False):
            camera.emit(MOTION, active=active, source="ô 3")
        camera.emit("Monitoring/ProcessorUsage")
        (begun,) = await gateway.told(1)
        await gateway.clock.elapse(15)
        _, ended = await gateway.told(2)
    expected = {"claim": CameraClaim.MOTION, "topic": MOTION, "rule": "ô 3"}
    assert begun == CameraReported(active=True, **expected)
    assert ended == CameraReported(active=False, **expected)


async def test_rules_of_two_lenses_are_two_though_of_one_name(
    gateway: Gateway, camera: OnvifCamera
):
    """What is over before one of them goes on before the other."""
    async with gateway.listening(gateway.listener(camera)):
        await until_said(camera, "subscribed")
        for active, lens in ((True, "left"), (True, "right"), (False, "left")):
            camera.emit(MOTION, active=active, source="ô 3", lens=lens)
        await gateway.told_later(3)
        await gateway.clock.elapse(60)
        told = [(one.active, one.rule) for one in await gateway.told(3)]
    assert told == [(True, "ô 3"), (True, "ô 3"), (False, "ô 3")]


async def test_what_begins_again_is_stored_after_its_end(gateway: Gateway, camera: OnvifCamera):
    """Two claims are over while the disk is slow; one of them holds again before that is stored."""
    disk_is_free = threading.Event()
    async with gateway.listening(gateway.listener(camera)):
        await until_said(camera, "subscribed")
        for active in (True, False):
            for source in ("a", "b"):
                camera.emit(MOTION, active=active, source=source)
        await gateway.told(2)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(gateway.outbox.read(lambda _: disk_is_free.wait(5)))
            await gateway.clock.elapse(15)
            camera.emit(MOTION, active=True, source="b")
            await asyncio.sleep(0.4)
            disk_is_free.set()
        told = [(one.active, one.rule) for one in await gateway.told(5)]
    assert told[2:] == [(False, "a"), (False, "b"), (True, "b")]


@pytest.mark.parametrize("topic", [MOTION, OTHER])
async def test_a_rule_that_is_deleted_claims_nothing(
    gateway: Gateway, camera: OnvifCamera, topic: str
):
    """The camera need not say what its state was."""
    async with gateway.listening(gateway.listener(camera)):
        await until_said(camera, "subscribed")
        camera.emit(topic, active=True)
        await gateway.told(1)
        camera.events.delete(topic, "rule")
        begun, ended = await gateway.told_later(2)
    assert (begun.active, ended.active) == (True, False)


async def test_a_restarted_camera_is_heard_again_at_once(gateway: Gateway, camera: OnvifCamera):
    """The subscription is made again; what changed meanwhile is told once, the rest not again."""
    camera.emit(TAMPER, active=True)
    camera.emit(MOTION, active=False)
    async with gateway.listening(gateway.listener(camera)):
        await until_said(camera, "subscribed")
        camera.emit(LEFT)
        await gateway.told(1)
        gateway.clock.advance(60)
        camera.order("forget_subscriptions")
        camera.emit(MOTION, active=True)
        await until_said(camera, "subscribed", 2)
        left, motion = await gateway.told(2)
        camera.emit(LEFT)
        assert len(await gateway.told(3)) == 3
    assert (left.claim, left.active) == (CameraClaim.OBJECT_LEFT, False), "a remark has no state"
    assert (motion.claim, motion.active) == (CameraClaim.MOTION, True)


async def test_a_refused_account_is_tried_seldom(
    gateway: Gateway, camera: OnvifCamera, stack: AsyncExitStack
):
    """Once in about half an hour, so that nothing is locked; another camera hears nothing of it."""
    other = await stack.enter_async_context(open_onvif_camera())
    async with gateway.listening(
        gateway.listener(camera, password="wrong"), gateway.listener(other)
    ):
        await until_said(camera, "auth_failed")
        await until_said(other, "subscribed")
        await gateway.clock.elapse(1_200)
        await asyncio.sleep(0.2)
        assert camera.said["auth_failed"] == 1
        await gateway.clock.elapse(1_200)
        await until_said(camera, "auth_failed", 2)
        other.emit(LEFT)
        assert len(await gateway.told(1)) == 1


async def test_an_account_in_doubt_is_not_tried(gateway: Gateway, camera: OnvifCamera):
    """Who watches the camera tries the account; until it was accepted nobody else does."""
    gateway.is_admitted.clear()
    async with gateway.listening(gateway.listener(camera)):
        await asyncio.sleep(0.1)
        assert not camera.asked
        gateway.is_admitted.set()
        await until_said(camera, "subscribed")


async def test_a_camera_without_events_is_asked_seldom(gateway: Gateway, stack: AsyncExitStack):
    """It will hardly learn it; half an hour later it is asked once more."""
    camera = await stack.enter_async_context(open_onvif_camera(has_events=False))
    async with gateway.listening(gateway.listener(camera)):
        async with asyncio.timeout(5):
            while camera.asked["GetCapabilities"] < 1:
                await asyncio.sleep(0.01)
        await gateway.clock.elapse(1_200)
        await asyncio.sleep(0.2)
        assert camera.asked["GetCapabilities"] == 1


async def test_a_camera_that_starts_again_is_heard_soon(gateway: Gateway, camera: OnvifCamera):
    """Its web server answers before its events do, which is not what a camera without events is."""
    async with gateway.listening(gateway.listener(camera)):
        await start_again(gateway, camera)
        for _ in range(300):
            # The first attempt was before it started, two were refused.
            camera.is_starting = camera.asked["GetSystemDateAndTime"] < 3
            await gateway.clock.elapse(1)
            await asyncio.sleep(0.01)
            if camera.said["subscribed"] == 2:
                break
    assert camera.said["subscribed"] == 2


async def test_a_camera_that_lost_its_events_is_asked_seldom(gateway: Gateway, camera: OnvifCamera):
    """Who does not tell events any more ten minutes later has hardly just started."""
    asked = []
    async with gateway.listening(gateway.listener(camera)):
        await start_again(gateway, camera)
        for passed_s in (900, 900):
            for _ in range(passed_s // 10):
                await gateway.clock.elapse(10)
                await asyncio.sleep(0.01)
            asked.append(camera.asked["GetSystemDateAndTime"])
    assert asked[0] == asked[1]


async def start_again(gateway: Gateway, camera: OnvifCamera) -> None:
    """Have a camera that told events restart; until told otherwise it answers 404."""
    await until_said(camera, "subscribed")
    camera.emit(LEFT)
    await gateway.told(1)
    gateway.clock.advance(60)
    camera.is_starting = True
    camera.order("forget_subscriptions")


@pytest.mark.parametrize(("fault", "most"), [("close", 8), ("garbage", 1), ("bomb", 1)])
async def test_a_camera_that_only_errs_is_not_asked_in_a_loop(
    gateway: Gateway, camera: OnvifCamera, fault: str, most: int
):
    """Who hangs up is tried ever less often, who talks nonsense seldom; each gets its place back."""
    camera.order("events", fault=fault)
    async with gateway.listening(gateway.listener(camera)):
        await until_said(camera, "unsubscribed")
        assert camera.said["subscribed"] == 1
        for _ in range(60):
            await gateway.clock.elapse(1)
            await asyncio.sleep(0.005)
        assert min(2, most) <= camera.said["subscribed"] <= most
    assert camera.said["subscribed"] - camera.said["unsubscribed"] <= 1


@pytest.mark.parametrize("is_gateway_set", [True, False], ids=["the gateway's", "the camera's"])
async def test_a_clock_that_is_set_swallows_no_remark(
    gateway: Gateway, stack: AsyncExitStack, *, is_gateway_set: bool
):
    """How old an event is the camera's answer tells, not what the clocks differed by long ago."""
    camera = await stack.enter_async_context(open_onvif_camera(now=gateway.clock.now))
    async with gateway.listening(gateway.listener(camera)):
        await until_said(camera, "subscribed")
        camera.emit(LEFT)
        await gateway.told(1)
        # Either way the camera's clock is behind the gateway's from now on.
        camera.clock.offset_s = -40
        if is_gateway_set:
            gateway.clock.set_wall_clock(gateway.clock.now() + timedelta(seconds=40))
        gateway.clock.advance(15)
        camera.emit(LEFT)
        assert len(await gateway.told(2)) == 2


@pytest.mark.parametrize(("tells_time", "age_s"), [(True, 0), (False, 8)])
async def test_the_clocks_are_compared_only_where_the_camera_does_not_tell_its_time(
    gateway: Gateway, stack: AsyncExitStack, *, tells_time: bool, age_s: float
):
    """Then a camera that lost time since it was subscribed to is believed, up to a minute."""
    camera = await stack.enter_async_context(open_onvif_camera(now=gateway.clock.now))
    camera.tells_time = tells_time
    async with gateway.listening(gateway.listener(camera)):
        await until_said(camera, "subscribed")
        camera.clock.offset_s = -8
        camera.emit(LEFT)
        await gateway.told(1)
        (spell,) = gateway.corroboration.claims.spells()
    assert gateway.clock.monotonic_s() - spell.since_s == pytest.approx(age_s, abs=0.6)


@pytest.mark.parametrize("gained_s", [0, 1])
async def test_what_both_saw_is_told_as_such(
    gateway: Gateway, camera: OnvifCamera, gained_s: float
):
    """The event of a left object, and of a covered camera, names the camera's own claim.

    The camera's clock runs while the gateway's stands still, and may gain a second on top of that.
    """
    sightings = Sightings("cam1", gateway.outbox, gateway.corroboration)
    async with gateway.listening(gateway.listener(camera)):
        await until_said(camera, "subscribed")
        camera.emit(LEFT)
        camera.emit(TAMPER, active=True)
        await gateway.told(2)
        now_s = gateway.clock.monotonic_s()
        await sightings.record(littering(now_s + 5))
        await sightings.record(
            vision.Degraded(camera_id="cam1", at_s=now_s + 5, condition="covered", detail="x")
        )
        await gateway.clock.elapse(60)
        camera.clock.offset_s += gained_s
        camera.emit(LEFT)
        *_, confirmed, degraded, again = await gateway.told(5)
    assert isinstance(confirmed, LitteringConfirmed)
    (corroboration,) = confirmed.corroborated_by
    assert (corroboration.claim, corroboration.topic) == (CameraClaim.OBJECT_LEFT, LEFT)
    assert isinstance(degraded, CameraDegraded)
    assert [one.claim for one in degraded.corroborated_by] == [CameraClaim.TAMPER]
    assert isinstance(again, CameraReported)
    assert again.corroborates == BAG


def littering(at_s: float) -> vision.LitteringConfirmed:
    return vision.LitteringConfirmed(
        camera_id="cam1",
        at_s=at_s,
        object_id=BAG,
        zone="bai",
        box=(0.1, 0.1, 0.1, 0.1),
        deposited_at_s=at_s - 12,
        left_at_s=None,
        unattended_s=10,
        score=0.9,
        reasons=("static_10s",),
        pictures=(),
    )
