"""Chain the history, seal it, and keep people's keys of its details."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

EVENTS = "vestibule_events"
HISTORY = "vestibule_history"
SEALS = "vestibule_seals"
KEYS = "vestibule_history_keys"
PLACED = "position > 0 AND position < 4611686018427387904"


def upgrade() -> None:
    """Add the signature of events, and make the tables of the chain."""
    op.add_column(EVENTS, sa.Column("signature", sa.LargeBinary(32)))
    _create_history()
    op.create_table(
        SEALS,
        sa.Column("position", sa.BigInteger(), autoincrement=False),
        sa.Column("kind", sa.String(5), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("link", sa.LargeBinary(32), nullable=False),
        sa.Column("signature", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint(
            "position", "kind", name=op.f("pk_vestibule_seals")
        ),
        sa.CheckConstraint(PLACED, name=op.f("ck_vestibule_seals_position")),
    )
    op.create_table(
        KEYS,
        sa.Column("person_id", sa.BigInteger(), autoincrement=False),
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["vestibule_users.id"],
            name=op.f("fk_vestibule_history_keys_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "person_id", name=op.f("pk_vestibule_history_keys")
        ),
    )


def _create_history() -> None:
    """Make the table of the chain's rows, and its indexes."""
    op.create_table(
        HISTORY,
        sa.Column("position", sa.BigInteger(), autoincrement=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(60), nullable=False),
        sa.Column("outcome", sa.String(60), nullable=False),
        sa.Column("actor_id", sa.BigInteger()),
        sa.Column("subject_id", sa.BigInteger()),
        sa.Column("door", sa.String(20), nullable=False),
        sa.Column("request_id", sa.String(36), nullable=False),
        sa.Column("person_id", sa.BigInteger()),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("proof", sa.String(10), nullable=False),
        sa.Column("link", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_vestibule_history")),
        sa.UniqueConstraint("id", name=op.f("uq_vestibule_history_id")),
        sa.CheckConstraint(PLACED, name=op.f("ck_vestibule_history_position")),
    )
    for columns in (
        ["at", "id"],
        ["act", "at", "id"],
        ["subject_id", "at", "id"],
        ["actor_id", "at", "id"],
    ):
        name = "_".join(["ix_vestibule_history", *columns])
        op.create_index(op.f(name), HISTORY, columns)


def downgrade() -> None:
    """Put the rows back where they came from, without their details.

    An older version knows no chain, and could not read people's keys.
    """
    op.execute(
        f"INSERT INTO {EVENTS} (id, at, act, outcome, actor_id, "  # noqa: S608
        "subject_id, door, address, agent, request_id) SELECT id, at, act, "
        "outcome, actor_id, subject_id, door, '', '', request_id "
        f"FROM {HISTORY}"
    )
    for table in (KEYS, SEALS, HISTORY):
        op.drop_table(table)
    op.drop_column(EVENTS, "signature")
