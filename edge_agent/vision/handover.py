"""What one watch of a camera leaves to the next: a broken connection does not empty the scene."""

from dataclasses import dataclass
from threading import Lock

import structlog

from edge_agent.vision.condition.aim import Aim
from edge_agent.vision.littering import Told
from edge_agent.vision.orders import Watch
from edge_agent.vision.scene import Scene
from edge_agent.vision.stream.sparing import Sparing

KEPT_S = 600.0
"""A camera that restarts, or a switch, is back by then; later, light and much else has changed."""
AGAIN_S = 5.0
"""The first picture of a connection is dated by the newest that came with it; it may be an old one."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Handover:
    """The scene of a watch that has ended, and what was told of it. One watch may take it over."""

    watch: Watch
    last_s: float
    """When the last picture was shown."""
    scene: Scene
    size: tuple[int, int]
    """Width and height of its planes."""
    came_as: tuple[int, int]
    """Width and height that the pictures' planes had by themselves when the view was known last."""
    told: Told
    aim: Aim | None
    """Where the camera used to look; None: not known, or it looked elsewhere."""
    sparing: Sparing
    """What is known of visits to the scene."""

    def suits(self, watch: Watch, now_s: float) -> bool:
        """Whether another watch looks for the same in the same view, soon enough."""
        soon = 0.0 <= now_s - self.last_s <= KEPT_S
        return soon and _asked(watch) == _asked(self.watch)

    def covers(self, t_s: float) -> bool:
        """Whether a picture of then is one of those seen already, which a camera sends once more."""
        return 0.0 < self.last_s - t_s < AGAIN_S

    def release(self) -> None:
        """Give it up: nobody goes on with it."""
        if self.told.kept:
            waiting = len(self.told.kept)
            _log.warning("waiting_given_up", camera_id=self.watch.camera_id, things=waiting)
        self.told.release()


class Handovers:
    """What cameras have left to their next watches; any thread may leave and take."""

    def __init__(self) -> None:
        self._left: dict[str, Handover] = {}
        self._lock = Lock()

    def leave(self, handover: Handover) -> None:
        """Keep it until the camera is watched again."""
        with self._lock:
            self._left[handover.watch.camera_id] = handover

    def take(self, camera_id: str) -> Handover | None:
        """Return what a camera has left, which belongs to the caller; None: nothing."""
        with self._lock:
            return self._left.pop(camera_id, None)

    def give_up_old(self, now_s: float) -> None:
        """Let go of what no watch can go on with any more."""
        with self._lock:
            old = [one for one in self._left.values() if now_s - one.last_s > KEPT_S]
            for one in old:
                del self._left[one.watch.camera_id]
        for one in old:
            one.release()


def _asked(watch: Watch) -> tuple[object, ...]:
    """Return what a scene depends on; hours begin and end, addresses change with every session."""
    zones = tuple(zone.model_copy(update={"armed": True}) for zone in watch.zones)
    return (watch.camera_id, zones, watch.masks, watch.unattended_s, watch.sensitivity)
