"""Why there is an alarm, and what argues against it, one sentence a line; pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from markupsafe import Markup

from contracts.events import EventData, LitteringConfirmed
from ioc.alarms.parts import PARTS, lasted_last, present
from ioc.web.pages.overlay import directions
from ioc.web.presentation import Wording
from ioc.web.reading.alarms import AlarmView
from ioc.web.words import isolate

_MEASURED = re.compile(r"(?P<stem>[a-z][a-z_]*?)_(?P<value>\d{1,6}(?:\.\d{1,6})?)s?")
_UNSEEN = frozenset(
    {"no_figure_seen", "deposit_not_seen", "deposit_before_ring", "nobody_beside_deposit"}
)
_SEEN = frozenset({"depositor_traced", "appeared_with_figure"})
_AGREES = frozenset({"camera_agrees"})
_STAY_BY_THEMSELVES = frozenset(
    [
        "person",
        "dog",
        "cat",
        "cow",
        "horse",
        "sheep",
        "bird",
        "bicycle",
        "car",
        "motorcycle",
        "bus",
        "truck",
        "boat",
        "train",
    ]
)
"""Labels of a detector: what stands still without having been left."""
_OF_SIGHTING = {"zone", "unattended_s", "present_s", "share", "score", "reasons"}
"""Facts that another sighting of the same alarm has of its own."""
_DETECTOR = "detector_"


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """What speaks for an alarm and what against it."""

    supporting: tuple[str, ...]
    opposing: tuple[str, ...]
    measures: tuple[str, ...]
    """What the analysis has measured, for who wants to know more."""
    technical: tuple[str, ...]
    """In the words of the gateway, for the technician."""


def grounds_of(alarm: AlarmView, sighting: EventData | None, wording: Wording) -> Grounds:
    """Return the grounds of an alarm; `sighting` is the one whose pictures are shown."""
    alarm = _as_shown(alarm, sighting)
    codes = _codes(alarm)
    codes += _whether_seen(codes, sighting)
    against = [code for code in codes if _argues_against(code)]
    plain = [code for code in codes if code not in against and _is_plain(code)]
    measured = [code for code in codes if code not in against and code not in plain]
    return Grounds(
        supporting=(
            *_rule(alarm, wording),
            *_flooding(alarm, wording),
            *_backup(alarm, wording),
            *_where_and_how_long(alarm, wording),
            *(say_reason(code, wording) for code in plain),
            *_ways(sighting, wording),
            *_advice(alarm, wording),
            *_faults(alarm, wording),
            *_corroborations(alarm, wording),
        ),
        opposing=tuple(say_reason(code, wording) for code in against),
        measures=(*_judgement(alarm, wording), *(say_reason(code, wording) for code in measured)),
        technical=tuple(_technical(alarm, wording)),
    )


def say_reason(code: str, wording: Wording) -> str:
    """Return what a reason code of the camera's analysis means; an unknown one as it is."""
    measured = _MEASURED.fullmatch(code)
    if measured is None:
        return _say(code, wording) or code
    stem, value = measured["stem"], float(measured["value"])
    said = _say_value(stem, value, wording)
    if stem.startswith(_DETECTOR):
        label = stem.removeprefix(_DETECTOR)
        words = wording.words
        named = words(f"thing.{label}") if words.knows(f"thing.{label}") else f"“{label}”"
        return _say("detector", wording, label=named, value=said) or code
    return _say(stem, wording, value=said) or code


def conditions_of(alarm: AlarmView) -> tuple[str, ...]:
    """Return the conditions of a degraded camera: those in force, else those with which it ended."""
    known = tuple(alarm.facts.get(PARTS, {}))
    return present(alarm.facts) or lasted_last(alarm.facts) or known[-1:]


def condition_name(condition: str, wording: Wording) -> str:
    """Return a condition of a camera in words; one of a later release as it is."""
    key = f"condition.{condition}"
    return wording.words(key) if wording.words.knows(key) else condition


def _say(stem: str, wording: Wording, **values: str) -> str:
    """Return a reason in words; empty: there are none, or they ask for a value it does not bring."""
    key = f"reason_code.{stem}"
    try:
        return wording.words(key, **values) if wording.words.knows(key) else ""
    except KeyError:
        return ""


def _say_value(stem: str, value: float, wording: Wording) -> str:
    if stem == "static":
        return wording.seconds(value)
    return wording.number(value) if stem == "outline" else wording.number(round(value * 100))


def _argues_against(code: str) -> bool:
    measured = _MEASURED.fullmatch(code)
    stem = code if measured is None else measured["stem"]
    seen = stem.removeprefix(_DETECTOR) if stem.startswith(_DETECTOR) else ""
    return stem in _UNSEEN or seen in _STAY_BY_THEMSELVES


def _is_plain(code: str) -> bool:
    """Tell whether an operator needs to read it: who was seen, and what it looks like."""
    return code in _SEEN or code in _AGREES or code.startswith(_DETECTOR)


def _whether_seen(codes: list[str], sighting: EventData | None) -> list[str]:
    """Return the code that says whether somebody was seen to leave it, where none says so yet."""
    if not isinstance(sighting, LitteringConfirmed) or not (_SEEN | _UNSEEN).isdisjoint(codes):
        return []
    seen = sighting.figure_box is not None or sighting.path
    return ["depositor_traced" if seen else "no_figure_seen"]


def _as_shown(alarm: AlarmView, sighting: EventData | None) -> AlarmView:
    """Return an alarm with the facts of the sighting that is shown; its own are the newest one's.

    What a rule's alarm shows belongs to another alarm.
    """
    if sighting is None or alarm.kind == "rule":
        return alarm
    own = sighting.model_dump(mode="json", include=_OF_SIGHTING)
    return replace(alarm, facts={**alarm.facts, **own})


def _codes(alarm: AlarmView) -> list[str]:
    reasons = alarm.facts.get("reasons")
    return [str(code) for code in reasons] if isinstance(reasons, list) else []


def _where_and_how_long(alarm: AlarmView, wording: Wording) -> Iterator[str]:
    words, facts = wording.words, alarm.facts
    if zone := facts.get("zone"):
        yield words.isolated("alarm.zone", zone=zone)
    for fact in ("unattended_s", "present_s"):
        if isinstance(duration_s := facts.get(fact), int | float):
            key = "alarm.unattended" if fact == "unattended_s" else "alarm.present"
            yield words(key, seconds=wording.seconds(duration_s))
    if alarm.kind == "crowding" and isinstance(share := facts.get("share"), int | float):
        yield words("alarm.crowd_share", percent=round(share * 100))


def _ways(sighting: EventData | None, wording: Wording) -> Iterator[str]:
    if isinstance(sighting, LitteringConfirmed) and sighting.left_at is not None:
        put_down, left = map(wording.moment, (sighting.deposited_at, sighting.left_at))
        yield wording.words("path.times", put_down=put_down, left=left)
    ways = ", ".join(way for way in directions(sighting, wording) if way)
    if ways:
        yield wording.words("path.figure", ways=ways)


def _judgement(alarm: AlarmView, wording: Wording) -> Iterator[str]:
    if isinstance(score := alarm.facts.get("score"), int | float):
        yield wording.words("alarm.score", percent=round(score * 100))


def _rule(alarm: AlarmView, wording: Wording) -> Iterator[str]:
    """Say why a rule of the commune's own has fired, and what its author advises."""
    if alarm.kind == "rule":
        for fact in (f"why_{wording.words.language}", "advice"):
            said = str(alarm.facts.get(fact, ""))
            if said:
                yield said


def _flooding(alarm: AlarmView, wording: Wording) -> Iterator[str]:
    """Say what it means that a gateway has too many alarms, how many opened none, and what to do."""
    if alarm.kind != "gateway_flooding":
        return
    words, facts = wording.words, alarm.facts
    held = facts.get("held_kinds", {})
    kinds = "; ".join(
        words("flooding.held_kind", kind=kind_name(kind, wording), n=wording.number(number))
        for kind, number in sorted(held.items(), key=lambda pair: -pair[1])
    )
    since = wording.at(datetime.fromisoformat(facts["since"]))
    yield words("flooding.what", limit=wording.number(facts["limit"]))
    yield words("flooding.meaning")
    number = wording.number(facts["held_back"])
    yield words("flooding.held", since=since, n=number, kinds=kinds)
    if facts.get("held_pressing"):
        yield words("flooding.pressing")
    yield words("flooding.advice", resumes=wording.number(facts["resumes_below"]))


def _backup(alarm: AlarmView, wording: Wording) -> Iterator[str]:
    """Say why there is no backup, how old the last one is, and what to do."""
    words, facts = wording.words, alarm.facts
    if alarm.kind != "backup_failed":
        return
    if words.knows(key := f"backup.{facts.get('backup_fault')}"):
        yield words.isolated(key, folder=facts.get("folder", ""))
    last = facts.get("last_good_at")
    if last is not None:
        yield words("backup.last", at=wording.full(datetime.fromisoformat(last)))
    elif facts.get("backup_fault") == "folder_missing":
        yield words("backup.unseen")  # they may well lie on a disk that was unplugged
    else:
        yield words("backup.never")
    yield words("backup.advice")
    if detail := facts.get("detail"):
        yield words.isolated("backup.technician", detail=detail)


def kind_name(kind: str, wording: Wording) -> str:
    """Return a kind without what is filled in for a single alarm of it."""
    words = wording.words
    for key in (f"flooding_kind.{kind}", f"kind.{kind}"):
        if words.knows(key):
            return words(key)
    return words("kind.other", kind=kind)


def _advice(alarm: AlarmView, wording: Wording) -> Iterator[str]:
    words = wording.words
    for condition in conditions_of(alarm) if alarm.kind == "camera_degraded" else ():
        if words.knows(key := f"condition_advice.{condition}"):
            yield words(key)


def _technical(alarm: AlarmView, wording: Wording) -> Iterator[str]:
    words, facts = wording.words, alarm.facts
    for condition in conditions_of(alarm) if alarm.kind == "camera_degraded" else ():
        if detail := facts.get(f"detail_{condition}"):
            named = Markup.escape(condition_name(condition, wording))
            yield words.isolated("cause.of_condition", what=named, condition=detail)
    if detail := facts.get("detail"):
        yield words.isolated("delivery.technician", code=detail)


def _faults(alarm: AlarmView, wording: Wording) -> Iterator[str]:
    words, facts = wording.words, alarm.facts
    if words.knows(reason := f"reason.{facts.get('reason')}"):
        yield words(reason)
    if alarm.kind == "broadcast_failed" and (text := facts.get("text")):
        yield isolate(f"“{text}”")
    if missing := facts.get("events"):
        yield words("alarm.missing_events", n=wording.number(missing))


def _corroborations(alarm: AlarmView, wording: Wording) -> Iterator[str]:
    """Say what the camera's own analysis claims, since when, and until when."""
    words = wording.words
    for remark in alarm.facts.get("corroborated_by") or ():
        claim = words(f"claim.{remark['claim']}")
        since = wording.at(datetime.fromisoformat(remark["since"]))
        if (until := remark.get("until")) is None:
            yield words("claim.since", claim=claim, since=since)
        elif until == remark["since"]:
            yield words("claim.once", claim=claim, at=since)
        else:
            over = wording.at(datetime.fromisoformat(until))
            yield words("claim.until", claim=claim, since=since, until=over)
