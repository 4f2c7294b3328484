"""Makes one evidence clip: the camera's own packets in an MP4, or masked and encoded again."""

import errno
import io
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from statistics import median
from typing import Literal

import av
import cv2
import numpy as np
from av import VideoFrame
from av.container import OutputContainer
from av.video.stream import VideoStream

from edge_agent.vision.evidence import footage, spool
from edge_agent.vision.evidence.footage import TICKS, ClipImpossible, Request
from edge_agent.vision.findings import Clip
from edge_agent.vision.orders import Polygon
from edge_agent.vision.picture.plane import Mask, draw
from edge_agent.vision.stream.codec import LIMITS, Decoder, StreamFormat
from edge_agent.vision.stream.nal import Framing, framing_of
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.shelf import KEPT_FREE_BYTES

_BLACK, _COLOURLESS = 16, 128
_RIM = np.ones((3, 3), np.uint8)
_ENCODING = {"preset": "veryfast", "crf": "26", "threads": "1"}
_PLAYABLE: dict[str, Literal["h264", "hevc"]] = {"h264": "h264", "hevc": "hevc"}

_Picture = tuple[int, VideoFrame]
"""And the tick at which it is shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Take:
    """The packets of one clip and when they are shown in it."""

    form: StreamFormat
    packets: Sequence[Packet]
    shown: Sequence[int]
    around: int
    """The tick of the instant that it is about."""

    @property
    def spacing(self) -> int:
        """Ticks between two pictures."""
        steps = [after - before for before, after in pairwise(sorted(self.shown))]
        return round(median(steps)) if steps else TICKS // 25


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What a file shows of a take."""

    size_px: tuple[int, int]
    first: int
    """The tick of its first picture."""
    last: int


def make_clip(
    folder: Path,
    form: StreamFormat,
    packets: Sequence[Packet],
    asked: Request,
    masks: Sequence[Polygon],
) -> Clip:
    """Write `{folder}/{sha256}.mp4`, fsynced and renamed into place, and describe it.

    Without masks the camera's own H.264 or H.265 is kept as it is; with masks every picture is
    decoded, masked and encoded again.

    Raises:
        ClipImpossible: the packets hold no picture of it, or of too much before it.
        OSError: the disk is full or not writable, or libav refuses the stream.
    """
    framing = framing_of(form.codec, form.extradata) if form.codec in _PLAYABLE else None
    chosen = footage.choose(packets, asked, framing)
    if not chosen:
        raise ClipImpossible("the ring holds no picture of it")
    begin_s = chosen[0].t_s
    take = Take(
        form=form,
        packets=chosen,
        shown=footage.shown_ticks(chosen, form.time_base),
        around=round((asked.around_s - begin_s) * TICKS),
    )
    again = framing is None or bool(masks)
    size_bytes = sum(len(packet.payload) for packet in chosen)
    if shutil.disk_usage(folder).free < KEPT_FREE_BYTES + size_bytes:
        raise OSError(errno.ENOSPC, "the disk has no room for a clip")
    with spool.draft(folder) as partial:
        if framing is None or again:
            written = _encode_again(partial, take, masks)
        else:
            written = _copy(partial, take, framing)
        size_bytes = partial.stat().st_size
        sha256 = spool.settle(partial, ".mp4")
    return Clip(
        sha256=sha256,
        codec="h264" if again else _PLAYABLE[form.codec],
        width_px=written.size_px[0],
        height_px=written.size_px[1],
        size_bytes=size_bytes,
        begins_at_s=begin_s + written.first / TICKS,
        duration_s=(written.last - written.first + take.spacing) / TICKS,
        encoded_again=again,
    )


@contextmanager
def _mp4(path: Path) -> Iterator[OutputContainer]:
    # The index first, so that a browser plays while it loads.
    options = {"movflags": "+faststart"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        yield container


def _copy(path: Path, take: Take, framing: Framing) -> Written:
    """Put the camera's own packets into an MP4."""
    first = take.packets[0]
    sets = framing.sets_in(first.payload) or framing.sets
    start = framing.annex_b(first.payload, sets)
    try:
        # libav reads size and parameter sets out of the first picture.
        source = av.open(io.BytesIO(start), format=framing.codec, options=dict(LIMITS))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise ClipImpossible("its first picture cannot be read") from error
    with source, _mp4(path) as container:
        template = source.streams.video[0]
        size_px = (template.codec_context.width, template.codec_context.height)
        stream = container.add_stream_from_template(template)
        if framing.codec == "hevc":
            stream.codec_context.codec_tag = "hvc1"  # Apple's players take no other
        stream.time_base = Fraction(1, TICKS)
        decoded = footage.decoded_ticks(take.shown)
        for packet, pts, dts in zip(take.packets, take.shown, decoded, strict=True):
            unit = av.Packet(framing.annex_b(packet.payload, sets if packet is first else ()))
            unit.stream, unit.time_base = stream, Fraction(1, TICKS)
            unit.pts, unit.dts, unit.duration = pts, dts, take.spacing
            unit.is_keyframe = packet.keyframe
            container.mux(unit)
    return Written(size_px=size_px, first=0, last=max(take.shown))


def _encode_again(path: Path, take: Take, masks: Sequence[Polygon]) -> Written:
    """Decode every picture, burn the masks in and encode it.

    One file has one size. Where that changes, what came before is given up, unless the instant
    that the clip is about has passed.
    """
    pictures = _veiled(take, masks)
    written: Written | None = None
    coming = next(pictures, None)
    while coming is not None and (written is None or coming[0] <= take.around):
        written, coming = _encode(path, coming, pictures)
    if written is None:
        raise ClipImpossible("none of its pictures can be decoded")
    return written


def _encode(
    path: Path, first: _Picture, more: Iterator[_Picture]
) -> tuple[Written, _Picture | None]:
    """Encode pictures up to the next of another size, which is returned as well."""
    begin, last = first[0], -1
    other: _Picture | None = None
    with _mp4(path) as container:
        stream = _open_encoder(container, first[1])
        for tick, frame in chain((first,), more):
            if (frame.width, frame.height) != (stream.width, stream.height):
                other = (tick, frame)
                break
            last = max(tick - begin, last + 1)
            frame.pts, frame.time_base = last, Fraction(1, TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        size_px = (stream.width, stream.height)
    return Written(size_px=size_px, first=begin, last=begin + last), other


def _open_encoder(container: OutputContainer, frame: VideoFrame) -> VideoStream:
    stream = container.add_stream("libx264", options=dict(_ENCODING))
    stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
    stream.codec_context.time_base = Fraction(1, TICKS)
    stream.codec_context.thread_count = 1
    stream.codec_context.gop_size = 50
    return stream


def _veiled(take: Take, masks: Sequence[Polygon]) -> Iterator[_Picture]:
    """Decode every picture and burn the masks in."""
    veil = _Veil(masks)
    ticks = {p.pts: tick for p, tick in zip(take.packets, take.shown, strict=True)}
    decoder = Decoder(take.form, fast=False)
    tick = 0
    for packet in [*take.packets, None]:
        for frame in decoder.drain() if packet is None else decoder.feed(packet):
            tick = ticks.get(frame.pts or 0, tick)
            yield tick, veil.over(frame)


class _Veil:
    """Privacy masks on pictures of any size."""

    def __init__(self, masks: Sequence[Polygon]) -> None:
        self._masks = masks
        self._size = (0, 0)
        self._luma: Mask = np.zeros((0, 0), bool)
        self._chroma: Mask = self._luma

    def over(self, frame: VideoFrame) -> VideoFrame:
        """Return the picture in yuv420p of even size, black where a mask lies."""
        width, height = max(2, frame.width & ~1), max(2, frame.height & ~1)
        pixels = frame.reformat(width, height, format="yuv420p").to_ndarray()
        if self._size != (width, height):
            self._size = (width, height)
            self._luma = draw(self._masks, width, height)
            touched = cv2.dilate(self._luma.view(np.uint8), _RIM).astype(bool)
            self._chroma = touched[::2, ::2] | touched[1::2, 1::2]
        pixels[:height][self._luma] = _BLACK
        flat = pixels.reshape(-1)[width * height :]
        for chroma in flat.reshape(2, height // 2, width // 2):
            chroma[self._chroma] = _COLOURLESS
        veiled = VideoFrame.from_ndarray(pixels, format="yuv420p")
        veiled.color_range = frame.color_range
        return veiled
