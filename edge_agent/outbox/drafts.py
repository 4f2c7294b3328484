"""What is handed to the outbox before it has a number; values only."""

from dataclasses import dataclass, field

from contracts.events import EventData
from edge_agent.timekeeping import Moment


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An event without id, epoch and sequence."""

    data: EventData
    moment: Moment
    device_id: str | None = None
    standing: bool = False
    evidence_hashes: tuple[str, ...] = field(default=())
    """Pictures and clips in the spool, uploaded once the centre has committed this event."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Something that stays true until it is ended, such as a camera that is down."""

    key: str
    draft: Draft
    event_id: str
    """The last event that stated it."""


@dataclass(frozen=True, kw_only=True)
class OutboxBatch:
    """A payload ready to publish and the rows it holds."""

    sequences: tuple[int, ...]
    payload: bytes
