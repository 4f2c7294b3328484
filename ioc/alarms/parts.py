"""The parts of an alarm, one per sighting or condition, and how each has ended; pure."""

from collections.abc import Mapping

PARTS = "parts"
"""Where an alarm's facts keep them."""
PRESENT = "present"
FALSE = "false"
"""An operator has called it a false alarm."""
MAX_PARTS = 100
LAST_PARTS = "last_parts"
"""Where an alarm's facts keep which parts were the last to last."""

Parts = dict[str, str]
"""Part id to `PRESENT`, `FALSE` or how it ended, in the order of their beginning."""


def begin(parts: Parts, part_id: str) -> Parts:
    """Return the parts with one more present, the newest hundred."""
    if not part_id:
        return parts
    return dict(list({**parts, part_id: PRESENT}.items())[-MAX_PARTS:])


def end(parts: Parts, part_id: str, outcome: str) -> Parts:
    """Return the parts after the end of one, or of all that are present."""
    outcome = outcome or "ended"
    return {**parts, part_id: outcome} if part_id else _turn(parts, PRESENT, outcome)


def dismiss(parts: Parts) -> Parts:
    """Return the parts after an operator has called what is present false."""
    return _turn(parts, PRESENT, FALSE)


def reinstate(parts: Parts) -> Parts:
    """Return the parts after that was taken back; what has ended since stays ended."""
    return _turn(parts, FALSE, PRESENT)


def present(facts: Mapping[str, object]) -> tuple[str, ...]:
    """Return the ids of the parts in an alarm's facts that still last, oldest first."""
    parts = facts.get(PARTS)
    if not isinstance(parts, dict):
        return ()
    return tuple(part_id for part_id, state in parts.items() if state == PRESENT)


def lasted_last(facts: Mapping[str, object]) -> tuple[str, ...]:
    """Return the ids of the parts with which an alarm ended; of one that never did, none."""
    last = facts.get(LAST_PARTS)
    return tuple(str(part_id) for part_id in last) if isinstance(last, list) else ()


def _turn(parts: Parts, before: str, after: str) -> Parts:
    return {part: after if state == before else state for part, state in parts.items()}
