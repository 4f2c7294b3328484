"""All cameras of this gateway: one child that watches them, one keeper for each."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from edge_agent.camera_config import DetectorSettings
from edge_agent.cameras.camera_clock import CameraClock
from edge_agent.cameras.claims import camera_events
from edge_agent.cameras.claims.camera_events import CameraEvents
from edge_agent.cameras.claims.corroboration import Corroboration
from edge_agent.cameras.fixture_files import FixtureFile
from edge_agent.cameras.fixtures import CannotMark, Fixtures
from edge_agent.cameras.keeper import BACKOFF, CameraKeeper
from edge_agent.cameras.sightings import Sightings, Witness
from edge_agent.cameras.vision import Vision
from edge_agent.cameras.watch_orders import WatchOrders
from edge_agent.config import CameraSettings, GatewayConfig
from edge_agent.detector_model import find_fault
from edge_agent.device_health import DeviceHealth
from edge_agent.outbox import Outbox
from edge_agent.supervisor import Backoff, Supervisor
from edge_agent.telemetry import Samples
from edge_agent.vision.orders import Detector

log = structlog.get_logger(__name__)

_CHILD_BACKOFF = Backoff(first_s=0.5, last_s=30.0)


class Cameras:
    """Every camera that is configured."""

    def __init__(
        self,
        config: GatewayConfig,
        *,
        outbox: Outbox,
        samples: Samples,
        health_of: Callable[[str], DeviceHealth],
        known_time: Callable[[], datetime | None],
        witness: Witness,
    ) -> None:
        """Args: `known_time` is the present, None while nobody knows it.

        Zones have their hours by the machine's clock then.
        """
        self._config = config
        self._outbox = outbox
        self._samples = samples
        self._health_of = health_of
        self._known_time = known_time
        self._witness = witness
        self._clock = outbox.timekeeper.clock
        self._detector = find_detector(config.detector)
        self._vision = Vision(config.data_dir / "spool")
        self._camera_clocks = {camera.id: self._clock_of(camera) for camera in config.cameras}
        self._fixtures = {camera.id: self._fixtures_of(camera) for camera in config.cameras}
        self._corroborations = {camera.id: Corroboration() for camera in config.cameras}
        self._keepers = [self._keeper_of(camera) for camera in config.cameras]
        self._listeners = [
            CameraEvents(
                camera,
                outbox=outbox,
                corroboration=self._corroborations[camera.id],
                is_admitted=keeper.is_admitted,
            )
            for camera, keeper in zip(config.cameras, self._keepers, strict=True)
            if camera.driver == "onvif" and camera.camera_events
        ]

    @property
    def child_process_id(self) -> int | None:
        """The process of the child while it runs."""
        return self._vision.child.pid

    async def mark_fixture(self, camera_id: str, object_id: str) -> None:
        """Have an object belong where it stands from now on.

        Raises:
            CannotMark: the camera is not this gateway's, or nobody knows the object.
        """
        await self._fixtures_at(camera_id).mark(object_id)

    async def forget_fixture(self, camera_id: str, fixture_id: str) -> None:
        """Have the like of a fixture reported again.

        Raises:
            CannotMark: the camera is not this gateway's, or its disk takes nothing.
        """
        await self._fixtures_at(camera_id).forget(fixture_id)

    async def run(self, stopping: asyncio.Event) -> None:
        """Keep the child and every watch running; without cameras nothing is started."""
        if not self._keepers:
            return
        children = Supervisor(clock=self._clock, backoff=_CHILD_BACKOFF, stopping=stopping)
        watches = Supervisor(clock=self._clock, backoff=BACKOFF, stopping=stopping)
        listening = Supervisor(clock=self._clock, backoff=camera_events.BACKOFF, stopping=stopping)
        async with asyncio.TaskGroup() as tasks:
            vision = children.keep("vision", self._vision.child.run_once)
            tasks.create_task(vision, name="vision")
            for keeper in self._keepers:
                tasks.create_task(keeper.run(watches), name="camera")
            for listener in self._listeners:
                tasks.create_task(listener.run(listening), name="camera events")
            for camera_clock in self._camera_clocks.values():
                tasks.create_task(camera_clock.run(listening), name="camera clock")

    def _fixtures_at(self, camera_id: str) -> Fixtures:
        fixtures = self._fixtures.get(camera_id)
        if fixtures is None:
            raise CannotMark(f"this gateway has no camera {camera_id}")
        return fixtures

    def _fixtures_of(self, camera: CameraSettings) -> Fixtures:
        file = FixtureFile(self._config.data_dir / "fixtures", camera.id)
        return Fixtures(camera.id, file=file, vision=self._vision, outbox=self._outbox)

    def _clock_of(self, camera: CameraSettings) -> CameraClock:
        return CameraClock(
            camera, vision=self._vision, clock=self._clock, known_time=self._known_time
        )

    def _keeper_of(self, camera: CameraSettings) -> CameraKeeper:
        fixtures = self._fixtures[camera.id]
        orders = WatchOrders(
            camera,
            fixtures=fixtures,
            time_zone=ZoneInfo(self._config.time_zone),
            now=lambda: self._known_time() or self._clock.now(),
            camera_clock=self._camera_clocks[camera.id],
            detector=self._detector,
        )
        return CameraKeeper(
            orders,
            fixtures=fixtures,
            vision=self._vision,
            sightings=Sightings(
                camera.id,
                self._outbox,
                self._corroborations[camera.id],
                witness=self._witness,
            ),
            health=self._health_of(camera.id),
            samples=self._samples,
        )


def find_detector(settings: DetectorSettings | None) -> Detector | None:
    """Return the detector that can be used; one that cannot be is said and left out."""
    if settings is None:
        return None
    fault = find_fault(settings.model_file, settings.sha256)
    if fault is not None:
        log.error("the detector is left out", reason=fault)
        return None
    return settings.order
