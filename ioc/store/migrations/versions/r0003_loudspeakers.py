"""What loudspeakers did step by step, what microphones heard, self-tests, talk-downs."""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is missing."""
    op.create_table(
        "delivery_steps",
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("broadcast_id", sa.String(length=36), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("device_id", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("seconds_sent", sa.Float(), nullable=False),
        sa.Column("underruns", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index(
        "ix_delivery_steps_broadcast_id", "delivery_steps", ["broadcast_id"], unique=False
    )
    op.create_table(
        "hearings",
        sa.Column("broadcast_id", sa.String(length=36), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("device_id", sa.String(length=63), nullable=False),
        sa.Column("camera_id", sa.String(length=63), nullable=True),
        sa.Column("hearing", sa.String(length=12), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("measured_s", sa.Float(), nullable=False),
        sa.Column("lag_s", sa.Float(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("broadcast_id", "gateway_id", "device_id"),
    )
    op.create_table(
        "loudspeaker_tests",
        sa.Column("test_id", sa.String(length=36), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("device_id", sa.String(length=63), nullable=False),
        sa.Column("ordered_by", sa.String(length=63), nullable=True),
        sa.Column("ordered_at", sa.BigInteger(), nullable=True),
        sa.Column("occurred_at", sa.BigInteger(), nullable=True),
        sa.Column("is_played", sa.Boolean(), nullable=True),
        sa.Column("hearing", sa.String(length=12), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("test_id", "gateway_id", "device_id"),
    )
    op.create_index(
        "loudspeaker_tests_by_device",
        "loudspeaker_tests",
        ["gateway_id", "device_id"],
        unique=False,
    )
    op.create_table(
        "talk_downs",
        sa.Column("talk_down_id", sa.String(length=36), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("camera_id", sa.String(length=63), nullable=False),
        sa.Column("zone", sa.String(length=200), nullable=True),
        sa.Column("causes", sa.JSON(), nullable=False),
        sa.Column("loudspeaker_ids", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("audio_sha256", sa.String(length=64), nullable=False),
        sa.Column("night_text", sa.Text(), nullable=True),
        sa.Column("night_audio_sha256", sa.String(length=64), nullable=True),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("cool_down_s", sa.Float(), nullable=False),
        sa.Column("daily_limit", sa.Integer(), nullable=False),
        sa.Column("night_volume_db", sa.Float(), nullable=False),
        sa.Column("changed_by", sa.String(length=63), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("talk_down_id"),
    )
    op.create_index("ix_talk_downs_gateway_id", "talk_downs", ["gateway_id"], unique=False)
    op.add_column(
        "broadcasts",
        sa.Column("kind", sa.String(length=12), server_default="speech", nullable=False),
    )
    op.add_column("broadcasts", sa.Column("stream_url", sa.Text(), nullable=True))
    op.add_column("broadcasts", sa.Column("stream_s", sa.Float(), nullable=True))
    op.add_column(
        "broadcasts",
        sa.Column("level", sa.String(length=12), server_default="commune", nullable=False),
    )
    op.add_column(
        "broadcasts",
        sa.Column("status", sa.String(length=12), server_default="actual", nullable=False),
    )
    op.add_column(
        "broadcasts",
        sa.Column("when_interrupted", sa.String(length=8), server_default="drop", nullable=False),
    )
    op.add_column("broadcasts", sa.Column("not_before", sa.BigInteger(), nullable=True))
    op.add_column("broadcasts", sa.Column("approved_by", sa.String(length=63), nullable=True))
    op.add_column("broadcasts", sa.Column("approved_at", sa.BigInteger(), nullable=True))
    op.add_column("broadcasts", sa.Column("object_id", sa.String(length=36), nullable=True))
    op.add_column("broadcasts", sa.Column("answer", sa.String(length=12), nullable=True))
    op.add_column("broadcasts", sa.Column("answer_s", sa.Float(), nullable=True))
    op.create_index("ix_broadcasts_object_id", "broadcasts", ["object_id"], unique=False)
    op.add_column("deliveries", sa.Column("stepped_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "devices", sa.Column("maker", sa.String(length=200), server_default="", nullable=False)
    )
    op.add_column(
        "devices", sa.Column("model", sa.String(length=200), server_default="", nullable=False)
    )
    op.add_column(
        "devices", sa.Column("firmware", sa.String(length=200), server_default="", nullable=False)
    )
    op.add_column(
        "devices",
        sa.Column("serial_number", sa.String(length=200), server_default="", nullable=False),
    )
    _add_sources()


def _add_sources() -> None:
    """Add what recordings, phrases and turns need."""
    op.create_table(
        "phrase_templates",
        sa.Column("template_id", sa.String(length=36), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=63), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("template_id"),
    )
    op.create_table(
        "phrase_places",
        sa.Column("place_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_by", sa.String(length=63), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("place_id"),
    )
    op.create_table(
        "phrase_recordings",
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("phrase_key", sa.String(length=80), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("audio_sha256", sa.String(length=64), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.Column("recorded_by", sa.String(length=63), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("language", "phrase_key"),
    )
    op.add_column(
        "previews",
        sa.Column("kind", sa.String(length=12), server_default="speech", nullable=False),
    )
    op.add_column(
        "previews",
        sa.Column("status", sa.String(length=12), server_default="actual", nullable=False),
    )
    op.add_column(
        "previews", sa.Column("said_twice", sa.Boolean(), server_default="0", nullable=False)
    )
    op.add_column(
        "deliveries", sa.Column("offset_s", sa.Float(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    """Refuse: an earlier release cannot show what has come since."""
    raise CommandError("to go back, restore the backup made before the update")
