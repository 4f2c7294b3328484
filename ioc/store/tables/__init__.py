"""Every table of the centre's state, with unit and meaning of each column; pure."""

from ioc.store.tables.alarms import alarm_parts, alarm_transitions, alarms
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
from ioc.store.tables.ordered import commands, journal
from ioc.store.tables.people import audit_log, sessions, users
from ioc.store.tables.places import areas, devices, gateways, meta
from ioc.store.tables.received import committed_ranges, events, evidence, quarantine

__all__ = [
    "Instant",
    "alarm_parts",
    "alarm_transitions",
    "alarms",
    "areas",
    "audio",
    "audit_log",
    "broadcasts",
    "commands",
    "committed_ranges",
    "deliveries",
    "delivery_steps",
    "devices",
    "events",
    "evidence",
    "gateways",
    "hearings",
    "journal",
    "loudspeaker_tests",
    "meta",
    "metadata",
    "phrase_places",
    "phrase_recordings",
    "phrase_templates",
    "previews",
    "quarantine",
    "sessions",
    "talk_downs",
    "users",
]
