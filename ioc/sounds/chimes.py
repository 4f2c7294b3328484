"""The chimes before and after an announcement, synthesised here so that nobody else's rights apply.

Pure: no I/O.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from ioc.sounds.opus import SAMPLE_RATE_HZ, Samples

Chime = Literal["none", "two_tones", "three_tones", "attention"]
CHIMES: tuple[Chime, ...] = ("none", "two_tones", "three_tones", "attention")

_LOUDEST = 0.5
# A bell's partials: multiple of its pitch, share, and how long it rings against the fundamental.
_PARTIALS = ((1.0, 1.0, 1.0), (2.0, 0.35, 0.6), (3.0, 0.12, 0.4), (4.2, 0.06, 0.25))
_ATTACK_S = 0.008
_FADE_S = 0.05


@dataclass(frozen=True, kw_only=True)
class _Stroke:
    pitch_hz: float
    at_s: float
    rings_s: float


# A falling major third, a rising triad: intervals that carry out of doors (660 Hz and above).
_BELLS: dict[str, tuple[_Stroke, ...]] = {
    "two_tones": (
        _Stroke(pitch_hz=830.6, at_s=0.0, rings_s=0.9),
        _Stroke(pitch_hz=659.3, at_s=0.55, rings_s=1.3),
    ),
    "three_tones": (
        _Stroke(pitch_hz=659.3, at_s=0.0, rings_s=0.8),
        _Stroke(pitch_hz=830.6, at_s=0.42, rings_s=0.8),
        _Stroke(pitch_hz=987.8, at_s=0.84, rings_s=1.3),
    ),
}
_ATTENTION_HZ = (853.0, 960.0)
"""Sounded in turn; no melody anybody could take for music."""
_ATTENTION_STEP_S = 0.5
_ATTENTION_STEPS = 6


@cache
def chime(name: Chime) -> Samples:
    """Return a chime; `none` is nothing at all. The array must not be changed."""
    if name == "none":
        sound = np.zeros(0)
    elif name == "attention":
        sound = _attention()
    else:
        sound = _bells(_BELLS[name])
    samples: Samples = np.round(sound * 32_767).astype(np.int16)
    samples.setflags(write=False)
    return samples


def _bells(strokes: tuple[_Stroke, ...]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    length = max(round((each.at_s + 1.6 * each.rings_s) * SAMPLE_RATE_HZ) for each in strokes)
    sound = np.zeros(length)
    for stroke in strokes:
        begin = round(stroke.at_s * SAMPLE_RATE_HZ)
        at_s = np.arange(length - begin) / SAMPLE_RATE_HZ
        attack = np.minimum(1.0, at_s / _ATTACK_S)
        for multiple, share, lasts in _PARTIALS:
            ringing = np.exp(-4.0 * at_s / (stroke.rings_s * lasts))
            wave = np.sin(2 * np.pi * stroke.pitch_hz * multiple * at_s)
            sound[begin:] += share * attack * ringing * wave
    return _finish(sound)


def _attention() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    step = round(_ATTENTION_STEP_S * SAMPLE_RATE_HZ)
    pitch_hz = np.repeat([_ATTENTION_HZ[n % 2] for n in range(_ATTENTION_STEPS)], step)
    # One running phase: a jump between the tones would click.
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    sound = np.sin(phase) + 0.3 * np.sin(2 * phase)
    rise = round(_ATTACK_S * SAMPLE_RATE_HZ)
    sound[:rise] *= np.linspace(0, 1, rise)
    return _finish(sound)


def _finish(
    sound: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    fade = round(_FADE_S * SAMPLE_RATE_HZ)
    sound[-fade:] *= np.linspace(1, 0, fade)
    finished: np.ndarray[tuple[int], np.dtype[np.float64]] = sound * (
        _LOUDEST / np.max(np.abs(sound))
    )
    return finished
