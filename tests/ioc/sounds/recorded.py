"""Recordings as phones make them, synthesised: a voice-like sound with silence and noise around it."""

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

RATE_HZ = 48_000
Samples = npt.NDArray[np.float64]

FORMATS = {
    "chrome.webm": ("webm", "libopus"),
    "iphone.m4a": ("mp4", "aac"),
    "recorder.wav": ("wav", "pcm_s16le"),
    "firefox.ogg": ("ogg", "libopus"),
    "song.mp3": ("mp3", "libmp3lame"),
}


def voice(seconds: float = 3.0, *, loudness: float = 0.2, seed: int = 1) -> Samples:
    """Return something like syllables: a buzz of changing pitch that swells four times a second."""
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    pitch_hz = 140 + 30 * np.sin(2 * np.pi * 0.7 * at_s + seed)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    buzz = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 14))
    return loudness * buzz * (0.25 + 0.75 * np.abs(np.sin(2 * np.pi * 2 * at_s)))


def silent(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE_HZ))


def noise(seconds: float, *, level: float) -> Samples:
    return level * np.random.default_rng(7).standard_normal(round(seconds * RATE_HZ))


def record(path: Path, samples: Samples, *, rate_hz: int = RATE_HZ) -> Path:
    """Write a recording in the format its name stands for."""
    container_name, codec = FORMATS.get(path.name, ("wav", "pcm_s16le"))
    whole = np.round(np.clip(samples, -1, 1) * 32_767).astype(np.int16)
    with av.open(path, "w", format=container_name) as container:
        stream = container.add_stream(codec, rate=rate_hz)
        stream.layout = "mono"
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate_hz)
        frame = av.AudioFrame.from_ndarray(whole[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = rate_hz
        for ready in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(ready))
        container.mux(stream.encode(None))
    return path


def play(path: Path) -> Samples:
    """Return what a loudspeaker would get."""
    with av.open(path) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float64)


def level_db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples**2) + 1e-12))
