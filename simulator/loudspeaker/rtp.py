"""RTP packets read (RFC 3550 §5.1) and put back in order; pure: no socket, no clock."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RtpPacket:
    """One audio packet as it came from the network."""

    payload_type: int
    marker: bool
    sequence_number: int
    rtp_timestamp: int
    ssrc: int
    payload: bytes


def parse_rtp(datagram: bytes) -> RtpPacket | None:
    """The packet in a datagram; None when it is not RTP version 2 with a payload."""
    if len(datagram) < 12 or datagram[0] >> 6 != 2:
        return None
    begin = 12 + 4 * (datagram[0] & 0x0F)
    if datagram[0] & 0x10:  # header extension: 4 octets and as many words as they say
        if len(datagram) < begin + 4:
            return None
        begin += 4 + 4 * int.from_bytes(datagram[begin + 2 : begin + 4])
    end = len(datagram) - (datagram[-1] if datagram[0] & 0x20 else 0)  # padding
    if begin >= end:
        return None
    return RtpPacket(
        payload_type=datagram[1] & 0x7F,
        marker=bool(datagram[1] & 0x80),
        sequence_number=int.from_bytes(datagram[2:4]),
        rtp_timestamp=int.from_bytes(datagram[4:8]),
        ssrc=int.from_bytes(datagram[8:12]),
        payload=datagram[begin:end],
    )


class ReorderBuffer:
    """Puts the packets of one source in order, waiting a moment for those that come late."""

    def __init__(self, *, patience_s: float = 0.1) -> None:
        """Args: how long to wait for a missing packet before it counts as lost."""
        self._patience_s = patience_s
        self._expected: int | None = None
        self._held: dict[int, tuple[RtpPacket, float]] = {}
        self.lost_packets = 0
        """Packets given up since the source began."""

    def push(self, packet: RtpPacket, *, now_s: float) -> Iterator[RtpPacket]:
        """Take one packet and yield all that are now in order; late and repeated ones vanish."""
        if self._expected is None:
            self._expected = packet.sequence_number
        ahead = (packet.sequence_number - self._expected) & 0xFFFF
        if ahead < 0x8000:
            self._held.setdefault(packet.sequence_number, (packet, now_s))
        yield from self._in_order()

    def give_up(self, *, now_s: float) -> Iterator[RtpPacket]:
        """Stop waiting for what is missing too long, and yield what was held back for it."""
        while self._held and self._expected is not None:
            expected = self._expected
            nearest = min(self._held, key=lambda number: (number - expected) & 0xFFFF)
            if now_s - self._held[nearest][1] < self._patience_s:
                return
            self.lost_packets += (nearest - expected) & 0xFFFF
            self._expected = nearest
            yield from self._in_order()

    def _in_order(self) -> Iterator[RtpPacket]:
        while self._expected in self._held:
            packet, _ = self._held.pop(self._expected)
            self._expected = (self._expected + 1) & 0xFFFF
            yield packet
