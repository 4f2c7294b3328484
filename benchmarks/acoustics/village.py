"""A village between a loudspeaker and a camera: echoes, noise, a clock that drifts, a microphone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from acoustics.announcements import SAMPLE_RATE_HZ, Samples
from acoustics.noise import NOISES, Noise, draw_noise
from acoustics.recorder import Codec, record

Sound = npt.NDArray[np.float32]
LONGEST_DELAY_S = 3.0
LONGEST_ECHO_S = 1.0
_TAIL_S = 1.2
_LOUDEST_NOISE_DB, _FAINTEST_NOISE_DB = -15.0, 10.0


@dataclass(frozen=True, kw_only=True)
class Village:
    """One place at one moment."""

    delay_s: float
    drift_ppm: float
    snr_db: float
    """Mean power of the announcement over that of the noise, in the microphone's band."""
    noise: Noise
    reverberation_s: float
    """RT60."""
    echoes: tuple[tuple[float, float], ...]
    """Seconds after the direct sound, gain (the direct sound has 1)."""
    band_hz: tuple[float, float]
    gain_control: bool
    codec: Codec


def draw_village(rng: np.random.Generator) -> Village:
    """A place of the kind that the acoustic proof is promised for."""
    echoes = tuple(
        (float(rng.uniform(0.05, LONGEST_ECHO_S)), float(rng.uniform(-0.9, 0.9)))
        for _ in range(rng.integers(0, 7))
    )
    codecs: tuple[Codec, ...] = ("mu_law", "mu_law", "mu_law", "plain", "aac")
    return Village(
        delay_s=float(rng.uniform(0, LONGEST_DELAY_S)),
        drift_ppm=float(rng.uniform(-50, 50)),
        snr_db=float(rng.uniform(_LOUDEST_NOISE_DB, _FAINTEST_NOISE_DB)),
        noise=NOISES[rng.integers(len(NOISES))],
        reverberation_s=float(rng.uniform(0.1, 1.5)),
        echoes=echoes,
        band_hz=(float(rng.uniform(100, 400)), float(rng.uniform(2200, 3700))),
        gain_control=bool(rng.random() < 0.5),
        codec=codecs[rng.integers(len(codecs))],
    )


def hear(
    played: Samples, village: Village, rng: np.random.Generator, *, babble: Samples
) -> Samples:
    """What the camera records from the instant at which the loudspeaker begins.

    Args:
        played: Silence leaves the noise as it would be with speech of usual loudness.
        village: Where.
        rng: Draws what no two moments have in common.
        babble: The talk of people around.
    """
    length = len(played) + round((LONGEST_DELAY_S + _TAIL_S) * SAMPLE_RATE_HZ)
    size = _even_size(length)
    band = _band(size, village.band_hz)
    voice = np.fft.rfft(_drift(played, village.drift_ppm), size)
    voice *= np.fft.rfft(_impulse_response(village, rng), size) * band
    noise = np.fft.rfft(draw_noise(village.noise, size, rng, babble)) * band
    power = float(np.sum(np.abs(voice) ** 2)) * length / max(1, np.count_nonzero(played))
    noise *= _gain(power or float(size) ** 2 * 1e6, noise, village.snr_db)
    sound = np.fft.irfft(voice + noise, size)[:length]
    return record(sound, codec=village.codec, gain_control=village.gain_control, rng=rng)


def _gain(power: float, noise: npt.NDArray[np.complex64], snr_db: float) -> np.float32:
    return np.float32(np.sqrt(power / 10 ** (snr_db / 10) / np.sum(np.abs(noise) ** 2)))


def _drift(sound: Samples, ppm: float) -> Sound:
    instants = np.arange(int(len(sound) / (1 + ppm * 1e-6))) * (1 + ppm * 1e-6)
    return np.interp(instants, np.arange(len(sound)), sound).astype(np.float32)


def _impulse_response(village: Village, rng: np.random.Generator) -> Sound:
    length = round(village.reverberation_s * SAMPLE_RATE_HZ)
    tail = rng.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    # Up to as much energy after the direct sound as in it: in the open, or in a bare hall.
    tail *= np.sqrt(rng.uniform(0.1, 1.0) / np.sum(tail**2))
    near = np.concatenate([[1.0], tail])
    response = np.zeros(round((LONGEST_DELAY_S + LONGEST_ECHO_S) * SAMPLE_RATE_HZ) + len(near) + 1)
    for after_s, gain in ((0.0, 1.0), *village.echoes):
        begin = round((village.delay_s + after_s) * SAMPLE_RATE_HZ)
        response[begin : begin + len(near)] += gain * near
    return response.astype(np.float32)


def _band(size: int, band_hz: tuple[float, float]) -> Sound:
    frequency_hz = np.maximum(1.0, np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ))
    low, high = band_hz
    passed = 1 / (1 + (low / frequency_hz) ** 4) / (1 + (frequency_hz / high) ** 8)
    return passed.astype(np.float32)


def _even_size(least: int) -> int:
    """A size whose transform is quick."""
    return min(odd << int(np.ceil(np.log2(least / odd))) for odd in (1, 3, 5, 9, 15))
