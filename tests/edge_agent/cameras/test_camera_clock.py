"""What time a camera believes it is, asked over real sockets, and what its analysis hears of it."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from edge_agent.cameras.camera_clock import CameraClock
from edge_agent.cameras.vision import Vision
from edge_agent.config import CameraSettings
from edge_agent.supervisor import Supervisor
from edge_agent.vision.orders import NoteClock, Watch
from tests.edge_agent.outbox.gateway import make_clock
from tests.fakes.onvif_camera import OnvifCamera, open_onvif_camera
from tests.fakes.ports import find_free_port

SEVEN_HOURS_S = 7 * 3_600.0


def true_now() -> datetime:
    """By which the fake camera goes; the gateway's own clock shows another year."""
    return datetime.now(UTC)  # noqa: TID251


class Gateway:
    """The agent's end of the pipe to the analysis, and a clock that tests move."""

    def __init__(self, folder) -> None:
        self.clock = make_clock()
        self.vision = Vision(folder)
        self.orders: list[str] = []
        self.vision.child.send = self.orders.append
        self.knows_time = True

    def beside(self, xaddr: str) -> CameraClock:
        settings = CameraSettings(id="cam1", name="Cổng", area="thon", driver="onvif", xaddr=xaddr)
        return CameraClock(
            settings,
            vision=self.vision,
            clock=self.clock,
            known_time=lambda: true_now() if self.knows_time else None,
        )

    @asynccontextmanager
    async def watching(self, camera_clock: CameraClock):
        await self.vision.started()
        async with self.vision.watching(Watch(camera_id="cam1", analysis_uri="rtsp://x")):
            camera_clock.catch_up()
            yield

    @asynccontextmanager
    async def asking(self, camera_clock: CameraClock):
        async with asyncio.TaskGroup() as tasks:
            supervisor = Supervisor(clock=self.clock, draw=lambda: 1.0)
            running = tasks.create_task(camera_clock.run(supervisor))
            try:
                yield
            finally:
                running.cancel()

    async def told(self, count: int) -> list[float | None]:
        """What the analysis has heard, once it is that much."""
        async with asyncio.timeout(5):
            while len(self._told()) < count:
                await asyncio.sleep(0.01)
        return self._told()

    def _told(self) -> list[float | None]:
        lines = [line for line in self.orders if '"note_clock"' in line]
        return [NoteClock.model_validate_json(line).offset_s for line in lines]


@pytest.fixture
def gateway(tmp_path) -> Gateway:
    return Gateway(tmp_path)


@pytest.fixture
async def camera():
    async with open_onvif_camera() as opened:
        yield opened


async def test_a_clock_set_right_is_seen_within_a_minute(gateway: Gateway, camera: OnvifCamera):
    """The gateway's own clock may be wrong: what counts is what is known; no account is used."""
    camera.clock.offset_s = SEVEN_HOURS_S
    asked = gateway.beside(camera.xaddr)
    async with gateway.watching(asked), gateway.asking(asked):
        await gateway.told(1)
        camera.clock.offset_s = 0.0
        await gateway.clock.elapse(61)
        wrong_s, right_s = await gateway.told(2)
        await gateway.clock.elapse(500)
        assert camera.asked["GetSystemDateAndTime"] == 2
        await gateway.clock.elapse(101)
        await gateway.told(3)
    assert wrong_s == pytest.approx(SEVEN_HOURS_S, abs=2)
    assert right_s == pytest.approx(0, abs=2)
    assert set(camera.asked) == {"GetSystemDateAndTime"}
    assert camera.said["auth_failed"] == 0


async def test_a_watch_that_begins_later_is_told_what_was_known(
    gateway: Gateway, camera: OnvifCamera
):
    """A camera that was lost for a second is not asked anew for that."""
    camera.clock.offset_s = -86_400.0
    asked = gateway.beside(camera.xaddr)
    async with gateway.asking(asked):
        async with asyncio.timeout(5):
            while not camera.asked["GetSystemDateAndTime"]:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert not gateway.orders, "nobody watches"
        async with gateway.watching(asked):
            (offset_s,) = await gateway.told(1)
    assert offset_s == pytest.approx(-86_400, abs=2)


async def test_who_does_not_know_the_time_judges_no_clock(gateway: Gateway, camera: OnvifCamera):
    """After a power cut the gateway's clock may be the wrong one."""
    gateway.knows_time = False
    asked = gateway.beside(camera.xaddr)
    async with gateway.watching(asked), gateway.asking(asked):
        await gateway.clock.elapse(300)
        assert not camera.asked
        gateway.knows_time = True
        await gateway.clock.elapse(6)
        (offset_s,) = await gateway.told(1)
    assert offset_s == pytest.approx(0, abs=2)


async def test_a_camera_that_is_away_is_asked_again(gateway: Gateway):
    """Nothing is said of its clock until it answers."""
    asked = gateway.beside(f"http://127.0.0.1:{find_free_port()}/onvif/device_service")
    async with gateway.watching(asked), gateway.asking(asked):
        for _ in range(5):
            await asyncio.sleep(0.02)
            await gateway.clock.elapse(10)
        assert not gateway._told()
