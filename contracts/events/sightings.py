"""What cameras saw: motion, left objects, people where none should be; pure."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from contracts.codec import Instant, Name, Seconds, Share, UuidText, Wire
from contracts.events.event_data import Box, Clip, EventData, Pictures


class CameraClaim(StrEnum):
    """What a camera's own analysis says, whatever its maker calls the topic."""

    OBJECT_LEFT = "object_left"
    OBJECT_REMOVED = "object_removed"
    MOTION = "motion"
    LOITERING = "loitering"
    INTRUSION = "intrusion"
    TAMPER = "tamper"
    OTHER = "other"


class Corroboration(Wire):
    """The camera's own analysis says the same."""

    source: Literal["onvif"] = "onvif"
    claim: CameraClaim
    topic: Name
    """As ONVIF spells it, such as `RuleEngine/ObjectAbandoned`."""
    since: Instant


Corroborations = Annotated[tuple[Corroboration, ...], Field(max_length=20)]


class MotionStarted(EventData):
    """Something moves in a zone."""

    zone: Name
    share: Share


class MotionEnded(EventData):
    """Nothing moves in the zone any more."""

    zone: Name
    duration_s: Seconds


class PathPoint(Wire):
    """Where a figure's foot was, as shares of the picture."""

    at: Instant
    x: Share
    y: Share


Edge = Literal["left", "right", "top", "bottom"]
"""The side of the picture over which somebody came or went."""


class LitteringConfirmed(EventData):
    """An object was left in a no-dumping zone."""

    object_id: UuidText
    zone: Name
    box: Box
    deposited_at: Instant
    left_at: Instant | None
    unattended_s: Seconds
    score: Share
    reasons: Annotated[tuple[Name, ...], Field(max_length=20)]
    pictures: Pictures
    figure_box: Box | None = None
    """Who put it down, at `deposited_at`; None: nobody was seen."""
    path: Annotated[tuple[PathPoint, ...], Field(max_length=120)] = ()
    """Of that figure, before and after, in order of time."""
    came_from: Edge | None = None
    went_to: Edge | None = None
    corroborated_by: Corroborations = ()


class LitteringCleared(EventData):
    """Somebody else took the object away."""

    object_id: UuidText
    zone: Name
    pictures: Pictures = ()


class LitteringReclaimed(EventData):
    """Who left the object took it away."""

    object_id: UuidText
    zone: Name
    pictures: Pictures = ()


class LitteringFixture(EventData):
    """An operator said that the object belongs there; the like of it is not reported again."""

    object_id: UuidText
    zone: Name
    fixture_id: UuidText | None = None
    """The marked object that this one was taken for, unreported; None: it was marked itself."""


class _PresenceStarted(EventData):
    object_id: UuidText
    """Of this stay; its end and its clip name it."""
    zone: Name
    pictures: Pictures = ()
    corroborated_by: Corroborations = ()


class IntrusionStarted(_PresenceStarted):
    """Somebody is in a zone within the hours when nobody may be."""

    box: Box
    present_s: Seconds


class LoiteringStarted(_PresenceStarted):
    """Somebody has stayed in a zone for unusually long."""

    box: Box
    present_s: Seconds


class CrowdingStarted(_PresenceStarted):
    """Much of a zone is covered by people."""

    share: Share


class _PresenceEnded(EventData):
    object_id: UuidText
    zone: Name
    duration_s: Seconds


class IntrusionEnded(_PresenceEnded):
    """Nobody is there any more."""


class LoiteringEnded(_PresenceEnded):
    """Who stayed has gone."""


class CrowdingEnded(_PresenceEnded):
    """The crowd has dispersed."""


class EvidenceClip(EventData):
    """The clip that belongs to a sighting; it follows when its last second has been seen."""

    object_id: UuidText
    clip: Clip


class CameraReported(EventData):
    """What a camera's own analysis says, in its words and in ours."""

    claim: CameraClaim
    topic: Name
    active: bool
    """False: the camera says it is over, or a single remark has been made."""
    rule: Name = ""
    """The camera's name of its rule or source."""
    corroborates: UuidText | None = None
    """The `object_id` of a sighting of ours that it agrees with."""
