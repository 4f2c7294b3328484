"""How loud a recording is and where somebody speaks in it; pure.

Loudness as in ITU-R BS.1770-4: K-weighting, blocks of 400 ms, an absolute and a relative gate.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Levels = npt.NDArray[np.float64]
"""Mean squares of full scale, one per frame."""

FRAME_S = 0.02
BLOCK_S = 0.1
"""Four of them make one gating block of 400 ms, overlapping by three quarters."""

_SILENT_DB = -60.0
_QUIET_DB = -45.0
_SPEECH_BELOW_PEAK_DB = 30.0
_LEAST_SPEECH_S = 0.3
_LEAD_IN_S, _LEAD_OUT_S = 0.15, 0.3
_ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, -10.0


@dataclass(frozen=True, kw_only=True)
class Voice:
    """Where somebody speaks, and how loud that is against what is around it."""

    begins_s: float
    ends_s: float
    level_db: float
    """Of the louder moments, below full scale."""
    noise_db: float


def find_voice(levels: Levels) -> Voice | None:
    """Return where something sounds; None: nowhere. `levels` are per FRAME_S."""
    if not levels.size:
        return None
    in_db = 10 * np.log10(np.maximum(levels, 1e-12))
    level_db = float(np.percentile(in_db, 95))
    # A short call in a long recording is a small share of its frames.
    level_db = max(level_db, float(np.sort(in_db)[-max(1, round(_LEAST_SPEECH_S / FRAME_S)) :][0]))
    if level_db < _SILENT_DB:
        return None
    sounding = in_db > max(level_db - _SPEECH_BELOW_PEAK_DB, _SILENT_DB)
    # A click is no voice: three of five frames.
    steady = np.flatnonzero(np.convolve(sounding, np.ones(5), mode="same") >= 3)
    if np.count_nonzero(sounding) * FRAME_S < _LEAST_SPEECH_S or not steady.size:
        return None
    return Voice(
        begins_s=max(0.0, steady[0] * FRAME_S - _LEAD_IN_S),
        ends_s=min(levels.size * FRAME_S, (steady[-1] + 1) * FRAME_S + _LEAD_OUT_S),
        level_db=level_db,
        noise_db=float(np.percentile(in_db, 10)),
    )


def is_too_quiet(voice: Voice) -> bool:
    """Tell whether raising it would raise mostly noise."""
    return voice.level_db < _QUIET_DB


def measure_loudness(blocks: Levels) -> float:
    """Return the integrated loudness in LUFS of K-weighted mean squares per BLOCK_S."""
    if blocks.size < 4:
        blocks = np.concatenate([blocks, np.zeros(4 - blocks.size)])
    gating = np.convolve(blocks, np.ones(4) / 4, mode="valid")
    loudness = -0.691 + 10 * np.log10(np.maximum(gating, 1e-12))
    heard = gating[loudness > _ABSOLUTE_GATE_LUFS]
    if not heard.size:
        return _ABSOLUTE_GATE_LUFS
    relative = -0.691 + 10 * np.log10(heard.mean()) + _RELATIVE_GATE_LU
    heard = gating[loudness > max(relative, _ABSOLUTE_GATE_LUFS)]
    return float(-0.691 + 10 * np.log10(heard.mean()))
