"""How much of what was sent is in what was recorded; offline measurement, no socket."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from simulator.loudspeaker.g711 import Samples


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """The best match of two signals."""

    peak: float
    """Normalised, -1 to 1; negative: the polarity is inverted."""
    lag_samples: int
    """Where the sent audio begins in the recording."""


def correlate(sent: npt.ArrayLike, recorded: npt.ArrayLike) -> Correlation:
    """Normalised cross-correlation of two mono signals of the same sample rate.

    A recording that holds only a part of what was sent scores in proportion to the energy of that
    part; more before or after it in the recording does not count against it.
    """
    wanted, heard = _centred(sent), _centred(recorded)
    if not wanted.any() or not heard.any():
        return Correlation(peak=0.0, lag_samples=0)
    size = len(wanted) + len(heard) - 1
    products = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size)), size)
    # Lag -(len(wanted)-1) … len(heard)-1: the circular result turned into ascending lags.
    products = np.roll(products, len(wanted) - 1)
    energy = np.concatenate([[0.0], np.cumsum(heard**2)])
    lags = np.arange(size) - (len(wanted) - 1)
    overlap = (
        energy[np.clip(lags + len(wanted), 0, len(heard))] - energy[np.clip(lags, 0, len(heard))]
    )
    # Where hardly anything was heard, rounding would pass for a match.
    floor = energy[-1] * 1e-6
    scores = products / np.sqrt(np.sum(wanted**2) * np.maximum(overlap, floor))
    best = int(np.argmax(np.abs(scores)))
    return Correlation(peak=float(scores[best]), lag_samples=int(lags[best]))


def read_mono(path: Path, *, sample_rate_hz: int = 8000) -> Samples:
    """Decode any audio file to mono at `sample_rate_hz`, as a loudspeaker would play it."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=sample_rate_hz)
    with av.open(str(path)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.int16)


def _centred(signal: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = np.asarray(signal, dtype=np.float64)
    return values - values.mean() if values.size else values
