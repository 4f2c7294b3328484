"""G.711 octets back to 16-bit samples, written from ITU-T G.711 apart from the product's encoder."""

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

PCMU, PCMA = 0, 8


def _ulaw_level(octet: int) -> int:
    code = ~octet & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return -magnitude if code & 0x80 else magnitude


def _alaw_level(octet: int) -> int:
    code = octet ^ 0x55
    chord, step = (code >> 4) & 7, ((code & 0x0F) << 4) + 8
    magnitude = step if chord == 0 else (step + 0x100) << (chord - 1)
    return magnitude if code & 0x80 else -magnitude


_LEVELS = {
    PCMU: np.array([_ulaw_level(octet) for octet in range(256)], dtype=np.int16),
    PCMA: np.array([_alaw_level(octet) for octet in range(256)], dtype=np.int16),
}


def decode(payload: bytes, *, payload_type: int) -> Samples:
    """One sample per octet, 8 kHz; `payload_type` is PCMU or PCMA."""
    return _LEVELS[payload_type][np.frombuffer(payload, dtype=np.uint8)]
