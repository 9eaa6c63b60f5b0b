"""Let accounts be found by the beginning of a name, and by what is rare."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Name, and what is true of the accounts, on SQLite and on PostgreSQL.
RARE = (
    ("disabled", "is_active = 0", "NOT is_active"),
    ("admins", "is_admin = 1", "is_admin"),
    ("confirmed", "email_verified_at IS NOT NULL", None),
    ("unconfirmed", "email_verified_at IS NULL", None),
)


def upgrade() -> None:
    """Compare names by code points, and index what is rare."""
    _compare_names("C")
    for name, sqlite, postgresql in RARE:
        op.create_index(
            f"ix_vestibule_users_{name}",
            "vestibule_users",
            ["id"],
            sqlite_where=sa.text(sqlite),
            postgresql_where=sa.text(postgresql or sqlite),
        )


def downgrade() -> None:
    """Remove the indexes, and compare names as the database does."""
    for name, _, _ in RARE:
        op.drop_index(f"ix_vestibule_users_{name}", "vestibule_users")
    _compare_names("default")


def _compare_names(collation: str) -> None:
    """Have PostgreSQL build the key of names anew; SQLite needs nothing."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE vestibule_identifiers ALTER COLUMN canonical "
            f'TYPE varchar(320) COLLATE "{collation}"'
        )
