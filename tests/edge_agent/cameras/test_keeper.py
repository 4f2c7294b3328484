"""When a camera counts as down, and when nobody needs to hear of it."""

import asyncio
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime

import pytest

from contracts.events import (
    DeviceDown,
    DeviceKind,
    DeviceUp,
    DownReason,
    EvidenceClip,
    MotionEnded,
)
from edge_agent.cameras.claims.corroboration import Corroboration
from edge_agent.cameras.faults import CameraFault, make_fault
from edge_agent.cameras.fixture_files import FixtureFile
from edge_agent.cameras.fixtures import Fixtures
from edge_agent.cameras.keeper import CameraKeeper
from edge_agent.cameras.sightings import Sightings
from edge_agent.cameras.vision import Vision
from edge_agent.cameras.watch_orders import WatchOrders
from edge_agent.cameras.zones import order_zones
from edge_agent.config import CameraSettings
from edge_agent.device_health import DeviceHealth, condition_key
from edge_agent.outbox import Lane, open_outbox
from edge_agent.outbox.importance import Bounds
from edge_agent.supervisor import Supervisor
from edge_agent.telemetry import Samples
from edge_agent.vision import findings as vision
from edge_agent.vision import orders as vision_orders
from edge_agent.vision.orders import ORDER
from tests.edge_agent.outbox.gateway import ADDRESS, OTHER_BOOT_ID, events_in, make_timekeeper
from tests.fakes.ports import find_free_port
from tests.fakes.rtsp_camera import RtspCamera


class Case:
    """One keeper with its outbox; `told` are the events it recorded."""

    def __init__(self, clock, outbox, keeper) -> None:
        self.clock = clock
        self.outbox = outbox
        self.keeper = keeper

    async def pass_time(self, duration_s: float) -> None:
        """Let time pass and the keeper's own tasks come to rest."""
        for _ in range(int(duration_s * 2)):
            await self.clock.elapse(0.5)
            await self.outbox.depth()
            await asyncio.sleep(0.002)

    async def told(self) -> list:
        batch = await self.outbox.next_batch(Lane.LIVE, after=0)
        return [] if batch is None else [event.data for event in events_in(batch.payload)]

    async def see(self) -> None:
        finding = vision.Seen(
            camera_id="cam1",
            at_s=self.clock.monotonic_s(),
            width_px=640,
            height_px=360,
            nominal_fps=15,
        )
        await self.keeper._take(finding)

    async def fail(self, reason: DownReason) -> None:
        await self.keeper._bear(make_fault(reason, "x", at_s=self.clock.monotonic_s()))


@pytest.fixture
def case(clock, tmp_path):
    @asynccontextmanager
    async def make(*, running=True, boot_id=OTHER_BOOT_ID, zones=(), uri=None):
        timekeeper = make_timekeeper(clock, boot_id)
        path, bounds = tmp_path / "o.db", Bounds(max_bytes=10**6)
        async with open_outbox(
            path, address=ADDRESS, timekeeper=timekeeper, bounds=bounds
        ) as outbox:
            standing = {condition.key: condition for condition in await outbox.conditions()}
            camera = CameraSettings(
                id="cam1",
                name="Cổng",
                area="thon",
                driver="rtsp",
                analysis_uri=uri or f"rtsp://127.0.0.1:{find_free_port()}/sub",
                zones=zones,
            )
            analysis = Vision(tmp_path)
            fixtures = Fixtures(
                "cam1",
                file=FixtureFile(tmp_path / "fixtures", "cam1"),
                vision=analysis,
                outbox=outbox,
            )
            keeper = CameraKeeper(
                WatchOrders(camera, fixtures=fixtures, time_zone=UTC, now=clock.now),
                vision=analysis,
                sightings=Sightings("cam1", outbox, Corroboration()),
                health=DeviceHealth(
                    outbox,
                    device_id="cam1",
                    device_kind=DeviceKind.CAMERA,
                    standing=standing.get(condition_key("cam1")),
                ),
                samples=Samples(timekeeper),
                fixtures=fixtures,
            )
            made = Case(clock, outbox, keeper)
            if not running:
                yield made
                return
            async with asyncio.TaskGroup() as tasks:
                kept = tasks.create_task(keeper.run(Supervisor(clock=clock, draw=lambda: 1.0)))
                yield made
                kept.cancel()

    return make


async def test_a_camera_that_never_came_up_is_told_after_ten_seconds(case):
    """Cameras and gateway often start together after a power cut."""
    async with case() as one:
        await one.pass_time(9)
        assert not await one.told()
        await one.pass_time(2)
        (down,) = await one.told()
        assert down.reason is DownReason.UNREACHABLE
        await one.pass_time(60)
        assert len(await one.told()) == 1, "told once"


async def test_a_camera_that_was_up_is_told_at_its_first_fault(case):
    """Who watches must know at once; the end tells how long it was down."""
    async with case(running=False) as one:
        await one.see()
        one.clock.advance(100)
        await one.fail(DownReason.STALLED)
        one.clock.advance(30)
        await one.fail(DownReason.UNREACHABLE)
        assert len(await one.outbox.conditions()) == 1
        await one.see()
        assert not await one.outbox.conditions()
        first, down, up = await one.told()
    assert first == DeviceUp(device_kind=DeviceKind.CAMERA, down_s=0), "first seen in this run"
    assert isinstance(down, DeviceDown)
    assert down.reason is DownReason.STALLED
    assert isinstance(up, DeviceUp)
    assert up.down_s == pytest.approx(30)


async def test_a_refused_account_is_told_at_once_and_over_another_fault(case):
    """A wrong password is told even while the camera was known to be down."""
    async with case(running=False) as one:
        await one.see()
        await one.fail(DownReason.UNREACHABLE)
        await one.fail(DownReason.AUTH_FAILED)
        await one.fail(DownReason.AUTH_FAILED)
        _, *told = await one.told()
    assert [down.reason for down in told] == [DownReason.UNREACHABLE, DownReason.AUTH_FAILED]


async def test_a_camera_that_waits_for_its_first_keyframe_is_not_unreachable(case):
    """Some send one every 20 s, some never: only the stream's own reason is told."""
    with RtspCamera(()) as silent:
        async with case(uri=silent.uri) as one:
            await one.pass_time(31)
            assert not await one.told()
            await one.fail(DownReason.UNDECODABLE)
            await one.pass_time(2)
            (down,) = await one.told()
    assert down.reason is DownReason.UNDECODABLE


async def test_what_can_be_reached_again_but_not_decoded_is_told_once_more(case):
    """Who went to look at the cable must hear that it is the encoding; but not back and forth."""
    with RtspCamera(()) as camera:
        async with case(uri=camera.uri) as one:
            await one.see()
            for reason in (DownReason.STALLED, DownReason.UNDECODABLE, DownReason.ENDED):
                await one.fail(reason)
                await one.pass_time(2)
            _, *told = await one.told()
    assert [down.reason for down in told] == [DownReason.STALLED, DownReason.UNDECODABLE]


async def test_down_is_remembered_over_a_restart(case):
    """A camera that comes back after the agent restarted is told to be up, since its true begin."""
    async with case(running=False) as one:
        await one.see()
        await one.fail(DownReason.ENDED)
    async with case(running=False) as one:
        one.clock.advance(50)
        await one.fail(DownReason.ENDED)
        await one.see()
        _, _, up = await one.told()
    assert up.down_s == pytest.approx(50)


async def follow(keeper, inbox) -> CameraFault | None:
    """The fault that ended the watch."""
    try:
        await keeper._follow(inbox)
    except CameraFault as fault:
        return fault


async def test_motion_ends_with_the_watch(case):
    """What moved when the camera was lost does not move for ever."""
    async with case(running=False) as one:
        began_s = one.clock.monotonic_s()
        started = vision.MotionStarted(camera_id="cam1", at_s=began_s, zone="ngo", share=0.2)
        inbox = asyncio.Queue()
        inbox.put_nowait(started)
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(follow(one.keeper, inbox))
            await one.pass_time(7)
            inbox.put_nowait(None)
            assert isinstance(await watching, CameraFault)
        _, ended = await one.told()
    assert isinstance(ended, MotionEnded)
    assert ended.duration_s == pytest.approx(7)


async def test_an_object_lies_until_it_is_taken(case):
    """A confirmed object is a standing condition until its end is seen."""
    confirmed = vision.LitteringConfirmed(
        camera_id="cam1",
        at_s=1_000,
        object_id="0" * 12 + "4" + "0" * 3 + "8" + "0" * 15,
        zone="bai",
        box=(0.1, 0.1, 0.1, 0.1),
        deposited_at_s=990,
        left_at_s=None,
        unattended_s=10,
        score=0.9,
        reasons=("static_10s",),
        pictures=(),
    )
    ended = vision.LitteringEnded(
        camera_id="cam1",
        at_s=1_100,
        object_id=confirmed.object_id,
        zone="bai",
        ending="reclaimed",
    )
    async with case(running=False) as one:
        await one.keeper._take(confirmed)
        assert len(await one.outbox.conditions()) == 1
        await one.keeper._take(ended)
        assert not await one.outbox.conditions()
        first, second = await one.told()
    assert first.object_id == second.object_id == "00000000-0000-4000-8000-000000000000"


async def test_hours_arm_and_disarm_a_running_watch(case):
    """A watch begins as the hours are; each boundary is one order, a set clock another."""
    night = {
        "name": "sân",
        "purpose": "intrusion",
        "polygon": ((0, 0), (1, 0), (1, 1)),
        "hours": ("00:01-05:00",),
    }
    async with case(running=False, zones=(night,)) as one, asyncio.TaskGroup() as tasks:
        told = []
        one.keeper._vision.child.send = told.append
        watching = tasks.create_task(watch_without_camera(one))
        looking = tasks.create_task(one.keeper._look_at_the_clock())
        await one.pass_time(1)
        (begun,) = (ORDER.validate_json(line) for line in told)
        assert not begun.zones[0].armed, "one minute before"
        await one.pass_time(60)
        assert armings(told) == [True]
        await one.pass_time(30)
        assert armings(told) == [True], "told once"
        one.clock.set_wall_clock(datetime(2026, 1, 5, 12, tzinfo=UTC))
        await one.pass_time(2)
        assert armings(told) == [True, False]
        watching.cancel()
        looking.cancel()


async def watch_without_camera(one: Case) -> None:
    """A watch whose camera need not be asked for its streams."""
    orders = one.keeper._orders
    zones = order_zones(orders._camera, orders._arming.tell_all(one.clock.now()))
    watch = vision_orders.Watch(camera_id="cam1", analysis_uri="rtsp://127.0.0.1/x", zones=zones)
    await one.keeper._vision.started()
    await one.keeper._watch(watch)


def armings(lines) -> list[bool]:
    """What the watch was told of its zone."""
    orders = (ORDER.validate_json(line) for line in lines)
    return [order.armed for order in orders if isinstance(order, vision_orders.Arm)]


async def test_what_is_forgotten_before_the_analysis_runs_is_forgotten_by_the_watch(case):
    """The order to watch had been written when the operator ordered that."""
    kept, forgotten = (
        vision_orders.Fixture(fixture_id=name, zone="bãi", box=(0.1, 0.1, 0.1, 0.1))
        for name in ("kept", "forgotten")
    )
    told: list[str] = []
    async with case(running=False) as one, asyncio.TaskGroup() as tasks:
        one.keeper._vision.child.send = told.append
        fixtures = one.keeper._fixtures
        for fixture in (kept, forgotten):
            await fixtures.learn(
                vision.FixtureLearned(
                    camera_id="cam1", at_s=5, object_id=fixture.fixture_id, fixture=fixture
                )
            )
        watch = vision_orders.Watch(
            camera_id="cam1", analysis_uri="rtsp://127.0.0.1/x", fixtures=fixtures.known
        )
        watching = tasks.create_task(one.keeper._watch(watch))
        await asyncio.sleep(0)
        await fixtures.forget("forgotten")
        assert not told, "the analysis does not run yet"
        await one.keeper._vision.started()
        await one.pass_time(1)
        watching.cancel()
    orders = [ORDER.validate_json(line) for line in told]
    assert orders[0] == watch
    named = [o.fixture_id for o in orders if isinstance(o, vision_orders.ForgetFixture)]
    assert named == ["forgotten"]


OBJECT = "00000000-0000-4000-8000-000000000001"
CLIP = vision.Clip(
    sha256="c" * 64,
    codec="h264",
    width_px=640,
    height_px=360,
    size_bytes=9,
    begins_at_s=990,
    duration_s=12,
    encoded_again=True,
)


@pytest.mark.parametrize("comes", ["while nobody watches", "behind the loss", "without room"])
async def test_a_clip_that_is_finished_after_the_loss_is_told(case, comes):
    """Its alarm waits for it, though the camera cannot be reached any more."""
    with ExitStack() as reachable:
        uri = reachable.enter_context(RtspCamera(())).uri
        async with case(uri=uri) as one, asyncio.TaskGroup() as tasks:
            analysis, at_s = one.keeper._vision, one.clock.monotonic_s()
            await analysis.started()
            while "cam1" not in analysis._inboxes:
                await one.pass_time(0.5)
            reachable.close()
            lost = vision.Lost(camera_id="cam1", at_s=at_s, reason="unreachable", detail="x")
            more = vision.MotionEnded(camera_id="cam1", at_s=at_s, zone="ngo", duration_s=1)
            ready = vision.ClipReady(camera_id="cam1", at_s=at_s, object_id=OBJECT, clip=CLIP)
            lines = [said.model_dump_json().encode() for said in (lost, more, ready)]
            if comes == "without room":
                tasks.create_task(analysis.take(lines[2]))
                for line in [lines[0], *[lines[1]] * 999]:
                    await analysis.take(line)
                assert analysis._inboxes["cam1"].full()
            else:
                await analysis.take(lines[0])
                await one.pass_time(1 if comes == "while nobody watches" else 0)
                await analysis.take(lines[2])
            await one.pass_time(2)
            assert "cam1" not in analysis._inboxes
            told = await one.told()
    (clip,) = [event for event in told if isinstance(event, EvidenceClip)]
    assert (clip.object_id, clip.clip.sha256) == (OBJECT, CLIP.sha256)
