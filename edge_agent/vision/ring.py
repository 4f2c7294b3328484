"""The last seconds of one compressed stream, in whole groups of pictures. Pure: no I/O."""

from collections import deque
from dataclasses import dataclass
from threading import Lock

HARD_FACTOR = 4
"""A group of pictures larger than this many times the ring is dropped: memory has an end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Packet:
    """One compressed picture."""

    payload: bytes
    pts: int
    """In units of the stream's time base, as the decoder wants it back."""
    t_s: float
    """When it is shown, on the clock of the watch."""
    keyframe: bool


class PacketRing:
    """Keeps at most `max_s` seconds or `max_bytes`, but never less than the current GOP.

    What it holds always begins with a keyframe, so all of it can be decoded. One thread may
    append while others cut.
    """

    def __init__(self, *, max_s: float, max_bytes: int) -> None:
        self._max_s = max_s
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._groups: deque[list[Packet]] = deque()
        self._group_bytes: deque[int] = deque()
        self.dropped = 0
        """Packets that could not be kept: before the first keyframe, or of a boundless GOP."""

    @property
    def held_bytes(self) -> int:
        """Bytes of all packets held."""
        return sum(self._group_bytes)

    def append(self, packet: Packet) -> None:
        """Add the next packet in decoding order; make room by dropping the oldest groups."""
        with self._lock:
            self._append(packet)

    def _append(self, packet: Packet) -> None:
        if packet.keyframe:
            self._groups.append([])
            self._group_bytes.append(0)
        elif not self._groups:
            self.dropped += 1
            return
        self._groups[-1].append(packet)
        self._group_bytes[-1] += len(packet.payload)
        while len(self._groups) > 1 and self._too_much(packet.t_s):
            self._groups.popleft()
            self._group_bytes.popleft()
        if self._group_bytes[-1] > HARD_FACTOR * self._max_bytes:
            self.dropped += len(self._groups[-1])
            self._groups.clear()
            self._group_bytes.clear()

    def _too_much(self, now_s: float) -> bool:
        # The second group must still reach back max_s before the first may go.
        covered = now_s - self._groups[1][0].t_s >= self._max_s
        return covered or self.held_bytes > self._max_bytes

    def cut(self, begin_s: float, end_s: float) -> tuple[Packet, ...]:
        """Return the packets of all groups that touch the interval, in decoding order.

        Starts at or before `begin_s` if the ring reaches back so far, else at its oldest group.
        """
        with self._lock:
            groups = [tuple(group) for group in self._groups]
        cut: list[Packet] = []
        for i, group in enumerate(groups):
            after = groups[i + 1][0].t_s if i + 1 < len(groups) else float("inf")
            if after > begin_s and group[0].t_s <= end_s:
                cut.extend(group)
        if not cut and groups:
            cut.extend(groups[0] if end_s < groups[0][0].t_s else groups[-1])
        return tuple(cut)

    def previous_group(self) -> tuple[Packet, ...]:
        """Return the last complete group, empty if there is none."""
        with self._lock:
            return tuple(self._groups[-2]) if len(self._groups) > 1 else ()
