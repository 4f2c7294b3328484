"""What the pacer announces; pure."""

from dataclasses import dataclass

from edge_agent.playout.faults import Fault
from edge_agent.playout.pacing.playback import Tally


@dataclass(frozen=True, kw_only=True)
class Began:
    """The first frame of a broadcast left for a loudspeaker."""

    loudspeaker_id: str
    broadcast_id: str
    at_s: float


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A broadcast came to its end, or its loudspeaker failed (`fault`)."""

    loudspeaker_id: str
    broadcast_id: str
    at_s: float
    tally: Tally
    fault: Fault | None = None
    trouble: Fault | None = None
    """Why something of it was lost, although it came to its end."""


@dataclass(frozen=True, kw_only=True)
class SinkState:
    """A loudspeaker begins to refuse frames (`fault`) or takes them again (None)."""

    loudspeaker_id: str
    at_s: float
    fault: Fault | None


@dataclass(frozen=True, kw_only=True)
class Pacing:
    """The pacer runs, with real-time priority or, where that is forbidden, without."""

    realtime: bool


PacerEvent = Began | Ended | SinkState | Pacing
