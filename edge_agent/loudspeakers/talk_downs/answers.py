"""What became of whoever was spoken to, within half a minute of the first sound; pure.

Every talk-down that was spoken gets exactly one answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

from contracts.events import Answer, TalkDownAnswered
from edge_agent.loudspeakers.talk_downs.decision import Incident
from edge_agent.loudspeakers.talk_downs.incidents import Ending
from edge_agent.timekeeping import Moment, between_s

WINDOW_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Watch:
    """One talk-down whose answer is awaited."""

    broadcast_id: str
    incident: Incident
    heard_from: Moment
    """When its first sound was."""

    def answer(self, answer: Answer, moment: Moment) -> TalkDownAnswered:
        """Return the event that tells it."""
        return TalkDownAnswered(
            broadcast_id=self.broadcast_id,
            object_id=self.incident.object_id,
            answer=answer,
            after_s=between_s(self.heard_from, moment),
        )


Told = tuple[Watch, TalkDownAnswered]


class Answers:
    """The talk-downs whose answers are awaited."""

    def __init__(self) -> None:
        self._watches: dict[str, Watch] = {}

    def __len__(self) -> int:
        """Return how many are awaited."""
        return len(self._watches)

    def expect(self, watch: Watch) -> None:
        """Await an answer from now on."""
        self._watches[watch.broadcast_id] = watch

    def take_ending(self, ending: Ending) -> list[Told]:
        """Return the answers that an ending gives."""
        return self._take(
            lambda one: one.incident.object_id == ending.object_id,
            answer=ending.answer,
            moment=ending.moment,
        )

    def lose_sight(self, camera_id: str, moment: Moment) -> list[Told]:
        """Return the answers of which nobody will know more: the camera sees nothing now."""
        return self._take(
            lambda one: one.incident.camera_id == camera_id, answer=Answer.UNKNOWN, moment=moment
        )

    def expire(self, moment: Moment) -> list[Told]:
        """Return the answers of those that have been awaited for long enough.

        Who is in a zone is still there, or its end would have been seen. Who left an object may be
        gone or not: only the object is followed.
        """
        over = [
            one for one in self._watches.values() if between_s(one.heard_from, moment) >= WINDOW_S
        ]
        told = []
        for watch in over:
            is_thing = watch.incident.cause == "littering"
            answer = Answer.UNKNOWN if is_thing else Answer.STAYED
            del self._watches[watch.broadcast_id]
            told.append((watch, watch.answer(answer, moment)))
        return told

    def _take(
        self, concerns: Callable[[Watch], bool], *, answer: Answer, moment: Moment
    ) -> list[Told]:
        taken = [one for one in self._watches.values() if concerns(one)]
        for watch in taken:
            del self._watches[watch.broadcast_id]
        return [(watch, watch.answer(answer, moment)) for watch in taken]
