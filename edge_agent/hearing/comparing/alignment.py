"""Where in a recording something played lies, when two clocks drift apart; pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.hearing.comparing.whitening import SAMPLE_RATE_HZ, White

_BIN = SAMPLE_RATE_HZ // 1000
"""Delays are told apart by the millisecond."""
_LOUDEST_VOTE = 10.0
"""No window outvotes the others, were it an identical chime."""
_STEEPEST = 300e-6
"""Drift between the two clocks; crystals are good for 50, and cheap ones for 100, in a million."""
_BESIDE = 8
"""Samples to either side of the common delay in which a piece of the broadcast may lie."""

_Votes = npt.NDArray[np.float32]
"""Shape `(windows, bins)`."""
Begins = npt.NDArray[np.int64]
"""Of windows or pieces, in samples of what was played."""


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """A delay that most windows agree on, drifting evenly."""

    score: float
    """How far it stands out from all other delays, in their standard deviation."""
    lag_samples: float
    """At the first sample played."""
    drift: float
    """Samples of delay that each further sample played adds."""

    def lags_at(self, begins: Begins) -> Begins:
        """The delay of the samples at `begins`."""
        lags: Begins = np.rint(self.lag_samples + self.drift * begins).astype(np.int64)
        return lags


def align(played: White, heard: White, begins: Begins, *, size: int, lags: int) -> Alignment:
    """Find the delay from 0 to `lags` samples at which `played` lies in `heard`.

    Args:
        played: Whitened.
        heard: Whitened; it begins where `played` does.
        begins: The windows that count, at least one.
        size: Samples in each of them.
        lags: The greatest delay.
    """
    transform_size = _fast_size(size + lags)
    votes = np.array(
        [
            _pool(_correlate(played[at : at + size], heard[at : at + size + lags], transform_size))
            for at in begins
        ]
    )[:, : lags // _BIN]
    return _find_line(_level(votes), begins)


def measure_pieces(
    played: White, heard: White, begins: Begins, *, size: int, alignment: Alignment
) -> npt.NDArray[np.float64]:
    """How far each piece of `size` samples stands out of chance where it should be heard."""
    strengths = np.zeros(len(begins))
    for index, (at, lag) in enumerate(zip(begins, alignment.lags_at(begins), strict=True)):
        piece = played[at : at + size]
        begin = max(0, at + int(lag) - _BESIDE)
        there = heard[begin : begin + len(piece) + 3 * _BESIDE]
        if len(there) >= len(piece):
            products = np.correlate(there, piece, "valid")
            chance = np.sqrt(np.sum(piece**2) * np.mean(there**2)) + 1e-9
            strengths[index] = np.abs(products).max() / chance
    return strengths


def _correlate(played: White, heard: White, transform_size: int) -> White:
    spectrum = np.conj(np.fft.rfft(played, transform_size))
    spectrum *= np.fft.rfft(heard, transform_size)
    products = np.fft.irfft(spectrum, transform_size)[: len(heard) - len(played)]
    rms = np.sqrt(np.mean(products**2)) + np.float32(1e-9)
    multiples: White = (products / rms).astype(np.float32, copy=False)
    return multiples


def _pool(correlation: White) -> White:
    """The greatest magnitude around each millisecond, whichever way the loudspeaker is wired."""
    magnitudes = np.abs(correlation[: len(correlation) // _BIN * _BIN])
    greatest: White = magnitudes.reshape(-1, _BIN).max(axis=1)
    # Two bins at a time: what lies on the border of two must not be halved by drift.
    greatest[:-1] = np.maximum(greatest[:-1], greatest[1:])
    return greatest


def _level(votes: _Votes) -> _Votes:
    """Every window with the same mean and spread over all delays."""
    capped = np.minimum(votes, _LOUDEST_VOTE)
    spread = capped.std(axis=1, keepdims=True) + np.float32(1e-6)
    return np.asarray((capped - capped.mean(axis=1, keepdims=True)) / spread, dtype=np.float32)


def _find_line(votes: _Votes, begins: Begins) -> Alignment:
    last = int(begins[-1] - begins[0])
    steps = int(np.ceil(_STEEPEST * last / _BIN))
    best, best_at, best_drift = -np.inf, 0, 0.0
    for step in range(-steps, steps + 1):
        drift = step * _BIN / max(1, last)
        sums = _sum_along(votes, np.rint(drift * (begins - begins[0]) / _BIN).astype(np.int64))
        at = int(np.argmax(sums))
        if sums[at] > best:
            best, best_at, best_drift = float(sums[at]), at, drift
    return Alignment(
        score=best / float(np.sqrt(len(votes))),
        # The middle of the two bins that were taken together.
        lag_samples=(best_at + 1) * _BIN - best_drift * float(begins[0]),
        drift=best_drift,
    )


def _sum_along(votes: _Votes, shifts: Begins) -> White:
    """For every delay of the first window, the sum of the votes along one drift."""
    bins = votes.shape[1]
    sums = np.zeros(bins, dtype=np.float32)
    for row, shift in zip(votes, shifts.tolist(), strict=True):
        if shift >= 0:
            sums[: bins - shift] += row[shift:]
        else:
            sums[-shift:] += row[:shift]
    return sums


def _fast_size(least: int) -> int:
    """The next size whose transform is quick: a power of two times 1, 3, 5, 9 or 15."""
    return min(odd << max(0, int(np.ceil(np.log2(least / odd)))) for odd in (1, 3, 5, 9, 15))
