"""The broadcasts open on one loudspeaker and what is reported of them, in the promised order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edge_agent.playout.material.material import Material
from edge_agent.playout.messages import Play, Progress, Relay, Report
from edge_agent.playout.muster import Group
from edge_agent.playout.pacing.playback import Source, Tally

FinalState = Literal["finished", "failed", "preempted", "stopped", "expired"]


@dataclass(kw_only=True)
class OpenBroadcast:
    """A broadcast that was accepted and has no final report yet."""

    order: Play | Relay
    material: Material
    over_at_s: float | None = None
    """Monotonic instant at which a live stream's time is over; None: a file, or not begun."""
    source: Source | None = None
    """What is playing now."""
    state: Literal["waiting", "started", "interrupted"] = "waiting"
    seconds_sent: float = 0.0
    underruns: int = 0
    lateness_p99_ms: float = 0.0

    @property
    def group(self) -> Group:
        """Whom it starts together with."""
        return self.order.broadcast_id, self.order.start_at_s

    def add(self, tally: Tally | None) -> None:
        """Count what was sent of it since it last began."""
        if tally is not None:
            self.seconds_sent += tally.seconds_sent
            self.underruns += tally.underruns
            self.lateness_p99_ms = max(self.lateness_p99_ms, tally.lateness_p99_ms)


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

    def accept(self, broadcast: OpenBroadcast) -> None:
        """Open a broadcast."""
        self._open[broadcast.order.broadcast_id] = broadcast

    def start(self, broadcast_id: str, *, at_s: float) -> None:
        """Report `started` or `resumed`, unless that was said or the broadcast has ended."""
        broadcast = self._open.get(broadcast_id)
        if broadcast is None or broadcast.state == "started":
            return
        again = broadcast.state == "interrupted"
        broadcast.state = "started"
        self._say(broadcast, "resumed" if again else "started", at_s=at_s)

    def interrupt(self, broadcast_id: str, *, at_s: float, tally: Tally) -> None:
        """Report that it was cut off and will go on."""
        broadcast = self._open[broadcast_id]
        if tally.started_at_s is not None:
            self.start(broadcast_id, at_s=tally.started_at_s)
        broadcast.add(tally)
        broadcast.state = "interrupted"
        self._say(broadcast, "interrupted", at_s=at_s)

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
        broadcast = self._open.get(broadcast_id)
        if broadcast is None:
            return None
        if tally is not None and tally.started_at_s is not None:
            self.start(broadcast_id, at_s=tally.started_at_s)
        broadcast.add(tally)
        self._say(broadcast, state, at_s=at_s, detail=detail)
        return self._open.pop(broadcast_id)

    def _say(
        self,
        broadcast: OpenBroadcast,
        state: FinalState | Literal["started", "interrupted", "resumed"],
        *,
        at_s: float,
        detail: str = "",
    ) -> None:
        self._report(
            Progress(
                broadcast_id=broadcast.order.broadcast_id,
                loudspeaker_id=self._loudspeaker_id,
                state=state,
                at_s=at_s,
                seconds_sent=round(broadcast.seconds_sent, 3),
                underruns=broadcast.underruns,
                lateness_p99_ms=round(broadcast.lateness_p99_ms, 3),
                detail=detail,
            )
        )
