"""From motion, and from stays in guarded zones with their evidence, to findings."""

from uuid import uuid4

from edge_agent.vision.evidence.clips import Clips
from edge_agent.vision.evidence.shots import ShotTaker
from edge_agent.vision.findings import MotionEnded, MotionStarted, PresenceEnded, PresenceStarted
from edge_agent.vision.orders import Watch
from edge_agent.vision.picture.motion import MotionBegan, MotionStopped
from edge_agent.vision.presence.posts import PresenceBegan, PresenceStopped

SHOWN_S = 20.0
"""Of a long stay, so much before it was told is shown; the ring holds no more for sure."""


Movement = MotionBegan | MotionStopped | PresenceBegan | PresenceStopped


class Whereabouts:
    """What is said about who is where on one camera."""

    def __init__(self, watch: Watch, shots: ShotTaker, clips: Clips) -> None:
        self._camera_id = watch.camera_id
        self._clip_before_s, self._clip_after_s = watch.clip_before_s, watch.clip_after_s
        self._shots = shots
        self._clips = clips
        self.plane_size = (1, 1)
        """Width and height of the planes that areas are measured on."""
        self._ids: dict[tuple[str, str], str] = {}

    def tell(
        self, event: Movement
    ) -> MotionStarted | MotionEnded | PresenceStarted | PresenceEnded:
        """Return what is to be said; the end of a stay names the object of its beginning."""
        match event:
            case MotionBegan():
                return MotionStarted(
                    camera_id=self._camera_id,
                    at_s=event.since_s,
                    zone=event.zone,
                    share=event.share,
                )
            case MotionStopped():
                return MotionEnded(
                    camera_id=self._camera_id,
                    at_s=event.until_s,
                    zone=event.zone,
                    duration_s=event.until_s - event.since_s,
                )
            case PresenceBegan():
                object_id = self._ids.setdefault((event.purpose, event.zone), str(uuid4()))
                return self._started(event, object_id)
            case PresenceStopped():
                return PresenceEnded(
                    camera_id=self._camera_id,
                    at_s=event.until_s,
                    purpose=event.purpose,
                    object_id=self._ids.pop((event.purpose, event.zone)),
                    zone=event.zone,
                    duration_s=event.until_s - event.since_s,
                )

    def _started(self, event: PresenceBegan, object_id: str) -> PresenceStarted:
        shown_s = max(event.since_s, event.t_s - SHOWN_S)
        begin_s, end_s = shown_s - self._clip_before_s, event.t_s + self._clip_after_s
        self._clips.request(object_id, begin_s, end_s, around_s=shown_s)
        return PresenceStarted(
            camera_id=self._camera_id,
            at_s=event.since_s,
            purpose=event.purpose,
            object_id=object_id,
            zone=event.zone,
            box=event.area.clipped(*self.plane_size).shares_of(self.plane_size),
            present_s=event.t_s - event.since_s,
            share=event.share,
            pictures=self._shots.take([self._shots.shot("shown", event.t_s)], of=object_id),
        )
