"""Makes audio fit to be heard: no constant level, one loudness, no overload, no click at its ends."""

import math

import numpy as np

from drivers.loudspeaker import Samples
from edge_agent.playout.decoding.filtering import FilterChain, FloatSamples
from edge_agent.playout.decoding.loudness import LoudnessMeter

CEILING_DB = -1.5
"""True peak that is never exceeded (EBU R128 s1 asks for -1 dBTP or less)."""
MOST_GAIN_DB = 30.0
"""Quieter audio stays quiet: more would only raise its noise."""
FADE_S = 0.020
_SILENCE_LUFS = -60.0
_SHORTEST_SOUND_S = 0.2
# Takes the constant level and leaves the phase of a voice; a steeper one would turn it.
_HIGH_PASS = (("highpass", "f=5:poles=1"),)
_SETTLE_S = 0.25
_PIECE_S = 10
# Without oversampling a limiter misses the peaks between the samples (BS.1770-4 annex 2).
_OVERSAMPLING = 4
_HEADROOM_DB = 3.0
"""Samples that stay so far below the ceiling hide no higher peak between them."""


class OnlySilence(Exception):
    """There is nothing to hear in this audio."""


class Conditioner:
    """Takes audio in pieces; `finish` gives it back as it may be played."""

    def __init__(self, *, sample_rate_hz: int, loudness_lufs: float) -> None:
        """Args: the rate of the samples, and the loudness they shall have."""
        self._rate_hz = sample_rate_hz
        self._target_lufs = loudness_lufs
        self._high_pass = FilterChain(_HIGH_PASS, sample_rate_hz=sample_rate_hz)
        self._meter = LoudnessMeter(sample_rate_hz=sample_rate_hz)
        self._settling = 0
        self._parts: list[Samples] = []

    def feed(self, samples: FloatSamples) -> None:
        """Take the next piece."""
        if not self._parts and not self._settling:
            # The filter's answer to a constant level dies away before the first sample.
            self._settling = round(_SETTLE_S * self._rate_hz)
            lead_in = np.full(self._settling, samples[0], dtype=np.float32)
            samples = np.concatenate([lead_in, samples])
        self._keep(self._high_pass.feed(samples))

    def finish(self) -> Samples:
        """All that was fed, `(samples,) int16`.

        Raises:
            OnlySilence: Nothing in it can be heard.
        """
        self._keep(self._high_pass.drain())
        samples = np.concatenate(self._parts) if self._parts else np.zeros(0, dtype=np.int16)
        self._parts = []
        length_s = len(samples) / self._rate_hz
        audible_s = self._meter.audible_s(_SILENCE_LUFS)
        if audible_s < min(_SHORTEST_SOUND_S, length_s / 2):
            raise OnlySilence
        gain_db = min(self._target_lufs - self._meter.integrated_lufs(), MOST_GAIN_DB)
        self._amplify(samples, gain_db=gain_db)
        _fade_ends(samples, round(FADE_S * self._rate_hz))
        return samples

    def _keep(self, filtered: FloatSamples) -> None:
        dropped = min(self._settling, len(filtered))
        self._settling -= dropped
        filtered = filtered[dropped:]
        if len(filtered):
            self._meter.feed(filtered)
            self._parts.append(to_int16(filtered))

    def _amplify(self, samples: Samples, *, gain_db: float) -> None:
        gain = 10 ** (gain_db / 20)
        peak = max(int(samples.max(initial=0)), -int(samples.min(initial=0)), 1) / 32768
        limiter = None
        if 20 * math.log10(peak * gain) > CEILING_DB - _HEADROOM_DB:
            limiter = FilterChain(_limiting(self._rate_hz), sample_rate_hz=self._rate_hz)
        written, piece = 0, _PIECE_S * self._rate_hz
        for begin in range(0, len(samples), piece):
            louder = samples[begin : begin + piece] * np.float32(gain / 32768)
            written = _write(samples, written, limiter.feed(louder) if limiter else louder)
        if limiter:
            written = _write(samples, written, limiter.drain())
            samples[written:] = 0


def to_int16(samples: FloatSamples) -> Samples:
    """Samples as loudspeakers take them; what is beyond full scale is cut."""
    scaled = np.rint(samples * np.float32(32768))
    whole: Samples = np.clip(scaled, -32768, 32767).astype(np.int16)
    return whole


def _limiting(sample_rate_hz: int) -> tuple[tuple[str, str], ...]:
    ceiling = 10 ** (CEILING_DB / 20)
    return (
        ("aresample", str(sample_rate_hz * _OVERSAMPLING)),
        ("alimiter", f"limit={ceiling:.4f}:level=false:attack=5:release=80:latency=true"),
        ("aresample", str(sample_rate_hz)),
    )


def _write(samples: Samples, position: int, piece: FloatSamples) -> int:
    """Write a piece over samples that were read before; the position after it."""
    end = min(position + len(piece), len(samples))
    samples[position:end] = to_int16(piece[: end - position])
    return end


def _fade_ends(samples: Samples, count: int) -> None:
    count = min(count, len(samples) // 2)
    ramp = np.sin(np.linspace(0, math.pi / 2, count, endpoint=False)) ** 2
    samples[:count] = samples[:count] * ramp
    samples[len(samples) - count :] = samples[len(samples) - count :] * ramp[::-1]
