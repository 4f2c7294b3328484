"""The last seconds of one compressed stream in whole groups of pictures, and what is pinned of it.

Decodes nothing; what memory cannot hold goes to a shelf on disk.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock

from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.shelf import Shelf, Stored

HARD_FACTOR = 4
"""Without a shelf, a group of pictures may be so many times the ring: memory has an end."""
MOST_GROUP_BYTES = 64_000_000
"""On the shelf too a group has an end: it is a stream without keyframes."""
OVERLONG = (
    "too much came since its last keyframe to be kept: shorten the camera's keyframe interval"
)
PINNED_FACTOR = 2
"""Pinned groups that no shelf takes may fill so many times the ring."""


@dataclass(eq=False, slots=True)
class Pin:
    """Says that the packets of an interval are wanted, however old they become."""

    begin_s: float
    end_s: float

    def wants(self, begin_s: float, end_s: float) -> bool:
        """Whether it wants something of this interval."""
        return self.begin_s < end_s and begin_s <= self.end_s


@dataclass(eq=False, slots=True)
class _Group:
    """A keyframe and what follows it: some of it stored perhaps, the last of it in memory."""

    begin_s: float
    end_s: float = math.inf
    """When the next one begins, which may not be held; infinity while packets come."""
    packets: list[Packet] = field(default_factory=list)
    held_bytes: int = 0
    stored: list[Stored] = field(default_factory=list)
    spills_at: int = 0

    @property
    def readable(self) -> bool:
        """Whether no part of it had to give way."""
        return all(part.readable for part in self.stored)

    @property
    def whole_bytes(self) -> int:
        return self.held_bytes + sum(stored.size_bytes for stored in self.stored)

    def __len__(self) -> int:
        return len(self.packets) + sum(len(stored) for stored in self.stored)


class PacketRing:
    """Keeps at most `max_s` seconds or `max_bytes`, but never less than the current GOP.

    What it holds always begins with a keyframe, so all of it can be decoded. One thread may
    append while others cut and pin. With a shelf, a GOP longer than the ring and what is pinned
    goes to disk.
    """

    def __init__(self, *, max_s: float, max_bytes: int, shelf: Shelf | None = None) -> None:
        self._max_s = max_s
        self._max_bytes = max_bytes
        self._shelf = shelf
        self._lock = Lock()
        self._groups: deque[_Group] = deque()
        self._pinned: list[_Group] = []
        self._pins: set[Pin] = set()
        self._ring_bytes = 0
        """Of the groups that are not pinned, in memory."""
        self.newest_s = -math.inf
        """When the last packet is shown."""
        self.lack: str | None = None
        """Why it takes nothing before the next keyframe; None: it does."""
        self.dropped = 0
        """Packets that could not be kept: before the first keyframe, of a boundless GOP, or pinned
        but neither disk nor memory would take them."""

    @property
    def held_bytes(self) -> int:
        """Bytes of all packets in memory."""
        with self._lock:
            return self._ring_bytes + sum(group.held_bytes for group in self._pinned)

    def since_s(self, at_s: float) -> float:
        """From when on it shows everything up to an instant.

        Later than the instant if it does not hold that one; infinity if nothing after it either.
        """
        with self._lock:
            groups = [*self._pinned, *self._groups]
        since_s = math.inf
        for group in reversed([one for one in groups if one.readable]):
            if group.end_s <= at_s and group.end_s != since_s:
                break
            since_s = group.begin_s
        return since_s

    def append(self, packet: Packet) -> None:
        """Add the next packet in decoding order; make room by dropping the oldest groups."""
        self.extend((packet,))

    def extend_group(self, packets: Sequence[Packet]) -> None:
        """Add the next packets, none of them a keyframe; together they cost less."""
        size_bytes = sum([len(packet.payload) for packet in packets])
        with self._lock:
            current = self._groups[-1] if self._groups else None
            roomy = current is not None and not self._too_much(packets[-1].t_s, size_bytes)
            if current is not None and roomy and current.held_bytes + size_bytes <= self._max_bytes:
                current.packets += packets
                current.held_bytes += size_bytes
                self._ring_bytes += size_bytes
                self.newest_s = packets[-1].t_s
                return
        self.extend(packets)

    def extend(self, packets: Iterable[Packet]) -> None:
        """Add the next packets in decoding order."""
        coming = iter(packets)
        while leaving := self._append_until_full(coming):
            for group in leaving:
                self._store(group)

    def _append_until_full(self, packets: Iterator[Packet]) -> list[_Group]:
        """Return the groups that memory should be rid of before the next packet."""
        with self._lock:
            for packet in packets:
                if leaving := self._append(packet):
                    return leaving
        return []

    def _append(self, packet: Packet) -> list[_Group]:
        """Return the groups that memory should be rid of."""
        if packet.keyframe:
            if self._groups:
                self._groups[-1].end_s = packet.t_s
            self._groups.append(_Group(packet.t_s, spills_at=self._max_bytes))
            self.lack = None
        elif not self._groups:
            self.dropped += 1
            return []
        current = self._groups[-1]
        current.packets.append(packet)
        current.held_bytes += len(packet.payload)
        self._ring_bytes += len(packet.payload)
        self.newest_s = packet.t_s
        leaving = []
        while self._too_much(packet.t_s):
            gone = self._groups.popleft()
            self._ring_bytes -= gone.held_bytes
            if self._wanted(gone):
                self._pinned.append(gone)
                leaving.append(gone)
        if self._shelf and current.held_bytes > current.spills_at:
            leaving.append(current)
        if (
            current.held_bytes > HARD_FACTOR * self._max_bytes
            or current.whole_bytes > MOST_GROUP_BYTES
        ):
            self.dropped += sum(len(group) for group in self._groups)
            self._groups.clear()
            self._ring_bytes = 0
            self.lack = OVERLONG
            return []
        return leaving

    def _too_much(self, now_s: float, more_bytes: int = 0) -> bool:
        if len(self._groups) < 2:
            return False
        # The second group must still reach back max_s before the first may go.
        covered = now_s - self._groups[1].begin_s >= self._max_s
        return covered or self._ring_bytes + more_bytes > self._max_bytes

    def _wanted(self, group: _Group) -> bool:
        return any(pin.wants(group.begin_s, group.end_s) for pin in self._pins)

    def _store(self, group: _Group) -> None:
        """Move a group from memory to disk; only the appending thread does so, or who ends it."""
        packets = list(group.packets)
        stored = self._shelf.put(packets) if self._shelf and packets else None
        with self._lock:
            if stored is not None:
                group.stored.append(stored)
                del group.packets[: len(packets)]
                group.held_bytes -= stored.size_bytes
                if group in self._groups:
                    self._ring_bytes -= stored.size_bytes
            else:
                group.spills_at += self._max_bytes
            # What the shelf does not take has an end in memory too; the oldest goes first.
            while sum(g.held_bytes for g in self._pinned) > PINNED_FACTOR * self._max_bytes:
                self.dropped += len(self._pinned.pop(0))

    def pin(self, begin_s: float, end_s: float) -> Pin:
        """Want the packets of an interval, which may lie in the future, until `unpin`."""
        pin = Pin(begin_s, end_s)
        with self._lock:
            self._pins.add(pin)
        return pin

    def end(self) -> None:
        """Keep only what is pinned: the stream has ended, and nothing will be appended."""
        with self._lock:
            kept = [group for group in self._groups if self._wanted(group)]
            self._pinned += kept
            self._groups.clear()
            self._ring_bytes = 0
        for group in kept:
            self._store(group)

    def unpin(self, pin: Pin) -> None:
        """Want them no longer; doing so twice does no harm."""
        with self._lock:
            self._pins.discard(pin)
            self._pinned = [group for group in self._pinned if self._wanted(group)]

    def cut(self, begin_s: float, end_s: float) -> tuple[Packet, ...]:
        """Return the packets of all groups that touch the interval, in decoding order.

        Starts at or before `begin_s` if it reaches back so far. Where it holds nothing of the
        interval, the group after it is returned.
        """
        asked = Pin(begin_s, end_s)
        with self._lock:
            groups = [*self._pinned, *self._groups]
            wanted = [group for group in groups if asked.wants(group.begin_s, group.end_s)]
            wanted = wanted or [group for group in groups if group.begin_s > end_s][:1]
            held = [(tuple(group.stored), tuple(group.packets)) for group in wanted]
        return tuple(packet for parts in held for packet in _read(*parts))

    def previous_group(self) -> tuple[Packet, ...]:
        """Return the last complete group, empty if there is none."""
        with self._lock:
            if len(self._groups) < 2:
                return ()
            group = self._groups[-2]
            parts = (tuple(group.stored), tuple(group.packets))
        return _read(*parts)


def _read(stored: tuple[Stored, ...], packets: tuple[Packet, ...]) -> tuple[Packet, ...]:
    """Return a group; nothing of it if a part had to give way: the rest could not be decoded."""
    try:
        return (*(packet for part in stored for packet in part.read()), *packets)
    except OSError:
        return ()
