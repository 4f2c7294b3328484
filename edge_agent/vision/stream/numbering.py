"""Tells of an H.264 stream whether a picture is missing that later ones are predicted from; pure.

libav makes such a picture up and reports no error: what is predicted from it is smeared until the
next keyframe. Of H.265 it leaves them out instead, which `silence` tells.
"""

from dataclasses import dataclass

from edge_agent.vision.stream.nal import Framing, framing_of
from edge_agent.vision.stream.pace import Pace
from edge_agent.vision.stream.packet import Packet

TIDY_PICTURES, MOST_PICTURES, GAP_PICTURES = 15, 60, 10
"""So many without a gap show that this camera numbers its pictures as it should; what is remembered of
them; and how many of them a gap outweighs."""
_SLICE, _IDR, _SEQUENCE = 1, 5, 7
"""Kinds of units (ITU-T H.264 table 7-1)."""
_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
"""Profiles whose parameter sets tell the chroma format (§7.3.2.1.1)."""
_HEAD_BYTES, _MOST_SET_BYTES = 24, 512
"""Of a slice, more than what comes up to the number of its picture; and of a parameter set."""


class _Bits:
    """Reads fields of a unit, whose first byte is left out (§7.2, §9.1)."""

    def __init__(self, unit: bytes) -> None:
        body = unit[1:].replace(b"\0\0\3", b"\0\0")
        self._left = 8 * len(body)
        self._value = int.from_bytes(body, "big")

    def take(self, bits: int) -> int:
        """Return an unsigned number of so many bits.

        Raises:
            ValueError: the unit ends before.
        """
        self._left -= bits
        if self._left < 0:
            raise ValueError("the unit ends within a field")
        return self._value >> self._left & ((1 << bits) - 1)

    def exp_golomb(self) -> int:
        """Return an unsigned number of variable length, ue(v).

        Raises:
            ValueError: the unit ends before.
        """
        rest = self._value & ((1 << self._left) - 1)
        zeros = self._left - rest.bit_length()
        return self.take(2 * zeros + 1) - 1

    def signed(self) -> int:
        """Return a signed number of variable length, se(v)."""
        code = self.exp_golomb()
        return (code + 1) // 2 if code % 2 else -(code // 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Counting:
    """How a sequence counts its pictures."""

    bits: int
    """Of a number; after the highest comes 0."""
    planes_apart: bool
    """Whether each slice names its colour plane before it."""
    gaps_allowed: bool
    """Whether numbers may be left out on purpose, as by a camera that thins its pictures out."""


def _read_sequence(unit: bytes) -> _Counting:
    bits = _Bits(unit)
    profile = bits.take(8)
    bits.take(16)
    bits.exp_golomb()
    planes_apart = False
    if profile in _WITH_CHROMA:
        chroma = bits.exp_golomb()
        planes_apart = chroma == 3 and bits.take(1) == 1
        bits.exp_golomb()
        bits.exp_golomb()
        bits.take(1)
        if bits.take(1):
            for matrix in range(12 if chroma == 3 else 8):
                if bits.take(1):
                    _pass_scaling(bits, 16 if matrix < 6 else 64)
    number_bits = bits.exp_golomb() + 4
    order = bits.exp_golomb()
    if order == 0:
        bits.exp_golomb()
    elif order == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(bits.exp_golomb()):
            bits.signed()
    bits.exp_golomb()
    return _Counting(bits=number_bits, planes_apart=planes_apart, gaps_allowed=bits.take(1) == 1)


def _pass_scaling(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


class Numbering:
    """Follows one stream. Feed packets in decoding order, from a keyframe on."""

    def __init__(self, codec: str, extradata: bytes | None, nominal_fps: float = 0.0) -> None:
        """Prepare; 0 pictures per second: the stream names no rate."""
        known = codec == "h264"
        self._framing: Framing | None = framing_of("h264", extradata) if known else None
        self._counting: _Counting | None = None
        self._last: int | None = None
        self._last_s = 0.0
        self._in_order = 0
        self._pace = Pace(nominal_fps)
        for unit in self._framing.sets if self._framing else ():
            if unit:
                self._note_sequence(unit)

    def misses(self, packet: Packet) -> int:
        """Return how many pictures are missing between the last packet and this one, at least.

        Nothing is said of a stream that numbers its pictures untidily, unless their times leave out
        what their numbers do; nor where that is not known.
        """
        if self._framing is None:
            return 0
        number, begins = self._number_of(self._framing, packet)
        last, self._last = self._last, number
        last_s, self._last_s = self._last_s, packet.t_s
        if begins or last is None or number is None or self._counting is None:
            return 0
        # A picture that none is predicted from has the number of the next that some are (§7.4.3).
        count = 1 << self._counting.bits
        follows = number in (last, (last + 1) % count)
        lacks = self._pace.leaves_out(packet.t_s - last_s, last, number, count)
        tidy = self._in_order >= TIDY_PICTURES
        in_order = self._in_order + (1 if follows else -GAP_PICTURES)
        self._in_order = min(max(0, in_order), MOST_PICTURES)
        return 0 if follows else (lacks or int(tidy))

    def _number_of(self, framing: Framing, packet: Packet) -> tuple[int | None, bool]:
        """Return the number of a picture, if that is known, and whether counting begins with it."""
        begins = packet.keyframe
        try:
            for unit in framing.units(packet.payload):
                kind = unit[0] & 0x1F
                if kind == _SEQUENCE:
                    self._note_sequence(unit)
                elif kind in {_SLICE, _IDR}:
                    begins |= kind == _IDR
                    return self._read_number(unit), begins
        except ValueError:
            pass
        return None, begins

    def _note_sequence(self, unit: bytes) -> None:
        if unit[0] & 0x1F == _SEQUENCE:
            try:
                self._counting = _read_sequence(unit[:_MOST_SET_BYTES])
            except ValueError:
                self._counting = None

    def _read_number(self, unit: bytes) -> int | None:
        counting = self._counting
        if counting is None or counting.gaps_allowed:
            return None
        bits = _Bits(unit[:_HEAD_BYTES])
        for _ in ("first macroblock", "slice type", "picture parameter set"):
            bits.exp_golomb()
        if counting.planes_apart:
            bits.take(2)
        return bits.take(counting.bits)
