"""Whether a microphone recorded what was played, and with what delay; pure.

What was played is cut into windows of about four seconds, short enough for two clocks to agree
within one. Each is looked for by itself, at every delay; the windows then vote for a common delay
that may drift. Where that delay stands out, the broadcast is followed along it piece by piece: an
identical chime, or half an announcement, is not the announcement. The calibration is in
docs/decisions/0007-when-a-broadcast-counts-as-heard.md.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from contracts.events import Hearing
from edge_agent.hearing.comparing.alignment import Begins, align, measure_pieces
from edge_agent.hearing.comparing.whitening import SAMPLE_RATE_HZ, Samples, whiten

EARLIEST_LAG_S = -0.3
"""Before the loudspeaker began: two clocks read in two processes never agree quite."""
LATEST_LAG_S = 4.0
"""Buffers of loudspeaker, camera and network, and the way through the air."""
LONGEST_S = 600.0
"""No more than this of a broadcast is compared."""
SHORTEST_S = 1.5
"""Less than this proves nothing."""
THRESHOLD = 8.0
"""Score from which something of the broadcast was recognised."""
LEAST_COVERAGE = 0.7
"""Share of its pieces that must be recognised for the broadcast to count as heard."""

_LAGS = round((LATEST_LAG_S - EARLIEST_LAG_S) * SAMPLE_RATE_HZ)
_WINDOW_S = 4.0
_SHORTEST_WINDOW_S = 1.3
_SHORTEST_PIECE_S, _LONGEST_PIECE_S = 0.8, 3.0
_PIECES = 15
"""So many pieces, if that makes them neither too short to be told from noise nor too long."""
_LEAST_STRENGTH = 3.2
"""From which a piece may count as recognised; chance alone gives this once in thirty pieces."""
_LEAST_SHARE = 0.35
"""Of the strength of the best quarter: a piece so much fainter is the echo of another one."""
_SPEECH_POWER, _MICROPHONE_POWER = 0.4, 1.0
"""Flattened altogether, a voice would lose what stands out of the noise."""
_QUIETEST = 16
"""Peak to peak, in steps of 16 bit: less is the silence of a codec, not always zero."""
_TOO_LITTLE = "too little of the broadcast was recorded, or hardly a sound is in it"

Known = npt.NDArray[np.bool_]
_Value = TypeVar("_Value", np.int16, np.bool_)


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """What one microphone says of one broadcast."""

    hearing: Hearing
    score: float = 0.0
    """How far the common delay stands out, in standard deviations of all delays."""
    coverage: float = 0.0
    """Share of the pieces compared in which the broadcast was recognised at that delay."""
    measured_s: float = 0.0
    lag_s: float | None = None
    """At the begin of the broadcast; None: nothing was recognised."""
    detail: str = ""


def recognise(reference: Samples, microphone: Samples, known: Known | None = None) -> Recognition:
    """Look for the reference in a recording.

    Args:
        reference: What was really played, from its first sample.
        microphone: What was recorded, from `-EARLIEST_LAG_S` before the reference began until
            `LATEST_LAG_S` after it ended.
        known: Which of these samples were recorded at all; None: all of them.
    """
    reference = reference[: round(LONGEST_S * SAMPLE_RATE_HZ)]
    known = np.ones(len(microphone), dtype=np.bool_) if known is None else known
    size = len(reference) + _LAGS
    microphone, known = _fitted(microphone, size), _fitted(known, size)
    if len(reference) < SHORTEST_S * SAMPLE_RATE_HZ:
        return _inconclusive("too little of the broadcast was played")
    if not _has_sound(microphone):
        return _inconclusive("the microphone gives nothing but silence")
    return _compare(reference, microphone, known)


def _fitted(values: npt.NDArray[_Value], size: int) -> npt.NDArray[_Value]:
    return np.pad(values[:size], (0, max(0, size - len(values))))


def _inconclusive(detail: str) -> Recognition:
    return Recognition(hearing=Hearing.INCONCLUSIVE, detail=detail)


def _compare(reference: Samples, microphone: Samples, known: Known) -> Recognition:
    begins, size = _windows(reference, known)
    if not len(begins):
        return _inconclusive(_TOO_LITTLE)
    played = whiten(reference, power=_SPEECH_POWER)
    heard = whiten(microphone, power=_MICROPHONE_POWER)
    alignment = align(played, heard, begins, size=size, lags=_LAGS)
    pieces, piece_size = _pieces(reference, begins, size)
    pieces = pieces[_share_known(known, pieces + alignment.lags_at(pieces), piece_size) > 0.9]
    measured_s = len(pieces) * piece_size / SAMPLE_RATE_HZ
    if measured_s < SHORTEST_S:
        return _inconclusive(_TOO_LITTLE)
    if alignment.score < THRESHOLD:
        score = max(0.0, alignment.score)
        return Recognition(hearing=Hearing.NOT_HEARD, score=score, measured_s=measured_s)
    strengths = measure_pieces(played, heard, pieces, size=piece_size, alignment=alignment)
    coverage = _coverage(strengths)
    is_heard = coverage >= LEAST_COVERAGE
    part = f"only about {coverage * measured_s:.0f} s of {measured_s:.0f} s were recognised"
    return Recognition(
        hearing=Hearing.HEARD if is_heard else Hearing.NOT_HEARD,
        score=alignment.score,
        coverage=coverage,
        measured_s=measured_s,
        lag_s=EARLIEST_LAG_S + alignment.lag_samples / SAMPLE_RATE_HZ,
        detail="" if is_heard else part,
    )


def _coverage(strengths: npt.NDArray[np.float64]) -> float:
    best = float(np.quantile(strengths, 0.75, method="higher"))
    return float(np.mean(strengths >= max(_LEAST_STRENGTH, _LEAST_SHARE * best)))


def _windows(reference: Samples, known: Known) -> tuple[Begins, int]:
    """Windows in which something is said, and most of what may hold it was recorded."""
    seconds = len(reference) / SAMPLE_RATE_HZ
    count = max(1, min(3, int(seconds / _SHORTEST_WINDOW_S)), round(seconds / _WINDOW_S))
    size = len(reference) // count
    begins = np.arange(count) * size
    recorded = _share_known(known, begins, size + _LAGS) > 0.5
    return begins[_is_spoken(reference, begins, size) & recorded], size


def _pieces(reference: Samples, begins: Begins, size: int) -> tuple[Begins, int]:
    """The windows, cut finer."""
    total_s = len(begins) * size / SAMPLE_RATE_HZ
    piece_s = min(_LONGEST_PIECE_S, max(_SHORTEST_PIECE_S, total_s / _PIECES))
    count = max(1, round(size / SAMPLE_RATE_HZ / piece_s))
    piece_size = size // count
    fine = (begins[:, np.newaxis] + np.arange(count) * piece_size).reshape(-1)
    return fine[_is_spoken(reference, fine, piece_size)], piece_size


def _is_spoken(reference: Samples, begins: Begins, size: int) -> npt.NDArray[np.bool_]:
    loudness = np.array([np.std(reference[at : at + size].astype(np.float32)) for at in begins])
    # 26 dB below the loudest there is no speech.
    spoken: npt.NDArray[np.bool_] = loudness > max(1.0, 0.05 * float(loudness.max()))
    return spoken


def _share_known(known: Known, begins: Begins, size: int) -> npt.NDArray[np.float64]:
    counts = np.concatenate([[0], np.cumsum(known)])
    first = np.clip(begins, 0, len(known))
    last = np.clip(begins + size, 0, len(known))
    shares: npt.NDArray[np.float64] = (counts[last] - counts[first]) / size
    return shares


def _has_sound(samples: Samples) -> bool:
    tenth = SAMPLE_RATE_HZ // 10
    tenths = samples[: len(samples) // tenth * tenth].reshape(-1, tenth)
    ranges = tenths.max(axis=1).astype(np.int32) - tenths.min(axis=1)
    return bool((ranges > _QUIETEST).any())
