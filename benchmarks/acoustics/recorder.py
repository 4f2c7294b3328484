"""A camera's microphone after its membrane: gain control, level, codec."""

from fractions import Fraction
from typing import Literal

import av
import numpy as np
import numpy.typing as npt

from acoustics.announcements import SAMPLE_RATE_HZ, Samples

Sound = npt.NDArray[np.float32]
Codec = Literal["plain", "mu_law", "aac"]
_AAC_FRAME = 1024


def record(sound: Sound, *, codec: Codec, gain_control: bool, rng: np.random.Generator) -> Samples:
    """What the gateway decodes of it; the level is drawn, from faint to overdriven."""
    if gain_control:
        sound = _control_gain(sound)
    level = np.float32(10 ** rng.uniform(2.3, 3.9)) / np.std(sound)
    samples = np.clip(sound * level, -32768, 32767)
    match codec:
        case "plain":
            return samples.astype(np.int16)
        case "mu_law":
            return _through_mu_law(samples).astype(np.int16)
        case "aac":
            return _through_aac(samples.astype(np.int16))


def _control_gain(sound: Sound) -> Sound:
    """Towards one loudness within about half a second, as cameras do."""
    step = SAMPLE_RATE_HZ // 4
    blocks = np.sqrt(np.add.reduceat(sound**2, np.arange(0, len(sound), step)) / step)
    smooth = np.convolve(np.pad(blocks, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid")
    loudness = np.interp(np.arange(len(sound)), np.arange(len(smooth)) * step, smooth)
    controlled = sound / np.maximum(loudness, 0.05 * loudness.max()) ** 0.8
    return np.asarray(controlled, dtype=np.float32)


def _through_mu_law(samples: Sound) -> Sound:
    """G.711's steps, by its continuous law."""
    compressed = np.sign(samples) * np.log1p(255 * np.abs(samples) / 32768) / np.log(256)
    stepped = np.round(compressed * 127) / 127
    return np.asarray(np.sign(stepped) * (256 ** np.abs(stepped) - 1) / 255 * 32768)


def _through_aac(samples: Samples) -> Samples:
    encoder = av.CodecContext.create("aac", "w")
    decoder = av.CodecContext.create("aac", "r")
    encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE_HZ, "mono", "fltp"
    encoder.bit_rate, encoder.time_base = 24_000, Fraction(1, SAMPLE_RATE_HZ)
    encoder.open()
    decoder.extradata = encoder.extradata
    padded = np.pad(samples, (0, -len(samples) % _AAC_FRAME)).astype(np.float32) / 32768
    parts = []
    for at in range(0, len(padded), _AAC_FRAME):
        frame = av.AudioFrame.from_ndarray(padded[None, at : at + _AAC_FRAME], "fltp", "mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, at
        for packet in encoder.encode(frame):
            parts += [decoded.to_ndarray()[0] for decoded in decoder.decode(packet)]
    return (np.concatenate(parts) * 32767).clip(-32768, 32767).astype(np.int16)
