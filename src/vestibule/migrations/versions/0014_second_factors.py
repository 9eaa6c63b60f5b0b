"""Keep sign-ins that wait for a second factor, and trusted devices."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

WAITING = "vestibule_waiting_sign_ins"
TRUSTED = "vestibule_trusted_devices"


def upgrade() -> None:
    """Make both tables."""
    _create(
        WAITING,
        sa.Column("proof", sa.String(20), nullable=False),
        sa.Column("stamp", sa.LargeBinary(32), nullable=False),
        sa.Column("remember", sa.Boolean(), nullable=False),
        sa.Column("is_common", sa.Boolean(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
    )
    _create(
        TRUSTED,
        sa.Column("stamp", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
    )


def _create(table: str, *columns: "sa.Column[object]") -> None:
    """Make a table of fingerprints that belong to accounts."""
    op.create_table(
        table,
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["vestibule_users.id"],
            name=op.f(f"fk_{table}_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f(f"pk_{table}")),
    )
    for column in ("user_id", "ends_at"):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    """Remove both tables."""
    op.drop_table(TRUSTED)
    op.drop_table(WAITING)
