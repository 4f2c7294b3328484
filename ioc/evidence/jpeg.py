"""Reading how large a JPEG is before anything decodes it; pure."""

from dataclasses import dataclass

_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
# Start-of-frame markers (ITU-T T.81, table B.1), without DHT (C4), JPG (C8) and DAC (CC).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, kw_only=True)
class Dimensions:
    """Size of a picture."""

    width_px: int
    height_px: int

    @property
    def pixels(self) -> int:
        """How many pixels decoding will fill."""
        return self.width_px * self.height_px


def read_dimensions(body: bytes) -> Dimensions | None:
    """Return the size its frame header declares; None: these bytes are no JPEG."""
    if body[:3] != b"\xff\xd8\xff":
        return None
    at = 2
    while at + 4 <= len(body) and body[at] == 0xFF:
        marker = body[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker in _STANDALONE:
            at += 2
        elif marker in _FRAMES:
            return _frame(body[at + 4 : at + 9])
        else:
            at += 2 + int.from_bytes(body[at + 2 : at + 4], "big")
    return None


def _frame(header: bytes) -> Dimensions | None:
    height_px, width_px = (int.from_bytes(header[i : i + 2], "big") for i in (1, 3))
    if len(header) < 5 or not width_px or not height_px:
        return None
    return Dimensions(width_px=width_px, height_px=height_px)
