"""Keeps one camera watched and records what is found and how the camera fares.

Touches no other camera.
"""

import asyncio
from functools import partial
from typing import assert_never

import structlog

from contracts.events import DownReason
from contracts.telemetry import Metric
from edge_agent.cameras import findings
from edge_agent.cameras.faults import CameraFault, CameraRefused, make_fault
from edge_agent.cameras.streams import order_watch
from edge_agent.cameras.vision import Finding, Inbox, Vision
from edge_agent.config import CameraSettings
from edge_agent.device_health import DeviceHealth
from edge_agent.outbox import Draft, Entry, Outbox
from edge_agent.supervisor import Backoff, Supervisor, describe
from edge_agent.telemetry import Samples
from edge_agent.vision import messages as vision

log = structlog.get_logger(__name__)

FIRST_SIGHT_S = 10.0
"""A camera that has not been seen for so long after the start is down."""
CHILD_BACK_S = 15.0
"""So long the analysis may be away before its cameras count as down."""
_LOOK_S = 1.0
BACKOFF = Backoff(slow_errors=(CameraRefused,))


class CameraKeeper:
    """One camera, for ever."""

    def __init__(
        self,
        camera: CameraSettings,
        *,
        vision: Vision,
        outbox: Outbox,
        health: DeviceHealth,
        samples: Samples,
    ) -> None:
        self._camera = camera
        self._vision = vision
        self._outbox = outbox
        self._health = health
        self._samples = samples
        self._timekeeper = outbox.timekeeper
        self._clock = outbox.timekeeper.clock
        self._was_seen = False
        self._fault: CameraFault | None = None
        self._moving_since_s: dict[str, float] = {}
        self._decode_errors = 0
        self._dropped_frames = 0

    async def run(self, supervisor: Supervisor) -> None:
        """Watch the camera again and again."""
        started_s = self._clock.monotonic_s()
        self._fault = CameraFault(
            DownReason.UNREACHABLE, "no picture yet", at_s=started_s, patience_s=FIRST_SIGHT_S
        )
        async with asyncio.TaskGroup() as tasks:
            name = f"camera {self._camera.id}"
            tasks.create_task(supervisor.keep(name, self._watch_once, failed=self._bear), name=name)
            tasks.create_task(self._tell_lasting_faults(), name=f"{name} patience")

    async def _watch_once(self) -> None:
        watch = await order_watch(self._camera, self._clock)
        async with self._vision.watching(watch) as inbox:
            await self._follow(inbox)

    async def _follow(self, inbox: Inbox) -> None:
        self._decode_errors = self._dropped_frames = 0
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
            await self._end_motion()

    async def _take(self, finding: Finding) -> None:
        match finding:
            case vision.Seen():
                self._fault, self._was_seen = None, True
                await self._health.say_up(finding.at_s)
            case vision.Lost():
                reason = DownReason(finding.reason)
                raise make_fault(reason, finding.detail, at_s=finding.at_s)
            case vision.Health():
                self._sample(finding)
            case vision.MotionStarted() | vision.MotionEnded():
                await self._record_motion(finding)
            case vision.LitteringConfirmed():
                await self._record_confirmed(finding)
            case vision.LitteringEnded():
                await self._record_ended(finding)
            case _:
                assert_never(finding)

    async def _bear(self, error: Exception) -> None:
        """Tell a fault now, or let it last a while first."""
        now_s = self._clock.monotonic_s()
        if isinstance(error, CameraFault):
            fault = error
        else:
            fault = CameraFault(DownReason.ENDED, describe(error), at_s=now_s)
        if isinstance(fault, CameraRefused) or (self._was_seen and not fault.patience_s):
            await self._tell(fault)
        elif self._fault is None:
            self._fault = fault
        else:
            # The first fault's patience counts, the last one's reason is told.
            self._fault = CameraFault(
                fault.reason,
                fault.detail,
                at_s=self._fault.at_s,
                patience_s=self._fault.patience_s,
            )

    async def _tell(self, fault: CameraFault) -> None:
        self._fault, self._was_seen = None, False
        await self._health.say_down(fault.reason, fault.detail, since_s=fault.at_s)

    async def _tell_lasting_faults(self) -> None:
        while True:
            await self._clock.sleep(_LOOK_S)
            fault = self._fault
            if fault and self._clock.monotonic_s() >= fault.at_s + fault.patience_s:
                await self._tell(fault)

    def _sample(self, health: vision.Health) -> None:
        new_errors = max(0, health.decode_errors - self._decode_errors)
        new_drops = max(0, health.dropped_frames - self._dropped_frames)
        self._decode_errors = health.decode_errors
        self._dropped_frames = health.dropped_frames
        readings = {
            Metric.CAMERA_FPS: health.fps,
            Metric.DECODE_ERRORS: float(new_errors),
            Metric.DROPPED_FRAMES: float(new_drops),
            Metric.MOTION_S: health.motion_s,
        }
        for metric, value in readings.items():
            self._samples.add(metric, value, device_id=health.camera_id, at_s=health.at_s)

    async def _record_motion(self, finding: vision.MotionStarted | vision.MotionEnded) -> None:
        if isinstance(finding, vision.MotionStarted):
            self._moving_since_s[finding.zone] = finding.at_s
        else:
            self._moving_since_s.pop(finding.zone, None)
        await self._outbox.record(findings.draft_motion(finding, self._timekeeper))

    async def _end_motion(self) -> None:
        """What moved when the watch ended is not seen any more."""
        now_s = self._clock.monotonic_s()
        while self._moving_since_s:
            zone, since_s = self._moving_since_s.popitem()
            ended = vision.MotionEnded(
                camera_id=self._camera.id, at_s=now_s, zone=zone, duration_s=now_s - since_s
            )
            await self._outbox.record(findings.draft_motion(ended, self._timekeeper))

    async def _record_confirmed(self, finding: vision.LitteringConfirmed) -> None:
        draft = findings.draft_confirmed(finding, self._timekeeper)
        key = findings.object_key(finding)
        await self._outbox.write(partial(Entry.state_condition, key=key, draft=draft))
        log.info("littering confirmed", camera_id=self._camera.id, zone=finding.zone)

    async def _record_ended(self, finding: vision.LitteringEnded) -> None:
        draft = findings.draft_ended(finding, self._timekeeper)
        key = findings.object_key(finding)
        await self._outbox.write(partial(_end_object, key=key, draft=draft))


def _end_object(entry: Entry, *, key: str, draft: Draft) -> None:
    entry.end_condition(key)
    entry.record(draft)
