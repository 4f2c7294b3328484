"""Which packets make a clip, and when each is shown in it. Pure: no I/O."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median

from edge_agent.vision.stream.nal import Framing
from edge_agent.vision.stream.packet import Packet

MOST_S = 90.0
MOST_BYTES = 60_000_000
"""Beyond either, a clip is cut around the instant that it is about."""
GAP_S, GAP_PICTURES = 5.0, 20
"""A stream that was away for longer, by time and by its usual pace, goes on as another clip."""
TICKS = 90_000
"""Per second of a clip."""
_JUMP_S = 0.5
"""The camera's own clock may differ so far from ours before it has jumped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a clip is to show, in seconds of the watch."""

    begin_s: float
    end_s: float
    around_s: float
    """The instant that it is about."""


class ClipImpossible(LookupError):
    """No clip can be made of what is held."""


def choose(packets: Sequence[Packet], asked: Request, framing: Framing | None) -> list[Packet]:
    """Return what can be one clip of what was asked, beginning with a keyframe.

    It starts at or before the beginning if the packets reach back so far, and ends before the
    stream's parameters change or its packets have a gap. Empty if nothing can be shown.

    Raises:
        ClipImpossible: a clip of so much would end before the instant that it is about.
    """
    runs = list(_runs(packets, framing))
    if not runs:
        return []
    run = min(runs, key=lambda one: _distance_s(one, asked.around_s))
    groups = _groups(run)
    late = [i for i, group in enumerate(groups) if group[0].t_s <= asked.begin_s]
    groups = groups[late[-1] if late else 0 :]
    while _ends_before(groups[0], asked) and groups[1:] and groups[1][0].t_s <= asked.around_s:
        del groups[0]
    groups = [group for group in groups if group[0].t_s <= asked.end_s] or groups[:1]
    begin_s = groups[0][0].t_s
    end_s = min(asked.end_s, begin_s + MOST_S)
    chosen = _bounded([g for g in groups if g[0].t_s <= end_s], asked.around_s)
    last = max(i for i, packet in enumerate(chosen) if packet.t_s <= end_s or i == 0)
    # Pictures shown before the first keyframe refer to what came before it.
    clip = [packet for packet in chosen[: last + 1] if packet.pts >= chosen[0].pts]
    there_s = [p.t_s for p in run if p.pts >= run[0].pts and p.t_s <= asked.around_s]
    if there_s and not clip[0].t_s <= max(there_s) <= max(packet.t_s for packet in clip):
        raise ClipImpossible(
            "it is too long after its keyframe: shorten the camera's keyframe interval"
        )
    return clip


def _ends_before(group: list[Packet], asked: Request) -> bool:
    """Whether a clip that begins with this group would not reach the instant it is about."""
    return group[0].t_s + MOST_S < asked.around_s


def _runs(packets: Sequence[Packet], framing: Framing | None) -> Iterator[list[Packet]]:
    """Split where the stream's parameters change or it was away; each begins with a keyframe."""
    run: list[Packet] = []
    sets: tuple[bytes, ...] = framing.sets if framing else ()
    away = False
    gap_s = _gap_s(packets)
    for packet in packets:
        away |= bool(run) and abs(packet.t_s - run[-1].t_s) > gap_s
        if packet.keyframe:
            changed = framing.sets_in(packet.payload) if framing else ()
            if run and (away or (changed and sets and changed != sets)):
                yield run
                run = []
            sets, away = changed or sets, False
        if not away and (run or packet.keyframe):
            run.append(packet)
    if run:
        yield run


def _gap_s(packets: Sequence[Packet]) -> float:
    # At one picture per second, B-frames alone lie several seconds apart.
    steps = [after.t_s - before.t_s for before, after in pairwise(packets)]
    return max(GAP_S, GAP_PICTURES * median(map(abs, steps))) if steps else GAP_S


def _distance_s(run: list[Packet], at_s: float) -> float:
    return max(run[0].t_s - at_s, at_s - run[-1].t_s, 0.0)


def _groups(run: list[Packet]) -> list[list[Packet]]:
    groups: list[list[Packet]] = []
    for packet in run:
        if packet.keyframe:
            groups.append([])
        groups[-1].append(packet)
    return groups


def _bounded(groups: list[list[Packet]], around_s: float) -> list[Packet]:
    """Drop whole groups, those behind first, until what is left is not too large."""
    sizes = [sum(len(packet.payload) for packet in group) for group in groups]
    while sum(sizes) > MOST_BYTES and len(groups) > 1:
        at = -1 if groups[-1][0].t_s > around_s else 0
        del groups[at], sizes[at]
    chosen: list[Packet] = []
    left = MOST_BYTES
    for packet in (packet for group in groups for packet in group):
        left -= len(packet.payload)
        if left < 0 and chosen:
            break
        chosen.append(packet)
    return chosen


def shown_ticks(packets: Sequence[Packet], time_base: Fraction) -> list[int]:
    """Return when each packet's picture is shown, in ticks from the first; all differ.

    The camera's own times count, so that a network's jitter is not seen; where its clock has
    jumped, they go on where ours says.
    """
    shown: list[int] = []
    taken: set[int] = set()
    offset_s = packets[0].t_s - float(packets[0].pts * time_base) if packets else 0.0
    for packet in packets:
        own_s = float(packet.pts * time_base)
        if abs(packet.t_s - own_s - offset_s) > _JUMP_S:
            so_far_s = packets[0].t_s + max(taken, default=0) / TICKS
            offset_s = max(packet.t_s, so_far_s) - own_s
        tick = max(0, round((own_s + offset_s - packets[0].t_s) * TICKS))
        while tick in taken:
            tick += 1
        taken.add(tick)
        shown.append(tick)
    return shown


def decoded_ticks(shown: Sequence[int]) -> list[int]:
    """Return decoding times that rise and are never after the showing: B-frames wait."""
    order = sorted(shown)
    delay = max((early - late for early, late in zip(order, shown, strict=True)), default=0)
    return [tick - delay for tick in order]
