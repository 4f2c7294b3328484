"""The life of one left object, from candidate to its end, as a pure state machine."""

from dataclasses import dataclass, replace
from enum import StrEnum

PASSING_S = 1.5
"""A figure that stays beside the object for less than this only passes by."""
FLICKER_S = 0.7
"""Two sightings of a figure closer than this are one stay."""


class Phase(StrEnum):
    """Where an object stands; the last four are ends."""

    CANDIDATE = "candidate"
    ATTENDED = "attended"
    UNATTENDED = "unattended"
    CONFIRMED = "confirmed"
    RECLAIMED = "reclaimed"
    CLEARED = "cleared"
    FIXTURE = "fixture"
    DISMISSED = "dismissed"
    """Ended before it was confirmed: never reported."""

    @property
    def ended(self) -> bool:
        """Whether nothing can follow."""
        return self in _ENDS


_ENDS = frozenset({Phase.RECLAIMED, Phase.CLEARED, Phase.FIXTURE, Phase.DISMISSED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """What one picture says about one object."""

    t_s: float
    figure_near: bool
    """Somebody stands or handles it."""
    near_s: float = 0.0
    """For how long they have been near, if they did not stand still all the time."""
    figure_passes: bool = False
    """Somebody walks past so closely that it cannot be judged."""
    gone: bool = False
    same_figure: bool = False
    """With `gone`: whoever was beside it last looks like whoever put it down."""
    belongs: bool = False
    """An operator said that it belongs here."""
    required_s: float = 10.0
    """How long it must be unattended to be confirmed, given how doubtful it looks."""
    convincing: bool = True
    """It looks like a left object in this picture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attention:
    """The memory of the state machine."""

    opened_s: float
    phase: Phase = Phase.CANDIDATE
    stay_since_s: float | None = None
    """Since when a figure has been beside it without a break; None: nobody is."""
    last_near_s: float | None = None
    alone_since_s: float | None = None
    """When the last stay ended; None while attended."""
    unseen_s: float = 0.0
    """For how much of the time since then nobody looked: it proves nothing."""

    def alone_s(self, t_s: float) -> float:
        """Return for how long it has been seen alone, up to an instant."""
        since_s = self.opened_s if self.alone_since_s is None else self.alone_since_s
        return t_s - since_s - self.unseen_s

    @property
    def left_at_s(self) -> float | None:
        """When the last one beside it walked away; None if nobody was seen beside it."""
        return None if self.last_near_s is None else self.alone_since_s


def attend(now: Attention, seen: Sighting, *, fresh_near: bool = False) -> Attention:
    """Return the memory after one sighting; sightings come in the order of their times.

    `fresh_near` says that a figure was near just before the object was opened.
    """
    if now.phase.ended:
        return now
    if seen.belongs:
        return replace(now, phase=Phase.FIXTURE)
    if seen.gone:
        return replace(now, phase=_end(now.phase, same_figure=seen.same_figure))
    if seen.figure_near or fresh_near:
        return _visited(now, seen.t_s, near_s=seen.near_s)
    if seen.figure_passes:
        return now
    return _alone(now, seen)


def look_away(now: Attention, gap_s: float) -> Attention:
    """Return the memory after so many seconds in which nobody looked."""
    return replace(now, unseen_s=now.unseen_s + gap_s)


def _end(phase: Phase, *, same_figure: bool) -> Phase:
    if phase is not Phase.CONFIRMED:
        return Phase.DISMISSED
    return Phase.RECLAIMED if same_figure else Phase.CLEARED


def _visited(now: Attention, t_s: float, *, near_s: float) -> Attention:
    since_s = t_s - near_s if now.stay_since_s is None else now.stay_since_s
    stays = now.phase is Phase.CANDIDATE or t_s - since_s >= PASSING_S
    now = replace(now, stay_since_s=since_s, last_near_s=t_s)
    if now.phase is Phase.CONFIRMED or not stays:
        return now
    return replace(now, phase=Phase.ATTENDED, alone_since_s=None, unseen_s=0.0)


def _alone(now: Attention, seen: Sighting) -> Attention:
    if now.last_near_s is not None and seen.t_s - now.last_near_s < FLICKER_S:
        return now
    alone_since_s = now.alone_since_s
    if alone_since_s is None:
        alone_since_s = now.opened_s if now.last_near_s is None else now.last_near_s
    now = replace(now, stay_since_s=None, alone_since_s=alone_since_s)
    if now.phase is Phase.CONFIRMED:
        return now
    confirmed = now.alone_s(seen.t_s) >= seen.required_s and seen.convincing
    return replace(now, phase=Phase.CONFIRMED if confirmed else Phase.UNATTENDED)
