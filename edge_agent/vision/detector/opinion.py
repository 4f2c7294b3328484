"""What a detector's findings change about a candidate's score, where there is a detector."""

from dataclasses import dataclass
from threading import Lock

import structlog

from edge_agent.vision.detector.layouts import DetectorRefused
from edge_agent.vision.detector.model import MOST_SAID, Detection, Image, ObjectDetector
from edge_agent.vision.orders import Box, Detector

_LEAST_COVER = 0.6
"""Of the candidate that a detection must cover to speak about it."""
_REACH = 1.5
"""So many times its own size around the candidate the model sees."""
_LEAST_REACH_PX = 48.0
LIVING = frozenset({"person", "dog", "cat", "cow", "horse", "sheep", "bird"})
VEHICLES = frozenset({"bicycle", "car", "motorcycle", "bus", "truck", "boat", "train"})

_REMEDY = (
    "alarms go on without a second look; let the technician give a model of docs/tuning.md and its"
    " labels as detector in gateway.yaml, or leave detector out, and restart the agent"
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Opinion:
    """What the model changes about a candidate."""

    score: float
    reason: str


class SecondLook:
    """The models of one child, each loaded once, at its first use; from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._loaded: dict[Detector, ObjectDetector] = {}
        self._refused: set[Detector] = set()

    def opinion(
        self, settings: Detector | None, image: Image, box: Box, score: float, *, camera_id: str
    ) -> Opinion | None:
        """Return what the model says of the candidate at `box`; None without a model or a word.

        A model that cannot be used is logged once, with the camera for which it was asked;
        everything goes on without it.
        """
        if settings is None or settings in self._refused:
            return None
        try:
            crop, within = _crop(image, box)
            return weigh(score, within, self._get(settings).look(crop))
        except DetectorRefused as refusal:
            self._refuse(settings, str(refusal), camera_id)
        except Exception as error:  # noqa: BLE001 - a model's mistake must not silence the alarm
            why = f"{type(error).__name__}: {str(error)[:MOST_SAID]}"
            self._refuse(settings, f"the model {settings.model_file} fails: {why}", camera_id)
        return None

    def _get(self, settings: Detector) -> ObjectDetector:
        with self._lock:
            if settings not in self._loaded:
                self._loaded[settings] = ObjectDetector(settings)
            return self._loaded[settings]

    def _refuse(self, settings: Detector, why: str, camera_id: str) -> None:
        with self._lock:
            known = settings in self._refused
            self._refused.add(settings)
            self._loaded.pop(settings, None)
        if not known:
            _log.error("detector_refused", camera_id=camera_id, why=why, remedy=_REMEDY)


def _crop(image: Image, box: Box) -> tuple[Image, Box]:
    """Return the surroundings of a box, and the box as shares of them."""
    height, width = image.shape[:2]
    left, top, wide, high = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    reach = max(_REACH * max(wide, high), _LEAST_REACH_PX)
    x, y = max(0, round(left - reach)), max(0, round(top - reach))
    right, bottom = min(width, round(left + wide + reach)), min(height, round(top + high + reach))
    part = image[y : max(y + 1, bottom), x : max(x + 1, right)]
    rows, columns = part.shape[:2]
    return part, ((left - x) / columns, (top - y) / rows, wide / columns, high / rows)


def weigh(score: float, box: Box, found: tuple[Detection, ...]) -> Opinion | None:
    """Return what detections change about a candidate at `box`; None: nothing speaks about it.

    A living thing or a vehicle takes away up to half of the score, any other named thing gives up
    to half of what is missing to certainty, each in proportion to the model's confidence.
    """
    about = [one for one in found if _cover(box, one.box) >= _LEAST_COVER]
    if not about:
        return None
    best = max(about, key=lambda one: one.confidence)
    label = "_".join(best.label.casefold().split())
    if label in LIVING | VEHICLES:
        score *= 1.0 - 0.5 * best.confidence
    else:
        score += 0.5 * best.confidence * (1.0 - score)
    return Opinion(score=score, reason=f"detector_{label}_{best.confidence:.2f}")


def _cover(thing: Box, seen: Box) -> float:
    width = min(thing[0] + thing[2], seen[0] + seen[2]) - max(thing[0], seen[0])
    height = min(thing[1] + thing[3], seen[1] + seen[3]) - max(thing[1], seen[1])
    return max(0.0, width) * max(0.0, height) / max(1e-9, thing[2] * thing[3])
