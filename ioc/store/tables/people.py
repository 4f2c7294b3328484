"""Who may sign in, who is signed in, and what people did."""

from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    String,
    Table,
    Text,
)

from ioc.store.tables.columns import BIG, Instant, metadata

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
    Column("number", BIG, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("login", String(63)),
    Column("action", String(60), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("detail", Text, nullable=False, default=""),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),  # SHA-256 over all columns and the previous hash
)
