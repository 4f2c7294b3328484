"""Ogg pages of one Opus stream (RFC 3533, RFC 7845), one packet each; pure."""

import struct
import zlib
from collections.abc import Iterator

_REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
_BEGIN = 0x02
_VENDOR = b"commune-ioc"


class OggOpus:
    """The pages for one listener, who may come in at any time."""

    def __init__(self, head: bytes, *, serial_number: int) -> None:
        """Args: the OpusHead packet (RFC 7845 §5.1) and any 32-bit number."""
        self._head = head
        self._serial_number = serial_number
        self._pages = 0
        self._granule = 0

    def headers(self) -> Iterator[bytes]:
        """The two pages that come first."""
        tags = b"OpusTags" + struct.pack("<I", len(_VENDOR)) + _VENDOR + struct.pack("<I", 0)
        yield self._page(self._head, flags=_BEGIN)
        yield self._page(tags)

    def page(self, packet: bytes, *, ticks: int) -> bytes:
        """One packet, `ticks` of 1/48000 s long."""
        self._granule += ticks
        return self._page(packet)

    def _page(self, packet: bytes, *, flags: int = 0) -> bytes:
        # RFC 3533 §6: a packet is told in segments of 255, the last one shorter.
        segments = b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])
        head = struct.pack(
            "<4sBBqIIIB",
            b"OggS",
            0,
            flags,
            self._granule,
            self._serial_number,
            self._pages,
            0,
            len(segments),
        )
        self._pages += 1
        page = head + segments + packet
        return page[:22] + struct.pack("<I", checksum(page)) + page[26:]


def checksum(page: bytes) -> int:
    """Ogg's CRC: zlib's polynomial with the bits the other way round, from 0 and not inverted."""
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
