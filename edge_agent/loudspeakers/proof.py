"""Has cameras' microphones listen while loudspeakers near them speak, and records what they say."""

from collections.abc import Mapping
from pathlib import Path

import structlog

from contracts.events import BroadcastHeard, Hearing
from edge_agent.hearing.ears import Ears
from edge_agent.hearing.listening import Listening, Verdict
from edge_agent.loudspeakers.player import Broadcast
from edge_agent.outbox import Draft, Outbox
from edge_agent.playout.messages import Play, Progress, Relay

log = structlog.get_logger(__name__)

_EXPECTED_S = 3_600.0
"""An end always follows, if only because the player's process ended; this is the longest wait."""
_LONGEST_DETAIL = 200


class Proof:
    """One verdict for each broadcast on each loudspeaker, on what was played until it was cut."""

    def __init__(
        self,
        ears: Ears,
        *,
        near_cameras: Mapping[str, tuple[str, ...]],
        outbox: Outbox,
    ) -> None:
        """Args: `near_cameras` of each loudspeaker."""
        self._ears = ears
        self._near = near_cameras
        self._outbox = outbox

    def expect(self, loudspeaker_id: str) -> bool:
        """Open the microphones near a loudspeaker that is to speak within 20 s; tell if there are any."""
        near = self._near.get(loudspeaker_id, ())
        self._ears.prepare(near)
        return bool(near)

    async def follow(self, progress: Progress, broadcast: Broadcast | None) -> None:
        """Hear of a step; `broadcast` is what sounds, None where nothing does."""
        match progress.state:
            case "started" if isinstance(broadcast, Relay):
                await self.record(_unheard_relay(progress))
            case "started" if isinstance(broadcast, Play):
                self._ears.begin(
                    Listening(
                        broadcast_id=progress.broadcast_id,
                        loudspeaker_id=progress.loudspeaker_id,
                        camera_ids=self._near.get(progress.loudspeaker_id, ()),
                        audio_path=Path(broadcast.audio_path),
                        started_at_s=progress.at_s,
                        expected_s=_EXPECTED_S,
                    )
                )
            case "started" | "resumed":
                return
            case _:
                self._ears.end(
                    progress.broadcast_id,
                    progress.loudspeaker_id,
                    seconds_sent=progress.seconds_sent,
                )

    async def record(self, verdict: Verdict) -> None:
        """Record what the microphones say."""
        heard = BroadcastHeard(
            broadcast_id=verdict.broadcast_id,
            camera_id=verdict.camera_id,
            hearing=verdict.hearing,
            score=max(0.0, verdict.score),
            threshold=verdict.threshold,
            measured_s=verdict.measured_s,
            lag_s=verdict.lag_s,
            detail=verdict.detail[:_LONGEST_DETAIL],
        )
        moment = self._outbox.timekeeper.moment()
        await self._outbox.record(
            Draft(data=heard, moment=moment, device_id=verdict.loudspeaker_id)
        )
        log.info(
            "listened",
            broadcast_id=verdict.broadcast_id,
            device_id=verdict.loudspeaker_id,
            hearing=verdict.hearing,
            score=round(verdict.score, 1),
        )


def _unheard_relay(progress: Progress) -> Verdict:
    return Verdict(
        broadcast_id=progress.broadcast_id,
        loudspeaker_id=progress.loudspeaker_id,
        camera_id=None,
        hearing=Hearing.INCONCLUSIVE,
        score=0.0,
        threshold=0.0,
        measured_s=0.0,
        lag_s=None,
        detail="a live stream is not compared with what is heard",
    )
