"""What the stream is made of: 20 ms frames to MP3 frames or Opus packets; no socket, no clock."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from drivers.http_pull.ogg import OggOpus
from drivers.loudspeaker import Samples

Format = Literal["mp3", "opus"]

SAMPLE_RATE_HZ = 48_000
"""The rate of Opus, and one that every decoder of MP3 has (ISO 11172-3; the lower ones came later)."""
FRAME_SAMPLES = 960
_BIT_RATE = 64_000
_QUIET_BLOCKS = 12
"""After so much silence a block of silence is the block before."""
_OPUS_TICKS = 960


class Listening(Protocol):
    """What one listener is sent."""

    def first(self) -> bytes:
        """What comes before the stream."""

    def next(self, packet: bytes) -> bytes:
        """One packet of the stream."""


@dataclass(frozen=True, kw_only=True)
class StreamFormat:
    """One way to write the stream."""

    content_type: str
    encoder: str
    sample_format: str
    options: Mapping[str, str]
    prelude_packets: int
    """So many packets of the past a listener is given at once, to find its feet."""


FORMATS: Mapping[Format, StreamFormat] = {
    # The quickest levels: at this bit rate one voice sounds the same, at half the work (measured).
    # Without the reservoir every MP3 frame stands for itself, so one can join anywhere.
    "mp3": StreamFormat(
        content_type="audio/mpeg",
        encoder="libmp3lame",
        sample_format="s16p",
        options={"reservoir": "0", "compression_level": "9"},
        prelude_packets=10,
    ),
    "opus": StreamFormat(
        content_type="audio/ogg",
        encoder="libopus",
        sample_format="s16",
        options={"frame_duration": "20", "application": "audio", "compression_level": "0"},
        prelude_packets=0,
    ),
}


class Encoder:
    """Turns frames into packets; it remembers what went before."""

    def __init__(self, name: Format) -> None:
        self.format = FORMATS[name]
        context = av.CodecContext.create(self.format.encoder, "w")
        if not isinstance(context, AudioCodecContext):
            raise TypeError(f"{self.format.encoder} is no audio codec")
        self._context = context
        self._context.sample_rate = SAMPLE_RATE_HZ
        self._context.layout = "mono"
        self._context.format = self.format.sample_format
        self._context.bit_rate = _BIT_RATE
        self._context.options = dict(self.format.options)
        self._context.open()
        self._waiting = np.zeros(0, dtype=np.int16)
        self._quiet_blocks = 0
        self._last = b""

    def encode(self, samples: Samples) -> Iterator[bytes]:
        """The packets that are complete with these samples."""
        size = self._context.frame_size
        self._waiting = np.concatenate([self._waiting, samples])
        while len(self._waiting) >= size:
            block, self._waiting = self._waiting[:size], self._waiting[size:]
            self._quiet_blocks = 0 if block.any() else self._quiet_blocks + 1
            if self._quiet_blocks <= _QUIET_BLOCKS:
                self._last = self._encode(block) or self._last
            if self._last:
                yield self._last

    def _encode(self, block: Samples) -> bytes:
        frame = av.AudioFrame.from_ndarray(
            block[np.newaxis, :], format=self.format.sample_format, layout="mono"
        )
        frame.sample_rate = SAMPLE_RATE_HZ
        return b"".join(bytes(packet) for packet in self._context.encode(frame))

    def listening(self) -> Listening:
        """What a new listener is sent."""
        if self.format is FORMATS["mp3"]:
            return _Mp3Listening()
        return _OpusListening(bytes(self._context.extradata or b""))


class _Mp3Listening:
    """MP3 frames follow one another without anything around them."""

    def first(self) -> bytes:
        return b""

    def next(self, packet: bytes) -> bytes:
        return packet


class _OpusListening:
    """Every listener has an Ogg stream of its own, which begins when it comes."""

    def __init__(self, head: bytes) -> None:
        self._ogg = OggOpus(head, serial_number=secrets.randbits(32))

    def first(self) -> bytes:
        return b"".join(self._ogg.headers())

    def next(self, packet: bytes) -> bytes:
        return self._ogg.page(packet, ticks=_OPUS_TICKS)
