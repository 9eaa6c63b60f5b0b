"""Create the table of the fields that a host defines."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLE = "vestibule_host_fields"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        TABLE,
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("filled", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "length(filled) <= 60000", name=op.f(f"ck_{TABLE}_length")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["vestibule_users.id"],
            name=op.f(f"fk_{TABLE}_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f(f"pk_{TABLE}")),
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table(TABLE)
