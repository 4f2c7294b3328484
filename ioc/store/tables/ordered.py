"""Commands on their way to gateways, and the journal that browsers follow."""

from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from ioc.store.tables.columns import BIG, Instant, metadata

commands = Table(
    "commands",
    metadata,
    Column("command_id", String(36), primary_key=True),
    Column("gateway_id", String(63), nullable=False),
    Column("command_number", BIG, nullable=False),
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

journal = Table(
    "journal",
    metadata,
    Column("number", BIG, primary_key=True, autoincrement=True),  # the id of server-sent events
    Column("at", Instant, nullable=False),
    Column("subject", String(12), nullable=False),  # alarm | broadcast | device | gateway
    Column("subject_id", String(130), nullable=False),  # devices: gateway_id/device_id
    Column("area_id", String(63), nullable=False),  # who may learn of it
)
