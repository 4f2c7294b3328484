"""Puts RTP packets of H.264 (RFC 6184) and H.265 (RFC 7798) together to pictures. Pure."""

from typing import Literal, NamedTuple

Codec = Literal["h264", "hevc"]

_START = b"\0\0\0\1"
_DOLLAR, _PLAIN, _MARKED, _BEGINS = 0x24, 0x80, 0x80, 0x80
"""Of a packet's bytes: the sign before it, a head without extras, the last of a picture, and the
first fragment of a unit."""
_SEI, _RECOVERY_POINT = 6, 6
_FILLER_KINDS = {"h264": 12, "hevc": 38}
"""Units that only fill up a constant bit rate (ITU-T H.264 §7.4.2.7, H.265 §7.4.3.6): they are not
kept, so that the size of a picture says what is in it."""
_PICTURE, _INTRA, _REMARK, _FILLER = 1, 2, 4, 8
_MOST_BYTES = 16_000_000
"""No camera's picture is larger; whoever sends more sends rubbish."""
_ORDERLY = 30
"""So many times in a row no packet was missing: this camera numbers its packets as it should."""
_PIECE_BYTES = 80
"""What a piece takes in memory beside its content: pictures in crumbs have an end as well."""


class AccessUnit(NamedTuple):
    """One compressed picture with start codes (Annex B); a tuple, because so many are made."""

    body: bytes
    ticks: int
    """In units of the stream's RTP clock since its first packet; survives the wrap at 2³²."""
    keyframe: bool


class Assembly:
    """Collects the packets of one stream. Feed them in the order in which they came."""

    def __init__(self, codec: Codec) -> None:
        self._unpack = self._unpack_h264 if codec == "h264" else self._unpack_hevc
        self._traits = _TRAITS[codec]
        # After twelve bytes of RTP come two of a fragment (H.265: three), the last with its edges.
        self._fragment_begins = 14 if codec == "h264" else 15
        self._same = b""
        """What a further fragment of the unit has in common with the last packet: its time, its
        sender and its kind, twelve bytes and one from the fifth byte of the packet on."""
        self._parts: list[bytes] = []
        self._held_bytes = 0
        self._stamp = b""
        self._ticks = 0
        self._has_picture = self._keyframe = self._in_fragment = False
        self._in_filler = False
        """Whether the fragments that come are of a unit that is not kept."""
        self._counted = 0
        """The lowest eight bits are those of the sequence number of the packet to come."""
        self._orderly = 0
        self._torn = False
        """Whether packets of the picture at hand are missing."""
        self.damaged = 0
        """How often pictures, or parts of them, were missing; such parts are not given on."""

    def take_interleaved(self, wire: bytes, at: int, channel: int) -> tuple[int, list[AccessUnit]]:
        """Take the packets that follow each other on a channel (RFC 2326 §10.12).

        Returns:
            Where something else begins, or a packet that is not complete; and the pictures that
            were completed.
        """
        done: list[AccessUnit] = []
        size, edge_at = len(wire), 3 + self._fragment_begins
        while at + 4 <= size and wire[at] == _DOLLAR:
            end = at + 4 + (wire[at + 2] << 8 | wire[at + 3])
            if end > size:
                break
            if wire[at + 1] == channel:
                # Most packets are one more fragment of a unit.
                if (
                    self._in_fragment
                    and wire.startswith(self._same, at + 8)
                    and wire[at + 4] == _PLAIN
                    and at + edge_at < end
                    and wire[at + edge_at] < _BEGINS
                    and self._held_bytes < _MOST_BYTES
                ):
                    if not self._in_filler:
                        self._parts.append(wire[at + edge_at + 1 : end])
                        self._held_bytes += end - at
                    if wire[at + 5] & _MARKED:
                        if wire[at + 7] != self._counted & 0xFF or self._orderly < _ORDERLY:
                            self._torn |= self._misses(wire[at + 7])
                        self._finish(done)
                    self._counted += 1
                else:
                    self._take(wire, at + 4, end, done)
            at = end
        return at, done

    def take(self, wire: bytes, begin: int, end: int) -> list[AccessUnit]:
        """Take the packet at `wire[begin:end]`; return the pictures that it completes.

        A packet that is none, or holds nothing known, is passed over.
        """
        done: list[AccessUnit] = []
        self._take(wire, begin, end, done)
        return done

    def _take(self, wire: bytes, begin: int, end: int, done: list[AccessUnit]) -> None:
        if end - begin < 12 or wire[begin] & 0xC0 != 0x80:
            return
        stamp, marked = wire[begin + 4 : begin + 8], wire[begin + 1] >= _MARKED
        begins = stamp != self._stamp
        if (begins or marked) and (
            wire[begin + 3] != self._counted & 0xFF or self._orderly < _ORDERLY
        ):
            self._torn |= self._misses(wire[begin + 3]) and self._has_picture
        self._counted += 1
        if begins:
            # Some cameras never set the marker: another time is another picture.
            self._finish(done)
            self._advance(stamp)
        self._same = wire[begin + 4 : begin + 13]
        if wire[begin] == _PLAIN:
            begin += 12
        else:
            begin, end = _payload(wire, begin, end)
        if begin < end:
            self._unpack(wire, begin, end)
        if self._held_bytes > _MOST_BYTES:
            self._forget()
        if marked:
            self._finish(done)

    def _advance(self, stamp: bytes) -> None:
        if self._stamp:
            before, now = int.from_bytes(self._stamp, "big"), int.from_bytes(stamp, "big")
            step = (now - before) & 0xFFFFFFFF
            self._ticks += step - (1 << 32) if step & 0x80000000 else step
        self._stamp = stamp

    def _misses(self, low: int) -> bool:
        """Whether packets are missing before the one whose sequence number ends so; count from it.

        Of a camera that has not shown yet that it numbers them, that is not said.
        """
        if low == self._counted & 0xFF:
            self._orderly += 1
            return False
        self._counted = low
        if self._orderly < _ORDERLY:
            self._orderly = 0
            return False
        self.damaged += 1
        return True

    def _finish(self, done: list[AccessUnit]) -> None:
        if self._has_picture:  # parameter sets that travel alone belong to the picture after them
            if not self._torn:
                done.append(AccessUnit(b"".join(self._parts), self._ticks, self._keyframe))
            self._forget()

    def _forget(self) -> None:
        self._parts = []
        self._held_bytes = 0
        self._has_picture = self._keyframe = self._in_fragment = self._torn = False

    def _unpack_h264(self, wire: bytes, begin: int, end: int) -> None:
        kind = wire[begin] & 0x1F
        if kind == 28:  # FU-A
            if end - begin < 3:
                return
            edge = wire[begin + 1]
            self._fragment(
                edge, _HEADS[(wire[begin] & 0xE0) | (edge & 0x1F)], wire[begin + 2 : end]
            )
        elif kind == 24:  # STAP-A
            self._several(wire, begin + 1, end)
        elif 1 <= kind <= 23:
            self._whole(wire[begin:end])

    def _unpack_hevc(self, wire: bytes, begin: int, end: int) -> None:
        if end - begin < 4:
            return
        kind = (wire[begin] >> 1) & 0x3F
        if kind == 49:  # FU
            edge = wire[begin + 2]
            head = bytes(((wire[begin] & 0x81) | ((edge & 0x3F) << 1), wire[begin + 1]))
            self._fragment(edge, head, wire[begin + 3 : end])
        elif kind == 48:  # AP
            self._several(wire, begin + 2, end)
        elif kind < 48:
            self._whole(wire[begin:end])

    def _fragment(self, edge: int, head: bytes, part: bytes) -> None:
        if edge & 0x80:
            self._in_fragment = True
            traits = self._traits[head[0]]
            self._in_filler = traits == _FILLER
            if not self._in_filler:
                self._note(traits, head)
                self._parts += (_START, head)
        if not self._in_fragment or self._in_filler:
            return
        self._parts.append(part)
        self._held_bytes += len(part) + _PIECE_BYTES

    def _several(self, wire: bytes, begin: int, end: int) -> None:
        while begin + 2 < end:
            length = int.from_bytes(wire[begin : begin + 2], "big")
            begin += 2
            if not 0 < length <= end - begin:
                return
            self._whole(wire[begin : begin + length])
            begin += length

    def _whole(self, nal: bytes) -> None:
        self._in_fragment = False
        traits = self._traits[nal[0]]
        if traits == _FILLER:
            return
        if traits:
            self._note(traits, nal)
        self._parts += (_START, nal)
        self._held_bytes += len(nal) + _PIECE_BYTES

    def _note(self, traits: int, nal: bytes) -> None:
        if traits & _PICTURE:
            self._has_picture = True
            self._keyframe |= traits & _INTRA > 0
        elif traits == _REMARK:
            self._keyframe |= has_recovery_point(nal)


def _payload(wire: bytes, begin: int, end: int) -> tuple[int, int]:
    """Return where the payload begins and ends."""
    flags = wire[begin]
    if flags & 0x20:
        end -= wire[end - 1]
    begin += 12 + 4 * (flags & 0x0F)
    if flags & 0x10 and begin + 4 <= end:
        begin += 4 + 4 * int.from_bytes(wire[begin + 2 : begin + 4], "big")
    return begin, end


def nal_kind(codec: Codec, first: int) -> int:
    """Return the type of a NAL unit from its first byte."""
    return first & 0x1F if codec == "h264" else (first >> 1) & 0x3F


def is_picture(codec: Codec, kind: int) -> bool:
    """Whether the unit holds a part of a picture, not parameters or remarks."""
    return 1 <= kind <= 5 if codec == "h264" else kind < 32


def is_intra(codec: Codec, kind: int) -> bool:
    """Whether decoding can begin there."""
    return kind == 5 if codec == "h264" else 16 <= kind <= 21


def _traits_of(codec: Codec, first: int) -> int:
    kind = nal_kind(codec, first)
    if is_picture(codec, kind):
        return _PICTURE | (_INTRA if is_intra(codec, kind) else 0)
    if kind == _FILLER_KINDS[codec]:
        return _FILLER
    return _REMARK if codec == "h264" and kind == _SEI else 0


def has_recovery_point(sei: bytes) -> bool:
    """Whether an H.264 remark says that decoding can begin here (§D.1.8): I without IDR."""
    if sei.find(_RECOVERY_POINT, 1) < 0:
        return False
    at, size = 1, len(sei)
    while at + 2 < size:
        numbers = []
        for _ in ("type", "length"):
            number = 0
            while at < size and sei[at] == 0xFF:
                number, at = number + 0xFF, at + 1
            numbers.append(number + (sei[at] if at < size else 0))
            at += 1
        if numbers[0] == _RECOVERY_POINT:
            return True
        at += numbers[1]
    return False


_HEADS = [bytes((first,)) for first in range(256)]
_CODECS: tuple[Codec, ...] = ("h264", "hevc")
_TRAITS = {codec: bytes(_traits_of(codec, first) for first in range(256)) for codec in _CODECS}
"""Of a unit, by its first byte."""
