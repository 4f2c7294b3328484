"""Sounds with every moment and every pitch made about equally loud; pure."""

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 8000

Samples = npt.NDArray[np.int16]
"""Mono at `SAMPLE_RATE_HZ`, shape `(samples,)`."""
White = npt.NDArray[np.float32]

_FRAME = 512
"""64 ms: shorter than a syllable, long enough to tell the harmonics of a voice apart."""
_HOP = _FRAME // 2
_FRAMES_AT_ONCE = 2_048
_BAND_HZ = (200.0, 3_600.0)
# Frames fainter than this share of the mean are silence, not a signal to be brought up.
_FLOOR = 1e-3
_SLOPES = (np.sin(np.pi * (np.arange(_FRAME) + 0.5) / _FRAME)).astype(np.float32)


def whiten(samples: Samples, *, power: float) -> White:
    """Divide each bin of a short-time spectrum by its magnitude to the power of `power`.

    With 1 nothing is left but the phases: gain control, hiss and a passing engine weigh no more
    than the quiet moments between them. The result has as many samples as were given.
    """
    padded = np.zeros(_padded_size(len(samples)), dtype=np.float32)
    padded[_HOP : _HOP + len(samples)] = samples
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
    floor = np.float32(_FLOOR * np.sqrt(np.mean(padded**2) * _FRAME) + 1e-3)
    white = np.zeros_like(padded)
    for begin in range(0, len(frames), _FRAMES_AT_ONCE):
        flat = _flatten(frames[begin : begin + _FRAMES_AT_ONCE], power, floor)
        at = begin * _HOP
        size = len(flat) * _HOP
        white[at : at + size] += flat[:, :_HOP].reshape(-1)
        white[at + _HOP : at + _HOP + size] += flat[:, _HOP:].reshape(-1)
    return white[_HOP : _HOP + len(samples)]


def _flatten(frames: npt.NDArray[np.float32], power: float, floor: np.float32) -> White:
    spectra = np.fft.rfft(frames * _SLOPES, axis=1)
    spectra *= _IN_BAND / (np.abs(spectra) + floor) ** np.float32(power)
    flat = np.fft.irfft(spectra, _FRAME, axis=1) * _SLOPES
    return flat.astype(np.float32, copy=False)


def _padded_size(samples: int) -> int:
    return (-(-samples // _HOP) + 2) * _HOP


def _in_band() -> npt.NDArray[np.float32]:
    frequency_hz = np.fft.rfftfreq(_FRAME, 1 / SAMPLE_RATE_HZ)
    low, high = _BAND_HZ
    return ((frequency_hz >= low) & (frequency_hz <= high)).astype(np.float32)


_IN_BAND = _in_band()
