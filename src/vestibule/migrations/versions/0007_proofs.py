"""Note when the owner of a session last proved to be that."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment; so far that was the sign-in."""
    op.add_column(
        "vestibule_sessions",
        sa.Column(
            "proven_at", sa.BigInteger(), nullable=False, server_default="0"
        ),
    )
    op.execute("UPDATE vestibule_sessions SET proven_at = created_at")


def downgrade() -> None:
    """Remove the moment."""
    op.drop_column("vestibule_sessions", "proven_at")
