"""What to make of a gateway's clock that no time server has set; pure.

Rule: `received_at - observed_at` of a live event is the offset between the clocks plus the time it
spent on its way, which is never negative; so the smallest such difference of a boot is the best
estimate of the offset. It is added to the instants of every unsynchronised event of that boot. An
event of another boot is left as it is. Nothing has happened after it was received, whatever clock says so.
"""

from datetime import datetime

from contracts.envelope import Event
from ioc.redating import shift

NOTEWORTHY_S = 2.0
"""Smaller offsets are on-the-way times, not wrong clocks."""


def estimate_offset_s(
    known_s: float | None, event: Event, *, boot_id: str | None, received_at: datetime
) -> float | None:
    """Return the best estimate of centre minus gateway after one more event; None: no estimate."""
    if event.clock_synced or event.late or event.boot_id != boot_id:
        return known_s
    measured_s = (received_at - event.observed_at).total_seconds()
    return measured_s if known_s is None else min(known_s, measured_s)


def correct(
    event: Event, *, offset_s: float | None, boot_id: str | None, received_at: datetime
) -> tuple[datetime, bool]:
    """Return when an event happened by the centre's clock, and whether that is a correction."""
    happened = event.occurred_at
    if event.clock_synced:
        ahead_s = (happened - received_at).total_seconds()
        return (happened, False) if ahead_s < NOTEWORTHY_S else (received_at, True)
    if offset_s is not None and abs(offset_s) >= NOTEWORTHY_S and event.boot_id == boot_id:
        happened = shift(happened, offset_s)
    happened = min(happened, received_at)
    return happened, happened != event.occurred_at
