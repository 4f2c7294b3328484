"""Brings the pictures of one stream onto the planes of its scene, whatever size they come in."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from av import VideoFrame

from edge_agent.vision.picture.plane import Mask, Pixels, draw
from edge_agent.vision.stream.codec import luma_plane


class Plane(NamedTuple):
    """One picture on a plane of the scene, (height, width) uint8."""

    frame: VideoFrame
    luma: Pixels
    masked: Pixels
    """What privacy masks hide is black."""


class Planes:
    """The planes of one scene. They keep their size while the scene is watched.

    A stream whose pictures become larger, smaller or stretched shows the same things in the same
    places: what is known of them stays known.
    """

    def __init__(self, masks: Sequence[Sequence[tuple[float, float]]]) -> None:
        """Prepare; `masks` are the privacy masks, as shares of width and height."""
        self._masks = masks
        self._shown: Pixels | None = None
        self.size = (1, 1)
        """Width and height of the scene's planes."""

    def begin(self, size: tuple[int, int]) -> Mask:
        """Prepare for a scene on planes of this width and height; return what masks hide."""
        self.size = size
        hidden = draw(self._masks, *size)
        self._shown = (~hidden).astype(np.uint8) if hidden.any() else None
        return hidden

    def read(self, frame: VideoFrame) -> Plane:
        """Return a picture on a plane of the scene."""
        luma = self._fitted(luma_plane(frame))
        return Plane(frame, luma, self.masked(luma))

    def masked(self, plane: Pixels) -> Pixels:
        """Return a plane of any size as one of the scene, what masks hide black."""
        plane = self._fitted(plane)
        return plane if self._shown is None else (plane * self._shown)

    def _fitted(self, plane: Pixels) -> Pixels:
        width, height = self.size
        if plane.shape == (height, width):
            return plane
        # Averaging keeps what is smaller now; between few pixels, a line is as good as any curve.
        shrinks = plane.shape[0] >= height and plane.shape[1] >= width
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(plane, self.size, interpolation=how), np.uint8)
