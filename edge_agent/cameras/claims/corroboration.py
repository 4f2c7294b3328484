"""Which of a camera's claims and which of our sightings say the same; pure.

Seconds are of the monotonic clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from contracts.events import CameraClaim
from edge_agent.cameras.claims.claims import Change, Claims, RuleKey, Spell, Statement

WINDOW_S = 30.0
"""Clocks, thresholds and thinking times of two analyses differ by so much."""
LATER_S = 300.0
"""Cameras call an object left after up to 100 s, and some of them only after minutes."""
_MOST_SIGHTINGS = 100
_MOST_SPELLS = 20

SightingKind = Literal["littering", "intrusion", "loitering", "crowding", "spoiled"]
"""`spoiled`: a condition that somebody may have brought about: covered, moved, blurred, black."""

_PRESENCE = frozenset({CameraClaim.INTRUSION, CameraClaim.LOITERING, CameraClaim.MOTION})
_AGREEING: dict[SightingKind, frozenset[CameraClaim]] = {
    "littering": frozenset({CameraClaim.OBJECT_LEFT}),
    "intrusion": _PRESENCE,
    "loitering": _PRESENCE,
    "crowding": _PRESENCE,
    "spoiled": frozenset({CameraClaim.TAMPER}),
}
# A later claim says the same as a sighting only where it is as definite: motion is not.
_DEFINITE: dict[CameraClaim, frozenset[SightingKind]] = {
    CameraClaim.OBJECT_LEFT: frozenset({"littering"}),
    CameraClaim.INTRUSION: frozenset({"intrusion", "loitering"}),
    CameraClaim.LOITERING: frozenset({"intrusion", "loitering"}),
}


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """Something that our own analysis saw."""

    kind: SightingKind
    object_id: str
    since_s: float
    """When it began: put down, came in."""
    at_s: float
    """When we were sure."""
    until_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """A change of a claim, and the sighting of ours with which it agrees or, at its end, agreed."""

    change: Change
    corroborates: str | None


class Corroboration:
    """One camera's claims beside our sightings of it."""

    def __init__(self) -> None:
        self.claims = Claims()
        self._sightings: dict[str, Sighting] = {}
        self._agreed: dict[RuleKey, str] = {}
        """Of claims whose end is yet to be told: the last sighting with which each agreed."""

    def hear(self, statement: Statement) -> tuple[Report, ...]:
        """Take a statement of the camera in; return what is to be told."""
        return tuple(self._report(change) for change in self.claims.hear(statement))

    def settle(self, now_s: float) -> tuple[Report, ...]:
        """Return the ends of claims that are to be told by now."""
        return tuple(self._report(change) for change in self.claims.settle(now_s))

    def see(self, sighting: Sighting) -> tuple[Spell, ...]:
        """Remember a sighting; return the camera's claims that say the same."""
        self._sightings[sighting.object_id] = sighting
        if len(self._sightings) > _MOST_SIGHTINGS:
            del self._sightings[next(iter(self._sightings))]
        spells = self.supporting(sighting)
        for spell in spells:
            if spell.is_end_due:
                self._agreed[spell.key] = sighting.object_id
        return spells

    def see_end(self, object_id: str, at_s: float) -> None:
        """What was seen is over."""
        sighting = self._sightings.get(object_id)
        if sighting is not None:
            self._sightings[object_id] = replace(sighting, until_s=at_s)

    def see_nobody(self, at_s: float) -> None:
        """Nobody who was seen is known to be there any more; objects stay where they lie."""
        for object_id, sighting in self._sightings.items():
            if sighting.kind != "littering" and sighting.until_s is None:
                self._sightings[object_id] = replace(sighting, until_s=at_s)

    def supporting(self, sighting: Sighting) -> tuple[Spell, ...]:
        """Return the claims that agree with a sighting and lie within the window around it."""
        found = (spell for spell in self.claims.spells() if _agrees(spell, sighting))
        return tuple(sorted(found, key=lambda spell: spell.since_s)[-_MOST_SPELLS:])

    def _report(self, change: Change) -> Report:
        if not change.active and not change.is_remark:
            return Report(change=change, corroborates=self._agreed.pop(change.key, None))
        agreed = max(self._confirmed_by(change), key=lambda one: one.at_s, default=None)
        if change.active and agreed is not None:
            self._agreed[change.key] = agreed.object_id
        return Report(change=change, corroborates=agreed.object_id if agreed else None)

    def _confirmed_by(self, change: Change) -> Iterator[Sighting]:
        kinds = _DEFINITE.get(change.claim, frozenset())
        for sighting in self._sightings.values():
            if change.began_unseen and sighting.kind == "littering":
                # It may be about an object that was left, or taken, hours ago.
                continue
            began = sighting.since_s - WINDOW_S <= change.at_s <= sighting.at_s + LATER_S
            if change.claim is CameraClaim.OBJECT_REMOVED:
                is_gone = sighting.kind == "littering" and sighting.until_s is not None
                if is_gone and abs(change.at_s - (sighting.until_s or 0.0)) <= WINDOW_S:
                    yield sighting
            elif sighting.kind in kinds and sighting.until_s is None and began:
                yield sighting


def _agrees(spell: Spell, sighting: Sighting) -> bool:
    if spell.claim not in _AGREEING[sighting.kind]:
        return False
    if sighting.kind == "littering" and (
        spell.began_unseen or spell.since_s < sighting.since_s - WINDOW_S
    ):
        # An object that was there before is another one.
        return False
    ends_in_time = spell.until_s is None or spell.until_s >= sighting.since_s - WINDOW_S
    return ends_in_time and spell.since_s <= sighting.at_s + WINDOW_S
