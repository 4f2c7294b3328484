"""What waits between reading and analysis, and how often pictures come; decodes nothing."""

from collections import deque
from collections.abc import Sequence
from threading import Condition

from edge_agent.vision.stream.lost import KEYFRAME_WAIT_S, SourceLost
from edge_agent.vision.stream.packet import Packet

HEALTH_EVERY_S = 10.0
BACKLOG_PACKETS = 240
"""Packets that may wait for analysis: 8 s at 30 fps."""
TURN_PACKETS = 30
"""Packets analysed before another camera has its turn."""


class Backlog:
    """Packets between the reading thread and analysis; when full, whole GOPs are dropped."""

    def __init__(self, *, patient: bool) -> None:
        self._patient = patient
        self._waiting: deque[Packet] = deque()
        self._changed = Condition()
        self._skipping = False
        self._blind_since_s: float | None = None
        """Since when only packets came that could not be decoded; None: they are not skipped."""
        self._closed = False
        self.dropped = 0

    def put(self, packets: Sequence[Packet]) -> None:
        """Add packets; when full, wait if patient (a file), else drop up to the next keyframe.

        Raises:
            SourceLost: packets are dropped, and no keyframe comes.
        """
        with self._changed:
            if not self._skipping and len(self._waiting) + len(packets) <= BACKLOG_PACKETS:
                self._waiting.extend(packets)
                return
            for packet in packets:
                self._put(packet)

    def _put(self, packet: Packet) -> None:
        while self._patient and len(self._waiting) >= BACKLOG_PACKETS and not self._closed:
            self._changed.wait(1.0)
        full = len(self._waiting) >= BACKLOG_PACKETS
        self._skipping = full or (self._skipping and not packet.keyframe)
        if self._skipping:
            self.dropped += 1
            self._bear_blindness(packet)
            return
        self._blind_since_s = None
        self._waiting.append(packet)

    def _bear_blindness(self, packet: Packet) -> None:
        """Go without the dropped ones, but not for ever: asked anew, most cameras send a keyframe."""
        if packet.keyframe or self._blind_since_s is None:
            self._blind_since_s = packet.t_s
        if packet.t_s - self._blind_since_s > KEYFRAME_WAIT_S:
            why = f"there was no time for all pictures, and no keyframe came for {KEYFRAME_WAIT_S:.0f} s"
            raise SourceLost("undecodable", f"{why}: shorten its interval")

    def take(self, most: int = TURN_PACKETS) -> list[Packet]:
        """Return the next packets, at most so many."""
        with self._changed:
            turn = min(most, len(self._waiting))
            taken = [self._waiting.popleft() for _ in range(turn)]
            self._changed.notify_all()
            return taken

    def close(self) -> None:
        """Let nobody wait any longer; what is inside can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._waiting)


class Pulse:
    """Counts packets and says every `HEALTH_EVERY_S` how many came per second."""

    def __init__(self, now_s: float) -> None:
        self._since_s = now_s
        self._packets = 0

    def count(self, packets: int, now_s: float) -> float | None:
        """Count packets; return how many came per second when it is time to report."""
        self._packets += packets
        passed_s = now_s - self._since_s
        if passed_s < HEALTH_EVERY_S:
            return None
        fps = self._packets / passed_s
        self._since_s, self._packets = now_s, 0
        return fps
