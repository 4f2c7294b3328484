"""What became of broadcasts and other commands; pure."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from contracts.codec import Count, Name, Seconds, UuidText
from contracts.events.event_data import EventData


class BroadcastState(StrEnum):
    """How far one loudspeaker has come with one broadcast."""

    ACCEPTED = "accepted"
    CACHED = "cached"
    STARTED = "started"
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
    underruns: Count = 0
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
