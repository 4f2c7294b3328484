"""Rules of the commune: every text they were given, and where each stands."""

from sqlalchemy import Boolean, Column, Index, String, Table, Text, text

from ioc.store.tables.columns import BIG, Instant, metadata

rule_texts = Table(
    "rule_texts",
    metadata,
    Column("number", BIG, primary_key=True, autoincrement=True),  # the newest is in force
    Column("at", Instant, nullable=False),
    Column("login", String(63)),  # null: taken from the file of the settings
    Column("text", Text, nullable=False),  # YAML, checked
)

rule_standings = Table(
    "rule_standings",
    metadata,
    Column("rule_id", String(40), primary_key=True),
    Column("subject", String(200), primary_key=True),  # device, gateway, area or "" (the commune)
    Column("gateway_id", String(63), nullable=False),  # of the alarm
    Column("device_id", String(63), nullable=False),  # empty: the gateway itself
    Column("area_id", String(63), nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("false")),
    Column("turning_since", Instant),  # a delay runs since then
    Column("fired_at", Instant),  # last; by the happening's own instant
    Index("rule_standings_active", "active"),
)
