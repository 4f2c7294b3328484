"""Alarms, their parts, their append-only log, what must reach people, and what must not."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
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
    # Whether it may call: "" | shelved | suppressed_by_design | out_of_service
    Column("suppression", String(24), nullable=False, default="", server_default=""),
    Column("suppressed_until", Instant),  # null: while its cause or its schedule lasts
    Column("cause_id", String(36), index=True),  # the alarm that explains this one
    # Timers; null: not running. The centre's clock.
    Column("annunciates_at", Instant),  # on-delay: calls then if the condition still lasts
    Column("returns_at", Instant),  # off-delay: over then unless reported again
    Column("calms_at", Instant),  # end of chattering
    Column("acknowledge_by", Instant),
    Column("resolve_by", Instant),
    Column("escalates_at", Instant),
    Column("reminds_at", Instant),
    Column("stales_at", Instant),
    Column("paused_at", Instant),  # its gateway is unreachable: the service clocks stand still
    Column("next_due_at", Instant, index=True),  # the earliest of the timers
    Column("escalation_step", Integer, nullable=False, default=0, server_default="0"),
    Column("chattering", Boolean, nullable=False, default=False, server_default=text("false")),
    Column("stale", Boolean, nullable=False, default=False, server_default=text("false")),
    # Who has it in hand; null: nobody.
    Column("assigned_to", String(63)),
    Column("assigned_at", Instant),
    Column("toggles", JSON, nullable=False, default=list, server_default="[]"),  # newest instants
    Index("alarms_by_object", "kind", "gateway_id", "object_id"),
    Index("alarms_by_state", "state"),
    Index("alarms_newest_of_object", "kind", "gateway_id", "object_id", "raised_at"),
    Index("alarms_of_gateway", "gateway_id", "state", "kind"),
)

alarm_parts = Table(
    "alarm_parts",
    metadata,
    Column("alarm_id", String(36), primary_key=True),
    Column(
        "part_id", String(200), primary_key=True
    ),  # of a sighting: its object_id; of a rule's: an event behind it
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

annunciations = Table(
    "annunciations",
    metadata,
    Column("number", BIG, primary_key=True, autoincrement=True),
    Column("alarm_id", String(36), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("step", Integer, nullable=False),  # 0 on duty, 1 deputy, 2 leader
    # raise | escalate | remind | overdue | shelf_expired | assign
    Column("reason", String(20), nullable=False),
    Column("priority", String(10), nullable=False),
    Column("area_id", String(63), nullable=False),
    Column("login", String(63)),  # this person only; null: whom the roster names
    Column("taken", Boolean, nullable=False, default=False, server_default=text("false")),
    Index("annunciations_by_time", "at"),
    Index("annunciations_untaken", "taken", "number"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("number", BIG, primary_key=True, autoincrement=True),
    Column("suppression", String(24), nullable=False),  # shelved | out_of_service
    Column("gateway_id", String(63), nullable=False),
    # shelved: one alarm's kind and object; out of service: a device, or null for the whole gateway
    Column("kind", String(40)),
    Column("object_id", String(80)),
    Column("device_id", String(63)),
    Column("area_id", String(63), nullable=False),
    Column("reason", Text, nullable=False),
    Column("login", String(63), nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("ended_at", Instant),  # before its time, by a person
    Column("ended_by", String(63)),
    Index("suppressions_of_gateway", "gateway_id", "until"),
)
