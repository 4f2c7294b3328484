"""Values of broadcasting: previews, orders, loudspeakers and their deliveries; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from ioc.sounds import Chime
from ioc.speech import Question

Priority = Literal["routine", "priority", "emergency"]
Level = Literal["hamlet", "commune", "province", "central"]
Status = Literal["actual", "exercise"]
WhenInterrupted = Literal["drop", "resume"]
Source = Literal["console", "phone"]
Kind = Literal["speech", "recording", "file", "phrases", "relay"]
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
    text: str = ""
    """What an order must repeat: the text as written, the title of a recording."""
    questions: tuple[Question, ...] = ()
    """What only the author knows; unanswered, it is said as `read_as`."""


@dataclass(frozen=True, kw_only=True)
class Framing:
    """What is put around an announcement; part of the sound that its author hears."""

    chime: Chime = "none"
    """Before and after."""
    status: Status = "actual"
    """Of an exercise that is said at the beginning and at the end."""
    said_twice: bool = False
    """As every text of an emergency must be."""


@dataclass(frozen=True, kw_only=True)
class RelayedStream:
    """A station passed on; gateways open it, the centre never does."""

    stream_url: str
    duration_s: float


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What a person has heard: only that may be sent."""

    text: str
    kind: Kind
    status: Status
    said_twice: bool


@dataclass(frozen=True, kw_only=True)
class BroadcastOrder:
    """What a person wants spoken, and where."""

    text: str
    """As previewed; of a relay: what it is called."""
    audio_sha256: str
    """Of a relay: empty."""
    loudspeakers: tuple[LoudspeakerId, ...]
    source: Source
    priority: Priority = "routine"
    alarm_id: str | None = None
    """The alarm it answers."""
    level: Level | None = None
    """Whose broadcast it is; None: the highest that this person may speak for."""
    status: Status = "actual"
    when_interrupted: WhenInterrupted = "drop"
    not_before: datetime | None = None
    """When it starts; None: at once."""
    turns: int = 1
    """In how many turns neighbouring clusters speak; 1: all together."""
    relay: RelayedStream | None = None
    """Passed on instead of a sound."""
    valid_for: timedelta = timedelta(minutes=10)
    """A gateway that learns of it so much after its start does not play it."""


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


def id_of(loudspeaker: Loudspeaker) -> LoudspeakerId:
    """Return the id of a loudspeaker."""
    return LoudspeakerId(loudspeaker.gateway_id, loudspeaker.device_id)


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
    hearing: str | None = None
    """contracts' Hearing; None: no microphone has been compared (yet)."""

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
    kind: str
    level: str
    status: str
    not_before: datetime | None
    stream_url: str | None
    alarm_id: str | None
    created_at: datetime
    expires_at: datetime
    deliveries: tuple[Delivery, ...]
