"""G.711: 16-bit linear samples to µ-law and A-law octets; pure, exact, never inverted."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from drivers.loudspeaker import Samples

Octets = npt.NDArray[np.uint8]

_SIGN = 0x80


def _expand_ulaw(magnitude: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    # ITU-T G.711 table 2a: chord and step of 4 bits around a bias of 33 (132 at 16 bits).
    chord, step = magnitude >> 4, magnitude & 0x0F
    return (((step << 3) + 132) << chord) - 132


def _expand_alaw(magnitude: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    # ITU-T G.711 table 1a: the two lowest chords share one step size.
    chord, step = magnitude >> 4, magnitude & 0x0F
    linear = (step << 4) + 8
    return np.where(chord == 0, linear, (linear + 0x100) << np.maximum(chord - 1, 0))


def _encoding_table(
    expand: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]], mask: int
) -> Octets:
    """The octet for every 16-bit sample, index `sample + 32768`.

    `mask` is the octet of the smallest positive value: 0xFF (µ-law) or 0xD5 (A-law).
    """
    levels = expand(np.arange(128))
    # Decision values lie midway between levels, on the 14-bit scale that G.711 quantises from.
    thresholds = (levels[:-1] + levels[1:] + 4) >> 3
    value = (np.arange(65536) >> 2) - 8192
    magnitude = np.searchsorted(thresholds, np.abs(value), side="right")
    sign = np.where(value < 0, _SIGN, 0)
    octets: Octets = (magnitude ^ mask ^ sign).astype(np.uint8)
    return octets


_ULAW = _encoding_table(_expand_ulaw, 0xFF)
_ALAW = _encoding_table(_expand_alaw, 0xD5)


def encode_ulaw(samples: Samples) -> bytes:
    """One µ-law octet per sample; silence is 0xFF."""
    return _ULAW[samples.astype(np.int32) + 32768].tobytes()


def encode_alaw(samples: Samples) -> bytes:
    """One A-law octet per sample; silence is 0xD5."""
    return _ALAW[samples.astype(np.int32) + 32768].tobytes()
