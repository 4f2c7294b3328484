"""When a call has reached its person, and when the next contact or the next person is due; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MANY_ATTEMPTS = 3
"""After so many in vain a further contact is tried beside the troubled one."""
_SETTLED = frozenset({"failed", "expired", "superseded"})


class Verdict(StrEnum):
    """What is to be done about an open call."""

    WAIT = "wait"
    REACHED = "reached"
    SUPERSEDED = "superseded"
    """Somebody has answered the alarm: nobody needs to be called any more."""
    TRY_NEXT_CONTACT = "try_next_contact"
    TO_NEXT_PERSON = "passed_on"
    """To the next person; what waits for this one goes on all the same."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """What has become of one notification of a call."""

    state: str
    attempts: int


def decide(
    notes: Sequence[Note],
    *,
    awaiting: bool,
    passes_on_at: datetime | None,
    has_further_contact: bool,
    now: datetime,
) -> Verdict:
    """Return what is to be done about an open call.

    Args:
        notes: its notifications.
        awaiting: nobody has answered the alarm.
        passes_on_at: of an emergency, when it goes to the next person unless something got through.
        has_further_contact: the person has a contact that this call has not used.
        now: the centre's time.
    """
    if any(note.state in ("delivered", "bundled") for note in notes):
        return Verdict.REACHED
    if not awaiting:
        return Verdict.SUPERSEDED
    if passes_on_at is not None and now >= passes_on_at:
        return Verdict.TO_NEXT_PERSON
    is_over = all(note.state in _SETTLED for note in notes)
    is_troubled = all(note.state in _SETTLED or note.attempts >= MANY_ATTEMPTS for note in notes)
    if has_further_contact and is_troubled:
        return Verdict.TRY_NEXT_CONTACT
    return Verdict.TO_NEXT_PERSON if is_over else Verdict.WAIT
