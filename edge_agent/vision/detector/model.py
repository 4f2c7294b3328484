"""One loaded ONNX model, run on one picture at a time by the optional package `onnxruntime`.

Takes models exported in the layouts of YOLOv5, v8/v11 and v10 (end to end): RGB input of shape
(1, 3, height, width) in 0.0 to 1.0, one output.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.vision.detector.layouts import DetectorRefused, Rows, decode_rows, suppress
from edge_agent.vision.orders import Box, Detector

Image = NDArray[np.uint8]
"""(height, width, 3) BGR."""
_DYNAMIC_SIDE_PX = 320
_GREY = 114
MOST_SAID = 200
"""Characters of a foreign error's text."""
_COCO_TEXT = """
person bicycle car motorcycle airplane bus train truck boat traffic_light fire_hydrant stop_sign
parking_meter bench bird cat dog horse sheep cow elephant bear zebra giraffe backpack umbrella
handbag tie suitcase frisbee skis snowboard sports_ball kite baseball_bat baseball_glove skateboard
surfboard tennis_racket bottle wine_glass cup fork knife spoon bowl banana apple sandwich orange
broccoli carrot hot_dog pizza donut cake chair couch potted_plant bed dining_table toilet tv laptop
mouse remote keyboard cell_phone microwave oven toaster sink refrigerator book clock vase scissors
teddy_bear hair_drier toothbrush
"""
COCO = tuple(_COCO_TEXT.split())


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """One thing that the model names."""

    label: str
    confidence: float
    box: Box
    """Left, top, width, height as shares of the picture that was looked at."""


class ObjectDetector:
    """One loaded model; `look` may be called from any thread."""

    def __init__(self, settings: Detector) -> None:
        """Load and check the model.

        Raises:
            DetectorRefused: the file or package is missing, the hash differs, or the model has
                another layout or wants another input.
        """
        self._labels = settings.labels or COCO
        self._least_confidence = settings.least_confidence
        self._model = _load(Path(settings.model_file), settings.sha256)
        try:
            self._fit()
        except DetectorRefused:
            raise
        except Exception as error:
            why = f"{type(error).__name__}: {str(error)[:MOST_SAID]}"
            raise DetectorRefused(f"the model {settings.model_file} fails: {why}") from error

    def _fit(self) -> None:
        """Find out how the model wants its input, and try it."""
        source = self._model.get_inputs()[0]
        sides = [side if isinstance(side, int) else _DYNAMIC_SIDE_PX for side in source.shape[2:]]
        if len(source.shape) != 4 or len(sides) != 2:
            raise DetectorRefused("the model's input is no picture of shape (1, 3, height, width)")
        self._input, (self._height, self._width) = source.name, sides
        # Once with nothing, so that a wrong layout is told now and not at the first alarm.
        self.look(np.full((32, 32, 3), _GREY, np.uint8))

    def look(self, image: Image) -> tuple[Detection, ...]:
        """Return what the model sees, most certain first.

        Whatever onnxruntime raises comes through: a model may want another input.

        Raises:
            DetectorRefused: the model's output has none of the known layouts.
        """
        canvas, scale = _letterbox(image, self._width, self._height)
        planes = canvas[:, :, ::-1].transpose(2, 0, 1)[np.newaxis].astype(np.float32) / 255.0
        (raw, *_) = self._model.run(None, {self._input: np.ascontiguousarray(planes)})
        classes = len(self._labels)
        rows = _sound(decode_rows(np.asarray(raw, np.float32), classes=classes), classes)
        width, height = image.shape[1] * scale, image.shape[0] * scale
        return tuple(
            Detection(
                label=self._labels[int(row[5])],
                confidence=float(min(1.0, row[4])),
                box=_shares(row, width, height),
            )
            for row in suppress(rows[rows[:, 4] >= self._least_confidence])
        )


def _sound(rows: Rows, classes: int) -> Rows:
    """Return the rows of finite numbers whose class has a label."""
    kind = rows[:, 5]
    return rows[np.isfinite(rows).all(axis=1) & (kind >= 0) & (kind < classes)]


def _shares(row: NDArray[np.float32], width: float, height: float) -> Box:
    left, right = (float(np.clip(row[i] / width, 0, 1)) for i in (0, 2))
    top, bottom = (float(np.clip(row[i] / height, 0, 1)) for i in (1, 3))
    return (left, top, max(0.0, right - left), max(0.0, bottom - top))


def _letterbox(image: Image, width: int, height: int) -> tuple[Image, float]:
    """Return the picture in the upper left of a grey canvas, and the scale it was drawn in."""
    scale = min(width / image.shape[1], height / image.shape[0])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    canvas = np.full((height, width, 3), _GREY, np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return canvas, scale


def _load(path: Path, sha256: str) -> Any:  # noqa: ANN401 - onnxruntime has no types
    try:
        body = path.read_bytes()
    except OSError as error:
        raise DetectorRefused(f"the model {path} cannot be read: {error.strerror}") from error
    found = hashlib.sha256(body).hexdigest()
    if found != sha256:
        raise DetectorRefused(f"the model {path} has the SHA-256 {found}, not the configured one")
    try:
        import onnxruntime  # noqa: PLC0415 - optional, and slow to import
    except ImportError as error:
        raise DetectorRefused("the package onnxruntime is not installed") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # its warnings would go to the pipe's log unformatted
    try:
        return onnxruntime.InferenceSession(
            body, sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise DetectorRefused(
            f"the model {path} cannot be loaded: {type(error).__name__}"
        ) from error
