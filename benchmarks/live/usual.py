"""The usual pipeline: one ffmpeg child per camera, raw pictures at 5 fps, a running average.

`python -m live.usual WIDTH HEIGHT URI…` prints a JSON line whenever a stream's motion begins or
ends, and ends with its standard input.
"""

import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import cv2
import numpy as np

FPS = 5
SMALL_HEIGHT = 100
"""Motion is looked for in a picture of this height."""
SPEED, DIFFERS, LEAST_AREA = 0.05, 30, 10
START_S, END_S = 3.0, 3.0


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Of the raw pictures."""

    width: int
    height: int


def say(**line: object) -> None:
    """Print one line at once."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Average:
    """Moving or not, against the running average of small pictures."""

    def __init__(self, shape: Shape) -> None:
        self._size = (round(shape.width * SMALL_HEIGHT / shape.height), SMALL_HEIGHT)
        self._average: np.ndarray | None = None

    def moves(self, luma: np.ndarray) -> bool:
        """Take in one picture."""
        small = cv2.resize(luma, self._size, interpolation=cv2.INTER_LINEAR)
        small = cv2.GaussianBlur(small, (3, 3), 0)
        if self._average is None:
            self._average = small.astype(np.float32)
        differs = cv2.absdiff(small, cv2.convertScaleAbs(self._average))
        cv2.accumulateWeighted(small, self._average, SPEED)
        _, mask = cv2.threshold(differs, DIFFERS, 255, cv2.THRESH_BINARY)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        return any(cv2.contourArea(contour) >= LEAST_AREA for contour in contours)


def watch(stream: int, uri: str, shape: Shape) -> None:
    """Read one camera until its ffmpeg ends."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-rtsp_transport", "tcp"]
    command += ["-i", uri, "-vf", f"fps={FPS},scale={shape.width}:{shape.height}"]
    command += ["-pix_fmt", "yuv420p", "-f", "rawvideo", "-"]
    raw = bytearray(shape.width * shape.height * 3 // 2)
    luma = np.frombuffer(raw, np.uint8)[: shape.width * shape.height]
    luma = luma.reshape(shape.height, shape.width)
    average = Average(shape)
    begun_s, moved_s, moving = time.monotonic(), 0.0, False
    with subprocess.Popen(command, stdout=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdout is not None  # noqa: S101 - a pipe was asked for
        while ffmpeg.stdout.readinto(raw) == len(raw):
            now_s = time.monotonic()
            if average.moves(luma) and now_s - begun_s > START_S:
                moved_s = now_s
            if moving != (now_s - moved_s < END_S):
                moving = not moving
                say(stream=stream, at_s=now_s if moving else moved_s, moving=moving)
        ffmpeg.kill()


def main() -> None:
    """Watch all cameras named on the command line."""
    cv2.setNumThreads(1)
    shape = Shape(width=int(sys.argv[1]), height=int(sys.argv[2]))
    for stream, uri in enumerate(sys.argv[3:]):
        threading.Thread(target=watch, args=(stream, uri, shape), daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
