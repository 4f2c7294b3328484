"""Talk-downs and self-tests in words; pure."""

from datetime import datetime, timedelta
from typing import Any

from ioc.station import SelfTest
from ioc.web.presentation import Wording
from ioc.web.words import Words

TEST_PATIENCE = timedelta(minutes=6)
"""An order to test is valid for five minutes."""


def describe_talk_down(said: dict[str, Any], wording: Wording) -> str:
    """Return what the gateway said to the person by itself, and whether they left.

    Args:
        said: what the alarm's facts keep of it; empty: nothing was due.
        wording: of the page.
    """
    words = wording.words
    if "withheld" in said:
        return _known(f"talk_down.withheld_{said['withheld']}", "talk_down.withheld_other", words)
    if "broadcast_id" not in said:
        return ""
    at = _instant(said.get("at"))
    spoken = words("alarm.spoken") if at is None else words("talk_down.spoken", at=wording.at(at))
    answer = f"talk_down.answer_{said.get('answer') or 'awaited'}"
    if not words.knows(answer):
        return spoken
    after = wording.seconds(float(said.get("after_s") or 0.0))
    return f"{spoken} · {words(answer, after=after)}"


def describe_talk_down_step(note: str, words: Words) -> str:
    """Return a line of the alarm's log: that it was said, what came of it, or why it was not."""
    if note == "spoken":
        return words("cause.talk_down")
    kind, _, reason = note.partition(": ")
    if kind == "withheld":
        return _known(f"talk_down.withheld_{reason}", "talk_down.withheld_other", words)
    return _known(f"talk_down.step_{note}", "cause.talk_down", words)


def describe_self_test(tested: SelfTest, wording: Wording) -> str:
    """Return what came of a loudspeaker's newest self-test."""
    words = wording.words
    if tested.answered_at is None:
        ordered_at = tested.ordered_at or wording.now
        is_overdue = wording.now - ordered_at > TEST_PATIENCE
        key = "unanswered" if is_overdue else "awaited"
        return words(f"self_test.{key}", at=wording.at(ordered_at))
    at = wording.at(tested.answered_at)
    if not tested.is_played:
        said = words("self_test.failed", at=at)
        code = words("delivery.technician", code=tested.detail) if tested.detail else ""
        return f"{said} {code}".strip()
    key = tested.hearing if tested.hearing in ("heard", "not_heard") else "passed"
    return words(f"self_test.{key}", at=at)


def _known(key: str, otherwise: str, words: Words) -> str:
    return words(key if words.knows(key) else otherwise)


def _instant(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
