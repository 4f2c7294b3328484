"""The figures of a month's report, counted from the station log; pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from ioc.station.log import LogEntry

_NOT_PLAYED = frozenset({"failed", "expired", "preempted"})


@dataclass(kw_only=True)
class Figures:
    """Counts of deliveries: each loudspeaker of each broadcast once."""

    broadcasts: int = 0
    finished: int = 0
    not_played: int = 0
    stopped: int = 0
    """A person stopped it."""
    heard: int = 0
    compared: int = 0
    """A microphone gave a clear answer, heard or not."""
    seconds_sent: float = 0.0


@dataclass(frozen=True, kw_only=True)
class MonthlyReport:
    """A month in numbers."""

    total: Figures
    by_loudspeaker: dict[tuple[str, str], Figures]
    """By gateway and device, in order of the name."""
    names: dict[tuple[str, str], str]
    by_kind: dict[str, Figures]
    by_author: dict[str, Figures] = field(default_factory=dict)
    """Empty name: the gateways by themselves."""


def count(entries: Iterable[LogEntry]) -> MonthlyReport:
    """Return the figures of these entries."""
    total = Figures()
    by_loudspeaker: dict[tuple[str, str], Figures] = defaultdict(Figures)
    by_kind: dict[str, Figures] = defaultdict(Figures)
    by_author: dict[str, Figures] = defaultdict(Figures)
    names: dict[tuple[str, str], str] = {}
    for entry in entries:
        wide = (total, by_kind[entry.kind], by_author[entry.author])
        for figures in wide:
            figures.broadcasts += 1
        for line in entry.lines:
            key = (line.gateway_id, line.device_id)
            names[key] = line.name
            own = by_loudspeaker[key]
            own.broadcasts += 1
            for figures in (*wide, own):
                figures.finished += line.state == "finished"
                figures.not_played += line.state in _NOT_PLAYED
                figures.stopped += line.state == "stopped"
                figures.heard += line.hearing == "heard"
                figures.compared += line.hearing in ("heard", "not_heard")
                figures.seconds_sent += line.seconds_sent
    in_order = sorted(by_loudspeaker, key=lambda key: (names[key], key))
    return MonthlyReport(
        total=total,
        by_loudspeaker={key: by_loudspeaker[key] for key in in_order},
        names=names,
        by_kind=dict(sorted(by_kind.items())),
        by_author=dict(sorted(by_author.items())),
    )
