"""The codecs of RTP loudspeakers: what one 20 ms frame becomes, and its numbers; no socket, no clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

import av

from drivers.loudspeaker import FRAME_S, Samples
from drivers.rtp_multicast.g711 import encode_alaw, encode_ulaw

Codec = Literal["pcmu", "pcma", "g722", "opus"]
Encode = Callable[[Samples], bytes]

_OPUS_BIT_RATE = 64_000
"""Full quality for one voice; below 48 kbit/s what is heard begins to differ from what was sent."""


@dataclass(frozen=True, kw_only=True)
class CodecNumbers:
    """How a codec travels in RTP."""

    payload_type: int
    """RFC 3551 table 4, or 111, the usual dynamic number of Opus."""
    sample_rate_hz: int
    clock_rate_hz: int
    """What RTP timestamps count. For G.722 it is 8000 though it samples at 16000: an error of
    RFC 1890 that RFC 3551 §4.5.2 keeps, because everybody had built it."""
    open_encoder: Callable[[], Encode]
    """An encoder remembers what went before: every stream needs its own."""

    @property
    def frame_samples(self) -> int:
        """Samples in a frame of 20 ms."""
        return round(self.sample_rate_hz * FRAME_S)

    @property
    def frame_ticks(self) -> int:
        """By how much one frame moves the RTP timestamp."""
        return round(self.clock_rate_hz * FRAME_S)


def _open_av_encoder(name: str, sample_rate_hz: int, options: Mapping[str, str]) -> Encode:
    encoder = cast("av.AudioCodecContext", av.CodecContext.create(name, "w"))
    encoder.sample_rate, encoder.layout, encoder.format = sample_rate_hz, "mono", "s16"
    encoder.options = dict(options)
    encoder.open()

    def encode(samples: Samples) -> bytes:
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = sample_rate_hz
        return b"".join(bytes(packet) for packet in encoder.encode(frame))

    return encode


CODECS: Mapping[Codec, CodecNumbers] = {
    "pcmu": CodecNumbers(
        payload_type=0,
        sample_rate_hz=8000,
        clock_rate_hz=8000,
        open_encoder=lambda: encode_ulaw,
    ),
    "pcma": CodecNumbers(
        payload_type=8,
        sample_rate_hz=8000,
        clock_rate_hz=8000,
        open_encoder=lambda: encode_alaw,
    ),
    "g722": CodecNumbers(
        payload_type=9,
        sample_rate_hz=16000,
        clock_rate_hz=8000,
        open_encoder=lambda: _open_av_encoder("g722", 16000, {}),
    ),
    # RFC 7587: the clock is 48000 whatever is inside. The encoder's simplest way of working: at
    # 64 kbit/s speech loses nothing measurable, and a loudspeaker costs half as much.
    "opus": CodecNumbers(
        payload_type=111,
        sample_rate_hz=48000,
        clock_rate_hz=48000,
        open_encoder=lambda: _open_av_encoder(
            "libopus",
            48000,
            {"b": str(_OPUS_BIT_RATE), "application": "audio", "compression_level": "0"},
        ),
    ),
}
