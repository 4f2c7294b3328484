"""What the player and its decoder say to each other, one JSON object per packet; pure."""

from pydantic import BaseModel, ConfigDict

from edge_agent.playout.arbiter import Priority

LARGEST_PACKET = 65536


class _Packet(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Request(_Packet):
    """Decode one file; exactly one `Answer` with the same number follows."""

    number: int
    path: str
    sample_rate_hz: int
    loudness_lufs: float
    priority: Priority


class Answer(_Packet):
    """Decoded (a descriptor of a memory file with 16-bit samples comes along), or refused."""

    number: int
    refusal: str | None = None
