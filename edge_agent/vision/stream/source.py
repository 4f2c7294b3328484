"""Opens a stream and yields its packets; translates foreign errors into why a watch ended."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from edge_agent.vision.stream.codec import LIMITS, StreamFormat
from edge_agent.vision.stream.course import Course, Gap
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
class Promise:
    """How long the pictures of a recording last, as its header says."""

    lasts_s: float
    from_zero: bool
    """Counted from the zero of the recording's own times; else from its first picture."""


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
    promised: Promise | None = None
    """How long it lasts, as a recording's header says."""


class Source:
    """One open stream. Only one thread at a time may touch it."""

    def __init__(self, opened: Opened, *, live: bool, start_s: float) -> None:
        self.form = form = opened.form
        self._units = opened.units
        self._connection = opened.connection
        self._seen = list(opened.seen)
        self._live = live
        self._promised = opened.promised
        self._tick_s = float(form.time_base)
        spacing_s = _spacing_s(form.nominal_fps)
        self._course = None if live else Course(tick_s=self._tick_s, spacing_s=spacing_s)
        self._clock = StreamClock(live=live, start_s=start_s)
        self._timeline = Timeline(live=live, time_base_s=float(form.time_base), spacing_s=spacing_s)

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
    def gaps(self) -> tuple[Gap, ...]:
        """The times without pictures so far, as a recording's own times say; a live stream has none."""
        return self._course.gaps if self._course else ()

    @property
    def missing_s(self) -> float:
        """How much longer a recording should last than its pictures so far; 0: nothing promises it."""
        if self._course is None or self._promised is None:
            return 0.0
        promised = self._promised
        return self._course.missing_s(promised.lasts_s, counted_from_zero=promised.from_zero)

    @property
    def over(self) -> bool:
        """Whether nothing more can come; the next `take` raises why."""
        return self._connection is not None and self._connection.over

    def _packets(self, units: Sequence[AccessUnit], arrived_s: float) -> list[Packet]:
        """Give packets that came together their times."""
        ticks = [unit.ticks for unit in units]
        shown = self._timeline.follow_all(ticks, arrived_s)
        times_s = self._clock.map_all([pts * self._tick_s for pts in shown], arrived_s)
        if self._course is not None:
            self._course.follow(ticks, times_s)
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
        # A title may be written in any alphabet's code page.
        opening = av.open(uri, options=options, timeout=timeout, metadata_errors="replace")
        container = stack.enter_context(opening)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise _lost_at_open(error) from error
    demuxer = container.format.name
    if not is_live(uri) and _draws_a_text_or_a_still(demuxer):
        raise _no_recording()
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
    units = _units(container, stream, form)
    if not is_live(uri) and demuxer.endswith("_pipe"):
        units = _more_than_one(units)
    return Opened(form=form, units=units, promised=_promise(container, stream, form))


def _draws_a_text_or_a_still(demuxer: str) -> bool:
    """Whether libav makes pictures of what is no recording: a text is drawn as on a terminal."""
    return demuxer == "tty" or demuxer.startswith("image2")


def _no_recording() -> SourceLost:
    return SourceLost("undecodable", "it is a text or a still picture, and no video recording")


def _more_than_one(units: Iterator[AccessUnit]) -> Iterator[AccessUnit]:
    """Pass on pictures that follow each other in a file, as those of Motion JPEG do.

    Raises:
        SourceLost: it holds a single one, and is a still.
    """
    try:
        first = list(islice(units, 2))
    except (av.error.FFmpegError, OSError) as error:
        raise _lost_while_reading(error) from error
    if len(first) < 2:
        raise _no_recording()
    return chain(first, units)


def _promise(container: InputContainer, stream: VideoStream, form: StreamFormat) -> Promise | None:
    if container.format.name == "avi":
        # Until its recorder closes it, the length there is made up; its parts' sizes tell instead.
        return None
    if stream.duration is not None:
        return Promise(lasts_s=float(stream.duration * form.time_base), from_zero=False)
    lasts_s = _tagged_s(stream.metadata.get("DURATION", ""))
    if lasts_s is None and container.duration is not None and len(container.streams) == 1:
        # Of several streams, the sound may last longer than the pictures.
        lasts_s = container.duration / av.time_base
    return None if lasts_s is None else Promise(lasts_s=lasts_s, from_zero=True)


def _tagged_s(text: str) -> float | None:
    """Return the seconds of a track's tag in Matroska such as 00:00:30.000000000; None: it is none."""
    try:
        hours, minutes, seconds = map(float, text.split(":"))
    except ValueError:
        return None
    return 3_600.0 * hours + 60.0 * minutes + seconds


def _units(
    container: InputContainer, stream: VideoStream, form: StreamFormat
) -> Iterator[AccessUnit]:
    spacing = round(_spacing_s(form.nominal_fps) / float(form.time_base))
    last = 0
    # When all packets have been given, PyAV 18.1 wants to flush also streams that began in between
    # (a damaged MPEG-TS seems to have such), and finds them missing in its list.
    with suppress(IndexError):
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
        case av.error.PatchWelcomeError():
            return SourceLost("undecodable", "this is no video that can be read")
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
