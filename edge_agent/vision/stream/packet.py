"""One compressed picture as it came; pure."""

from typing import NamedTuple


class Packet(NamedTuple):
    """One compressed picture; a tuple, because a ring holds thousands."""

    payload: bytes
    pts: int
    """In units of the stream's time base, as the decoder wants it back."""
    t_s: float
    """When it is shown, on the clock of the watch."""
    keyframe: bool
