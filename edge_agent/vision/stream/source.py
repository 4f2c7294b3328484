"""Opens a stream and yields its packets; translates foreign errors into why a watch ended."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from edge_agent.vision.stream.codec import LIMITS, StreamFormat
from edge_agent.vision.stream.lost import SourceLost
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.rtsp.assembly import AccessUnit
from edge_agent.vision.stream.rtsp.connection import Connection
from edge_agent.vision.stream.rtsp.probe import probe
from edge_agent.vision.stream.rtsp.words import NotOurs
from edge_agent.vision.stream.timeline import StreamClock, Timeline

OPEN_TIMEOUT_S = 5
READ_TIMEOUT_S = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A stream that has told what a decoder must know."""

    form: StreamFormat
    units: Iterable[AccessUnit]
    """Waited for one by one."""
    connection: Connection | None = None
    """Ours, if we read it ourselves: then nobody has to wait for it."""
    seen: Sequence[AccessUnit] = ()
    """Of the units, those that came while it was opened."""
    promised_s: float | None = None
    """How long it lasts, as a recording's header says."""


class Source:
    """One open stream. Only one thread at a time may touch it."""

    def __init__(self, opened: Opened, *, live: bool, start_s: float) -> None:
        self.form = form = opened.form
        self._units = opened.units
        self._connection = opened.connection
        self._seen = list(opened.seen)
        self._live = live
        self.promised_s = opened.promised_s
        """How long it should last, as a recording's header says; None: it does not."""
        self._tick_s = float(form.time_base)
        self._clock = StreamClock(live=live, start_s=start_s)
        self._timeline = Timeline(
            live=live, time_base_s=float(form.time_base), spacing_s=_spacing_s(form.nominal_fps)
        )

    @property
    def drift_s(self) -> float | None:
        """How much further the camera's clock went than ours since the stream began; live only."""
        gained_s = self._clock.gained_s
        if not self._live or gained_s is None:
            return None
        return gained_s + self._timeline.jumped_s

    def packets(self, monotonic_s: Callable[[], float]) -> Iterator[Packet]:
        """Yield packets until the stream ends.

        Raises:
            SourceLost: the stream stalled, broke or ended; always, in the end.
        """
        try:
            for unit in self._units:
                yield from self._packets((unit,), monotonic_s())
        except (av.error.FFmpegError, OSError) as error:
            raise _lost_while_reading(error) from error
        raise SourceLost("ended", "the stream has ended")

    @property
    def waits(self) -> bool:
        """Whether a thread must wait for its packets; else they can be taken as they come."""
        return self._connection is None

    def take(self, buffer: memoryview, now_s: float) -> list[Packet]:
        """Return the packets that have come, without waiting; `buffer` is written over.

        Raises:
            SourceLost: the stream stalled, broke or ended.
        """
        assert self._connection is not None  # noqa: S101 - asked only where nobody has to wait
        units, self._seen = self._seen, []
        if not units:
            try:
                units = self._connection.take(buffer)
            except OSError as error:
                raise _lost_while_reading(error) from error
        return self._packets(units, now_s)

    @property
    def came_bytes(self) -> int:
        """How much came with the last `take`."""
        return self._connection.came_bytes if self._connection is not None else 0

    @property
    def missing(self) -> int:
        """How many pictures did not come, or not as a whole, as far as that is known."""
        return self._connection.damaged if self._connection is not None else 0

    @property
    def over(self) -> bool:
        """Whether nothing more can come; the next `take` raises why."""
        return self._connection is not None and self._connection.over

    def _packets(self, units: Sequence[AccessUnit], arrived_s: float) -> list[Packet]:
        """Give packets that came together their times."""
        shown = self._timeline.follow_all([unit.ticks for unit in units], arrived_s)
        times_s = self._clock.map_all([pts * self._tick_s for pts in shown], arrived_s)
        return [
            Packet(body, pts, t_s, keyframe)
            for (body, _, keyframe), pts, t_s in zip(units, shown, times_s, strict=True)
        ]


def _spacing_s(fps: float) -> float:
    return 1.0 / fps if fps else 0.04


def is_live(uri: str) -> bool:
    """Whether the stream comes at its own pace: everything but a file."""
    return "://" in uri and not uri.startswith("file:")


@contextmanager
def open_source(uri: str, start_s: float) -> Iterator[Source]:
    """Open the first video stream; closed on exit.

    Raises:
        SourceLost: it cannot be opened, or holds no video.
    """
    with ExitStack() as stack:
        opened = _open_rtsp(uri, stack) or _open_libav(uri, stack)
        yield Source(opened, live=is_live(uri), start_s=start_s)


def _open_rtsp(uri: str, stack: ExitStack) -> Opened | None:
    """Open without libav; None if libav must."""
    try:
        connection = stack.enter_context(closing(Connection(uri)))
        form, seen, more = probe(connection.play(), connection.units())
    except (NotOurs, ValueError):
        return None
    except OSError as error:
        raise _lost_at_open(error) from error
    return Opened(form=form, units=chain(seen, more), connection=connection, seen=seen)


def _open_libav(uri: str, stack: ExitStack) -> Opened:
    options = LIMITS | ({"rtsp_transport": "tcp"} if uri.startswith("rtsp") else {})
    timeout = (OPEN_TIMEOUT_S, READ_TIMEOUT_S)
    try:
        container = stack.enter_context(av.open(uri, options=options, timeout=timeout))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise _lost_at_open(error) from error
    if not container.streams.video:
        raise SourceLost("undecodable", "there is no video in the stream")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise SourceLost("undecodable", "the video's codec is unknown")
    rate = stream.average_rate or stream.guessed_rate
    form = StreamFormat(
        codec=stream.codec_context.name,
        extradata=stream.codec_context.extradata,
        width=stream.codec_context.width,
        height=stream.codec_context.height,
        time_base=stream.time_base or Fraction(1, 90_000),
        nominal_fps=float(rate) if rate else 0.0,
    )
    promised_s = None if container.duration is None else container.duration / av.time_base
    if stream.duration is not None:
        promised_s = float(stream.duration * form.time_base)
    return Opened(form=form, units=_units(container, stream, form), promised_s=promised_s)


def _units(
    container: InputContainer, stream: VideoStream, form: StreamFormat
) -> Iterator[AccessUnit]:
    spacing = round(_spacing_s(form.nominal_fps) / float(form.time_base))
    last = 0
    for unit in container.demux(stream):
        if unit.size:
            ticks = unit.pts if unit.pts is not None else unit.dts
            last = last + spacing if ticks is None else ticks
            yield AccessUnit(body=bytes(unit), ticks=last, keyframe=bool(unit.is_keyframe))


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
        case TimeoutError():
            return SourceLost("unreachable", "the camera could not be reached: it does not answer")
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
