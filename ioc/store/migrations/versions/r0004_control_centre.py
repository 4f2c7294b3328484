"""What an untrained operator needs to live with alarms: suppression, duty, rules, notifications."""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is missing."""
    op.create_table(
        "annunciations",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("alarm_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("priority", sa.String(length=10), nullable=False),
        sa.Column("area_id", sa.String(length=63), nullable=False),
        sa.Column("login", sa.String(length=63), nullable=True),
        sa.Column("taken", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("annunciations_by_time", "annunciations", ["at"], unique=False)
    op.create_index("annunciations_untaken", "annunciations", ["taken", "number"], unique=False)
    op.create_index("ix_annunciations_alarm_id", "annunciations", ["alarm_id"], unique=False)
    op.create_table(
        "calls",
        sa.Column("call_id", sa.String(length=36), nullable=False),
        sa.Column(
            "annunciation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("alarm_id", sa.String(length=36), nullable=False),
        sa.Column("login", sa.String(length=63), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("passes_on_at", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.PrimaryKeyConstraint("call_id"),
        sa.UniqueConstraint("annunciation", "login", name="calls_once"),
    )
    op.create_index("calls_by_state", "calls", ["state"], unique=False)
    op.create_index("ix_calls_alarm_id", "calls", ["alarm_id"], unique=False)
    op.create_table(
        "contacts",
        sa.Column("contact_id", sa.String(length=36), nullable=False),
        sa.Column("login", sa.String(length=63), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("push_keys", sa.JSON(), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("reached_at", sa.BigInteger(), nullable=True),
        sa.Column("broken_at", sa.BigInteger(), nullable=True),
        sa.Column("broken_code", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("contact_id"),
    )
    op.create_index("ix_contacts_login", "contacts", ["login"], unique=False)
    op.create_table(
        "deletions",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column(
            "size_bytes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("oldest", sa.BigInteger(), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("deletions_by_time", "deletions", ["at"], unique=False)
    op.create_table(
        "duty_shifts",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("area_id", sa.String(length=63), nullable=False),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("first_day", sa.String(length=10), nullable=True),
        sa.Column("last_day", sa.String(length=10), nullable=True),
        sa.Column("begins", sa.String(length=5), nullable=False),
        sa.Column("ends", sa.String(length=5), nullable=False),
        sa.Column("person", sa.String(length=63), nullable=True),
        sa.Column("deputy", sa.String(length=63), nullable=True),
        sa.Column("leader", sa.String(length=63), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_duty_shifts_area_id", "duty_shifts", ["area_id"], unique=False)
    op.create_table(
        "handovers",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("area_id", sa.String(length=63), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("login", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("standing", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("handovers_by_time", "handovers", ["at"], unique=False)
    op.create_index("handovers_newest_of_area", "handovers", ["area_id", "number"], unique=False)
    op.create_table(
        "holds",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("alarm_id", sa.String(length=36), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("login", sa.String(length=63), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=63), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_holds_alarm_id", "holds", ["alarm_id"], unique=False)
    op.create_table(
        "notification_attempts",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("notification_id", sa.String(length=36), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(
        "ix_notification_attempts_notification_id",
        "notification_attempts",
        ["notification_id"],
        unique=False,
    )
    op.create_table(
        "notification_wishes",
        sa.Column("login", sa.String(length=63), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("digest_min", sa.Integer(), nullable=False),
        sa.Column("least_priority", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("login"),
    )
    op.create_table(
        "notifications",
        sa.Column("notification_id", sa.String(length=36), nullable=False),
        sa.Column("dedupe_key", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("call_id", sa.String(length=36), nullable=True),
        sa.Column("alarm_id", sa.String(length=36), nullable=True),
        sa.Column("login", sa.String(length=63), nullable=True),
        sa.Column("contact_id", sa.String(length=36), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("receiver", sa.String(length=80), nullable=False),
        sa.Column("priority", sa.String(length=10), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("maybe_twice", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("notification_id"),
        sa.UniqueConstraint("dedupe_key"),
    )
    op.create_index("ix_notifications_alarm_id", "notifications", ["alarm_id"], unique=False)
    op.create_index("ix_notifications_call_id", "notifications", ["call_id"], unique=False)
    op.create_index(
        "notifications_due", "notifications", ["state", "channel", "next_attempt_at"], unique=False
    )
    op.create_table(
        "rule_standings",
        sa.Column("rule_id", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("device_id", sa.String(length=63), nullable=False),
        sa.Column("area_id", sa.String(length=63), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("turning_since", sa.BigInteger(), nullable=True),
        sa.Column("fired_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("rule_id", "subject"),
    )
    op.create_index("rule_standings_active", "rule_standings", ["active"], unique=False)
    op.create_table(
        "rule_texts",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("login", sa.String(length=63), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "suppressions",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("suppression", sa.String(length=24), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=True),
        sa.Column("object_id", sa.String(length=80), nullable=True),
        sa.Column("device_id", sa.String(length=63), nullable=True),
        sa.Column("area_id", sa.String(length=63), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("login", sa.String(length=63), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=63), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(
        "suppressions_of_gateway", "suppressions", ["gateway_id", "until"], unique=False
    )
    op.create_table(
        "takeovers",
        sa.Column(
            "handover",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("login", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("standing", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("handover"),
    )
    op.add_column(
        "alarms", sa.Column("suppression", sa.String(length=24), server_default="", nullable=False)
    )
    op.add_column("alarms", sa.Column("suppressed_until", sa.BigInteger(), nullable=True))
    op.add_column("alarms", sa.Column("cause_id", sa.String(length=36), nullable=True))
    op.add_column("alarms", sa.Column("annunciates_at", sa.BigInteger(), nullable=True))
    op.add_column("alarms", sa.Column("returns_at", sa.BigInteger(), nullable=True))
    op.add_column("alarms", sa.Column("calms_at", sa.BigInteger(), nullable=True))
    op.add_column("alarms", sa.Column("acknowledge_by", sa.BigInteger(), nullable=True))
    op.add_column("alarms", sa.Column("resolve_by", sa.BigInteger(), nullable=True))
    op.add_column("alarms", sa.Column("escalates_at", sa.BigInteger(), nullable=True))
    op.add_column("alarms", sa.Column("reminds_at", sa.BigInteger(), nullable=True))
    op.add_column("alarms", sa.Column("stales_at", sa.BigInteger(), nullable=True))
    op.add_column("alarms", sa.Column("paused_at", sa.BigInteger(), nullable=True))
    op.add_column("alarms", sa.Column("next_due_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "alarms", sa.Column("escalation_step", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column(
        "alarms",
        sa.Column("chattering", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "alarms", sa.Column("stale", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("alarms", sa.Column("assigned_to", sa.String(length=63), nullable=True))
    op.add_column("alarms", sa.Column("assigned_at", sa.BigInteger(), nullable=True))
    op.add_column("alarms", sa.Column("toggles", sa.JSON(), server_default="[]", nullable=False))
    op.create_index(
        "alarms_newest_of_object",
        "alarms",
        ["kind", "gateway_id", "object_id", "raised_at"],
        unique=False,
    )
    op.create_index("alarms_of_gateway", "alarms", ["gateway_id", "state", "kind"], unique=False)
    op.create_index("ix_alarms_cause_id", "alarms", ["cause_id"], unique=False)
    op.create_index("ix_alarms_next_due_at", "alarms", ["next_due_at"], unique=False)


def downgrade() -> None:
    """Refuse: an earlier release cannot show what has come since."""
    raise CommandError("to go back, restore the backup made before the update")
