"""Finds out what a decoder must know about a live stream from its first pictures."""

import statistics
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import av
import av.error

from edge_agent.vision.stream.codec import LIMITS, StreamFormat
from edge_agent.vision.stream.lost import KEYFRAME_WAIT_S, SourceLost
from edge_agent.vision.stream.nal import Framing
from edge_agent.vision.stream.rtsp.assembly import AccessUnit
from edge_agent.vision.stream.rtsp.words import Description

PROBED_UNITS = 6
"""So many pictures tell the frame rate."""
_START = b"\0\0\0\1"


def probe(
    video: Description, units: Iterator[AccessUnit]
) -> tuple[StreamFormat, list[AccessUnit], Iterator[AccessUnit]]:
    """Read until a keyframe tells the size; return the format, what was read, and the rest.

    Raises:
        SourceLost: no keyframe comes, or it cannot be decoded.
    """
    seen: list[AccessUnit] = []
    size: tuple[int, int] | None = None
    extradata = b""
    for unit in units:
        if seen or unit.keyframe:
            seen.append(unit)
        elif unit.ticks > KEYFRAME_WAIT_S * video.clock_hz:
            why = f"no keyframe came for {KEYFRAME_WAIT_S:.0f} s: shorten its interval"
            raise SourceLost("undecodable", why)
        if size is None and unit.keyframe:
            extradata = _parameter_sets(video, unit)
            size = _size_of(video, extradata, unit)
        if len(seen) >= PROBED_UNITS:
            break
    if size is None:
        raise SourceLost("undecodable", "the first keyframe cannot be decoded")
    form = StreamFormat(
        codec=video.codec,
        extradata=extradata or None,
        width=size[0],
        height=size[1],
        time_base=Fraction(1, video.clock_hz),
        nominal_fps=video.fps or _rate(seen, video.clock_hz),
    )
    return form, seen, units


def _parameter_sets(video: Description, unit: AccessUnit) -> bytes:
    """Return those of the picture, else those of the description, with start codes."""
    framing = Framing(codec=video.codec, length_bytes=0, sets=())
    sets = framing.sets_in(unit.body)
    return b"".join(_START + nal for nal in sets) if len(sets) > 1 else video.parameter_sets


def _size_of(video: Description, extradata: bytes, unit: AccessUnit) -> tuple[int, int] | None:
    context = av.CodecContext.create(video.codec, "r")
    context.thread_count = 1
    context.options = dict(LIMITS)
    context.extradata = extradata or None
    try:
        frames = context.decode(av.Packet(unit.body)) + context.decode(None)
    except av.error.FFmpegError:
        return None
    return (frames[0].width, frames[0].height) if frames else None


def _rate(seen: list[AccessUnit], clock_hz: int) -> float:
    """Return pictures per second, whole where it is nearly so; 0.0 if it cannot be told."""
    steps = [b.ticks - a.ticks for a, b in pairwise(seen) if b.ticks > a.ticks]
    if not steps:
        return 0.0
    rate = clock_hz / statistics.median(steps)
    return float(round(rate)) if abs(rate - round(rate)) < 0.02 * rate else rate
