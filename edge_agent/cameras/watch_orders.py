"""What the watch of one camera is told: all of it when it begins, its zones' hours as they pass."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from contracts.events import DownReason
from edge_agent.camera_config import CameraSettings, UnwatchedCamera
from edge_agent.cameras.camera_clock import CameraClock
from edge_agent.cameras.faults import make_fault
from edge_agent.cameras.fixtures import Fixtures
from edge_agent.cameras.hours import Arming
from edge_agent.cameras.streams import find_watched_uris
from edge_agent.cameras.zones import order_zones
from edge_agent.clock import Clock
from edge_agent.vision.orders import Arm, Detector, Watch


class WatchOrders:
    """Orders for the watch of one camera."""

    def __init__(
        self,
        camera: CameraSettings,
        *,
        fixtures: Fixtures,
        time_zone: tzinfo,
        now: Callable[[], datetime],
        camera_clock: CameraClock | None = None,
        detector: Detector | None = None,
    ) -> None:
        """Args: `now` is the best known present, by which zones have their hours."""
        self.camera_id = camera.id
        self._camera = camera
        self._fixtures = fixtures
        self._now = now
        self._camera_clock = camera_clock
        self._detector = detector
        hours = {zone.name: zone.daily_hours for zone in camera.zones}
        self._arming = Arming(hours, time_zone)

    async def begin(self, clock: Clock) -> Watch:
        """Ask the camera for its streams and return the order to watch them.

        Raises:
            CameraFault: it cannot be used now.
        """
        if isinstance(self._camera, UnwatchedCamera):
            fault, now_s = self._camera.fault, clock.monotonic_s()
            raise make_fault(DownReason.CONFIGURATION, fault, at_s=now_s)
        uris = await find_watched_uris(self._camera, clock)
        return Watch(
            camera_id=self.camera_id,
            analysis_uri=uris.analysis,
            evidence_uri=uris.evidence,
            zones=order_zones(self._camera, self._arming.tell_all(self._now())),
            masks=self._camera.masks,
            fixtures=self._fixtures.known,
            unattended_s=self._camera.unattended_s,
            sensitivity=self._camera.sensitivity,
            clip_before_s=self._camera.clip.before_s,
            clip_after_s=self._camera.clip.after_s,
            detector=self._detector,
        )

    def catch_up(self, watch: Watch) -> None:
        """Have a watch that now runs know what was learned before it did."""
        self._fixtures.catch_up(watch)
        if self._camera_clock is not None:
            self._camera_clock.catch_up()

    def arm(self) -> tuple[Arm, ...]:
        """Return what to tell a running watch because hours have begun or ended."""
        changes = self._arming.tell_changes(self._now())
        return tuple(
            Arm(camera_id=self.camera_id, zone=zone, armed=armed) for zone, armed in changes.items()
        )
