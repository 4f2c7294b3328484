"""Real MP4 clips, written by PyAV for the tests."""

import tempfile

import av
import numpy as np


def mp4(
    *,
    codec: str = "libx264",
    seconds: float = 1.0,
    size: tuple[int, int] = (160, 90),
    fps: int = 10,
) -> bytes:
    """Return a clip of a bar that moves, its header first."""
    width, height = size
    movflags = {"movflags": "faststart"}
    with (
        tempfile.NamedTemporaryFile(suffix=".mp4") as file,
        av.open(file.name, "w", options=movflags) as container,
    ):
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if codec == "libx264":
            stream.options = {"preset": "ultrafast", "g": str(fps)}
        else:
            stream.codec_tag = "hvc1"
            stream.options = {"preset": "ultrafast", "x265-params": "log-level=none"}
        for index in range(round(seconds * fps)):
            picture = np.full((height, width, 3), 90, np.uint8)
            left = index * 5 % (width - 20)
            picture[:, left : left + 20] = (40, 160, 220)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
        container.close()
        return file.read()
