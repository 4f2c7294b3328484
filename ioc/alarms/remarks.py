"""What cameras' own analysis says of an alarm's sightings, kept with its facts; pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from contracts.events import CameraReported

CORROBORATED_BY = "corroborated_by"
"""Where an alarm's facts keep them."""
_KEPT = 20
_APART = timedelta(seconds=2)
"""One beginning, told twice, differs by less; a camera's next one comes seconds after its end."""

Remark = dict[str, Any]
"""A contracts' Corroboration as JSON, with `until` once the camera has said that it is over."""


def agree(known: Sequence[Remark], fresh: Sequence[Remark]) -> list[Remark]:
    """Return all remarks by time, each once and as it is known, the newest twenty."""
    each = list(known)
    for remark in fresh:
        if not any(_is_same(one, remark) for one in each):
            each.append(remark)
    return sorted(each, key=_since)[-_KEPT:]


def take(known: Sequence[Remark], reported: CameraReported, *, at: datetime) -> list[Remark]:
    """Return the remarks after one more report.

    A report that is not active ends the newest open remark of its kind; where there is none, it
    was a single remark.
    """
    instant = at.isoformat()
    fresh = {
        "source": "onvif",
        "claim": str(reported.claim),
        "topic": reported.topic,
        "since": instant,
    }
    if reported.active:
        return agree(known, [fresh])
    opened = [remark for remark in known if _is_open(remark, reported)]
    if not opened:
        return agree(known, [{**fresh, "until": instant}])
    ended = [remark for remark in opened if _is_same(remark, opened[-1])]
    return [{**each, "until": instant} if each in ended else each for each in known]


def _is_open(remark: Remark, reported: CameraReported) -> bool:
    same = (remark["claim"], remark["topic"]) == (str(reported.claim), reported.topic)
    return same and "until" not in remark


def _is_same(one: Remark, other: Remark) -> bool:
    # Each sighting works out anew on the wall clock since when the camera has said it.
    same = (one["claim"], one["topic"]) == (other["claim"], other["topic"])
    return same and abs(_since(one) - _since(other)) <= _APART


def _since(remark: Remark) -> datetime:
    return datetime.fromisoformat(remark["since"])
