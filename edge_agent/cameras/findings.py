"""What the vision child found as events of the wire; pure but for the timekeeper it is given."""

from uuid import UUID

from contracts.events import (
    EventData,
    LitteringCleared,
    LitteringConfirmed,
    LitteringReclaimed,
    MotionEnded,
    MotionStarted,
    Picture,
)
from edge_agent.outbox import Draft
from edge_agent.timekeeping import Timekeeper
from edge_agent.vision import messages as vision

_MOST_REASONS = 20


def draft_motion(
    finding: vision.MotionStarted | vision.MotionEnded, timekeeper: Timekeeper
) -> Draft:
    """Return the event of motion that began or ended."""
    data: EventData
    if isinstance(finding, vision.MotionStarted):
        data = MotionStarted(zone=finding.zone, share=finding.share)
    else:
        data = MotionEnded(zone=finding.zone, duration_s=max(0.0, finding.duration_s))
    return Draft(data=data, moment=timekeeper.moment(finding.at_s), device_id=finding.camera_id)


def draft_confirmed(finding: vision.LitteringConfirmed, timekeeper: Timekeeper) -> Draft:
    """Return the event of an object that was left."""
    left_at = None if finding.left_at_s is None else timekeeper.moment(finding.left_at_s)
    data = LitteringConfirmed(
        object_id=object_id_of(finding),
        zone=finding.zone,
        box=finding.box,
        deposited_at=timekeeper.moment(finding.deposited_at_s).occurred_at,
        left_at=None if left_at is None else left_at.occurred_at,
        unattended_s=max(0.0, finding.unattended_s),
        score=finding.score,
        reasons=finding.reasons[:_MOST_REASONS],
        pictures=_pictures(finding.pictures, timekeeper),
    )
    return _draft_with_pictures(data, finding, timekeeper)


def draft_ended(finding: vision.LitteringEnded, timekeeper: Timekeeper) -> Draft:
    """Return the event of an object that is gone."""
    model = LitteringCleared if finding.ending == "cleared" else LitteringReclaimed
    data = model(
        object_id=object_id_of(finding),
        zone=finding.zone,
        pictures=_pictures(finding.pictures, timekeeper),
    )
    return _draft_with_pictures(data, finding, timekeeper)


def object_id_of(finding: vision.LitteringConfirmed | vision.LitteringEnded) -> str:
    """Return the object's id as the wire spells it.

    Raises:
        ValueError: the child gave no UUID.
    """
    return str(UUID(finding.object_id))


def object_key(finding: vision.LitteringConfirmed | vision.LitteringEnded) -> str:
    """Return the name of the condition that the object lies there."""
    return f"littering:{finding.camera_id}:{object_id_of(finding)}"


def _draft_with_pictures(
    data: EventData,
    finding: vision.LitteringConfirmed | vision.LitteringEnded,
    timekeeper: Timekeeper,
) -> Draft:
    return Draft(
        data=data,
        moment=timekeeper.moment(finding.at_s),
        device_id=finding.camera_id,
        picture_hashes=tuple(picture.sha256 for picture in finding.pictures),
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
