"""H.264 and H.265 network abstraction layer units: parameter sets, Annex B. Pure: bytes to bytes."""

from collections.abc import Iterator
from dataclasses import dataclass

_START = b"\x00\x00\x00\x01"
_SHORT_START = b"\x00\x00\x01"
# ITU-T H.264 table 7-1: 7 sequence, 8 picture parameter set.
# ITU-T H.265 table 7-1: 32 video, 33 sequence, 34 picture parameter set.
_SETS = {"h264": frozenset({7, 8}), "hevc": frozenset({32, 33, 34})}


@dataclass(frozen=True, kw_only=True, slots=True)
class Framing:
    """How a stream delimits its units, and the parameter sets that it gave out of band."""

    codec: str
    length_bytes: int
    """Bytes of the length before each unit, as in MP4; 0: start codes, as over RTSP."""
    sets: tuple[bytes, ...]

    def units(self, payload: bytes) -> Iterator[bytes]:
        """Yield the units of one packet; what is cut short is left out."""
        if not self.length_bytes or payload.startswith(_START):
            yield from _split(payload)
            return
        at, size = 0, self.length_bytes
        while at + size < len(payload):
            length = int.from_bytes(payload[at : at + size], "big")
            unit = payload[at + size : at + size + length]
            if length and len(unit) == length:
                yield unit
            at += size + length

    def sets_in(self, payload: bytes) -> tuple[bytes, ...]:
        """Return the parameter sets that one packet carries."""
        wanted = _SETS[self.codec]
        return tuple(unit for unit in self.units(payload) if _kind(self.codec, unit) in wanted)

    def annex_b(self, payload: bytes, sets: tuple[bytes, ...] = ()) -> bytes:
        """Return the packet with start codes, with these parameter sets put before it."""
        if not sets and not self.length_bytes:
            return payload
        return b"".join(_START + unit for unit in (*sets, *self.units(payload)))


def framing_of(codec: str, extradata: bytes | None) -> Framing:
    """Read what a container or a session description says about a stream.

    ISO/IEC 14496-15 §5.3.3 (avcC) and §8.3.3 (hvcC) begin with version 1; Annex B with a zero.
    """
    extradata = extradata or b""
    if not extradata.startswith(b"\x01"):
        return Framing(codec=codec, length_bytes=0, sets=tuple(_split(extradata)))
    try:
        read = _read_avcc if codec == "h264" else _read_hvcc
        return read(extradata)
    except IndexError:
        return Framing(codec=codec, length_bytes=4, sets=())


def _read_avcc(body: bytes) -> Framing:
    sets, at = [], 5
    for mask in (0x1F, 0xFF):
        units = body[at] & mask
        at += 1
        for _ in range(units):
            length = int.from_bytes(body[at : at + 2], "big")
            sets.append(body[at + 2 : at + 2 + length])
            at += 2 + length
    return Framing(codec="h264", length_bytes=(body[4] & 3) + 1, sets=tuple(sets))


def _read_hvcc(body: bytes) -> Framing:
    sets, at = [], 23
    for _ in range(body[22]):
        units = int.from_bytes(body[at + 1 : at + 3], "big")
        at += 3
        for _ in range(units):
            length = int.from_bytes(body[at : at + 2], "big")
            sets.append(body[at + 2 : at + 2 + length])
            at += 2 + length
    wanted = tuple(unit for unit in sets if _kind("hevc", unit) in _SETS["hevc"])
    return Framing(codec="hevc", length_bytes=(body[21] & 3) + 1, sets=wanted)


def _split(payload: bytes) -> Iterator[bytes]:
    """Yield the units between start codes of three or four bytes."""
    begin = payload.find(_SHORT_START)
    while begin >= 0:
        begin += len(_SHORT_START)
        end = payload.find(_SHORT_START, begin)
        # A zero before the next start code belongs to it; no unit ends with one (§7.4.1.1).
        unit = (payload[begin:] if end < 0 else payload[begin:end]).rstrip(b"\x00")
        if unit:
            yield unit
        begin = end


def _kind(codec: str, unit: bytes) -> int:
    if not unit:
        return -1
    return unit[0] & 0x1F if codec == "h264" else (unit[0] >> 1) & 0x3F
