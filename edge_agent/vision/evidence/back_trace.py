"""Decodes the seconds around a deposit again, at full rate, to see who made it."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from av import VideoFrame

from edge_agent.vision.evidence.depositor import Behind, Glimpse, Trace, Watcher, trace
from edge_agent.vision.lookback import Stock
from edge_agent.vision.objects.thing import LeftObject
from edge_agent.vision.picture.plane import Pixels
from edge_agent.vision.stream.codec import Decoder, StreamFormat
from edge_agent.vision.stream.packet import Packet

BEFORE_S, AFTER_S, MOST_AFTER_S = 15.0, 6.0, 30.0
"""What is looked at again: from so long before the deposit until so long after the leaving."""
LOOKS_HZ = 8.0
MOST_LOOKS = 200
MOST_DECODED_PIXELS = 350_000_000
"""About a second of one core: a minute of 640x360 at 15 pictures per second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BackTrace:
    """Looks into the past of a stream."""

    plane_of: Callable[[VideoFrame], Pixels]
    """Makes of any picture of the stream a plane of its scene, without what privacy masks hide."""

    def of(
        self, thing: LeftObject, behind: Behind, stock: Stock, *, since_s: float = -math.inf
    ) -> Trace:
        """Return what a stream's ring still shows of an object's deposit.

        Before `since_s` the camera showed another view.
        """
        height, width = behind.always.shape
        left_at_s = thing.attention.left_at_s or thing.deposited_s
        end_s = min(thing.deposited_s + MOST_AFTER_S, left_at_s + AFTER_S)
        packets, form = stock.ring.cut(thing.deposited_s - BEFORE_S, end_s), stock.form
        watcher = Watcher(thing, behind)
        glimpses: list[Glimpse] = []
        for frame, t_s in _due(form, affordable(packets, form, thing.deposited_s)):
            if since_s <= t_s <= end_s and len(glimpses) < MOST_LOOKS:
                glimpses.append(watcher.look(self.plane_of(frame), t_s))
        return trace(glimpses, thing, (width, height))


def affordable(packets: Sequence[Packet], form: StreamFormat, at_s: float) -> Sequence[Packet]:
    """Return the groups nearest to an instant that can be decoded without holding others up.

    Of a group that is too long by itself its beginning, if that reaches the instant, else nothing.
    """
    begins = [i for i, packet in enumerate(packets) if packet.keyframe]
    groups = [packets[a:b] for a, b in pairwise([*begins, len(packets)])]
    most = max(1, MOST_DECODED_PIXELS // max(1, form.width * form.height))
    first = max((i for i, g in enumerate(groups) if g[0].t_s <= at_s), default=0)
    last = first + 1
    if groups and len(groups[first]) > most:
        beginning = groups[first][:most]
        return beginning if beginning[-1].t_s >= at_s else []
    while (more := _nearer(groups, first, last, at_s)) is not None:
        count = sum(len(group) for group in groups[min(first, more) : max(last, more + 1)])
        if count > most:
            break
        first, last = min(first, more), max(last, more + 1)
    return [packet for group in groups[first:last] for packet in group]


def _nearer(groups: Sequence[Sequence[Packet]], first: int, last: int, at_s: float) -> int | None:
    """Return which group before or behind those taken is nearer to the instant."""
    if first == 0:
        return last if last < len(groups) else None
    if last >= len(groups):
        return first - 1
    return last if groups[last][0].t_s - at_s < at_s - groups[first][0].t_s else first - 1


def _due(form: StreamFormat, packets: Sequence[Packet]) -> Iterator[tuple[VideoFrame, float]]:
    """Decode everything; yield what is due, in the order of showing."""
    shown = {packet.pts: packet.t_s for packet in packets}
    decoder = Decoder(form, fast=True)
    due_s = float("-inf")
    for packet in [*packets, None]:
        for frame in decoder.drain() if packet is None else decoder.feed(packet):
            t_s = shown.get(frame.pts or 0)
            if t_s is not None and t_s >= due_s:
                due_s = max(due_s + 1.0 / LOOKS_HZ, t_s + 0.5 / LOOKS_HZ)
                yield frame, t_s
