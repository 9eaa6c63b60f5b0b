"""Add the state of accounts, and the keeper of their administration."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and the table with the first administrator in it."""
    op.add_column(
        "vestibule_users",
        sa.Column(
            "is_active",
            sa.Boolean(),
            nullable=False,
            server_default=sa.true(),
        ),
    )
    op.create_index(
        "ix_vestibule_users_role",
        "vestibule_users",
        ["id", "is_admin", "is_active"],
        unique=True,
    )
    op.create_table(
        "vestibule_keeper",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_vestibule_keeper_one")),
        sa.CheckConstraint(
            "is_admin AND is_active", name=op.f("ck_vestibule_keeper_fit")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "is_admin", "is_active"],
            [f"vestibule_users.{c}" for c in ("id", "is_admin", "is_active")],
            name=op.f("fk_vestibule_keeper_user_id_is_admin_is_active"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vestibule_keeper")),
    )
    op.execute(
        "INSERT INTO vestibule_keeper (id, user_id, is_admin, is_active) "
        "SELECT 1, id, is_admin, is_active FROM vestibule_users "
        "WHERE is_admin ORDER BY id LIMIT 1"
    )


def downgrade() -> None:
    """Remove the table and the column; disabled accounts are open again."""
    op.drop_table("vestibule_keeper")
    op.drop_index("ix_vestibule_users_role", "vestibule_users")
    op.drop_column("vestibule_users", "is_active")
