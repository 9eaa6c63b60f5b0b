"""Create accounts and their names, events, attempts and the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables of the first version."""
    _create_users()
    _create_identifiers()
    _create_events()
    _create_attempts()
    _create_outbox()


def downgrade() -> None:
    """Remove the tables of the first version."""
    for table in ("outbox", "attempts", "events", "identifiers", "users"):
        op.drop_table(f"vestibule_{table}")


def _create_users() -> None:
    """Make the table of accounts."""
    op.create_table(
        "vestibule_users",
        sa.Column("id", row_number, sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("username", sa.String(20), nullable=False),
        sa.Column("hashed_password", sa.String(512), nullable=False),
        sa.Column("first_name", sa.String(30)),
        sa.Column("last_name", sa.String(30)),
        sa.Column(
            "is_admin",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
        ),
        sa.Column("email_verified_at", sa.BigInteger()),
        sa.Column("password_changed_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "length(email) <= 254",
            name=op.f("ck_vestibule_users_email_length"),
        ),
        sa.CheckConstraint(
            "length(username) <= 20",
            name=op.f("ck_vestibule_users_username_length"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vestibule_users")),
        sqlite_autoincrement=True,
    )


def _create_identifiers() -> None:
    """Make the table of names that lead to accounts."""
    op.create_table(
        "vestibule_identifiers",
        sa.Column("canonical", sa.String(320), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('email', 'username')",
            name=op.f("ck_vestibule_identifiers_kind"),
        ),
        sa.PrimaryKeyConstraint(
            "canonical", name=op.f("pk_vestibule_identifiers")
        ),
        sa.UniqueConstraint(
            "user_id",
            "kind",
            name=op.f("uq_vestibule_identifiers_user_id_kind"),
        ),
    )


def _create_events() -> None:
    """Make the table of history."""
    op.create_table(
        "vestibule_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(60), nullable=False),
        sa.Column("outcome", sa.String(60), nullable=False),
        sa.Column("actor_id", sa.BigInteger()),
        sa.Column("subject_id", sa.BigInteger()),
        sa.Column("door", sa.String(20), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.Column("request_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vestibule_events")),
    )
    op.create_index(
        op.f("ix_vestibule_events_subject_id_id"),
        "vestibule_events",
        ["subject_id", "id"],
    )


def _create_attempts() -> None:
    """Make the table of counts of attempts."""
    op.create_table(
        "vestibule_attempts",
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("closed_until", sa.BigInteger(), nullable=False),
        sa.Column("forgotten_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_vestibule_attempts")),
    )
    op.create_index(
        op.f("ix_vestibule_attempts_forgotten_at"),
        "vestibule_attempts",
        ["forgotten_at"],
    )


def _create_outbox() -> None:
    """Make the table of letters that wait."""
    op.create_table(
        "vestibule_outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger()),
        sa.Column("recipient", sa.String(254), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("trouble", sa.String(200), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'failed')",
            name=op.f("ck_vestibule_outbox_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vestibule_outbox")),
    )
    op.create_index(
        op.f("ix_vestibule_outbox_state_due_at"),
        "vestibule_outbox",
        ["state", "due_at"],
    )
    op.create_index(
        op.f("ix_vestibule_outbox_user_id"), "vestibule_outbox", ["user_id"]
    )
