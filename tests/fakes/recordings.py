"""Drawn recordings whose pictures tell their number by their brightness."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

DARKEST, STEP = 40, 5


def write_counting_clip(path: Path, *, pictures: int, gop: int, rate: int = 10) -> None:
    """Write H.264 pictures, 800×600, each brighter than the one before."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 800, 600, "yuv420p"
        stream.options = {
            "preset": "ultrafast",
            "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0",
        }
        for number in range(pictures):
            planes = np.full((900, 800), 128, np.uint8)
            planes[:600] = DARKEST + STEP * number
            frame = VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def read_number(frame: VideoFrame) -> int:
    """Return the number that a picture tells."""
    luma = frame.planes[0]
    rows = np.frombuffer(memoryview(luma), np.uint8).reshape(luma.height, luma.line_size)
    return round((float(rows[:, : luma.width].mean()) - DARKEST) / STEP)
