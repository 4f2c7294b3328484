"""What will never arrive, said plainly; pure."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.codec import Count, Name, Sequence, Sha256, UuidText
from contracts.events.event_data import EventData


class OutboxGap(EventData):
    """Events were dropped and will never arrive; the ranges count as committed."""

    epoch: UuidText
    ranges: Annotated[tuple[tuple[Sequence, Sequence], ...], Field(max_length=1_000)]
    events: Count
    telemetry_rows: Count = 0
    reason: Literal["full", "disk_full", "unreadable"]


class EvidenceLost(EventData):
    """A picture announced earlier cannot be delivered."""

    sha256: Sha256
    reason: Name
