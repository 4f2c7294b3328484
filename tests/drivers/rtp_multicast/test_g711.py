"""G.711 is exact: a loudspeaker of inverted polarity cancels its neighbour."""

from fractions import Fraction

import av
import numpy as np
import pytest

from drivers.rtp_multicast.g711 import encode_alaw, encode_ulaw

EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)


@pytest.mark.parametrize(
    ("encode", "codec"), [(encode_ulaw, "pcm_mulaw"), (encode_alaw, "pcm_alaw")]
)
def test_every_sample_becomes_the_octet_of_an_independent_encoder(encode, codec):
    """All 65,536 samples give what FFmpeg's encoder gives."""
    assert encode(EVERY_SAMPLE) == _encode_by_ffmpeg(codec)


@pytest.mark.parametrize(
    ("encode", "codec"), [(encode_ulaw, "pcm_mulaw"), (encode_alaw, "pcm_alaw")]
)
def test_polarity_survives(encode, codec):
    """Decoded by FFmpeg, loud positive samples are positive and within a quantisation step."""
    decoded = _decode_by_ffmpeg(codec, encode(EVERY_SAMPLE)).astype(int)
    loud = np.abs(EVERY_SAMPLE.astype(int)) > 64
    assert np.array_equal(np.sign(decoded[loud]), np.sign(EVERY_SAMPLE[loud]))
    step = np.maximum(16, np.abs(EVERY_SAMPLE.astype(int)) / 16)
    assert np.all(np.abs(decoded - EVERY_SAMPLE) <= step)


@pytest.mark.parametrize(("encode", "octet"), [(encode_ulaw, 0xFF), (encode_alaw, 0xD5)])
def test_silence_has_its_octet(encode, octet):
    """Silence is 0xFF in µ-law and 0xD5 in A-law (0x55 would be the inverted one)."""
    assert encode(np.zeros(160, dtype=np.int16)) == bytes([octet]) * 160


def _encode_by_ffmpeg(codec: str) -> bytes:
    encoder = av.CodecContext.create(codec, "w")
    encoder.sample_rate, encoder.layout, encoder.format = 8000, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(EVERY_SAMPLE[np.newaxis, :], format="s16", layout="mono")
    frame.sample_rate = 8000
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def _decode_by_ffmpeg(codec: str, octets: bytes) -> np.ndarray:
    decoder = av.CodecContext.create(codec, "r")
    decoder.sample_rate, decoder.layout = 8000, "mono"
    packet = av.Packet(octets)
    packet.time_base = Fraction(1, 8000)
    return np.concatenate([f.to_ndarray()[0] for f in [*decoder.decode(packet)]])
