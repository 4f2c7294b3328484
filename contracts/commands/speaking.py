"""Orders to loudspeakers: speak, relay, stop, test; pure."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from contracts.codec import Id, Instant, UuidText
from contracts.commands.command_data import Audio, CommandData

LoudspeakerIds = Annotated[tuple[Id, ...], Field(min_length=1, max_length=200)]
LONGEST_RELAY_S = 4 * 3_600.0


class _Broadcast(CommandData):
    broadcast_id: UuidText
    loudspeaker_ids: LoudspeakerIds
    priority: Literal["routine", "priority", "emergency"] = "routine"
    level: Literal["hamlet", "commune", "province", "central"] = "commune"
    """Whose broadcast it is: decides between equal priorities, the higher authority first."""
    status: Literal["actual", "exercise"] = "actual"
    not_before: Instant | None = None
    when_interrupted: Literal["drop", "resume"] = "drop"
    """What becomes of it after a higher one cut it off."""


class Speak(_Broadcast):
    """Play an announcement on loudspeakers of this gateway."""

    audio: Audio
    offsets_s: Annotated[
        dict[Id, Annotated[float, Field(ge=0, le=3_600)]], Field(max_length=200)
    ] = Field(default_factory=dict)
    """Seconds after the common start at which a loudspeaker begins, 0 where it is not named:
    neighbouring clusters take turns, so that their echoes do not garble each other."""

    @model_validator(mode="after")
    def _offsets_concern_loudspeakers(self) -> Self:
        if not self.offsets_s.keys() <= set(self.loudspeaker_ids):
            raise ValueError("an offset is of a loudspeaker that is not to speak")
        return self


class Relay(_Broadcast):
    """Pass on a radio or HTTP stream, live, for a while; interrupted, it joins in again."""

    when_interrupted: Literal["drop", "resume"] = "resume"
    stream_url: Annotated[str, Field(pattern=r"^https?://[^\s\x00-\x1f]+$", max_length=500)]
    duration_s: Annotated[float, Field(gt=0, le=LONGEST_RELAY_S)]


class Stop(CommandData):
    """Stop one broadcast, or everything (None), on the named loudspeakers or on all (None)."""

    broadcast_id: UuidText | None = None
    loudspeaker_ids: Annotated[tuple[Id, ...], Field(max_length=200)] | None = None


class TestLoudspeakers(CommandData):
    """Play a short, quiet tone and tell what the device and a microphone nearby say of it."""

    test_id: UuidText
    loudspeaker_ids: LoudspeakerIds
