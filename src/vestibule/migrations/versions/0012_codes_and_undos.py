"""Keep the codes of letters, and the links that undo a new address."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TOKENS = "vestibule_mailed_tokens"
UNDOS = "vestibule_email_undos"


def upgrade() -> None:
    """Add the columns of codes, and make the table of undos."""
    op.add_column(TOKENS, sa.Column("code", sa.LargeBinary(32), nullable=True))
    op.add_column(
        TOKENS, sa.Column("code_ends_at", sa.BigInteger(), nullable=True)
    )
    # SQLite takes a check of a new column only with the column.
    op.execute(
        f"ALTER TABLE {TOKENS} ADD COLUMN code_tries BIGINT DEFAULT '0' "
        "NOT NULL CONSTRAINT ck_vestibule_mailed_tokens_code_tries "
        "CHECK (code_tries BETWEEN 0 AND 5)"
    )
    op.create_table(
        UNDOS,
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["vestibule_users.id"],
            name=op.f("fk_vestibule_email_undos_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vestibule_email_undos")),
        sa.UniqueConstraint(
            "fingerprint", name=op.f("uq_vestibule_email_undos_fingerprint")
        ),
        # A number is never given again: it says which change came first.
        sqlite_autoincrement=True,
    )
    for column in ("user_id", "ends_at"):
        op.create_index(
            op.f(f"ix_vestibule_email_undos_{column}"), UNDOS, [column]
        )


def downgrade() -> None:
    """Remove the table of undos and the columns of codes."""
    op.drop_table(UNDOS)
    for column in ("code_tries", "code_ends_at", "code"):
        op.drop_column(TOKENS, column)
