"""Small H.264 and H.265 streams as cameras send them, each picture with its number in its light."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av import VideoFrame

from edge_agent.vision.stream.codec import StreamFormat
from edge_agent.vision.stream.nal import framing_of
from edge_agent.vision.stream.packet import Packet

FPS = 10
STEP = 4
"""Luma levels between two pictures."""
_ENCODERS = {"h264": ("libx264", "x264-params"), "hevc": ("libx265", "x265-params")}


def still(luma: int, size: tuple[int, int]) -> VideoFrame:
    width, height = size
    pixels = np.full((height * 3 // 2, width), 128, np.uint8)
    pixels[:height] = luma
    return VideoFrame.from_ndarray(pixels, format="yuv420p")


def shade(number: int) -> int:
    """Return the luma that tells which picture it is."""
    return 40 + STEP * (number % 40)


def encode(
    codec: str = "h264",
    *,
    pictures: int = 60,
    size: tuple[int, int] = (160, 96),
    bframes: int = 2,
    gop: int = 10,
    more: str = "",
) -> tuple[StreamFormat, list[Packet]]:
    """Encode `FPS` pictures per second; returned as an MP4 holds them."""
    body = io.BytesIO()
    encoder, option = _ENCODERS[codec]
    quiet = ":log-level=none" if codec == "hevc" else ""
    with av.open(body, "w", format="mp4") as container:
        stream = container.add_stream(encoder, rate=FPS)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        params = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={bframes}{quiet}{more}"
        stream.options = {"preset": "ultrafast", option: params}
        for number in range(pictures):
            frame = still(shade(number), size)
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    body.seek(0)
    return read_packets(body)


def read_packets(body: io.BytesIO | Path) -> tuple[StreamFormat, list[Packet]]:
    with av.open(body if isinstance(body, io.BytesIO) else str(body)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        form = StreamFormat(
            codec=context.name,
            extradata=context.extradata,
            width=context.width,
            height=context.height,
            time_base=stream.time_base,
            nominal_fps=float(FPS),
        )
        packets = [
            Packet(
                payload=bytes(unit),
                pts=unit.pts,
                t_s=float(unit.pts * stream.time_base),
                keyframe=unit.is_keyframe,
            )
            for unit in container.demux(stream)
            if unit.size
        ]
    return form, packets


def over_rtsp(
    form: StreamFormat, packets: Iterable[Packet], *, in_band: bool
) -> tuple[StreamFormat, list[Packet]]:
    """Return the stream with start codes, and no parameter sets but before keyframes, if at all."""
    framing = framing_of(form.codec, form.extradata)
    changed = [
        p._replace(
            payload=framing.annex_b(p.payload, framing.sets if p.keyframe and in_band else ())
        )
        for p in packets
    ]
    extradata = None if in_band else b"".join(b"\0\0\0\1" + unit for unit in framing.sets)
    return replace(form, extradata=extradata), changed


def shifted(packets: Sequence[Packet], by_s: float, *, base: Fraction) -> list[Packet]:
    """Return the packets as if they had come later."""
    ticks = round(by_s / base)
    return [p._replace(pts=p.pts + ticks, t_s=p.t_s + by_s) for p in packets]


def decode(file: Path) -> list[tuple[float, np.ndarray]]:
    """Return the instant and the luma of every picture that a player would show."""
    with av.open(str(file)) as container:
        return [
            (float(frame.pts * frame.time_base), frame.to_ndarray()[: frame.height])
            for frame in container.decode(video=0)
        ]
