"""What the vision child found as events of the wire; pure but for the timekeeper it is given."""

from uuid import UUID

from contracts.events import (
    CameraCondition,
    CameraDegraded,
    CameraRecovered,
    Clip,
    CrowdingEnded,
    CrowdingStarted,
    EventData,
    EvidenceClip,
    IntrusionEnded,
    IntrusionStarted,
    LitteringCleared,
    LitteringConfirmed,
    LitteringFixture,
    LitteringReclaimed,
    LoiteringEnded,
    LoiteringStarted,
    MotionEnded,
    MotionStarted,
    PathPoint,
    Picture,
)
from edge_agent.outbox import Draft
from edge_agent.timekeeping import Timekeeper
from edge_agent.vision import findings as vision

_MOST_REASONS = 20
_MOST_PATH_POINTS = 120
_LONGEST_DETAIL = 200
ENDED_PRESENCE = {
    "intrusion": IntrusionEnded,
    "loitering": LoiteringEnded,
    "crowding": CrowdingEnded,
}
"""The event that ends a presence, by the purpose of its zone."""


def draft_motion(
    finding: vision.MotionStarted | vision.MotionEnded, timekeeper: Timekeeper
) -> Draft:
    """Return the event of motion that began or ended."""
    data: EventData
    if isinstance(finding, vision.MotionStarted):
        data = MotionStarted(zone=finding.zone, share=finding.share)
    else:
        data = MotionEnded(zone=finding.zone, duration_s=max(0.0, finding.duration_s))
    return _draft(data, finding, timekeeper)


def draft_confirmed(finding: vision.LitteringConfirmed, timekeeper: Timekeeper) -> Draft:
    """Return the event of an object that was left."""
    left_at = None if finding.left_at_s is None else timekeeper.moment(finding.left_at_s)
    data = LitteringConfirmed(
        object_id=spell_object_id(finding.object_id),
        zone=finding.zone,
        box=finding.box,
        deposited_at=timekeeper.moment(finding.deposited_at_s).occurred_at,
        left_at=None if left_at is None else left_at.occurred_at,
        unattended_s=max(0.0, finding.unattended_s),
        score=finding.score,
        reasons=finding.reasons[:_MOST_REASONS],
        pictures=_pictures(finding.pictures, timekeeper),
        figure_box=finding.figure_box,
        path=_path(finding.path[:_MOST_PATH_POINTS], timekeeper),
        came_from=finding.came_from,
        went_to=finding.went_to,
    )
    return _draft(data, finding, timekeeper, pictures=finding.pictures)


def draft_ended(finding: vision.LitteringEnded, timekeeper: Timekeeper) -> Draft:
    """Return the event of an object that is gone, or that belongs there."""
    object_id = spell_object_id(finding.object_id)
    pictures = _pictures(finding.pictures, timekeeper)
    data: EventData
    match finding.ending:
        case "cleared":
            data = LitteringCleared(object_id=object_id, zone=finding.zone, pictures=pictures)
        case "reclaimed":
            data = LitteringReclaimed(object_id=object_id, zone=finding.zone, pictures=pictures)
        case "fixture":
            data = LitteringFixture(
                object_id=object_id,
                zone=finding.zone,
                fixture_id=spell_object_id(finding.fixture_id) if finding.fixture_id else None,
            )
            return _draft(data, finding, timekeeper)
    return _draft(data, finding, timekeeper, pictures=finding.pictures)


def draft_presence_started(finding: vision.PresenceStarted, timekeeper: Timekeeper) -> Draft:
    """Return the event of somebody being where nobody may be, of a long stay, of a crowd."""
    object_id = spell_object_id(finding.object_id)
    pictures = _pictures(finding.pictures, timekeeper)
    data: EventData
    match finding.purpose:
        case "crowding":
            data = CrowdingStarted(
                object_id=object_id, zone=finding.zone, pictures=pictures, share=finding.share
            )
        case "intrusion" | "loitering":
            model = IntrusionStarted if finding.purpose == "intrusion" else LoiteringStarted
            data = model(
                object_id=object_id,
                zone=finding.zone,
                pictures=pictures,
                box=finding.box,
                present_s=max(0.0, finding.present_s),
            )
    return _draft(data, finding, timekeeper, pictures=finding.pictures)


def draft_presence_ended(finding: vision.PresenceEnded, timekeeper: Timekeeper) -> Draft:
    """Return the event of a presence that is over."""
    data = ENDED_PRESENCE[finding.purpose](
        object_id=spell_object_id(finding.object_id),
        zone=finding.zone,
        duration_s=max(0.0, finding.duration_s),
    )
    return _draft(data, finding, timekeeper)


def draft_clip(finding: vision.ClipReady, timekeeper: Timekeeper) -> Draft:
    """Return the event of a clip that is complete."""
    clip = finding.clip
    data = EvidenceClip(
        object_id=spell_object_id(finding.object_id),
        clip=Clip(
            sha256=clip.sha256,
            codec=clip.codec,
            width_px=clip.width_px,
            height_px=clip.height_px,
            size_bytes=clip.size_bytes,
            begins_at=timekeeper.moment(clip.begins_at_s).occurred_at,
            duration_s=clip.duration_s,
            encoded_again=clip.encoded_again,
        ),
    )
    return Draft(
        data=data,
        moment=timekeeper.moment(finding.at_s),
        device_id=finding.camera_id,
        evidence_hashes=(clip.sha256,),
    )


def draft_degraded(finding: vision.Degraded, timekeeper: Timekeeper) -> Draft:
    """Return the event of a camera whose pictures cannot be relied on."""
    data = CameraDegraded(
        condition=CameraCondition(finding.condition),
        detail=finding.detail[:_LONGEST_DETAIL],
        pictures=_pictures(finding.pictures, timekeeper),
    )
    return _draft(data, finding, timekeeper, pictures=finding.pictures)


def draft_recovered(finding: vision.Recovered, timekeeper: Timekeeper) -> Draft:
    """Return the event of a camera's condition that is over."""
    data = CameraRecovered(
        condition=CameraCondition(finding.condition), lasted_s=max(0.0, finding.lasted_s)
    )
    return _draft(data, finding, timekeeper)


def spell_object_id(object_id: str) -> str:
    """Return an object's id as the wire spells it.

    Raises:
        ValueError: it is no UUID.
    """
    return str(UUID(object_id))


def _draft(
    data: EventData,
    finding: vision.Finding,
    timekeeper: Timekeeper,
    *,
    pictures: tuple[vision.Picture, ...] = (),
) -> Draft:
    return Draft(
        data=data,
        moment=timekeeper.moment(finding.at_s),
        device_id=finding.camera_id,
        evidence_hashes=tuple(picture.sha256 for picture in pictures),
    )


def _pictures(pictures: tuple[vision.Picture, ...], timekeeper: Timekeeper) -> tuple[Picture, ...]:
    return tuple(
        Picture(
            role=picture.role,
            sha256=picture.sha256,
            width_px=picture.width_px,
            height_px=picture.height_px,
            size_bytes=picture.size_bytes,
            taken_at=timekeeper.moment(picture.taken_at_s).occurred_at,
        )
        for picture in pictures
    )


def _path(points: tuple[vision.PathPoint, ...], timekeeper: Timekeeper) -> tuple[PathPoint, ...]:
    return tuple(
        PathPoint(at=timekeeper.moment(point.at_s).occurred_at, x=point.x, y=point.y)
        for point in points
    )
