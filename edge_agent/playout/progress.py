"""The broadcasts open on one loudspeaker and what is reported of them, in the promised order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edge_agent.playout.decoding.decoder import AudioKey
from edge_agent.playout.messages import Progress, Report
from edge_agent.playout.pacer import Tally

FinalState = Literal["finished", "failed", "preempted", "stopped", "expired"]


@dataclass(kw_only=True)
class OpenBroadcast:
    """A broadcast that was accepted and has no final report yet."""

    audio: AudioKey
    decoding: bool = False
    started: bool = False


class ProgressBook:
    """Reports `started` at most once and exactly one final state of every broadcast."""

    def __init__(self, loudspeaker_id: str, *, report: Callable[[Report], None]) -> None:
        """Args: the loudspeaker all of it is about, and where reports go."""
        self._loudspeaker_id = loudspeaker_id
        self._report = report
        self._open: dict[str, OpenBroadcast] = {}

    def __contains__(self, broadcast_id: str) -> bool:
        return broadcast_id in self._open

    def __getitem__(self, broadcast_id: str) -> OpenBroadcast:
        return self._open[broadcast_id]

    def ids(self) -> tuple[str, ...]:
        """Open broadcasts in the order they came."""
        return tuple(self._open)

    def accept(self, broadcast_id: str, audio: AudioKey) -> None:
        """Open a broadcast."""
        self._open[broadcast_id] = OpenBroadcast(audio=audio)

    def start(self, broadcast_id: str, *, at_s: float) -> None:
        """Report `started`, unless that was said or the broadcast has ended."""
        broadcast = self._open.get(broadcast_id)
        if broadcast is None or broadcast.started:
            return
        broadcast.started = True
        self._report(
            Progress(
                broadcast_id=broadcast_id,
                loudspeaker_id=self._loudspeaker_id,
                state="started",
                at_s=at_s,
            )
        )

    def end(
        self,
        broadcast_id: str,
        state: FinalState,
        *,
        at_s: float,
        tally: Tally | None = None,
        detail: str = "",
    ) -> OpenBroadcast | None:
        """Report how it ended; None when that was said before."""
        if broadcast_id not in self._open:
            return None
        if tally is not None and tally.started_at_s is not None:
            self.start(broadcast_id, at_s=tally.started_at_s)
        self._report(
            Progress(
                broadcast_id=broadcast_id,
                loudspeaker_id=self._loudspeaker_id,
                state=state,
                at_s=at_s,
                seconds_sent=round(tally.seconds_sent, 3) if tally else 0.0,
                underruns=tally.underruns if tally else 0,
                lateness_p99_ms=round(tally.lateness_p99_ms, 3) if tally else 0.0,
                detail=detail,
            )
        )
        return self._open.pop(broadcast_id)
