"""One compressed picture as it came; pure."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Packet:
    """One compressed picture."""

    payload: bytes
    pts: int
    """In units of the stream's time base, as the decoder wants it back."""
    t_s: float
    """When it is shown, on the clock of the watch."""
    keyframe: bool
