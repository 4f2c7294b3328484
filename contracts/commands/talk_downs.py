"""What a gateway says by itself when it sees something, told to it beforehand; pure."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.codec import Id, Name, UuidText, Wire
from contracts.commands.command_data import Audio, CommandData
from contracts.commands.speaking import LoudspeakerIds

Cause = Literal["littering", "intrusion", "loitering"]
Hours = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d$")]
"""`22:00-05:00`, on the clock of the gateway's time zone; over midnight if it ends earlier."""


class TalkDown(Wire):
    """What is said at one camera, by which loudspeakers, when, and how often at most."""

    talk_down_id: UuidText
    camera_id: Id
    zone: Name | None = None
    """None: any zone of the camera."""
    causes: Annotated[tuple[Cause, ...], Field(min_length=1, max_length=3)]
    loudspeaker_ids: LoudspeakerIds
    """All of them say it."""
    audio: Audio
    night_audio: Audio | None = None
    """Said within `night` instead; None: the same."""
    night: Hours = "22:00-05:00"
    night_volume_db: Annotated[float, Field(ge=-40, le=0)] = -6.0
    """Relative to the day's volume."""
    hours: Annotated[tuple[Hours, ...], Field(max_length=8)] = ()
    """When it may speak at all; empty: always."""
    cool_down_s: Annotated[float, Field(ge=0, le=86_400)] = 120.0
    daily_limit: Annotated[int, Field(ge=0, le=1_000)] = 20
    """Per day of the gateway's time zone."""


class SetTalkDowns(CommandData):
    """All talk-downs of this gateway; what is not named any more is forgotten."""

    talk_downs: Annotated[tuple[TalkDown, ...], Field(max_length=200)]
