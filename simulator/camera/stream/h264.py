"""Encodes pictures as H.264 the way a camera does: fixed GOP, no B-frames, no delay."""

from dataclasses import dataclass
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

TICKS_PER_S = 90_000
"""RTP's clock for video (RFC 6184 §5.1)."""


@dataclass(frozen=True, kw_only=True)
class AccessUnit:
    """One encoded picture in Annex B, with its parameter sets where it is a keyframe."""

    body: bytes
    pts_s: float
    keyframe: bool


class H264Encoder:
    """One stream's encoder; `encode` must be called from one thread at a time."""

    def __init__(self, *, width: int, height: int, rate: Fraction, gop_s: float) -> None:
        self.width, self.height = width, height
        self._gop = max(1, round(float(rate) * gop_s))
        self._context = self._open(rate)

    def _open(self, rate: Fraction) -> VideoCodecContext:
        context = av.CodecContext.create("libx264", "w")
        if not isinstance(context, VideoCodecContext):
            raise TypeError("libx264 is not a video encoder")
        context.width, context.height, context.pix_fmt = self.width, self.height, "yuv420p"
        context.time_base, context.framerate = Fraction(1, TICKS_PER_S), rate
        context.thread_count = 1
        context.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            # A constant quantiser spares the encoder a quarter of its work: it need not look ahead.
            "qp": "28",
            "forced-idr": "1",
            "x264-params": f"keyint={self._gop}:min-keyint=1:scenecut=0:repeat-headers=1:threads=1",
        }
        return context

    def encode(self, picture: VideoFrame, pts_s: float, *, force_keyframe: bool) -> AccessUnit:
        """Encode one picture; `pts_s` must grow from call to call."""
        picture.time_base = Fraction(1, TICKS_PER_S)
        picture.pts = round(pts_s * TICKS_PER_S)
        picture.pict_type = PictureType.I if force_keyframe else PictureType.NONE
        packets = self._context.encode(picture)
        body = b"".join(bytes(packet) for packet in packets)
        keyframe = any(packet.is_keyframe for packet in packets)
        return AccessUnit(body=body, pts_s=pts_s, keyframe=keyframe)
