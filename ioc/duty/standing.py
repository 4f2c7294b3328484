"""What stands when one shift hands over to the next, in words of both languages; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_LINES = 300
"""Of one kind; more are counted."""
KINDS = ("open", "shelved", "out_of_service", "broken", "undelivered")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing of which the next shift must know."""

    subject_id: str
    """Tells whether it is the same thing later: an alarm's id, `gateway/device`."""
    vi: str
    en: str
    priority: str = ""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Everything of which the next shift must know, by kind."""

    lines: Mapping[str, tuple[Line, ...]]
    more: Mapping[str, int]
    """How many of a kind there were beyond those written down."""

    @property
    def count(self) -> int:
        """How many things it names or counts."""
        return sum(len(each) for each in self.lines.values()) + sum(self.more.values())

    def to_json(self) -> dict[str, Any]:
        """Return it as the store keeps it."""
        return {
            kind: {
                "lines": [vars(line) for line in self.lines.get(kind, ())],
                "more": self.more.get(kind, 0),
            }
            for kind in KINDS
        }


def from_json(kept: Mapping[str, Any]) -> Standing:
    """Return what the store has kept."""
    return Standing(
        lines={
            kind: tuple(Line(**line) for line in kept.get(kind, {}).get("lines", ()))
            for kind in KINDS
        },
        more={kind: int(kept.get(kind, {}).get("more", 0)) for kind in KINDS},
    )


def gather(found: Mapping[str, Sequence[Line]]) -> Standing:
    """Return what was found, no more than can be read."""
    return Standing(
        lines={kind: tuple(found.get(kind, ())[:MOST_LINES]) for kind in KINDS},
        more={kind: max(0, len(found.get(kind, ())) - MOST_LINES) for kind in KINDS},
    )


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What has come and gone between two standings, by kind."""

    come: Mapping[str, tuple[Line, ...]]
    gone: Mapping[str, tuple[Line, ...]]

    @property
    def any(self) -> bool:
        """Whether there is a difference."""
        return any(self.come.values()) or any(self.gone.values())


def compare(before: Standing, after: Standing) -> Changes:
    """Return what is there now and was not, and the other way round."""
    return Changes(
        come={kind: _without(after.lines[kind], before.lines[kind]) for kind in KINDS},
        gone={kind: _without(before.lines[kind], after.lines[kind]) for kind in KINDS},
    )


def _without(lines: Sequence[Line], others: Sequence[Line]) -> tuple[Line, ...]:
    known = {line.subject_id for line in others}
    return tuple(line for line in lines if line.subject_id not in known)
