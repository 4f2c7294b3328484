"""The first tables: alarms with their evidence, gateways, broadcasts, people."""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.BigInteger()  # microseconds since 1970, UTC
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "alarm_transitions",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("alarm_id", sa.String(length=36), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=True),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=True),
        sa.Column("login", sa.String(length=63), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(
        "ix_alarm_transitions_alarm_id", "alarm_transitions", ["alarm_id"], unique=False
    )
    op.create_table(
        "alarms",
        sa.Column("alarm_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("device_id", sa.String(length=63), nullable=True),
        sa.Column("object_id", sa.String(length=80), nullable=False),
        sa.Column("area_id", sa.String(length=63), nullable=False),
        sa.Column("priority", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("annunciate", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("last_occurred_at", INSTANT, nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("acknowledged_at", INSTANT, nullable=True),
        sa.Column("acknowledged_by", sa.String(length=63), nullable=True),
        sa.Column("returned_at", INSTANT, nullable=True),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("latched", sa.Boolean(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("alarm_id"),
    )
    op.create_index("alarms_by_object", "alarms", ["kind", "gateway_id", "object_id"], unique=False)
    op.create_index("alarms_by_state", "alarms", ["state"], unique=False)
    op.create_table(
        "areas",
        sa.Column("area_id", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("parent_id", sa.String(length=63), nullable=True),
        sa.PrimaryKeyConstraint("area_id"),
    )
    op.create_table(
        "audio",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=60), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.Column("spoken_text", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=63), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "audit_log",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("login", sa.String(length=63), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "broadcasts",
        sa.Column("broadcast_id", sa.String(length=36), nullable=False),
        sa.Column("author", sa.String(length=63), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("alarm_id", sa.String(length=36), nullable=True),
        sa.Column("repeat_of", sa.String(length=36), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("audio_sha256", sa.String(length=64), nullable=False),
        sa.Column("priority", sa.String(length=12), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("broadcast_id"),
    )
    op.create_index("ix_broadcasts_alarm_id", "broadcasts", ["alarm_id"], unique=False)
    op.create_index("ix_broadcasts_repeat_of", "broadcasts", ["repeat_of"], unique=False)
    op.create_table(
        "commands",
        sa.Column("command_id", sa.String(length=36), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("command_number", NUMBER, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("broadcast_id", sa.String(length=36), nullable=True),
        sa.Column("signed", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_sent_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("command_id"),
    )
    op.create_index("commands_by_state", "commands", ["state", "gateway_id"], unique=False)
    op.create_index("ix_commands_broadcast_id", "commands", ["broadcast_id"], unique=False)
    op.create_table(
        "committed_ranges",
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("epoch", sa.String(length=36), nullable=False),
        sa.Column("lane", sa.String(length=12), nullable=False),
        sa.Column("first", NUMBER, nullable=False),
        sa.Column("last", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("gateway_id", "epoch", "lane", "first"),
    )
    op.create_table(
        "deliveries",
        sa.Column("broadcast_id", sa.String(length=36), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("device_id", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("seconds_sent", sa.Float(), nullable=False),
        sa.Column("underruns", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("broadcast_id", "gateway_id", "device_id"),
    )
    op.create_table(
        "devices",
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("device_id", sa.String(length=63), nullable=False),
        sa.Column("device_kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("area_id", sa.String(length=63), nullable=False),
        sa.Column("loudspeaker_ids", sa.JSON(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("state_since", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("gateway_id", "device_id"),
    )
    op.create_table(
        "events",
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("site_id", sa.String(length=63), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("device_id", sa.String(length=63), nullable=True),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("epoch", sa.String(length=36), nullable=False),
        sa.Column("sequence", NUMBER, nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("occurred_at_corrected", sa.Boolean(), nullable=False),
        sa.Column("observed_at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index("events_by_place", "events", ["gateway_id", "epoch", "sequence"], unique=False)
    op.create_index("events_by_time", "events", ["occurred_at"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("alarm_id", sa.String(length=36), nullable=True),
        sa.Column("media_type", sa.String(length=60), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("taken_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("stored_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("event_id", "role", "sha256"),
    )
    op.create_index("ix_evidence_alarm_id", "evidence", ["alarm_id"], unique=False)
    op.create_index("ix_evidence_sha256", "evidence", ["sha256"], unique=False)
    op.create_table(
        "gateways",
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("site_id", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("area_id", sa.String(length=63), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("mqtt_password_hash", sa.Text(), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("epoch", sa.String(length=36), nullable=True),
        sa.Column("connection_number", NUMBER, nullable=True),
        sa.Column("boot_id", sa.String(length=36), nullable=True),
        sa.Column("agent_version", sa.String(length=200), nullable=True),
        sa.Column("clock_synced", sa.Boolean(), nullable=True),
        sa.Column("clock_offset_s", sa.Float(), nullable=True),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("online_since", INSTANT, nullable=True),
        sa.Column("last_heard_at", INSTANT, nullable=True),
        sa.Column("last_command_number", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("gateway_id"),
    )
    op.create_table(
        "journal",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("subject", sa.String(length=12), nullable=False),
        sa.Column("subject_id", sa.String(length=130), nullable=False),
        sa.Column("area_id", sa.String(length=63), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "previews",
        sa.Column("login", sa.String(length=63), nullable=False),
        sa.Column("audio_sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("previewed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("login", "audio_sha256"),
    )
    op.create_table(
        "quarantine",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("topic_name", sa.Text(), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=True),
        sa.Column("epoch", sa.String(length=36), nullable=True),
        sa.Column("sequence", NUMBER, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("login", sa.String(length=63), nullable=False),
        sa.Column("csrf_token", sa.String(length=64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("token_sha256"),
    )
    op.create_index("ix_sessions_login", "sessions", ["login"], unique=False)
    op.create_table(
        "users",
        sa.Column("login", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("area_id", sa.String(length=63), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("locked_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("login"),
    )


def downgrade() -> None:
    """Refuse: there is nothing before the first revision but an empty file."""
    raise CommandError("to go back to nothing, delete the data directory")
