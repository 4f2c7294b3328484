"""Decodes compressed pictures to luma planes and to JPEG; the only user of libav's decoders."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, cast

import av
import av.error
import cv2
import numpy as np
from av import VideoFrame
from av.video.codeccontext import VideoCodecContext
from av.video.plane import VideoPlane

from edge_agent.vision.picture.plane import Pixels, plane_size, reduction
from edge_agent.vision.stream.packet import Packet

_PLANAR = frozenset(
    {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray"}
)
LIMITS = {"max_pixels": "36000000"}
"""For libav: more than any camera has. A few bytes can claim a picture of 16384 by 16384, and a decoder
keeps up to sixteen of them."""
JPEG_QUALITY = 88
GREY_SPREAD = 0.5
"""Standard deviation of chroma that coding alone leaves; a wet street by day has 0.8, others more."""
CHROMA_STEP = 8
"""Distance of the chroma samples looked at, both ways; even, as NV12 holds both kinds in turn."""
WRITTEN_SHARE = 0.05
"""Of the samples, as many of the lowest and of the highest may be a clock or a logo in colours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamFormat:
    """What a decoder must know about a stream before its first packet."""

    codec: str
    extradata: bytes | None
    width: int
    height: int
    time_base: Fraction
    nominal_fps: float


class Decoder:
    """One decoder. Feed packets in decoding order; pictures come out in the order of showing."""

    def __init__(self, form: StreamFormat, *, fast: bool) -> None:
        """Prepare; `fast` leaves the loop filter out: good enough to analyse, not to show."""
        self._form = form
        self._fast = fast
        self._context = self._open()
        self.errors = 0
        """Packets that could not be decoded, and pictures that came out damaged."""

    def _open(self) -> VideoCodecContext:
        context = cast("VideoCodecContext", av.CodecContext.create(self._form.codec, "r"))
        context.thread_count = 1
        context.extradata = self._form.extradata
        context.width, context.height = self._form.width, self._form.height
        context.options = LIMITS | ({"skip_loop_filter": "all"} if self._fast else {})
        return context

    @property
    def reorders(self) -> bool:
        """Whether some pictures are shown in another order than they are decoded in."""
        return bool(self._context.has_b_frames)

    def feed(self, packet: Packet) -> list[VideoFrame]:
        """Return the whole pictures that this packet completes; what is broken is counted."""
        unit = av.Packet(packet.payload)
        unit.pts = packet.pts
        unit.dts = None
        unit.time_base = self._form.time_base
        try:
            frames = list(self._context.decode(unit))
        except av.error.FFmpegError:
            self.errors += 1
            return []
        whole = [frame for frame in frames if not frame.is_corrupt]
        self.errors += len(frames) - len(whole)
        return whole

    def drain(self) -> list[VideoFrame]:
        """Return the pictures still inside and make ready for another keyframe."""
        try:
            frames = list(self._context.decode(None))
        except av.error.FFmpegError:
            frames = []
        self._context.flush_buffers()
        return frames


def is_coloured(frame: VideoFrame) -> bool:
    """Whether the picture has colours; by infra-red it has none, or one tint throughout."""
    if frame.format.name not in _PLANAR:
        return False
    return any(_spread(plane) > GREY_SPREAD for plane in frame.planes[1:3])


def _spread(plane: VideoPlane) -> float:
    """Return how far most colours differ; what pads the plane's lines is no part of the picture."""
    padded = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    looked_at = padded[: plane.height : CHROMA_STEP, : plane.width : CHROMA_STEP]
    colours = np.sort(looked_at, axis=None)
    few = round(WRITTEN_SHARE * colours.size)
    return float(colours[few : colours.size - few].std())


MOST_PIXELS = 1_500_000_000
"""For one picture; some seconds of one core: seven minutes of 640x360 at 15 pictures per second after
a keyframe, half a minute of 1920x1080 at 25."""
MOST_KINDS = 4
"""Kinds of streams for which a thread keeps a decoder."""


class _Kept(threading.local):
    """The decoders of one thread."""

    def __init__(self) -> None:
        self.decoders: dict[tuple[str, bytes | None], Decoder] = {}


_kept = _Kept()


def decode_alone(form: StreamFormat, keyframe: Packet) -> list[VideoFrame]:
    """Decode a keyframe by itself, fast; empty if it is broken.

    Between keyframes decoded so, a decoder has nothing to remember: streams of one kind share
    that of the thread, and some megabytes for each camera are saved.
    """
    kind = (form.codec, form.extradata)
    decoder = _kept.decoders.pop(kind, None) or Decoder(form, fast=True)
    frames = decoder.feed(keyframe) + decoder.drain()
    if frames and (frames[0].width, frames[0].height) == (form.width, form.height):
        # One that met other parameters than its kind's might show them to another stream.
        _kept.decoders[kind] = decoder
    if len(_kept.decoders) > MOST_KINDS:
        del _kept.decoders[next(iter(_kept.decoders))]
    return frames


def is_whole(form: StreamFormat, keyframe: Packet) -> bool:
    """Whether a decoder finds nothing broken in a keyframe.

    One with which a picture begins to be renewed bit by bit shows nothing alone, but is whole. No
    decoder is kept: that of a large stream takes much memory.
    """
    decoder = Decoder(form, fast=True)
    frames = decoder.feed(keyframe) + decoder.drain()
    return not decoder.errors and not any(frame.is_corrupt for frame in frames)


def luma_plane(frame: VideoFrame, size: tuple[int, int] | None = None) -> Pixels:
    """Return the picture's luma reduced for analysis, (height, width) uint8.

    `size` is another width and height than it would have by itself. It is brought to that in one
    step: what is averaged twice is blurred.
    """
    if frame.format.name in _PLANAR:
        plane = frame.planes[0]
        luma: Pixels = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    else:
        luma = np.asarray(frame.to_ndarray(format="gray"), np.uint8)
    step = reduction(frame.width, frame.height)
    own = plane_size(frame.width, frame.height)
    if size is not None and size != own:
        return _fitted(luma[: frame.height, : frame.width], size)
    size = own
    luma = luma[: size[1] * step, : size[0] * step]
    if step == 1:
        return np.ascontiguousarray(luma)
    if step > 2:
        luma = _mean_rows(luma, step)
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)


def _fitted(luma: Pixels, size: tuple[int, int]) -> Pixels:
    # Averaging keeps what is smaller now; between few pixels, a line is as good as any curve.
    shrinks = luma.shape[0] >= size[1] and luma.shape[1] >= size[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(luma, size, interpolation=how), np.uint8)


def _mean_rows(luma: Pixels, step: int) -> Pixels:
    """Return the mean of every `step` rows: whole rows are added up in half the time of squares.

    Each mean is rounded `step` - 1 times, which is evened out by the mean of columns.
    """
    mean = luma[0::step].copy()
    for row in range(1, step):
        share = 1.0 / (row + 1)
        cv2.addWeighted(mean, 1.0 - share, luma[row::step], share, 0.0, dst=mean)
    return mean


@dataclass(frozen=True, kw_only=True, slots=True)
class Jpeg:
    """An encoded picture."""

    body: bytes
    width_px: int
    height_px: int
    taken_at_s: float


def _within_reach(form: StreamFormat, packets: Sequence[Packet], at_s: float) -> bool:
    """Whether the picture shown at `at_s` can be decoded without holding others up for long."""
    before = sum(packet.t_s <= at_s for packet in packets)
    return before * form.width * form.height <= MOST_PIXELS


class Still(NamedTuple):
    """One picture of a stream."""

    frame: VideoFrame
    t_s: float
    """When it is shown."""
    torn: bool
    """Whether it may be predicted from one that is broken."""


def picture_at(form: StreamFormat, packets: Sequence[Packet], at_s: float) -> Still:
    """Decode the picture shown at `at_s`, or the nearest that the packets hold.

    Raises:
        LookupError: none of the packets could be decoded, or too many would have to be.
    """
    if not _within_reach(form, packets, at_s):
        raise LookupError(
            "it is too long after its keyframe: shorten the camera's keyframe interval"
        )
    shown = {packet.pts: packet.t_s for packet in packets}
    decoder = Decoder(form, fast=False)
    best: Still | None = None
    for frame in _pictures(decoder, packets):
        t_s = shown.get(frame.pts or 0, at_s)
        if best is None or abs(t_s - at_s) < abs(best.t_s - at_s):
            best = Still(frame, t_s, torn=decoder.errors > 0 or frame.is_corrupt)
        elif t_s > at_s:
            break
    if best is None:
        raise LookupError("no picture could be decoded from the ring")
    return best


def _pictures(decoder: Decoder, packets: Sequence[Packet]) -> Iterator[VideoFrame]:
    for packet in packets:
        yield from decoder.feed(packet)
    yield from decoder.drain()


def masked_image(frame: VideoFrame, masks: Sequence[Sequence[tuple[float, float]]]) -> Pixels:
    """Return a picture with the privacy masks burnt in black, (height, width, 3) BGR."""
    image = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    for polygon in masks:
        points = np.array(polygon, np.float64) * (frame.width, frame.height)
        cv2.fillPoly(image, [np.round(points).astype(np.int32)], (0, 0, 0))
    return image


def encode_jpeg(
    frame: VideoFrame, taken_at_s: float, masks: Sequence[Sequence[tuple[float, float]]]
) -> Jpeg:
    """Encode a picture with the privacy masks burnt in black."""
    image = masked_image(frame, masks)
    encoded, body = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
    if not encoded:
        raise LookupError("the picture could not be encoded as JPEG")
    return Jpeg(
        body=body.tobytes(), width_px=frame.width, height_px=frame.height, taken_at_s=taken_at_s
    )
