"""Keep the secrets of authenticator apps, encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLE = "vestibule_totp"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        TABLE,
        sa.Column("user_id", sa.BigInteger(), autoincrement=False),
        sa.Column("secret", sa.LargeBinary(100), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger()),
        sa.Column("used_at", sa.BigInteger()),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["vestibule_users.id"],
            name=op.f("fk_vestibule_totp_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_vestibule_totp")),
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table(TABLE)
