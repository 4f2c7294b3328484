"""What gateways have reported: events, what of them is committed, what could not be taken."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from ioc.store.tables.columns import BIG, Instant, metadata

events = Table(
    "events",
    metadata,
    Column("event_id", String(36), primary_key=True),
    Column("site_id", String(63), nullable=False),
    Column("gateway_id", String(63), nullable=False),
    Column("device_id", String(63)),
    Column("kind", String(60), nullable=False),  # contracts' event type
    Column("epoch", String(36), nullable=False),
    Column("sequence", BIG, nullable=False),
    Column("occurred_at", Instant, nullable=False),  # corrected where the clock was unsynchronised
    Column("occurred_at_corrected", Boolean, nullable=False, default=False),
    Column("observed_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("standing", Boolean, nullable=False),
    Column("body", Text, nullable=False),  # the event as it came, JSON
    Index("events_by_place", "gateway_id", "epoch", "sequence"),
    Index("events_by_time", "occurred_at"),
)

committed_ranges = Table(
    "committed_ranges",
    metadata,
    Column("gateway_id", String(63), primary_key=True),
    Column("epoch", String(36), primary_key=True),
    Column("lane", String(12), primary_key=True),  # events | telemetry
    Column("first", BIG, primary_key=True),
    Column("last", BIG, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("number", BIG, primary_key=True, autoincrement=True),
    Column("received_at", Instant, nullable=False),
    Column("topic_name", Text, nullable=False),
    Column("gateway_id", String(63)),
    Column("epoch", String(36)),
    Column("sequence", BIG),
    Column("reason", Text, nullable=False),  # why it could not be taken
    Column("payload", LargeBinary, nullable=False),  # the bytes as they came
)

evidence = Table(
    "evidence",
    metadata,
    Column("event_id", String(36), primary_key=True),
    Column("role", String(20), primary_key=True),  # before | depositing | after | shown | clip
    Column("sha256", String(64), primary_key=True, index=True),
    Column("gateway_id", String(63), nullable=False),
    Column("alarm_id", String(36), index=True),
    Column("object_id", String(36), index=True),  # of the sighting it shows
    Column("media_type", String(60), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Column("taken_at", Instant, nullable=False),  # of a clip: when it begins
    Column("state", String(12), nullable=False),  # announced | stored | lost
    Column("stored_at", Instant),
    # Of clips only
    Column("duration_s", Float),
    Column("codec", String(8)),  # h264 | hevc
    Column("encoded_again", Boolean),  # privacy masks were burnt in
)
