"""What cameras' own analysis says of an alarm's sightings, kept with its facts; pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contracts.events import CameraReported

CORROBORATED_BY = "corroborated_by"
"""Where an alarm's facts keep them."""
_KEPT = 20

Remark = dict[str, Any]
"""A contracts' Corroboration as JSON, with `until` once the camera has said that it is over."""


def agree(known: Sequence[Remark], fresh: Sequence[Remark]) -> list[Remark]:
    """Return all remarks by time, each once, the newest twenty."""
    each = {_name(remark): remark for remark in [*fresh, *known]}
    return sorted(each.values(), key=lambda remark: str(remark["since"]))[-_KEPT:]


def take(known: Sequence[Remark], reported: CameraReported, *, at: datetime) -> list[Remark]:
    """Return the remarks after one more report.

    A report that is not active ends the open remark of its kind; where there is none, it was a
    single remark.
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
    return [{**each, "until": instant} if each is opened[-1] else each for each in known]


def _is_open(remark: Remark, reported: CameraReported) -> bool:
    same = (remark["claim"], remark["topic"]) == (str(reported.claim), reported.topic)
    return same and "until" not in remark


def _name(remark: Remark) -> tuple[str, str, datetime]:
    # The same instant may be spelled with Z or with +00:00.
    return remark["claim"], remark["topic"], datetime.fromisoformat(remark["since"])
