"""Know the devices on which people have signed in before."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of known devices; nobody has any so far."""
    op.create_table(
        "vestibule_known_devices",
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["vestibule_users.id"],
            name=op.f("fk_vestibule_known_devices_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "fingerprint", name=op.f("pk_vestibule_known_devices")
        ),
    )
    for column in ("user_id", "ends_at"):
        op.create_index(
            op.f(f"ix_vestibule_known_devices_{column}"),
            "vestibule_known_devices",
            [column],
        )


def downgrade() -> None:
    """Remove the table of known devices."""
    op.drop_table("vestibule_known_devices")
