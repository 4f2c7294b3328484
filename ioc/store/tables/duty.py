"""Who is on duty when, and how one shift was handed over to the next."""

from sqlalchemy import JSON, Column, Index, String, Table, Text

from ioc.store.tables.columns import BIG, Instant, metadata

duty_shifts = Table(
    "duty_shifts",
    metadata,
    Column("number", BIG, primary_key=True, autoincrement=True),
    Column("area_id", String(63), nullable=False, index=True),
    Column("days", JSON, nullable=False, default=list),  # 0 is Monday; empty: dated, see below
    Column("first_day", String(10)),  # 2026-11-22; an exception: stands instead of the weekly ones
    Column("last_day", String(10)),
    Column("begins", String(5), nullable=False),  # HH:MM by the commune's clock
    Column("ends", String(5), nullable=False),  # not after `begins`: on the next day
    Column("person", String(63)),
    Column("deputy", String(63)),
    Column("leader", String(63)),
)

handovers = Table(  # append-only: what stood when somebody left
    "handovers",
    metadata,
    Column("number", BIG, primary_key=True, autoincrement=True),
    Column("area_id", String(63), nullable=False),
    Column("at", Instant, nullable=False),
    Column("login", String(63), nullable=False),
    Column("name", String(200), nullable=False),  # as it was then
    Column("note", Text, nullable=False),
    Column("standing", JSON, nullable=False),  # ioc.duty.standing, in words
    Index("handovers_by_time", "at"),
    Index("handovers_newest_of_area", "area_id", "number"),
)

takeovers = Table(  # append-only: who accepted it, and what stood by then
    "takeovers",
    metadata,
    Column("handover", BIG, primary_key=True, autoincrement=False),  # handovers.number
    Column("at", Instant, nullable=False),
    Column("login", String(63), nullable=False),
    Column("name", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("standing", JSON, nullable=False),
)
