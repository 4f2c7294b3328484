"""One MQTT message as it arrived; pure."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Received:
    """A message of a gateway, still undecoded."""

    topic_name: str
    payload: bytes
    retained: bool
    """The broker had kept it: it tells of a state, not of a sign of life."""
    received_at: datetime
