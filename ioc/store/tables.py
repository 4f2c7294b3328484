"""Every table of the centre's state, with unit and meaning of each column; pure.

Instants are aware UTC, stored as microseconds since 1970 so that every database sorts them alike.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from typing_extensions import override

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BIG = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only in INTEGER


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime kept as integer microseconds."""

    impl = BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return microseconds since 1970."""
        del dialect
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    @override
    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Return the aware instant."""
        del dialect
        return None if value is None else _EPOCH + timedelta(microseconds=value)


metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String(64), primary_key=True),  # `store_id`, …
    Column("value", Text, nullable=False),
)

areas = Table(
    "areas",
    metadata,
    Column("area_id", String(63), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("parent_id", String(63)),  # null: the commune itself
)

gateways = Table(
    "gateways",
    metadata,
    Column("gateway_id", String(63), primary_key=True),
    Column("site_id", String(63), nullable=False),
    Column("name", String(200), nullable=False),
    Column("area_id", String(63), nullable=False),
    Column("token_sha256", String(64), nullable=False),  # of the bearer token
    Column("mqtt_password_hash", Text, nullable=False),  # in mosquitto's own notation
    Column("added_at", Instant, nullable=False),
    # What the current connection said; null: never seen
    Column("epoch", String(36)),
    Column("connection_number", _BIG),
    Column("boot_id", String(36)),
    Column("agent_version", String(200)),
    Column("clock_synced", Boolean),
    Column("clock_offset_s", Float),  # centre minus gateway, where its clock is unsynchronised
    Column("online", Boolean, nullable=False, default=False),
    Column("online_since", Instant),  # or offline since
    Column("last_heard_at", Instant),
    Column("last_command_number", _BIG, nullable=False, default=0),
)

devices = Table(
    "devices",
    metadata,
    Column("gateway_id", String(63), primary_key=True),
    Column("device_id", String(63), primary_key=True),
    Column("device_kind", String(20), nullable=False),  # camera | loudspeaker
    Column("name", String(200), nullable=False),
    Column("area_id", String(63), nullable=False),
    Column("loudspeaker_ids", JSON, nullable=False, default=list),  # heard there, nearest first
    Column("present", Boolean, nullable=False, default=True),  # still in the gateway's inventory
    Column("state", String(20), nullable=False, default="unknown"),  # unknown | online | offline
    Column("reason", String(40)),  # of being offline: contracts' DownReason
    Column("state_since", Instant),
)

events = Table(
    "events",
    metadata,
    Column("event_id", String(36), primary_key=True),
    Column("site_id", String(63), nullable=False),
    Column("gateway_id", String(63), nullable=False),
    Column("device_id", String(63)),
    Column("kind", String(60), nullable=False),  # contracts' event type
    Column("epoch", String(36), nullable=False),
    Column("sequence", _BIG, nullable=False),
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
    Column("first", _BIG, primary_key=True),
    Column("last", _BIG, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("number", _BIG, primary_key=True, autoincrement=True),
    Column("received_at", Instant, nullable=False),
    Column("topic_name", Text, nullable=False),
    Column("gateway_id", String(63)),
    Column("epoch", String(36)),
    Column("sequence", _BIG),
    Column("reason", Text, nullable=False),  # why it could not be taken
    Column("payload", LargeBinary, nullable=False),  # the bytes as they came
)

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
    Column("number", _BIG, primary_key=True, autoincrement=True),
    Column("alarm_id", String(36), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("from_state", String(20)),  # null: it was raised
    Column("to_state", String(20), nullable=False),
    Column("cause", String(40), nullable=False),  # the verb: raise, repeat, acknowledge, return, …
    Column("event_id", String(36)),
    Column("login", String(63)),
    Column("note", Text),
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

audio = Table(
    "audio",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("media_type", String(60), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("spoken_text", Text, nullable=False),
    Column("created_by", String(63), nullable=False),
    Column("created_at", Instant, nullable=False),
)

previews = Table(
    "previews",
    metadata,
    Column("login", String(63), primary_key=True),  # who has heard it
    Column("audio_sha256", String(64), primary_key=True),
    Column("text", Text, nullable=False),  # as the author wrote it
    Column("previewed_at", Instant, nullable=False),
)

broadcasts = Table(
    "broadcasts",
    metadata,
    Column("broadcast_id", String(36), primary_key=True),
    Column("author", String(63), nullable=False),
    Column("source", String(12), nullable=False),  # console | phone
    Column("alarm_id", String(36), index=True),  # spoken in answer to this alarm
    Column("repeat_of", String(36), index=True),  # the first broadcast that this one repeats
    Column("text", Text, nullable=False),
    Column("audio_sha256", String(64), nullable=False),
    Column("priority", String(12), nullable=False),  # routine | priority | emergency
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("broadcast_id", String(36), primary_key=True),
    Column("gateway_id", String(63), primary_key=True),
    Column("device_id", String(63), primary_key=True),
    Column("state", String(12), nullable=False),  # queued, then contracts' BroadcastState
    Column("updated_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("seconds_sent", Float, nullable=False, default=0.0),
    Column("underruns", Integer, nullable=False, default=0),
    Column("detail", Text, nullable=False, default=""),
)

commands = Table(
    "commands",
    metadata,
    Column("command_id", String(36), primary_key=True),
    Column("gateway_id", String(63), nullable=False),
    Column("command_number", _BIG, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("broadcast_id", String(36), index=True),
    Column("alarm_id", String(36), index=True),  # whose sighting it is about
    Column("object_id", String(36)),
    Column("signed", LargeBinary, nullable=False),  # published as it is, until result or expiry
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("state", String(12), nullable=False),  # pending | done | failed | refused | expired
    Column("reason", Text, nullable=False, default=""),
    Column("attempts", Integer, nullable=False, default=0),
    Column("last_sent_at", Instant),
    Index("commands_by_state", "state", "gateway_id"),
)

users = Table(
    "users",
    metadata,
    Column("login", String(63), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("area_id", String(63), nullable=False),  # rights reach this area and all below it
    Column("password_hash", Text, nullable=False),  # Argon2id
    Column("created_at", Instant, nullable=False),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("failed_logins", Integer, nullable=False, default=0),
    Column("locked_until", Instant),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("login", String(63), nullable=False, index=True),
    Column("csrf_token", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("number", _BIG, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("login", String(63)),
    Column("action", String(60), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("detail", Text, nullable=False, default=""),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),  # SHA-256 over all columns and the previous hash
)

journal = Table(
    "journal",
    metadata,
    Column("number", _BIG, primary_key=True, autoincrement=True),  # the id of server-sent events
    Column("at", Instant, nullable=False),
    Column("subject", String(12), nullable=False),  # alarm | broadcast | device | gateway
    Column("subject_id", String(130), nullable=False),  # devices: gateway_id/device_id
    Column("area_id", String(63), nullable=False),  # who may learn of it
)
