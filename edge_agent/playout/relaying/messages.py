"""What the player and a relay's child say to each other, packet by packet; pure.

The player sends one `Request`. The child sends packets of two bytes that tell their kind, then
16-bit samples or a `State` in JSON.
"""

from pydantic import BaseModel, ConfigDict, Field

LARGEST_PACKET = 65_536
SOUND = b"S"
STATE = b"T"
PADDING = b"\0"
"""Keeps samples at even addresses."""


class _Packet(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Request(_Packet):
    """Receive this stream until the socket is closed."""

    url: str = Field(repr=False)
    sample_rate_hz: int
    loudness_lufs: float


class State(_Packet):
    """Something stands in the way: for now, or for ever (`refusal`)."""

    obstacle: str = ""
    refusal: str = ""
