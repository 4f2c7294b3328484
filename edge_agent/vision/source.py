"""Opens a stream and yields its packets; translates libav's errors into why a watch ended."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from edge_agent.vision.codec import StreamFormat
from edge_agent.vision.messages import LossReason
from edge_agent.vision.ring import Packet

OPEN_TIMEOUT_S = 5
READ_TIMEOUT_S = 5
JUMP_S = 5.0
"""Camera time and arrival may disagree by this much before the camera's clock has jumped."""


class SourceLost(Exception):
    """The stream cannot be watched any longer; the technician sees `detail`."""

    def __init__(self, reason: LossReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: LossReason = reason
        self.detail = detail


class StreamClock:
    """Maps a camera's presentation times to the clock of the watch.

    The fastest packet is the truest: the difference between arrival and camera time follows
    downwards at once and upwards slowly (crystals drift by some 50 ppm).
    """

    def __init__(self, *, live: bool, start_s: float = 0.0) -> None:
        self._live = live
        self._offset_s: float | None = None
        self._start_s = start_s

    def map(self, pts_s: float, arrived_s: float) -> float:
        """Return the instant of `pts_s`; starts again when the camera's time jumps."""
        if not self._live:
            if self._offset_s is None:
                self._offset_s = self._start_s - pts_s
            return pts_s + self._offset_s
        offset_s = arrived_s - pts_s
        ahead_s = 0.0 if self._offset_s is None else offset_s - self._offset_s
        if self._offset_s is None or not 0.0 <= ahead_s <= JUMP_S:
            self._offset_s = offset_s
        else:
            self._offset_s += 0.0005 * ahead_s
        return pts_s + self._offset_s


class Source:
    """One open stream. Only the thread that opened it may touch it."""

    def __init__(self, container: InputContainer, stream: VideoStream, clock: StreamClock) -> None:
        self._container = container
        self._time_base = stream.time_base or Fraction(1, 90_000)
        self._stream = stream
        self._clock = clock
        rate = stream.average_rate or stream.guessed_rate
        self._spacing_s = 1.0 / float(rate) if rate else 0.04
        self.form = StreamFormat(
            codec=stream.codec_context.name,
            extradata=stream.codec_context.extradata,
            width=stream.codec_context.width,
            height=stream.codec_context.height,
            time_base=self._time_base,
            nominal_fps=float(rate) if rate else 0.0,
        )

    def packets(self, monotonic_s: Callable[[], float]) -> Iterator[Packet]:
        """Yield packets until the stream ends.

        Raises:
            SourceLost: the stream stalled, broke or ended; always, in the end.
        """
        base = self._time_base
        last_pts = 0
        try:
            for unit in self._container.demux(self._stream):
                if not unit.size:
                    continue
                pts = unit.pts if unit.pts is not None else unit.dts
                if pts is None:
                    pts = last_pts + round(self._spacing_s / float(base))
                last_pts = pts
                yield Packet(
                    payload=bytes(unit),
                    pts=pts,
                    t_s=self._clock.map(float(pts * base), monotonic_s()),
                    keyframe=bool(unit.is_keyframe),
                )
        except av.error.FFmpegError as error:
            raise _lost_while_reading(error) from error
        raise SourceLost("ended", "the stream has ended")


def is_live(uri: str) -> bool:
    """Whether the stream comes at its own pace: everything but a file."""
    return "://" in uri and not uri.startswith("file:")


@contextmanager
def open_source(uri: str, start_s: float) -> Iterator[Source]:
    """Open the first video stream; closed on exit.

    Raises:
        SourceLost: it cannot be opened, or holds no video.
    """
    options = {"rtsp_transport": "tcp"} if uri.startswith("rtsp") else {}
    timeout = (OPEN_TIMEOUT_S, READ_TIMEOUT_S)
    try:
        container = av.open(uri, options=options, timeout=timeout)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise _lost_at_open(error) from error
    with container:
        videos = container.streams.video
        if not videos:
            raise SourceLost("undecodable", "there is no video in the stream")
        stream = videos[0]
        if stream.codec_context is None:
            raise SourceLost("undecodable", "the video's codec is unknown")
        clock = StreamClock(live=is_live(uri), start_s=start_s)
        yield Source(container, stream, clock)


def _reason_text(error: BaseException) -> str:
    # libav puts the address, with its password, into str(error).
    return getattr(error, "strerror", None) or type(error).__name__


def _lost_at_open(error: BaseException) -> SourceLost:
    text = _reason_text(error)
    match error:
        case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
            return SourceLost("auth_failed", f"the camera refused the user or password: {text}")
        case av.error.InvalidDataError():
            return SourceLost("undecodable", f"this is no video that can be read: {text}")
        case _:
            return SourceLost("unreachable", f"the camera could not be reached: {text}")


def _lost_while_reading(error: BaseException) -> SourceLost:
    text = _reason_text(error)
    match error:
        case av.error.ExitError() | TimeoutError():
            return SourceLost("stalled", f"no picture came for {READ_TIMEOUT_S} s")
        case av.error.EOFError():
            return SourceLost("ended", "the stream has ended")
        case av.error.InvalidDataError():
            return SourceLost("undecodable", f"the stream is broken: {text}")
        case _:
            return SourceLost("unreachable", f"the connection broke: {text}")
