"""Tells of an H.265 stream whether a picture is missing, by what the decoder makes of the next; pure.

What is predicted from a missing picture libav leaves out, and so on up to the next keyframe, without
an error.
"""

from edge_agent.vision.stream.packet import Packet

MOST_REORDERED = 16
"""Packets that may give no picture before the first does: a decoder holds no more (ITU-T H.265
§A.4.2)."""
MOST_EMPTY = 1
"""Where pictures are shown in the order of decoding, a packet may still hold none of them."""


class Silence:
    """Follows one stream. Tell of every packet in decoding order, from a keyframe on."""

    def __init__(self, codec: str) -> None:
        self.heard_of = codec == "hevc"
        """Whether the decoder of such a stream falls silent."""
        self._packets = 0
        self._failed = False

    def misses(self, packet: Packet, *, gave: bool, failed: bool, reorders: bool) -> bool:
        """Whether a picture is missing before this packet, which is told once up to the next keyframe.

        What follows a packet that could not be decoded is that one's loss.
        """
        if gave or packet.keyframe:
            self._packets, self._failed = 0, False
        self._failed |= failed
        if gave or self._failed or not self.heard_of:
            return False
        self._packets += 1
        return self._packets == (MOST_REORDERED if reorders else MOST_EMPTY) + 1
