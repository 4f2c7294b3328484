"""What is wrong with a rules document, as sentences with a line and a remedy; pure."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a fault means for the document."""

    ERROR = "error"
    """It is refused."""
    WARNING = "warning"
    """It is taken, but something of it waits for what is not there (yet)."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault; `vi` and `en` say what is wrong and what to write instead."""

    line: int
    """From 1."""
    severity: Severity
    vi: str
    en: str


class RulesFaulty(Exception):
    """The rules cannot be used; whoever wrote them must mend the lines that are named."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"line {each.line}: {each.en}" for each in self.faults))


@dataclass(frozen=True, kw_only=True)
class Found:
    """A fault before its line is known."""

    place: tuple[int | str, ...]
    vi: str
    en: str
    severity: Severity = Severity.ERROR


def unknown(
    place: tuple[int | str, ...],
    written: str,
    known: Iterable[str],
    *,
    what: tuple[str, str],
    severity: Severity = Severity.ERROR,
) -> Found:
    """Return that `written` is no such thing (`what`: in Vietnamese, in English), and the nearest."""
    names = sorted(known)
    nearest = difflib.get_close_matches(written, names, n=1, cutoff=0.5)
    if nearest:
        vi, en = f"Có phải là {nearest[0]!r}?", f"Did you mean {nearest[0]!r}?"
    elif 0 < len(names) <= 30:
        vi, en = f"Dùng được: {', '.join(names)}.", f"There is: {', '.join(names)}."
    elif names:
        vi, en = "Không có tên nào gần giống.", "Nothing has a similar name."
    else:
        vi, en = "Hiện chưa có cái nào.", "There is none yet."
    return Found(
        place=place,
        vi=f"Không có {what[0]} {written!r}. {vi}",
        en=f"There is no {what[1]} {written!r}. {en}",
        severity=severity,
    )
