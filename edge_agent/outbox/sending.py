"""What to send next on a lane: window, repeats, backoff; pure.

A lane is sent in the order of its sequences. When a repeat is due, everything unacknowledged is
sent again from the oldest on, so nothing overtakes what it follows.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from contracts.ranges import Ranges, merge, of_sequences

WINDOW = 8
FIRST_REPEAT_S = 5.0
LAST_REPEAT_S = 300.0


class Lane(StrEnum):
    """A stream of rows to the centre."""

    LIVE = "live"
    BACKFILL = "backfill"
    TELEMETRY = "telemetry"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What this process has published under the present epoch.

    An acknowledgement may name more: what another copy of this outbox sent under the same numbers.
    """

    events: Ranges = ()
    telemetry: Ranges = ()

    def with_batch(self, lane: Lane, sequences: Iterable[int]) -> "Sent":
        """Return it with one more batch."""
        fresh = of_sequences(sequences)
        if lane is Lane.TELEMETRY:
            return replace(self, telemetry=merge((*self.telemetry, *fresh)))
        return replace(self, events=merge((*self.events, *fresh)))


@dataclass(frozen=True, kw_only=True)
class Flight:
    """A batch that was sent and not yet acknowledged."""

    unacknowledged: frozenset[int]
    repeat_at_s: float


@dataclass(frozen=True, kw_only=True)
class LaneProgress:
    """How far one lane has come on this connection."""

    cursor: int = 0
    """Highest sequence sent since the last time it went back."""
    flights: tuple[Flight, ...] = ()
    fruitless: int = 0
    """How often in a row it went back without an acknowledgement in between."""
    not_before_s: float = 0.0
    """The lane's rate allows nothing earlier."""

    @property
    def lowest_in_flight(self) -> int | None:
        """The oldest sequence under way."""
        return min((min(flight.unacknowledged) for flight in self.flights), default=None)


def repeat_after_s(fruitless: int) -> float:
    """Return how long to wait for an acknowledgement: 5 s, doubling, at most 5 minutes."""
    return float(min(LAST_REPEAT_S, FIRST_REPEAT_S * 2 ** min(fruitless, 10)))


def go_back_when_due(progress: LaneProgress, now_s: float) -> LaneProgress:
    """Return the progress, gone back to the oldest row if its repeat is due."""
    if not progress.flights or progress.flights[0].repeat_at_s > now_s:
        return progress
    return replace(progress, cursor=0, flights=(), fruitless=progress.fruitless + 1)


def may_send(progress: LaneProgress, now_s: float) -> bool:
    """Tell whether another batch may be sent; after a fruitless round one at a time."""
    window = 1 if progress.fruitless else WINDOW
    return len(progress.flights) < window and now_s >= progress.not_before_s


def wake_at_s(progress: LaneProgress, now_s: float) -> float | None:
    """Return when time alone changes the answer of `may_send`; None: it does not."""
    instants = [flight.repeat_at_s for flight in progress.flights[:1]]
    if progress.not_before_s > now_s:
        instants.append(progress.not_before_s)
    return min(instants, default=None)


def after_sending(
    progress: LaneProgress, sequences: Iterable[int], *, now_s: float, pause_s: float = 0.0
) -> LaneProgress:
    """Return the progress once a batch is on its way; `pause_s` holds the lane to its rate."""
    sent = frozenset(sequences)
    flight = Flight(unacknowledged=sent, repeat_at_s=now_s + repeat_after_s(progress.fruitless))
    return replace(
        progress,
        cursor=max(sent),
        flights=(*progress.flights, flight),
        not_before_s=now_s + pause_s,
    )


def after_ack(progress: LaneProgress, committed: Ranges) -> LaneProgress:
    """Return the progress once the centre has committed `committed`."""
    flights = tuple(
        replace(flight, unacknowledged=left)
        for flight in progress.flights
        if (left := _outside(committed, flight.unacknowledged))
    )
    if flights == progress.flights:
        return progress
    return replace(progress, flights=flights, fruitless=0)


def _outside(ranges: Ranges, sequences: frozenset[int]) -> frozenset[int]:
    """Return the numbers that lie in none of the ascending ranges, of which there may be many."""
    firsts = [first for first, _ in ranges]
    return frozenset(
        n for n in sequences if (index := bisect_right(firsts, n) - 1) < 0 or ranges[index][1] < n
    )
