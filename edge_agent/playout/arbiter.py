"""Who may speak on one loudspeaker: one turn at a time, by priority, level, then time. Pure: no clock.

`Arbiter` is a value. Every function returns the next value; `decide` also says what to do now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, IntEnum

OVERTAKEN_AFTER_S = 2.0
"""So long a turn that is due and not ready keeps those of its own priority waiting."""


class Priority(IntEnum):
    """The three of Thông tư 39/2020/TT-BTTTT, and one below; a higher one cuts in at once."""

    TEST = -1
    """A self-test gives way to everything."""
    ROUTINE = 0
    PRIORITY = 1
    EMERGENCY = 2


class Level(IntEnum):
    """Whose a broadcast is: orders those that wait with one priority, and cuts nobody off.

    Two authorities may warn at the same time; neither warning is broken off for the other.
    """

    HAMLET = 0
    COMMUNE = 1
    PROVINCE = 2
    CENTRAL = 3


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One broadcast that wants this loudspeaker."""

    broadcast_id: str
    priority: Priority
    level: Level = Level.COMMUNE
    arrival_number: int
    """Grows with every order taken; decides between turns due at the same instant."""
    due_s: float
    """Monotonic instant from which it may start."""
    expires_at_s: float | None = None
    """Monotonic instant from which it must not start any more."""
    ready: bool = False
    """It could sound now: its audio and its loudspeaker are ready."""


class Verdict(Enum):
    """What happens to a turn now."""

    START = "start"
    PREEMPT = "preempt"
    EXPIRE = "expire"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One verdict on one turn; to be carried out in the order given."""

    verdict: Verdict
    turn: Turn


@dataclass(frozen=True, kw_only=True)
class Arbiter:
    """What plays on one loudspeaker and what waits for it, in no particular order."""

    playing: Turn | None = None
    waiting: tuple[Turn, ...] = ()


def holds(arbiter: Arbiter, broadcast_id: str) -> bool:
    """Whether the broadcast plays or waits here."""
    turns = (arbiter.playing, *arbiter.waiting)
    return any(turn is not None and turn.broadcast_id == broadcast_id for turn in turns)


def request(arbiter: Arbiter, turn: Turn) -> Arbiter:
    """Let a turn wait; a broadcast already here is not taken twice."""
    if holds(arbiter, turn.broadcast_id):
        return arbiter
    return replace(arbiter, waiting=(*arbiter.waiting, turn))


def mark_ready(arbiter: Arbiter, broadcast_id: str) -> Arbiter:
    """It could sound now: it may start when its turn comes."""
    waiting = tuple(
        replace(turn, ready=True) if turn.broadcast_id == broadcast_id else turn
        for turn in arbiter.waiting
    )
    return replace(arbiter, waiting=waiting)


def withdraw(arbiter: Arbiter, broadcast_id: str) -> Arbiter:
    """Forget a broadcast, playing or waiting: finished, failed or stopped."""
    playing = arbiter.playing
    return Arbiter(
        playing=None if playing and playing.broadcast_id == broadcast_id else playing,
        waiting=tuple(turn for turn in arbiter.waiting if turn.broadcast_id != broadcast_id),
    )


def decide(arbiter: Arbiter, *, now_s: float) -> tuple[Arbiter, tuple[Decision, ...]]:
    """Expire what came too late, then start the best turn that is due, cutting a lower one.

    The best turn is never overtaken by one of lower priority that is ready earlier, or that one
    would be cut a moment after it began. One of its own priority overtakes it when it has not become
    ready for `OVERTAKEN_AFTER_S`: a silent station must not hold back an emergency that can be
    said. What plays goes on until a higher turn is ready.
    """
    expired = tuple(turn for turn in arbiter.waiting if _is_expired(turn, now_s=now_s))
    decisions = tuple(Decision(verdict=Verdict.EXPIRE, turn=turn) for turn in expired)
    waiting = tuple(turn for turn in arbiter.waiting if turn not in expired)
    due = [turn for turn in waiting if turn.due_s <= now_s]
    best = _best(due, now_s=now_s)
    playing = arbiter.playing
    if best is None or not best.ready or (playing and best.priority <= playing.priority):
        return replace(arbiter, waiting=waiting), decisions
    if playing:
        decisions += (Decision(verdict=Verdict.PREEMPT, turn=playing),)
    decisions += (Decision(verdict=Verdict.START, turn=best),)
    return Arbiter(playing=best, waiting=tuple(t for t in waiting if t is not best)), decisions


def next_instant_s(arbiter: Arbiter, *, now_s: float) -> float | None:
    """The first instant after `now_s` at which `decide` can differ by time alone."""
    instants = [turn.due_s for turn in arbiter.waiting]
    instants += [turn.due_s + OVERTAKEN_AFTER_S for turn in arbiter.waiting if not turn.ready]
    instants += [turn.expires_at_s for turn in arbiter.waiting if turn.expires_at_s is not None]
    return min((instant for instant in instants if instant > now_s), default=None)


def _best(due: Sequence[Turn], *, now_s: float) -> Turn | None:
    best = max(due, key=_precedence, default=None)
    if best is None or best.ready:
        return best
    rivals = [
        turn
        for turn in due
        if turn.priority == best.priority and (turn.ready or now_s < turn.due_s + OVERTAKEN_AFTER_S)
    ]
    return max(rivals, key=_precedence, default=best)


def _is_expired(turn: Turn, *, now_s: float) -> bool:
    return turn.expires_at_s is not None and now_s >= turn.expires_at_s


def _precedence(turn: Turn) -> tuple[Priority, Level, float, int]:
    return turn.priority, turn.level, -turn.due_s, -turn.arrival_number
