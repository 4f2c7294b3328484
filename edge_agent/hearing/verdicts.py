"""One verdict from what several microphones say; pure."""

from collections.abc import Collection, Sequence

from contracts.events import Hearing
from edge_agent.hearing.comparing.recognition import THRESHOLD
from edge_agent.hearing.listening import Listening, Verdict
from edge_agent.hearing.messages import Compared

_LONGEST_DETAIL = 200
_RANKS = {Hearing.INCONCLUSIVE: 0, Hearing.NOT_HEARD: 1, Hearing.HEARD: 2}


def judge(
    listening: Listening,
    answers: Sequence[tuple[str, Compared]],
    *,
    sharers: Collection[str] = (),
) -> Verdict:
    """Let the microphone speak that heard most.

    Args:
        listening: What was listened for.
        answers: Of each camera, nearest first.
        sharers: Other loudspeakers that gave the same broadcast to the same cameras.
    """
    if not answers:
        nobody = Compared(
            take=0, hearing=Hearing.INCONCLUSIVE, detail="no camera is near this loudspeaker"
        )
        return _verdict(listening, None, nobody, nobody.detail)
    camera_id, best = max(answers, key=lambda one: (_RANKS[one[1].hearing], one[1].score))
    details = [best.detail] if best.detail else []
    if best.hearing is Hearing.HEARD and sharers:
        others = ", ".join(sorted(sharers))
        details.append(f"the camera also hears {others} and cannot tell which of them sounded")
    return _verdict(listening, camera_id, best, "; ".join(details))


def _verdict(listening: Listening, camera_id: str | None, best: Compared, detail: str) -> Verdict:
    return Verdict(
        broadcast_id=listening.broadcast_id,
        loudspeaker_id=listening.loudspeaker_id,
        camera_id=camera_id,
        hearing=best.hearing,
        score=best.score,
        threshold=THRESHOLD,
        measured_s=best.measured_s,
        lag_s=best.lag_s,
        detail=detail[:_LONGEST_DETAIL],
    )
