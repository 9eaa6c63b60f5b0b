"""Keep which language and look people like, and a letter's HTML."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; nobody has chosen anything so far."""
    op.add_column(
        "vestibule_users", sa.Column("language", sa.String(8), nullable=True)
    )
    # SQLite takes a check of a new column only with the column.
    op.execute(
        "ALTER TABLE vestibule_users ADD COLUMN theme VARCHAR(5) CONSTRAINT "
        "ck_vestibule_users_theme CHECK (theme IN ('light', 'dark'))"
    )
    op.add_column(
        "vestibule_outbox",
        sa.Column("html", sa.Text(), nullable=False, server_default=""),
    )


def downgrade() -> None:
    """Remove the columns."""
    op.drop_column("vestibule_outbox", "html")
    op.drop_column("vestibule_users", "theme")
    op.drop_column("vestibule_users", "language")
