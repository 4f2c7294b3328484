"""Adds to a sighting's event which claims of the camera say the same; pure but for the timekeeper."""

from dataclasses import replace

from contracts.events import (
    CameraDegraded,
    CrowdingStarted,
    IntrusionStarted,
    LitteringConfirmed,
    LoiteringStarted,
)
from contracts.events import (
    Corroboration as Corroborated,
)
from edge_agent.cameras.claims.claims import Spell
from edge_agent.cameras.claims.corroboration import Corroboration, Sighting
from edge_agent.outbox import Draft
from edge_agent.timekeeping import Timekeeper
from edge_agent.vision import findings as vision

_SPOILING = frozenset({"covered", "moved", "blurred", "black"})
"""Conditions that somebody may have brought about, which cameras call tampering."""
_CORROBORATED = (
    CameraDegraded | CrowdingStarted | IntrusionStarted | LitteringConfirmed | LoiteringStarted
)


class Agreement:
    """One camera's sightings as its own claims see them."""

    def __init__(self, corroboration: Corroboration, timekeeper: Timekeeper) -> None:
        self._corroboration = corroboration
        self._timekeeper = timekeeper

    def add_littering(self, finding: vision.LitteringConfirmed, draft: Draft) -> Draft:
        """Return the draft with the claims that agree; the object stands from now on."""
        sighting = Sighting(
            kind="littering",
            object_id=_object_id(draft),
            since_s=finding.deposited_at_s,
            at_s=finding.at_s,
        )
        return self._with(draft, self._corroboration.see(sighting))

    def add_presence(self, finding: vision.PresenceStarted, draft: Draft) -> Draft:
        """Return the draft with the claims that agree; somebody is there from now on."""
        sighting = Sighting(
            kind=finding.purpose,
            object_id=_object_id(draft),
            since_s=finding.at_s - max(0.0, finding.present_s),
            at_s=finding.at_s,
        )
        return self._with(draft, self._corroboration.see(sighting))

    def add_degraded(self, finding: vision.Degraded, draft: Draft) -> Draft:
        """Return the draft with the claims that agree."""
        if finding.condition not in _SPOILING:
            return draft
        sighting = Sighting(kind="spoiled", object_id="", since_s=finding.at_s, at_s=finding.at_s)
        return self._with(draft, self._corroboration.supporting(sighting))

    def end(self, object_id: str, at_s: float) -> None:
        """The object is gone, or nobody is there any more."""
        self._corroboration.see_end(object_id, at_s)

    def end_unseen(self, at_s: float) -> None:
        """The watch has ended: nobody is known to be there."""
        self._corroboration.see_nobody(at_s)

    def _with(self, draft: Draft, spells: tuple[Spell, ...]) -> Draft:
        if not spells or not isinstance(draft.data, _CORROBORATED):
            return draft
        corroborated = tuple(
            Corroborated(
                claim=spell.claim,
                topic=spell.onvif_topic,
                since=self._timekeeper.moment(spell.since_s).occurred_at,
            )
            for spell in spells
        )
        return replace(draft, data=draft.data.model_copy(update={"corroborated_by": corroborated}))


def _object_id(draft: Draft) -> str:
    return str(getattr(draft.data, "object_id", ""))
