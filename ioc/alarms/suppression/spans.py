"""How long something may be put aside with one press: 15 minutes, an hour, or to the end of the shift; pure."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Span = Literal["15m", "1h", "shift"]


def span_end(span: Span, *, at: datetime, shift_ends: Sequence[str], zone: ZoneInfo) -> datetime:
    """Return when a span that begins now is over; `shift_ends`: `HH:MM` by the commune's clock."""
    if span == "15m":
        return at + timedelta(minutes=15)
    if span == "1h":
        return at + timedelta(hours=1)
    local = at.astimezone(zone)
    ends = (
        datetime.combine(local.date() + timedelta(days=days), time.fromisoformat(end), tzinfo=zone)
        for days in (0, 1)
        for end in shift_ends
    )
    return min(end.astimezone(at.tzinfo) for end in ends if end.astimezone(at.tzinfo) > at)
