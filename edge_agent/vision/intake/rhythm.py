"""When a connection is worth its next visit: how much comes at once, and when keyframes come. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from edge_agent.vision.intake.backlog import BACKLOG_PACKETS
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.rtsp.connection import READ_BYTES

ROUND_S = 0.4
"""How often a connection is visited: what has come by then is read in one go. Half the wakings
cost half."""
LISTENING_ROUND_S = 2 * ROUND_S
"""How often, where nothing moves, but a packet between two keyframes may tell that something does."""
RESTING_ROUND_S = 4 * ROUND_S
"""How often, where only keyframes are looked at: those of many cameras together cost less."""
SOON_S = 0.05
LARGE_BYTES = 98_304
"""Who brought so much is visited again soon, unless it has proved that it did not have to wait: Linux
lets a sender send about twice what was last read at once, and at first 64 kB."""
_FIRST_BYTES = 32_768
_LITTLE = 0.25
"""Of what came before: who brings no more soon after that did not have to wait."""
_PROVED_FOR = 30
"""Visits after which that is proved anew: memory may have become scarce."""
_MOST_PACKETS = BACKLOG_PACKETS * 2 // 3
"""At once, so that none is dropped though others still wait for analysis."""
_MOST_GOP_S = 2.5
_ALIKE_S = 0.1
"""By so much the times between keyframes may differ."""
_TRAVEL_S = 0.2
"""A keyframe is large: it has come so long after its time."""


class Pause(NamedTuple):
    """When to come again: at the next multiple of `every_s` that is at least so far off."""

    every_s: float
    at_least_s: float = 0.0


class Rhythm:
    """That of one connection."""

    def __init__(self) -> None:
        self._came_bytes, self._widest_bytes = 0, _FIRST_BYTES
        self._proved_bytes = self._proved_for = 0
        self._soon = False
        self._bytes_per_s = self._packets_per_s = 0.0
        self._came_s: float | None = None
        self._keyframe_s: float | None = None
        self._gop_s = self._gop_before_s = 0.0

    def note(self, came_bytes: int, packets: Sequence[Packet], now_s: float) -> None:
        """Take what a visit brought."""
        soon = self._soon
        if soon and came_bytes < _LITTLE * self._came_bytes:
            self._proved_bytes, self._proved_for = round(1.1 * self._came_bytes), _PROVED_FOR
        self._proved_for -= 1
        proved = self._proved_for >= 0 and came_bytes <= self._proved_bytes
        self._soon = came_bytes >= (READ_BYTES if proved else LARGE_BYTES)
        self._came_bytes, self._widest_bytes = came_bytes, max(self._widest_bytes, came_bytes)
        if self._came_s is not None and now_s > self._came_s:
            rate = came_bytes / (now_s - self._came_s)
            self._bytes_per_s = max(rate, 0.9 * self._bytes_per_s)
            if not soon:  # in so short a time one more packet is another rate
                rate = len(packets) / (now_s - self._came_s)
                self._packets_per_s = max(rate, 0.9 * self._packets_per_s)
        self._came_s = now_s
        for packet in packets:
            if packet.keyframe:
                self._note_keyframe(packet.t_s)

    def _note_keyframe(self, t_s: float) -> None:
        if self._keyframe_s is not None:
            self._gop_before_s, self._gop_s = self._gop_s, t_s - self._keyframe_s
        self._keyframe_s = t_s

    def pause(self, now_s: float, *, resting: bool, listens: bool) -> Pause:
        """Return when to come again.

        `resting`: only keyframes are looked at; `listens`: but other packets may wake.
        """
        if self._soon:
            return Pause(SOON_S)
        if not resting:
            return Pause(ROUND_S)
        most_s = self._fills_s()
        if listens or most_s < RESTING_ROUND_S:
            return Pause(LISTENING_ROUND_S if most_s >= LISTENING_ROUND_S else ROUND_S)
        until_keyframe_s = self._until_keyframe_s(now_s)
        return Pause(RESTING_ROUND_S, min(until_keyframe_s, most_s - RESTING_ROUND_S))

    def _fills_s(self) -> float:
        """Return after how long the sender might have to wait, or more has come than can be taken.

        0.0 if its rate is not known.
        """
        if not self._bytes_per_s:
            return 0.0
        bytes_s = min(2 * self._widest_bytes, READ_BYTES) / self._bytes_per_s
        return min(bytes_s, _MOST_PACKETS / max(1.0, self._packets_per_s))

    def _until_keyframe_s(self, now_s: float) -> float:
        """Return how long nothing comes that is looked at; 0.0 if that is not known."""
        regular = abs(self._gop_s - self._gop_before_s) < _ALIKE_S and self._gop_s <= _MOST_GOP_S
        if self._keyframe_s is None or not regular:
            return 0.0
        since_s = max(0.0, now_s - self._keyframe_s)
        return max(0.0, self._gop_s + _TRAVEL_S - since_s)
