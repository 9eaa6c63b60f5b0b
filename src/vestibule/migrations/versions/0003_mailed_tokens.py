"""Create the single-use tokens that go out by mail."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of mailed tokens."""
    op.create_table(
        "vestibule_mailed_tokens",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(30), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["vestibule_users.id"],
            name=op.f("fk_vestibule_mailed_tokens_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "purpose", name=op.f("pk_vestibule_mailed_tokens")
        ),
        sa.UniqueConstraint(
            "fingerprint",
            name=op.f("uq_vestibule_mailed_tokens_fingerprint"),
        ),
    )
    op.create_index(
        op.f("ix_vestibule_mailed_tokens_ends_at"),
        "vestibule_mailed_tokens",
        ["ends_at"],
    )


def downgrade() -> None:
    """Remove the table of mailed tokens."""
    op.drop_table("vestibule_mailed_tokens")
