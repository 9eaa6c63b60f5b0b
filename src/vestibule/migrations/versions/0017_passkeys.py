"""Keep passkeys, the handles of their owners, and used challenges."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEYS = "vestibule_passkeys"
HANDLES = "vestibule_passkey_handles"
CHALLENGES = "vestibule_used_challenges"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        KEYS,
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(1023), nullable=False),
        sa.Column("public_key", sa.LargeBinary(2000), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("aaguid", sa.String(36), nullable=False),
        sa.Column("transports", sa.String(100), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("may_be_backed_up", sa.Boolean(), nullable=False),
        sa.Column("is_backed_up", sa.Boolean(), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column("is_quiet", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        _owner(KEYS),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{KEYS}")),
        sa.UniqueConstraint(
            "credential_id", name=op.f(f"uq_{KEYS}_credential_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f(f"ix_{KEYS}_user_id"), KEYS, ["user_id"])
    _create_handles()
    _create_challenges()


def _create_handles() -> None:
    """Make the table of what devices know accounts by."""
    op.create_table(
        HANDLES,
        sa.Column("user_id", sa.BigInteger(), autoincrement=False),
        sa.Column("handle", sa.LargeBinary(64), nullable=False),
        sa.Column("declined_at", sa.BigInteger()),
        _owner(HANDLES),
        sa.PrimaryKeyConstraint("user_id", name=op.f(f"pk_{HANDLES}")),
        sa.UniqueConstraint("handle", name=op.f(f"uq_{HANDLES}_handle")),
    )


def _create_challenges() -> None:
    """Make the table of challenges that were answered."""
    op.create_table(
        CHALLENGES,
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f(f"pk_{CHALLENGES}")),
    )
    op.create_index(op.f(f"ix_{CHALLENGES}_ends_at"), CHALLENGES, ["ends_at"])


def _owner(table: str) -> "sa.ForeignKeyConstraint":
    """Tie rows to an account, with which they go."""
    return sa.ForeignKeyConstraint(
        ["user_id"],
        ["vestibule_users.id"],
        name=op.f(f"fk_{table}_user_id"),
        ondelete="CASCADE",
    )


def downgrade() -> None:
    """Remove the tables."""
    for table in (CHALLENGES, HANDLES, KEYS):
        op.drop_table(table)
