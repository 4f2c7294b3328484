"""What there is: areas, gateways, devices; and what the store says of itself."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    String,
    Table,
    Text,
)

from ioc.store.tables.columns import BIG, Instant, metadata

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
    Column("connection_number", BIG),
    Column("boot_id", String(36)),
    Column("agent_version", String(200)),
    Column("clock_synced", Boolean),
    Column("clock_offset_s", Float),  # centre minus gateway, where its clock is unsynchronised
    Column("online", Boolean, nullable=False, default=False),
    Column("online_since", Instant),  # or offline since
    Column("last_heard_at", Instant),
    Column("last_command_number", BIG, nullable=False, default=0),
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
    # Of loudspeakers that say so of themselves; empty: never told
    Column("maker", String(200), nullable=False, default="", server_default=""),
    Column("model", String(200), nullable=False, default="", server_default=""),
    Column("firmware", String(200), nullable=False, default="", server_default=""),
    Column("serial_number", String(200), nullable=False, default="", server_default=""),
)
