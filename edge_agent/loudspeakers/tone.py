"""The tone of a self-test, made here; plays nothing."""

import io
import wave
from pathlib import Path

import numpy as np

TONE_S = 2.5
"""Of less than 1.5 s no microphone's word is taken."""
_RATE_HZ = 16_000
_FROM_HZ, _TO_HZ = 500.0, 2_000.0
_FADE_S = 0.1
_AMPLITUDE = 0.25


def render_tone() -> bytes:
    """Return a WAV of a tone that glides up around 1 kHz.

    It glides because a steady tone looks the same a millisecond later: no microphone could tell
    when it was heard.
    """
    time_s = np.arange(round(TONE_S * _RATE_HZ)) / _RATE_HZ
    phase = 2 * np.pi * (_FROM_HZ * time_s + (_TO_HZ - _FROM_HZ) / (2 * TONE_S) * time_s**2)
    fade = np.clip(np.minimum(time_s, TONE_S - time_s) / _FADE_S, 0.0, 1.0)
    loudness = _AMPLITUDE * np.sin(0.5 * np.pi * fade) ** 2
    samples = np.round(32_767 * loudness * np.sin(phase)).astype("<i2")
    body = io.BytesIO()
    with wave.open(body, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE_HZ)
        file.writeframes(samples.tobytes())
    return body.getvalue()


def store_tone(path: Path) -> None:
    """Put the tone into a file, unless it is there.

    Raises:
        OSError: the disk does not take it.
    """
    tone = render_tone()
    if path.is_file() and path.read_bytes() == tone:
        return
    part = path.with_suffix(".part")
    part.write_bytes(tone)
    part.rename(path)
