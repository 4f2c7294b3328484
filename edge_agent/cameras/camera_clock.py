"""Asks one camera now and then what time it believes it is, and has its analysis judge that.

Touches neither the watch of that camera nor any other camera.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from drivers.onvif_camera.events import ask_clock_offset
from edge_agent.camera_config import CameraSettings
from edge_agent.cameras.vision import Vision
from edge_agent.clock import Clock
from edge_agent.supervisor import Supervisor
from edge_agent.vision.orders import NoteClock

_ASK_S = 600.0
_ASK_SOON_S = 60.0
"""While it is wrong: who sets it right wants to see that it is."""
_KNOWN_SOON_S = 5.0
"""After a start the centre tells the time within seconds."""
_RIGHT_S = 5.0


class CameraClock:
    """One camera's clock beside the right time; where neither is known, nothing is said."""

    def __init__(
        self,
        camera: CameraSettings,
        *,
        vision: Vision,
        clock: Clock,
        known_time: Callable[[], datetime | None],
    ) -> None:
        """Args: `known_time` is the present, None while nobody knows it."""
        self._camera = camera
        self._vision = vision
        self._clock = clock
        self._known_time = known_time
        self._offset_s: float | None = None

    def catch_up(self) -> None:
        """A watch has begun: have it know what was known before."""
        if self._offset_s is not None:
            self._tell()

    async def run(self, supervisor: Supervisor) -> None:
        """Ask for ever; a camera without ONVIF cannot be asked."""
        if self._camera.driver == "onvif":
            await supervisor.keep(f"clock of camera {self._camera.id}", self._follow)

    async def _follow(self) -> None:
        """Ask again and again.

        Raises:
            CameraError: the camera cannot be asked now.
        """
        while True:
            known = self._known_time()
            if known is None:
                await self._clock.sleep(_KNOWN_SOON_S)
                continue
            await self._ask(known - self._clock.now())
            is_right = self._offset_s is not None and abs(self._offset_s) <= _RIGHT_S
            await self._clock.sleep(_ASK_S if is_right else _ASK_SOON_S)

    async def _ask(self, slow_by: timedelta) -> None:
        """Ask once; `slow_by` is by how much the gateway's own clock is behind the right time."""
        offset = await ask_clock_offset(
            self._camera.xaddr or "", now=lambda: self._clock.now() + slow_by
        )
        self._offset_s = None if offset is None else offset.total_seconds()
        self._tell()

    def _tell(self) -> None:
        self._vision.tell(NoteClock(camera_id=self._camera.id, offset_s=self._offset_s))
