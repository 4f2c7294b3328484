"""Values of broadcasting: previews, orders, loudspeakers and their deliveries; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

Priority = Literal["routine", "priority", "emergency"]
Source = Literal["console", "phone"]
FINAL_STATES = frozenset({"finished", "failed", "preempted", "stopped", "expired"})


class LoudspeakerId(NamedTuple):
    """A loudspeaker of a gateway."""

    gateway_id: str
    device_id: str


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What an author has heard; `audio_sha256` orders exactly this sound."""

    audio_sha256: str
    duration_s: float
    spoken_text: str


@dataclass(frozen=True, kw_only=True)
class BroadcastOrder:
    """What a person wants spoken, and where."""

    text: str
    """As previewed."""
    audio_sha256: str
    loudspeakers: tuple[LoudspeakerId, ...]
    source: Source
    priority: Priority = "routine"
    alarm_id: str | None = None
    """The alarm it answers."""
    valid_for: timedelta = timedelta(minutes=10)
    """A gateway that learns of it later does not play it."""


@dataclass(frozen=True, kw_only=True)
class Loudspeaker:
    """A loudspeaker a person may use."""

    gateway_id: str
    device_id: str
    name: str
    area_id: str
    state: str
    """`unknown`, `online` or `offline`."""
    gateway_online: bool


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How far one loudspeaker has come; of repeats only the last one counts."""

    broadcast_id: str
    """Of the last repeat on this loudspeaker."""
    loudspeaker: Loudspeaker
    state: str
    """`queued`, then the contracts' BroadcastState."""
    updated_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    seconds_sent: float
    underruns: int
    detail: str

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINAL_STATES


@dataclass(frozen=True, kw_only=True)
class BroadcastView:
    """A broadcast as one person may see it: only the loudspeakers of their areas."""

    broadcast_id: str
    author: str
    text: str
    spoken_text: str
    audio_sha256: str
    duration_s: float
    priority: str
    alarm_id: str | None
    created_at: datetime
    expires_at: datetime
    deliveries: tuple[Delivery, ...]
