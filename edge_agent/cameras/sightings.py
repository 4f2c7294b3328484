"""Records what one camera's watch finds; whatever it began to record it also ends, once.

Judges nothing; which event a finding becomes is in `drafts`.
"""

from functools import partial
from typing import Protocol, assert_never

import structlog

from edge_agent.cameras import conditions, drafts
from edge_agent.cameras.claims.agreement import Agreement
from edge_agent.cameras.claims.corroboration import Corroboration
from edge_agent.outbox import Draft, Entry, Outbox
from edge_agent.vision import findings as vision

log = structlog.get_logger(__name__)

Sighting = (
    vision.MotionStarted
    | vision.MotionEnded
    | vision.LitteringConfirmed
    | vision.LitteringEnded
    | vision.PresenceStarted
    | vision.PresenceEnded
    | vision.ClipReady
    | vision.EvidenceMissed
    | vision.Degraded
    | vision.Recovered
)


class Witness(Protocol):
    """Who hears at once of what was recorded for the first time; never waits."""

    def see(self, draft: Draft) -> None:
        """Something was seen, or was seen to end."""

    def lose_sight(self, camera_id: str) -> None:
        """What the camera saw is not seen any more."""


class Sightings:
    """What one camera sees and how far its pictures can be relied on."""

    def __init__(
        self,
        camera_id: str,
        outbox: Outbox,
        corroboration: Corroboration | None = None,
        *,
        witness: Witness | None = None,
    ) -> None:
        """Args: `corroboration` knows what the camera itself claims; None: it claims nothing."""
        self.clock = outbox.timekeeper.clock
        self._camera_id = camera_id
        self._outbox = outbox
        self._timekeeper = outbox.timekeeper
        self._agreement = Agreement(corroboration or Corroboration(), outbox.timekeeper)
        self._witness = witness
        self._moving_since_s: dict[str, float] = {}
        self._has_begun = False

    async def record(self, finding: Sighting) -> None:
        """Record a finding durably; what is no event is logged."""
        match finding:
            case vision.MotionStarted() | vision.MotionEnded():
                await self._record_motion(finding)
            case vision.LitteringConfirmed() | vision.LitteringEnded():
                await self._record_littering(finding)
            case vision.PresenceStarted() | vision.PresenceEnded():
                await self._record_presence(finding)
            case vision.Degraded() | vision.Recovered():
                await self._record_condition(finding)
            case vision.ClipReady():
                await self._outbox.record(drafts.draft_clip(finding, self._timekeeper))
            case vision.EvidenceMissed():
                log.error(
                    "evidence missed",
                    camera_id=self._camera_id,
                    object_id=finding.object_id,
                    what=finding.what,
                    why=finding.why,
                )
            case _:
                assert_never(finding)

    async def end_unseen(self) -> None:
        """The watch has ended: what was seen until now is not seen any more."""
        now = self._timekeeper.moment()
        self._agreement.end_unseen(now.monotonic_s)
        while self._moving_since_s:
            zone, since_s = self._moving_since_s.popitem()
            ended = vision.MotionEnded(
                camera_id=self._camera_id,
                at_s=now.monotonic_s,
                zone=zone,
                duration_s=now.monotonic_s - since_s,
            )
            await self._outbox.record(drafts.draft_motion(ended, self._timekeeper))
        if self._has_begun:
            ending = partial(conditions.end_unseen, camera_id=self._camera_id, until=now)
            await self._outbox.write(ending)
            self._has_begun = False
        if self._witness is not None:
            self._witness.lose_sight(self._camera_id)

    async def _record_motion(self, finding: vision.MotionStarted | vision.MotionEnded) -> None:
        if isinstance(finding, vision.MotionStarted):
            self._moving_since_s[finding.zone] = finding.at_s
        else:
            self._moving_since_s.pop(finding.zone, None)
        await self._outbox.record(drafts.draft_motion(finding, self._timekeeper))

    async def _record_littering(
        self, finding: vision.LitteringConfirmed | vision.LitteringEnded
    ) -> None:
        object_id = drafts.spell_object_id(finding.object_id)
        key = conditions.littering_key(finding.camera_id, object_id)
        if isinstance(finding, vision.LitteringConfirmed):
            draft = drafts.draft_confirmed(finding, self._timekeeper)
            draft = self._agreement.add_littering(finding, draft)
            await self._outbox.write(partial(Entry.state_condition, key=key, draft=draft))
            self._show(draft)
            log.info("littering confirmed", camera_id=self._camera_id, zone=finding.zone)
        elif finding.fixture_id:
            await self._record_recognised(finding)
        else:
            self._agreement.end(object_id, finding.at_s)
            draft = drafts.draft_ended(finding, self._timekeeper)
            await self._end(key, draft)

    async def _record_recognised(self, finding: vision.LitteringEnded) -> None:
        """It had not been reported before: this is all that is ever said about it."""
        await self._outbox.record(drafts.draft_ended(finding, self._timekeeper))
        log.info(
            "object taken for a fixture",
            camera_id=self._camera_id,
            zone=finding.zone,
            fixture_id=finding.fixture_id,
        )

    async def _record_presence(
        self, finding: vision.PresenceStarted | vision.PresenceEnded
    ) -> None:
        object_id = drafts.spell_object_id(finding.object_id)
        key = conditions.presence_key(finding.camera_id, object_id)
        if isinstance(finding, vision.PresenceStarted):
            draft = drafts.draft_presence_started(finding, self._timekeeper)
            await self._begin(key, self._agreement.add_presence(finding, draft))
        else:
            self._agreement.end(object_id, finding.at_s)
            await self._end(key, drafts.draft_presence_ended(finding, self._timekeeper))

    async def _record_condition(self, finding: vision.Degraded | vision.Recovered) -> None:
        key = conditions.degraded_key(finding.camera_id, finding.condition)
        if isinstance(finding, vision.Degraded):
            draft = drafts.draft_degraded(finding, self._timekeeper)
            await self._begin(key, self._agreement.add_degraded(finding, draft))
        else:
            await self._end(key, drafts.draft_recovered(finding, self._timekeeper))

    async def _begin(self, key: str, draft: Draft) -> None:
        # Before the write: one that was cancelled may still have taken place.
        self._has_begun = True
        if not await self._outbox.write(partial(conditions.begin, key=key, draft=draft)):
            log.warning("began twice, told once", condition=key)
        else:
            self._show(draft)

    async def _end(self, key: str, draft: Draft) -> None:
        if not await self._outbox.write(partial(conditions.end, key=key, draft=draft)):
            log.warning("ended, but had not begun", condition=key)
        else:
            self._show(draft)

    def _show(self, draft: Draft) -> None:
        if self._witness is not None:
            self._witness.see(draft)
