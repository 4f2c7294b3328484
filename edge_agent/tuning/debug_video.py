"""Writes a recording again with what the analysis sees drawn into it."""

from collections import deque
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.container
import av.video.stream
import cv2
import numpy as np
from av import VideoFrame

from edge_agent.tuning import overlay
from edge_agent.vision.findings import (
    AnyFinding,
    Degraded,
    Health,
    PresenceEnded,
    PresenceStarted,
    Recovered,
    Seen,
)
from edge_agent.vision.lookback import Shown
from edge_agent.vision.orders import Watch
from edge_agent.vision.scene import Scene

_MOST_WIDTH_PX = 960
_TICKS_PER_S = 1_000
_SAID_FOR_S = 6.0


class DebugVideo:
    """An MP4 of the analysed pictures; the container is closed on exit."""

    def __init__(self, path: Path, watch: Watch) -> None:
        self._watch = watch
        self._container: av.container.OutputContainer = av.open(str(path), "w", format="mp4")
        self._stream: av.video.stream.VideoStream | None = None
        self._size = (0, 0)
        self._last_pts = -1
        self._said: deque[tuple[float, str]] = deque(maxlen=6)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))
        self._container.close()

    def take(self, shown: Shown, scene: Scene, said: list[AnyFinding]) -> None:
        """Add one analysed picture, with zones, masks, things, figures and what was said."""
        self._said.extend((shown.t_s, line) for line in map(words, said) if line)
        image = self._reduced(shown.frame)
        overlay.draw_masks(image, self._watch.masks)
        overlay.draw_zones(image, self._watch.zones)
        overlay.draw_boxes(image, scene.figure_boxes)
        overlay.draw_things(image, scene.left, scene.plane_size, shown.t_s)
        self._write_state(image, shown, scene)
        self._encode(image, shown.t_s)

    def _reduced(self, frame: VideoFrame) -> overlay.Image:
        image = frame.to_ndarray(format="bgr24")
        scale = min(1.0, _MOST_WIDTH_PX / frame.width)
        # H.264 takes even sizes only.
        size = tuple(max(2, round(side * scale) // 2 * 2) for side in (frame.width, frame.height))
        return np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))

    def _write_state(self, image: overlay.Image, shown: Shown, scene: Scene) -> None:
        bottom = image.shape[0] - 10
        state = "motion" if scene.moving else "quiet"
        overlay.write(image, f"{shown.t_s:7.1f} s  {state}", 6, bottom)
        recent = [line for t_s, line in self._said if shown.t_s - t_s < _SAID_FOR_S]
        for number, line in enumerate(reversed(recent), 1):
            overlay.write(image, line, 6, bottom - 20 * number)

    def _encode(self, image: overlay.Image, t_s: float) -> None:
        size = (image.shape[1], image.shape[0])
        stream = self._stream = self._stream or self._begin(size)
        if size != self._size:
            image = np.ascontiguousarray(cv2.resize(image, self._size))
        frame = VideoFrame.from_ndarray(image, format="bgr24")
        self._last_pts = frame.pts = max(self._last_pts + 1, round(t_s * _TICKS_PER_S))
        frame.time_base = Fraction(1, _TICKS_PER_S)
        self._container.mux(stream.encode(frame))

    def _begin(self, size: tuple[int, int]) -> av.video.stream.VideoStream:
        stream: av.video.stream.VideoStream = self._container.add_stream("libx264", rate=5)
        stream.width, stream.height = self._size = size
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, _TICKS_PER_S)
        stream.options = {"preset": "veryfast", "crf": "26"}
        return stream


def words(finding: AnyFinding) -> str:
    """Return what is drawn of a finding; empty: nothing."""
    match finding:
        case Health() | Seen():
            return ""
        case Degraded():
            return f"{finding.condition}: {finding.detail}"
        case Recovered():
            return f"no longer {finding.condition}"
        case PresenceStarted() | PresenceEnded():
            return f"{finding.say.replace('presence', finding.purpose)} {finding.zone}"
        case _:
            return f"{finding.say} {getattr(finding, 'zone', '')}".strip()
