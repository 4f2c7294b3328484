"""What must be kept whatever its age, and what was deleted because of its age or the disk."""

from sqlalchemy import Column, Index, Integer, String, Table, Text

from ioc.store.tables.columns import BIG, Instant, metadata

holds = Table(
    "holds",
    metadata,
    Column("number", BIG, primary_key=True, autoincrement=True),
    Column("alarm_id", String(36), nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("login", String(63), nullable=False),
    Column("since", Instant, nullable=False),
    Column("ended_at", Instant),  # null: it holds
    Column("ended_by", String(63)),
)

deletions = Table(  # append-only: nothing disappears without a line here
    "deletions",
    metadata,
    Column("number", BIG, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("what", String(12), nullable=False),  # ioc.keeping.aging.What
    Column("reason", String(12), nullable=False),  # age | disk
    Column("count", Integer, nullable=False),  # files or rows
    Column("size_bytes", BIG, nullable=False),  # of files; 0 for rows
    Column("oldest", Instant, nullable=False),
    Column("newest", Instant, nullable=False),
    Index("deletions_by_time", "at"),
)
