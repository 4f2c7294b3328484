"""Every table of the centre's state, with unit and meaning of each column; pure."""

from ioc.store.tables.alarms import (
    alarm_parts,
    alarm_transitions,
    alarms,
    annunciations,
    suppressions,
)
from ioc.store.tables.broadcasting import (
    audio,
    broadcasts,
    deliveries,
    delivery_steps,
    hearings,
    loudspeaker_tests,
    phrase_places,
    phrase_recordings,
    phrase_templates,
    previews,
    talk_downs,
)
from ioc.store.tables.columns import Instant, metadata
from ioc.store.tables.duty import duty_shifts, handovers, takeovers
from ioc.store.tables.keeping import deletions, holds
from ioc.store.tables.notify import (
    calls,
    contacts,
    notification_attempts,
    notification_wishes,
    notifications,
)
from ioc.store.tables.ordered import commands, journal
from ioc.store.tables.people import audit_log, sessions, users
from ioc.store.tables.places import areas, devices, gateways, meta
from ioc.store.tables.received import committed_ranges, events, evidence, quarantine
from ioc.store.tables.rules import rule_standings, rule_texts

__all__ = [
    "Instant",
    "alarm_parts",
    "alarm_transitions",
    "alarms",
    "annunciations",
    "areas",
    "audio",
    "audit_log",
    "broadcasts",
    "calls",
    "commands",
    "committed_ranges",
    "contacts",
    "deletions",
    "deliveries",
    "delivery_steps",
    "devices",
    "duty_shifts",
    "events",
    "evidence",
    "gateways",
    "handovers",
    "hearings",
    "holds",
    "journal",
    "loudspeaker_tests",
    "meta",
    "metadata",
    "notification_attempts",
    "notification_wishes",
    "notifications",
    "phrase_places",
    "phrase_recordings",
    "phrase_templates",
    "previews",
    "quarantine",
    "rule_standings",
    "rule_texts",
    "sessions",
    "suppressions",
    "takeovers",
    "talk_downs",
    "users",
]
