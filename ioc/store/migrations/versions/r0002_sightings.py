"""Clips beside pictures, which alarm a sighting belongs to, and commands about a sighting."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_PARTS = sa.table("alarm_parts", sa.column("alarm_id"), sa.column("part_id"))
_ALARMS = sa.table("alarms", sa.column("alarm_id"), sa.column("facts", sa.JSON()))
_EVENTS = sa.table("events", sa.column("event_id"), sa.column("body"))
_EVIDENCE = sa.table("evidence", sa.column("event_id"), sa.column("object_id"))


def upgrade() -> None:
    """Add what is missing, and learn of old alarms and pictures what they belong to."""
    op.create_table(
        "alarm_parts",
        sa.Column("alarm_id", sa.String(length=36), nullable=False),
        sa.Column("part_id", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("alarm_id", "part_id"),
    )
    op.create_index("alarm_parts_by_part", "alarm_parts", ["part_id"], unique=False)
    op.add_column("evidence", sa.Column("object_id", sa.String(length=36), nullable=True))
    op.add_column("evidence", sa.Column("duration_s", sa.Float(), nullable=True))
    op.add_column("evidence", sa.Column("codec", sa.String(length=8), nullable=True))
    op.add_column("evidence", sa.Column("encoded_again", sa.Boolean(), nullable=True))
    op.create_index("ix_evidence_object_id", "evidence", ["object_id"], unique=False)
    op.add_column("commands", sa.Column("alarm_id", sa.String(length=36), nullable=True))
    op.add_column("commands", sa.Column("object_id", sa.String(length=36), nullable=True))
    op.create_index("ix_commands_alarm_id", "commands", ["alarm_id"], unique=False)
    connection = op.get_bind()
    _enter_parts(connection)
    _name_objects(connection)


def downgrade() -> None:
    """Refuse: an earlier release cannot show what has come since."""
    raise CommandError("to go back, restore the backup made before the update")


def _enter_parts(connection: sa.Connection) -> None:
    for alarm in connection.execute(sa.select(_ALARMS)).all():
        parts = (alarm.facts or {}).get("parts", {})
        rows = [{"alarm_id": alarm.alarm_id, "part_id": part_id} for part_id in parts]
        if rows:
            connection.execute(sa.insert(_PARTS), rows)


def _name_objects(connection: sa.Connection) -> None:
    for event_id in connection.scalars(sa.select(_EVIDENCE.c.event_id).distinct()).all():
        body = connection.scalar(sa.select(_EVENTS.c.body).where(_EVENTS.c.event_id == event_id))
        object_id = None if body is None else _object_id(json.loads(body))
        if object_id is not None:
            connection.execute(
                sa.update(_EVIDENCE)
                .where(_EVIDENCE.c.event_id == event_id)
                .values(object_id=object_id)
            )


def _object_id(body: dict[str, Any]) -> str | None:
    object_id = body.get("data", {}).get("object_id")
    return object_id if isinstance(object_id, str) else None
