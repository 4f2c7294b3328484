"""Whom the centre reaches and how: contacts, wishes, calls, notifications and their attempts."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from ioc.store.tables.columns import BIG, Instant, metadata

contacts = Table(
    "contacts",
    metadata,
    Column("contact_id", String(36), primary_key=True),
    Column("login", String(63), nullable=False, index=True),
    Column("channel", String(20), nullable=False),
    Column("address", Text, nullable=False),  # e-mail, telephone, chat id or push endpoint
    Column(
        "push_keys", JSON, nullable=False, default=dict
    ),  # web push: p256dh and auth; never shown
    Column("label", String(80), nullable=False, default=""),
    Column("rank", Integer, nullable=False),  # the lowest is tried first
    Column("added_at", Instant, nullable=False),
    Column("reached_at", Instant),  # last time the service took something for it
    Column("broken_at", Instant),  # its service says that nobody is there
    Column("broken_code", String(60)),
)

notification_wishes = Table(
    "notification_wishes",
    metadata,
    Column("login", String(63), primary_key=True),
    Column("language", String(2), nullable=False),
    Column("hours", JSON, nullable=False, default=list),  # "06:00-22:00", local; empty: always
    Column("digest_min", Integer, nullable=False, default=0),  # minutes collected; 0: each at once
    Column("least_priority", String(10), nullable=False),
)

calls = Table(
    "calls",
    metadata,
    Column("call_id", String(36), primary_key=True),
    Column("annunciation", BIG, nullable=False),  # annunciations.number
    Column("alarm_id", String(36), nullable=False, index=True),
    Column("login", String(63)),  # null: there was nobody to call
    Column("step", Integer, nullable=False),  # 0 on duty, 1 deputy, 2 leader, 3 everybody else
    Column("at", Instant, nullable=False),
    Column("passes_on_at", Instant),  # null: only when every contact has failed
    # open | reached | passed_on | undelivered | no_contact | unwanted | nobody | superseded
    Column("state", String(12), nullable=False),
    UniqueConstraint("annunciation", "login", name="calls_once"),
    Index("calls_by_state", "state"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("notification_id", String(36), primary_key=True),
    Column("dedupe_key", String(200), nullable=False, unique=True),
    Column(
        "purpose", String(10), nullable=False
    ),  # alarm | assign | overdue | digest | test | webhook
    Column("call_id", String(36), index=True),
    Column("alarm_id", String(36), index=True),
    Column("login", String(63)),
    Column("contact_id", String(36)),
    Column("channel", String(20), nullable=False),
    Column("receiver", String(80), nullable=False, default=""),  # webhook: its name in the settings
    Column("priority", String(10), nullable=False),
    Column("language", String(2), nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("link", Text, nullable=False, default=""),
    Column("facts", JSON, nullable=False, default=dict),  # for programs and for templates of others
    Column("created_at", Instant, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    # waiting | held | in_flight | delivered | failed | expired | superseded | bundled
    Column("state", String(12), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("delivered_at", Instant),
    Column("maybe_twice", Boolean, nullable=False, default=False, server_default=text("false")),
    Column("code", String(60), nullable=False, default=""),  # of the last failure
    Index("notifications_due", "state", "channel", "next_attempt_at"),
)

notification_attempts = Table(
    "notification_attempts",
    metadata,
    Column("number", BIG, primary_key=True, autoincrement=True),
    Column("notification_id", String(36), nullable=False, index=True),
    Column("started_at", Instant, nullable=False),  # written before anything is sent
    Column("ended_at", Instant),
    # null: in flight | delivered | retry | refused | gone | unknown (the centre stopped meanwhile)
    Column("outcome", String(12)),
    Column("code", String(60), nullable=False, default=""),
    Column("provider_id", String(200), nullable=False, default=""),
)
