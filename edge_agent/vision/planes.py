"""Brings the pictures of one stream onto the planes of its scene, whatever size they come in."""

from collections.abc import Sequence
from typing import NamedTuple

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
        luma = luma_plane(frame, self.size)
        return Plane(frame, luma, luma if self._shown is None else luma * self._shown)
