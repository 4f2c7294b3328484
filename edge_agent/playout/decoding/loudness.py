"""How loud audio is, as people hear it (EBU R128, ITU-R BS.1770-4); it changes nothing."""

import math

import numpy as np
import numpy.typing as npt

from edge_agent.playout.decoding.filtering import FilterChain, FloatSamples

BLOCK_S = 0.1
_BLOCKS_AT_ONCE = 4
"""Gating looks at 400 ms that overlap by three quarters (BS.1770-4 §2.8)."""
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_CALIBRATION_LU = -0.691
"""A sine of 997 Hz at full scale in one channel reads -3.01 LUFS."""


class LoudnessMeter:
    """Takes samples in pieces and remembers only the power of each 100 ms."""

    def __init__(self, *, sample_rate_hz: int) -> None:
        """Args: the rate of the samples; what is above half of it is not heard."""
        self._block = round(BLOCK_S * sample_rate_hz)
        self._weighting = FilterChain(_k_weighting(sample_rate_hz), sample_rate_hz=sample_rate_hz)
        self._rest: FloatSamples = np.zeros(0, dtype=np.float32)
        self._powers: list[npt.NDArray[np.float64]] = []

    def feed(self, samples: FloatSamples) -> None:
        """Measure some samples."""
        weighted = np.concatenate([self._rest, self._weighting.feed(samples)])
        whole = len(weighted) - len(weighted) % self._block
        blocks = weighted[:whole].reshape(-1, self._block).astype(np.float64)
        self._powers.append(np.mean(blocks**2, axis=1))
        self._rest = weighted[whole:]

    def audible_s(self, floor_lufs: float) -> float:
        """How long it is louder than the floor."""
        return float(np.count_nonzero(_lufs(self._measured()) > floor_lufs)) * BLOCK_S

    def integrated_lufs(self) -> float:
        """Loudness of the whole; minus infinity where nothing passes the gates."""
        powers = self._measured()
        if len(powers) >= _BLOCKS_AT_ONCE:
            powers = np.convolve(powers, np.full(_BLOCKS_AT_ONCE, 0.25), mode="valid")
        loud = powers[_lufs(powers) > _ABSOLUTE_GATE_LUFS]
        if not loud.size:
            return -math.inf
        gate_lufs = float(_lufs(np.mean(loud))) + _RELATIVE_GATE_LU
        return float(_lufs(np.mean(loud[_lufs(loud) > gate_lufs])))

    def _measured(self) -> npt.NDArray[np.float64]:
        powers = np.concatenate(self._powers) if self._powers else np.zeros(0)
        if powers.size or not self._rest.size:
            return powers
        return np.array([np.mean(self._rest.astype(np.float64) ** 2)])


def _lufs(
    power: npt.NDArray[np.float64] | np.floating,
) -> npt.NDArray[np.float64]:
    return _CALIBRATION_LU + 10 * np.log10(np.maximum(power, 1e-12))


def _k_weighting(sample_rate_hz: int) -> tuple[tuple[str, str], ...]:
    """The two filters of BS.1770-4 annex 1, by bilinear transform from their analogue prototypes."""
    shelf_hz, shelf_db, shelf_q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k = math.tan(math.pi * shelf_hz / sample_rate_hz)
    high = 10 ** (shelf_db / 20)
    middle = high**0.4996667741545416
    shelf = _biquad(
        (
            high + middle * k / shelf_q + k * k,
            2 * (k * k - high),
            high - middle * k / shelf_q + k * k,
        ),
        (1 + k / shelf_q + k * k, 2 * (k * k - 1), 1 - k / shelf_q + k * k),
    )
    pass_hz, pass_q = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * pass_hz / sample_rate_hz)
    denominator = (1 + k / pass_q + k * k, 2 * (k * k - 1), 1 - k / pass_q + k * k)
    # The standard's second numerator is 1, -2, 1 for a denominator that begins with 1.
    high_pass = _biquad((denominator[0], -2 * denominator[0], denominator[0]), denominator)
    return shelf, high_pass


def _biquad(
    numerator: tuple[float, float, float], denominator: tuple[float, float, float]
) -> tuple[str, str]:
    names = ("b0", "b1", "b2", "a0", "a1", "a2")
    pairs = zip(names, (*numerator, *denominator), strict=True)
    return "biquad", ":".join(f"{name}={value!r}" for name, value in pairs)
