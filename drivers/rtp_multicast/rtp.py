"""RTP packets of one audio stream (RFC 3550 §5.1, RFC 3551 §4.5.14); pure: no socket, no clock."""

import struct

_HEADER = struct.Struct("!BBHII")
_VERSION_2 = 0x80
_MARKER = 0x80


class RtpStream:
    """Numbers the packets of one source; its sequence and timestamp start where the caller says."""

    def __init__(
        self, *, payload_type: int, ssrc: int, sequence_number: int, rtp_timestamp: int
    ) -> None:
        """Args: the RTP payload type and three random initial values."""
        self._payload_type = payload_type
        self._ssrc = ssrc
        self._sequence_number = sequence_number
        self._rtp_timestamp = rtp_timestamp
        self._marker = True

    def begin_talkspurt(self, *, silent_ticks: int = 0) -> None:
        """Mark the next packet as the first after silence (RFC 3551 §4.1).

        Args:
            silent_ticks: Length of the silence before it, in ticks of the RTP clock.
        """
        self._rtp_timestamp = (self._rtp_timestamp + silent_ticks) & 0xFFFFFFFF
        self._marker = True

    def next_packet(self, payload: bytes, *, ticks: int) -> bytes:
        """The packet that carries `payload`, `ticks` of the RTP clock long; counts even if not sent."""
        packet = _HEADER.pack(
            _VERSION_2,
            self._payload_type | (_MARKER if self._marker else 0),
            self._sequence_number,
            self._rtp_timestamp,
            self._ssrc,
        )
        self._sequence_number = (self._sequence_number + 1) & 0xFFFF
        self._rtp_timestamp = (self._rtp_timestamp + ticks) & 0xFFFFFFFF
        self._marker = False
        return packet + payload
