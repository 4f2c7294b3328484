"""What is drawn on a camera's picture and what happens there, as its scene says it. Pure."""

from dataclasses import dataclass

from edge_agent.vision.objects.attention import Phase
from edge_agent.vision.objects.thing import LeftObject
from edge_agent.vision.picture.motion import MotionBegan, MotionStopped
from edge_agent.vision.picture.plane import Mask
from edge_agent.vision.presence.posts import PresenceBegan, PresenceStopped


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectChanged:
    """A left object entered a phase at `t_s`."""

    t_s: float
    thing: LeftObject
    phase: Phase


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A named zone drawn on the plane; unless it is armed, nothing begins in it."""

    name: str
    mask: Mask
    armed: bool = True


SceneEvent = MotionBegan | MotionStopped | ObjectChanged | PresenceBegan | PresenceStopped
