"""Which recorded events a talk-down may answer, and which tell what came of it; pure."""

from dataclasses import dataclass

from contracts.events import (
    Answer,
    IntrusionEnded,
    IntrusionStarted,
    LitteringCleared,
    LitteringConfirmed,
    LitteringFixture,
    LitteringReclaimed,
    LoiteringEnded,
    LoiteringStarted,
)
from edge_agent.loudspeakers.talk_downs.decision import Incident
from edge_agent.outbox import Draft
from edge_agent.timekeeping import Moment


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What was seen at last of whom a talk-down may have been for."""

    object_id: str
    answer: Answer
    moment: Moment


def read_draft(draft: Draft) -> Incident | Ending | None:
    """Return what a recorded event means for talk-downs; None: nothing.

    An event that is told again because it still holds is no incident: it was one when it began.
    """
    if draft.standing or draft.device_id is None:
        return None
    match draft.data:
        case LitteringConfirmed() as seen:
            return Incident(
                cause="littering",
                camera_id=draft.device_id,
                zone=seen.zone,
                object_id=seen.object_id,
                moment=draft.moment,
                is_in_sight=seen.figure_box is not None and seen.left_at is None,
            )
        case (IntrusionStarted() | LoiteringStarted()) as seen:
            return Incident(
                cause="intrusion" if isinstance(seen, IntrusionStarted) else "loitering",
                camera_id=draft.device_id,
                zone=seen.zone,
                object_id=seen.object_id,
                moment=draft.moment,
                is_in_sight=True,
            )
        case _:
            return _read_ending(draft)


def _read_ending(draft: Draft) -> Ending | None:
    match draft.data:
        case (IntrusionEnded() | LoiteringEnded()) as seen:
            answer = Answer.LEFT
        case (LitteringReclaimed() | LitteringCleared()) as seen:
            answer = Answer.TAKEN_BACK
        case LitteringFixture() as seen:
            answer = Answer.UNKNOWN
        case _:
            return None
    return Ending(object_id=seen.object_id, answer=answer, moment=draft.moment)
