"""What else a village sounds like: wind, rain, engines, people; drawn, never recorded."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from acoustics.announcements import SAMPLE_RATE_HZ, Samples

Sound = npt.NDArray[np.float32]
Noise = Literal["pink", "wind", "babble", "motorbike", "rain"]
NOISES: tuple[Noise, ...] = ("pink", "wind", "babble", "motorbike", "rain")


def draw_noise(kind: Noise, length: int, rng: np.random.Generator, babble: Samples) -> Sound:
    """Noise of any loudness, shape `(length,)`."""
    match kind:
        case "babble":
            begins = rng.integers(0, len(babble), size=5)
            talks = [np.roll(babble, -begin)[:length] for begin in begins]
            return np.resize(np.sum(talks, axis=0, dtype=np.float32), length)
        case "motorbike":
            return _motorbike(length, rng) + np.float32(0.3) * _coloured(length, rng, slope=0.5)
        case "wind":
            return _coloured(length, rng, slope=1.0) * _gusts(length, rng)
        case "pink":
            return _coloured(length, rng, slope=0.5)
        case "rain":
            return _coloured(length, rng, slope=0.0)


def _coloured(length: int, rng: np.random.Generator, *, slope: float) -> Sound:
    """Gaussian noise whose amplitude falls with frequency to the power of `slope`, from 20 Hz."""
    noise = rng.standard_normal(length, dtype=np.float32)
    if slope:
        spectrum = np.fft.rfft(noise)
        steps = np.arange(len(spectrum), dtype=np.float32) * (SAMPLE_RATE_HZ / length / 20)
        noise = np.fft.irfft(spectrum / np.maximum(1, steps) ** np.float32(slope), length)
    return np.asarray(noise / np.std(noise), dtype=np.float32)


def _gusts(length: int, rng: np.random.Generator) -> Sound:
    knots = rng.uniform(0.2, 2.0, size=length // SAMPLE_RATE_HZ + 2)
    seconds = np.arange(length) / SAMPLE_RATE_HZ
    return np.interp(seconds, np.arange(len(knots)), knots).astype(np.float32)


def _motorbike(length: int, rng: np.random.Generator) -> Sound:
    """Firing pulses of an engine that passes: its pitch glides, its loudness comes and goes."""
    rate_hz = rng.uniform(40, 120) * np.linspace(1.0, rng.uniform(0.7, 1.4), length)
    phase = (np.cumsum(rate_hz) / SAMPLE_RATE_HZ % 1).astype(np.float32)
    pulses = np.exp(-8 * phase) * (1 + 0.3 * rng.standard_normal(length, dtype=np.float32))
    passing_s = rng.uniform(0, length / SAMPLE_RATE_HZ)
    distance = (np.arange(length) / SAMPLE_RATE_HZ - passing_s) / rng.uniform(2, 8)
    sound = (pulses - pulses.mean()) / (0.1 + distance**2)
    return np.asarray(sound / np.std(sound), dtype=np.float32)
