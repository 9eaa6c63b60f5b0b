"""Create the table of feedback."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table of feedback."""
    op.create_table(
        "vestibule_feedback",
        sa.Column("id", row_number, sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "length(title) BETWEEN 1 AND 100",
            name=op.f("ck_vestibule_feedback_title_length"),
        ),
        sa.CheckConstraint(
            "length(content) BETWEEN 1 AND 10000",
            name=op.f("ck_vestibule_feedback_content_length"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["vestibule_users.id"],
            name=op.f("fk_vestibule_feedback_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vestibule_feedback")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_vestibule_feedback_user_id_id",
        "vestibule_feedback",
        ["user_id", "id"],
    )


def downgrade() -> None:
    """Remove the table of feedback."""
    op.drop_table("vestibule_feedback")
