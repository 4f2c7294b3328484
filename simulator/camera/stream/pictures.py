"""What a source of pictures is, and the resizing its streams need; no I/O, no clock."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

SUB_MAX_WIDTH_PX = 640


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A yuv420p picture and its time in seconds from the first picture of its source."""

    frame: VideoFrame
    pts_s: float


class Pictures(Protocol):
    """An endless source of pictures in order of time."""

    width: int
    height: int
    rate: Fraction
    """Pictures a second."""

    @property
    def ended(self) -> bool:
        """Whether the source has only its last picture left to repeat."""

    def next_picture(self, not_before_s: float) -> Picture:
        """Return the next picture; a live scene may skip what lies before `not_before_s`."""


def sub_stream_size(width: int, height: int) -> tuple[int, int]:
    """Return the size of the sub-stream: the same shape, at most 640 wide, even sides."""
    scale = min(1.0, SUB_MAX_WIDTH_PX / width)
    return round(width * scale) // 2 * 2, round(height * scale) // 2 * 2


def plane_of(frame: VideoFrame, index: int) -> NDArray[np.uint8]:
    """Return a writable view (height, width) uint8 of one plane of a yuv420p frame."""
    plane = frame.planes[index]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def resized(frame: VideoFrame, width: int, height: int) -> VideoFrame:
    """Return a smaller copy of a yuv420p frame, averaged so that noise does not alias."""
    small = VideoFrame(width, height, "yuv420p")
    for index in range(3):
        target = plane_of(small, index)
        size = (target.shape[1], target.shape[0])
        cv2.resize(plane_of(frame, index), size, dst=target, interpolation=cv2.INTER_AREA)
    return small


def to_jpeg(frame: VideoFrame) -> bytes:
    """Encode a frame as a JPEG picture, as a camera's snapshot address gives it."""
    ok, jpeg = cv2.imencode(
        ".jpg", frame.to_ndarray(format="bgr24"), [cv2.IMWRITE_JPEG_QUALITY, 88]
    )
    if not ok:
        raise ValueError("the picture cannot be encoded as JPEG")
    return jpeg.tobytes()
