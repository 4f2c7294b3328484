"""From the conditions of one camera to findings, each with a picture that shows it."""

from collections.abc import Iterable, Iterator

from edge_agent.vision.condition.checkup import Checkup
from edge_agent.vision.condition.diagnosis import ConditionChanged
from edge_agent.vision.evidence.shots import ShotTaker
from edge_agent.vision.findings import Degraded, Recovered


class Fitness:
    """What is said about how one camera fares."""

    def __init__(self, camera_id: str, shots: ShotTaker, checkup: Checkup) -> None:
        self._camera_id = camera_id
        self._shots = shots
        self._checkup = checkup

    def tell(
        self, changes: Iterable[ConditionChanged], now_s: float
    ) -> Iterator[Degraded | Recovered]:
        """Say what has begun or ended; the picture is that of `now_s`."""
        for change in changes:
            if change.until_s is not None:
                yield Recovered(
                    camera_id=self._camera_id,
                    at_s=change.until_s,
                    condition=change.condition,
                    lasted_s=change.until_s - change.since_s,
                )
                continue
            yield Degraded(
                camera_id=self._camera_id,
                at_s=change.since_s,
                condition=change.condition,
                detail=self._checkup.describe(change.condition),
                pictures=self._shots.take([self._shots.shot("shown", now_s)]),
            )
