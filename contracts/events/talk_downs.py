"""What a gateway said by itself on seeing something, and what came of it; pure.

The subject of these events is the camera.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from contracts.codec import Id, Seconds, Sha256, UuidText
from contracts.events.event_data import EventData


class TalkDownSpoken(EventData):
    """A message was handed to the loudspeakers; how far each came is told as broadcast progress."""

    talk_down_id: UuidText
    broadcast_id: UuidText
    """Made by the gateway."""
    cause: Literal["littering", "intrusion", "loitering"]
    object_id: UuidText
    """Of the sighting it answers."""
    loudspeaker_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=200)]
    audio_sha256: Sha256


class WithheldReason(StrEnum):
    """Why a talk-down was not spoken."""

    COOL_DOWN = "cool_down"
    DAILY_LIMIT = "daily_limit"
    HOURS = "hours"
    NOT_CACHED = "not_cached"
    CLOCK_UNKNOWN = "clock_unknown"
    TOO_LATE = "too_late"
    """The sighting was told long after it happened."""
    BUSY = "busy"
    """The loudspeakers were speaking, and a talk-down interrupts nobody."""
    NOT_PLAYED = "not_played"
    """No loudspeaker took it."""


class TalkDownWithheld(EventData):
    """A talk-down was due and not spoken."""

    talk_down_id: UuidText
    cause: Literal["littering", "intrusion", "loitering"]
    object_id: UuidText
    reason: WithheldReason


class Answer(StrEnum):
    """What was seen of the person who was spoken to."""

    LEFT = "left"
    STAYED = "stayed"
    TAKEN_BACK = "taken_back"
    """Whoever it was took the object away."""
    UNKNOWN = "unknown"
    """Nobody was in sight when it was said, or the camera lost sight."""


class TalkDownAnswered(EventData):
    """Whether the person left after the talk-down."""

    broadcast_id: UuidText
    object_id: UuidText
    answer: Answer
    after_s: Seconds = 0.0
    """From the first sound to that."""
