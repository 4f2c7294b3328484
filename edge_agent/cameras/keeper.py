"""Keeps one camera watched and says when it is down; passes on what is found.

Touches no other camera.
"""

import asyncio

import structlog

from contracts.events import DownReason
from edge_agent.cameras.faults import CameraFault, CameraRefused, make_fault
from edge_agent.cameras.fixtures import Fixtures
from edge_agent.cameras.readings import Readings
from edge_agent.cameras.sightings import Sightings
from edge_agent.cameras.vision import Inbox, Vision
from edge_agent.cameras.watch_orders import WatchOrders
from edge_agent.device_health import DeviceHealth
from edge_agent.supervisor import Backoff, Supervisor, describe
from edge_agent.telemetry import Samples
from edge_agent.vision import findings as vision
from edge_agent.vision.orders import Watch

log = structlog.get_logger(__name__)

FIRST_SIGHT_S = 10.0
"""A camera that has not been seen for so long after the start, and why is known, is down."""
FIRST_KEYFRAME_S = 35.0
"""One of which nothing is known by then is down as well: until then its first keyframe may come."""
CHILD_BACK_S = 15.0
"""So long the analysis may be away before its cameras count as down."""
_LOOK_S = 1.0
BACKOFF = Backoff(slow_errors=(CameraRefused,))


class CameraKeeper:
    """One camera, for ever."""

    def __init__(
        self,
        orders: WatchOrders,
        *,
        vision: Vision,
        sightings: Sightings,
        health: DeviceHealth,
        samples: Samples,
        fixtures: Fixtures,
    ) -> None:
        self.is_admitted = asyncio.Event()
        """Set while the camera, as far as is known, accepts the account."""
        self._orders = orders
        self._vision = vision
        self._health = health
        self._samples = samples
        self._fixtures = fixtures
        self._readings = Readings()
        self._sightings = sightings
        self._clock = sightings.clock
        self._was_seen = False
        self._is_watching = False
        self._fault: CameraFault | None = None

    async def run(self, supervisor: Supervisor) -> None:
        """Watch the camera again and again."""
        started_s = self._clock.monotonic_s()
        self._fault = CameraFault(
            DownReason.UNREACHABLE, "no picture yet", at_s=started_s, patience_s=FIRST_KEYFRAME_S
        )
        camera_id = self._orders.camera_id
        name = f"camera {camera_id}"
        with self._vision.keeping(camera_id, self._take_late):
            async with asyncio.TaskGroup() as tasks:
                watching = supervisor.keep(name, self._watch_once, failed=self._bear)
                tasks.create_task(watching, name=name)
                tasks.create_task(self._look_at_the_clock(), name=f"{name} clock")

    async def _watch_once(self) -> None:
        watch = await self._orders.begin(self._clock)
        self.is_admitted.set()
        await self._watch(watch)

    async def _watch(self, watch: Watch) -> None:
        async with self._vision.watching(watch) as inbox:
            self._orders.catch_up(watch)
            await self._follow(inbox)

    async def _follow(self, inbox: Inbox) -> None:
        self._readings.begin_watch()
        self._is_watching = True
        try:
            while True:
                finding = await inbox.get()
                if finding is None:
                    raise CameraFault(
                        DownReason.ENDED,
                        "the picture analysis has to start again",
                        at_s=self._clock.monotonic_s(),
                        patience_s=CHILD_BACK_S,
                    )
                await self._take(finding)
        finally:
            self._is_watching = False
            await self._sightings.end_unseen()

    async def _take(self, finding: vision.AnyFinding) -> None:
        match finding:
            case vision.Seen():
                self._fault, self._was_seen = None, True
                await self._health.say_up(finding.at_s)
            case vision.Lost():
                reason = DownReason(finding.reason)
                raise make_fault(reason, finding.detail, at_s=finding.at_s)
            case vision.Health():
                self._sample(finding)
            case vision.FixtureLearned():
                await self._fixtures.learn(finding)
            case _:
                await self._sightings.record(finding)

    async def _take_late(self, finding: vision.AnyFinding) -> None:
        """Record what was being made when the camera was lost: its alarm waits for the clip."""
        if isinstance(finding, vision.ClipReady | vision.EvidenceMissed):
            await self._sightings.record(finding)

    async def _bear(self, error: Exception) -> None:
        """Tell a fault now, or let it last a while first."""
        now_s = self._clock.monotonic_s()
        if isinstance(error, CameraFault):
            fault = error
        else:
            fault = CameraFault(DownReason.ENDED, describe(error), at_s=now_s)
        if isinstance(fault, CameraRefused):
            self.is_admitted.clear()
        if isinstance(fault, CameraRefused) or (self._was_seen and not fault.patience_s):
            await self._tell(fault)
        elif self._fault is None:
            self._fault = fault
        else:
            # The first fault's patience counts, the last one's reason is told.
            patience_s = self._fault.patience_s
            self._fault = CameraFault(
                fault.reason,
                fault.detail,
                at_s=self._fault.at_s,
                patience_s=FIRST_SIGHT_S if patience_s == FIRST_KEYFRAME_S else patience_s,
            )

    async def _tell(self, fault: CameraFault) -> None:
        self._fault, self._was_seen = None, False
        await self._health.say_down(fault.reason, fault.detail, since_s=fault.at_s)

    async def _look_at_the_clock(self) -> None:
        """Tell a fault that has lasted, and zones whose hours begin or end."""
        while True:
            await self._clock.sleep(_LOOK_S)
            fault = self._fault
            if fault and self._clock.monotonic_s() >= fault.at_s + fault.patience_s:
                await self._tell(fault)
            if self._is_watching:
                for order in self._orders.arm():
                    self._vision.tell(order)

    def _sample(self, health: vision.Health) -> None:
        for metric, value in self._readings.of(health).items():
            self._samples.add(metric, value, device_id=health.camera_id, at_s=health.at_s)
