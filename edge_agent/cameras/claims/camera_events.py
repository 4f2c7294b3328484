"""Keeps one camera's own events subscribed and records what they claim.

Touches neither the watch of that camera nor any other camera.
"""

import asyncio
from collections.abc import Iterable

import structlog

from contracts.events import CameraClaim, CameraReported
from drivers.camera import CameraAuthFailed, CameraUnreachable, CameraUnsupported
from drivers.onvif_camera import events as onvif
from edge_agent.cameras.claims.claims import Statement
from edge_agent.cameras.claims.corroboration import Corroboration, Report
from edge_agent.cameras.streams import credentials_of
from edge_agent.config import CameraSettings
from edge_agent.outbox import Draft, Outbox
from edge_agent.strict_yaml import ConfigurationError
from edge_agent.supervisor import Backoff, Supervisor

log = structlog.get_logger(__name__)

BACKOFF = Backoff(
    slow_s=1_800.0, slow_errors=(CameraAuthFailed, CameraUnsupported, ConfigurationError)
)
"""An account that may watch, but not subscribe, is refused for long, and must not be locked."""
_LOOK_S = 2.0
_SOON_S = 10.0
"""A subscription that ends sooner did not work; the next attempt waits."""
_START_S = 600.0
"""A camera that told events so lately is starting again; it has not lost the ability."""
_OLDEST_S = 60.0
"""A camera's time for an event counts where it lies this little back: more is a wrong clock."""
_LONGEST_TEXT = 200
_LONGEST_SOURCE = 1_000
"""Three tokens and their names are 300; nobody reads them."""
_MOST_TOPICS = 100


class CameraEvents:
    """What one camera says of itself, for ever."""

    def __init__(
        self,
        camera: CameraSettings,
        *,
        outbox: Outbox,
        corroboration: Corroboration,
        is_admitted: asyncio.Event,
    ) -> None:
        """Args: while `is_admitted` is not set the account may be wrong, and is not tried here."""
        self._camera = camera
        self._is_admitted = is_admitted
        self._outbox = outbox
        self._corroboration = corroboration
        self._clock = outbox.timekeeper.clock
        self._recording = asyncio.Lock()
        self._unknown_topics: set[str] = set()
        self._is_overheard = False
        self._worked_s: float | None = None

    async def run(self, supervisor: Supervisor) -> None:
        """Listen again and again."""
        name = f"events of camera {self._camera.id}"
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(supervisor.keep(name, self.listen), name=name)
            tasks.create_task(self._settle(), name=f"{name} end")

    async def listen(self) -> None:
        """Subscribe and record what comes; a subscription that the camera ends is made again.

        Raises:
            CameraError: the camera cannot be listened to now.
            ConfigurationError: its password cannot be read.
        """
        is_first = True
        while True:
            await self._is_admitted.wait()
            credentials = credentials_of(self._camera)
            began_s = self._clock.monotonic_s()
            try:
                async with onvif.open_pull_point(
                    self._camera.xaddr or "", credentials, now=self._clock.now
                ) as pull_point:
                    self._corroboration.claims.regain(self._clock.monotonic_s())
                    if is_first:
                        log.info("camera events heard", camera_id=self._camera.id)
                    is_first = False
                    await self._follow(pull_point)
            except onvif.PullPointEnded:
                if self._clock.monotonic_s() - began_s < _SOON_S:
                    raise
            except CameraUnsupported as error:
                if self._has_lately_worked():
                    raise CameraUnreachable(f"the camera may be starting: {error}") from error
                raise
            finally:
                self._corroboration.claims.lose(self._clock.monotonic_s())

    def _has_lately_worked(self) -> bool:
        return self._worked_s is not None and self._clock.monotonic_s() < self._worked_s + _START_S

    async def _follow(self, pull_point: onvif.PullPoint) -> None:
        while True:
            events = await pull_point.pull()
            self._worked_s = self._clock.monotonic_s()
            for event in events:
                statement = self._understand(event)
                if statement is not None:
                    async with self._recording:
                        await self._record(self._corroboration.hear(statement))
            if self._corroboration.claims.is_full and not self._is_overheard:
                self._is_overheard = True
                log.warning("camera has too many rules, some are ignored", id=self._camera.id)

    def _understand(self, event: onvif.CameraEvent) -> Statement | None:
        claim = onvif.claim_of(event.onvif_topic)
        active = False if event.property_operation == "Deleted" else event.active
        # Rules without a word of ours count only where they have a state: counters tick for ever.
        if claim is None or (claim is onvif.Claim.OTHER and active is None):
            self._note_unknown(event.onvif_topic)
            return None
        sources = dict(event.source_items)
        return Statement(
            claim=CameraClaim(claim.value),
            onvif_topic=event.onvif_topic,
            rule=(sources.get("Rule") or ", ".join(sources.values()))[:_LONGEST_TEXT],
            source=_join(sorted(event.source_items))[:_LONGEST_SOURCE],
            about=_join(event.key_items)[:_LONGEST_TEXT],
            active=active,
            is_replay=event.property_operation == "Initialized",
            at_s=self._when(event),
        )

    def _when(self, event: onvif.CameraEvent) -> float:
        now_s = self._clock.monotonic_s()
        age_s = event.age_s
        if age_s is None and event.occurred_at is not None:
            # Only where the camera does not say what time it is: either clock may be set meanwhile.
            age_s = (self._clock.now() - event.occurred_at).total_seconds()
        return now_s if age_s is None or not 0 <= age_s <= _OLDEST_S else now_s - age_s

    def _note_unknown(self, onvif_topic: str) -> None:
        if onvif_topic not in self._unknown_topics and len(self._unknown_topics) < _MOST_TOPICS:
            self._unknown_topics.add(onvif_topic)
            log.info("camera event not used", camera_id=self._camera.id, onvif_topic=onvif_topic)

    async def _settle(self) -> None:
        while True:
            await self._clock.sleep(_LOOK_S)
            # What begins again meanwhile is stored after its end.
            async with self._recording:
                await self._record(self._corroboration.settle(self._clock.monotonic_s()))

    async def _record(self, reports: Iterable[Report]) -> None:
        for report in reports:
            change = report.change
            reported = CameraReported(
                claim=change.claim,
                topic=change.onvif_topic,
                active=change.active,
                rule=change.rule,
                corroborates=report.corroborates,
            )
            moment = self._outbox.timekeeper.moment(change.at_s)
            await self._outbox.record(
                Draft(data=reported, moment=moment, device_id=self._camera.id)
            )


def _join(items: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {value}" for name, value in items)
