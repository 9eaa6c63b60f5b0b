"""Create the pictures of accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of pictures."""
    op.create_table(
        "vestibule_pictures",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("media_type", sa.String(20), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "media_type IN ('image/png', 'image/jpeg')",
            name=op.f("ck_vestibule_pictures_media_type"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["vestibule_users.id"],
            name=op.f("fk_vestibule_pictures_user_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_vestibule_pictures")),
        sa.UniqueConstraint(
            "user_id", name=op.f("uq_vestibule_pictures_user_id")
        ),
    )


def downgrade() -> None:
    """Remove the table of pictures."""
    op.drop_table("vestibule_pictures")
