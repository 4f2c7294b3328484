"""What a detector's findings change about a candidate's score, where there is a detector."""

from dataclasses import dataclass
from threading import Lock

import structlog

from edge_agent.vision.detector.layouts import DetectorRefused
from edge_agent.vision.detector.model import Detection, Image, ObjectDetector
from edge_agent.vision.orders import Box, Detector

_LEAST_COVER = 0.6
"""Of the candidate that a detection must cover to speak about it."""
_REACH = 1.5
"""So many times its own size around the candidate the model sees."""
_LEAST_REACH_PX = 48.0
LIVING = frozenset({"person", "dog", "cat", "cow", "horse", "sheep", "bird"})
VEHICLES = frozenset({"bicycle", "car", "motorcycle", "bus", "truck", "boat", "train"})

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
        self._loaded: dict[Detector, ObjectDetector | None] = {}

    def opinion(
        self, settings: Detector | None, image: Image, box: Box, score: float
    ) -> Opinion | None:
        """Return what the model says of the candidate at `box`; None without a model or a word.

        A model that cannot be used is logged once; everything goes on without it.
        """
        detector = None if settings is None else self._get(settings)
        if detector is None:
            return None
        crop, within = _crop(image, box)
        try:
            found = detector.look(crop)
        except DetectorRefused as refusal:
            _log.error("detector_refused", why=str(refusal))
            return None
        return weigh(score, within, found)

    def _get(self, settings: Detector) -> ObjectDetector | None:
        with self._lock:
            if settings not in self._loaded:
                self._loaded[settings] = _load_if_possible(settings)
            return self._loaded[settings]


def _load_if_possible(settings: Detector) -> ObjectDetector | None:
    try:
        return ObjectDetector(settings)
    except DetectorRefused as refusal:
        _log.error("detector_refused", why=str(refusal))
        return None


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
