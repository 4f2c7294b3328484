"""Alarms, their parts and their append-only log."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from ioc.store.tables.columns import BIG, Instant, metadata

alarms = Table(
    "alarms",
    metadata,
    Column("alarm_id", String(36), primary_key=True),
    Column("kind", String(40), nullable=False),  # ioc.alarms' AlarmKind
    Column("gateway_id", String(63), nullable=False),
    Column("device_id", String(63)),
    Column("object_id", String(80), nullable=False),  # one alarm per (kind, gateway, object)
    Column("area_id", String(63), nullable=False),
    Column("priority", String(10), nullable=False),  # critical | high | medium | low
    Column("state", String(20), nullable=False),  # ISA-18.2 state in lower case
    Column("annunciate", Boolean, nullable=False),  # false: recorded only (late)
    Column("late", Boolean, nullable=False),
    Column("occurred_at", Instant, nullable=False),  # of the first event
    Column("last_occurred_at", Instant, nullable=False),
    Column("raised_at", Instant, nullable=False),  # by the centre's clock
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", String(63)),
    Column("returned_at", Instant),
    Column("repeats", Integer, nullable=False, default=1),
    Column("latched", Boolean, nullable=False, default=False),  # returns only by an operator
    Column("facts", JSON, nullable=False, default=dict),  # what the page shows: reason, score, …
    Index("alarms_by_object", "kind", "gateway_id", "object_id"),
    Index("alarms_by_state", "state"),
)

alarm_parts = Table(
    "alarm_parts",
    metadata,
    Column("alarm_id", String(36), primary_key=True),
    Column("part_id", String(200), primary_key=True),  # of a sighting: its object_id
    Index("alarm_parts_by_part", "part_id"),
)

alarm_transitions = Table(
    "alarm_transitions",
    metadata,
    Column("number", BIG, primary_key=True, autoincrement=True),
    Column("alarm_id", String(36), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("from_state", String(20)),  # null: it was raised
    Column("to_state", String(20), nullable=False),
    Column("cause", String(40), nullable=False),  # the verb: raise, repeat, acknowledge, return, …
    Column("event_id", String(36)),
    Column("login", String(63)),
    Column("note", Text),
)
