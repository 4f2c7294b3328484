"""What became of broadcasts and other commands; pure."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from contracts.codec import Count, Id, Name, Seconds, UuidText
from contracts.events.event_data import EventData


class BroadcastState(StrEnum):
    """How far one loudspeaker has come with one broadcast."""

    ACCEPTED = "accepted"
    CACHED = "cached"
    STARTED = "started"
    INTERRUPTED = "interrupted"
    """Cut off by a higher one, and it will go on: `resumed` or an end follows."""
    RESUMED = "resumed"
    FINISHED = "finished"
    FAILED = "failed"
    PREEMPTED = "preempted"
    STOPPED = "stopped"
    EXPIRED = "expired"


class BroadcastProgress(EventData):
    """One step of one broadcast on the loudspeaker that the event's subject names."""

    broadcast_id: UuidText
    state: BroadcastState
    seconds_sent: Seconds = 0.0
    """Of the whole broadcast so far, interruptions left out."""
    underruns: Count = 0
    detail: Name = ""


class Hearing(StrEnum):
    """What a microphone says of a broadcast."""

    HEARD = "heard"
    NOT_HEARD = "not_heard"
    INCONCLUSIVE = "inconclusive"
    """No microphone near, no sound from it, or too little was played to tell."""


class BroadcastHeard(EventData):
    """Whether a camera's microphone heard a broadcast; the subject is the loudspeaker."""

    broadcast_id: UuidText
    camera_id: Id | None
    """None: no camera with a microphone is near."""
    hearing: Hearing
    score: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    """Peak of the whitened cross-correlation over its root mean square."""
    threshold: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    """From which score on it counts as heard."""
    measured_s: Seconds = 0.0
    """Of the broadcast, compared."""
    lag_s: Annotated[float, Field(ge=-60, le=60)] | None = None
    """From the loudspeaker's frame to the microphone's; None: nothing was recognised."""
    detail: Name = ""
    """Why it is inconclusive, for the technician."""


class LoudspeakerTested(EventData):
    """What came of a self-test of the loudspeaker that the event's subject names."""

    test_id: UuidText
    is_played: bool
    """The device took the whole tone."""
    hearing: Hearing
    score: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    detail: Name = ""


class CommandOutcome(StrEnum):
    """What became of a command."""

    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"


class CommandResult(EventData):
    """The gateway's answer to a command; `command_id` is the topic's where none is readable."""

    command_id: Name
    command_number: Annotated[int, Field(ge=0, lt=2**63)] = 0
    outcome: CommandOutcome
    reason: Name = ""
