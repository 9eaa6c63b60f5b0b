"""Keep what recovery codes are compared with."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLE = "vestibule_recovery_codes"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        TABLE,
        sa.Column("user_id", sa.BigInteger(), autoincrement=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["vestibule_users.id"],
            name=op.f("fk_vestibule_recovery_codes_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "user_id",
            "fingerprint",
            name=op.f("pk_vestibule_recovery_codes"),
        ),
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table(TABLE)
