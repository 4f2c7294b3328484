"""Drawn speech and small rooms; no recording is ever kept."""

import wave

import numpy as np

RATE_HZ = 8000


def draw_speech(seed, seconds):
    """Syllables of changing pitch and colour with pauses between them: int16, 8 kHz."""
    rng = np.random.default_rng(seed)
    size = round(seconds * RATE_HZ)
    sound = np.zeros(size)
    at = 0
    while at < size:
        length = min(size - at, round(rng.uniform(0.12, 0.35) * RATE_HZ))
        instants = np.arange(length) / RATE_HZ
        pitch_hz = rng.uniform(100, 220) * (1 + rng.uniform(-0.2, 0.2) * instants / 0.3)
        voice = sum(
            np.sin(2 * np.pi * n * np.cumsum(pitch_hz) / RATE_HZ) * colour
            for n, colour in enumerate(rng.uniform(0, 1, size=15) ** 2, start=1)
        )
        syllable = (voice + 0.5 * rng.standard_normal(length)) * np.hanning(length)
        sound[at : at + length] = syllable
        at += length + round(rng.uniform(0.0, 0.12) * RATE_HZ)
    return (sound / np.abs(sound).max() * 12_000).astype(np.int16)


def hear(played, *, seed, lag_s, snr_db=0.0, drift_ppm=0.0, echoes=((0.3, 0.5),), early_s=0.3):
    """A recording that begins `early_s` before the loudspeaker and ends 4 s after it."""
    rng = np.random.default_rng(seed)
    size = len(played) + round((early_s + 4.0) * RATE_HZ)
    instants = np.arange(int(len(played) / (1 + drift_ppm * 1e-6))) * (1 + drift_ppm * 1e-6)
    drifted = np.interp(instants, np.arange(len(played)), played)
    voice = np.zeros(size)
    for after_s, gain in ((0.0, 1.0), *echoes):
        at = round((early_s + lag_s + after_s) * RATE_HZ)
        end = min(size, at + len(drifted))
        voice[at:end] += gain * drifted[: end - at]
    power = np.mean(voice**2) if voice.any() else 1e6
    noise = rng.standard_normal(size) * np.sqrt(power / 10 ** (snr_db / 10))
    return np.clip(voice + noise, -32768, 32767).astype(np.int16)


def write_wav(path, samples):
    """Return `path`, which then holds the samples."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())
    return path
