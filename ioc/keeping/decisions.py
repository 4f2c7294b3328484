"""For every table of the store, what makes its rows go; pure. A table without a decision fails a test."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import Table

from ioc.store.tables import metadata


class End(StrEnum):
    """What ends the keeping of a row."""

    AGE = "age"
    """`ioc.keeping` deletes it when it is as old as the settings say."""
    ALARM = "alarm"
    """It goes with the alarm that its `alarm_id` names."""
    BROADCAST = "broadcast"
    """It goes with the broadcast that its `broadcast_id` names."""
    NOTIFICATION = "notification"
    """It goes with the notification it belongs to."""
    HANDOVER = "handover"
    """It goes with the hand-over it accepts."""
    CLEANED = "cleaned"
    """Its own room or the hourly housekeeping cuts it back."""
    PEOPLE = "people"
    """Only people and what they install make it, a few rows a day at most: kept for ever."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How one table is kept from growing for ever."""

    end: End
    kept: str
    """In words, as docs/retention.md has it."""


def _with_alarm(what: str = "as long as its alarm") -> Decision:
    return Decision(end=End.ALARM, kept=what)


def _with_broadcast() -> Decision:
    return Decision(end=End.BROADCAST, kept="as long as its broadcast")


def _aged(kept: str) -> Decision:
    return Decision(end=End.AGE, kept=kept)


def _cleaned(kept: str) -> Decision:
    return Decision(end=End.CLEANED, kept=kept)


def _by_people(kept: str) -> Decision:
    return Decision(end=End.PEOPLE, kept=kept)


DECISIONS: Mapping[str, Decision] = MappingProxyType(
    {
        "alarms": _aged("`alarms_days`, once it is over and shows no picture any more"),
        "alarm_parts": _with_alarm(),
        "alarm_transitions": _with_alarm(),
        "annunciations": _with_alarm(),
        "calls": _with_alarm(),
        "holds": _with_alarm("as long as its alarm, which it keeps while it lasts"),
        "evidence": _with_alarm(
            "as long as its alarm, its file `evidence_days` and at most `evidence_gb`;"
            " without an alarm `events_days`"
        ),
        "notifications": _with_alarm("as long as its alarm; tests and digests `events_days`"),
        "notification_attempts": Decision(end=End.NOTIFICATION, kept="as long as its notification"),
        "events": _aged("`events_days`"),
        "suppressions": _aged("`alarms_days` from their end"),
        "deletions": _aged("`alarms_days`"),
        "rule_standings": _aged("`events_days` after the rule last fired there"),
        "committed_ranges": _aged(
            "as long as the gateway counts by that epoch or an event of it is kept;"
            " at most 5,000 an epoch"
        ),
        "broadcasts": _aged("`broadcasts_days`; in answer to an alarm on hold, as long as that"),
        "deliveries": _with_broadcast(),
        "delivery_steps": _with_broadcast(),
        "hearings": _with_broadcast(),
        "loudspeaker_tests": _aged("`broadcasts_days`"),
        "handovers": _aged("`duty_log_days`"),
        "takeovers": Decision(end=End.HANDOVER, kept="as long as its hand-over"),
        "commands": _cleaned(
            "90 days; what speaks as long as its broadcast, what a camera was told to pass over"
            " for ever, the clock's 7 days"
        ),
        "journal": _cleaned("7 days"),
        "quarantine": _cleaned("the newest 4,000"),
        "sessions": _cleaned("until they expire"),
        "previews": _cleaned("24 hours"),
        "audio": _cleaned("as long as a broadcast, a phrase or a talk-down names it; else 7 days"),
        "devices": _cleaned(
            "as long as the gateway has it or an alarm, a broadcast or a test names it"
        ),
        "meta": _by_people("for ever"),
        "areas": _by_people("as long as the settings name it"),
        "gateways": _by_people("for ever"),
        "users": _by_people("for ever: the logs name them"),
        "audit_log": _by_people("for ever: each entry proves those before it"),
        "contacts": _by_people("until they are taken out"),
        "notification_wishes": _by_people("one for each person"),
        "duty_shifts": _by_people("until they are taken out"),
        "rule_texts": _by_people("for ever: what was in force must be known"),
        "talk_downs": _by_people("until they are taken out"),
        "phrase_templates": _by_people("until they are taken out"),
        "phrase_places": _by_people("until they are taken out"),
        "phrase_recordings": _by_people("until they are taken out"),
    }
)


def tables_of(end: End) -> tuple[Table, ...]:
    """Return the tables whose rows end that way."""
    return tuple(metadata.tables[name] for name, each in DECISIONS.items() if each.end is end)
