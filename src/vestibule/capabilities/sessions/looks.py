"""What every request asks of sessions: one look-up by primary key.

Each of the three statements is made once, and prepared once.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select

from vestibule.capabilities.sessions.records import SessionRecord
from vestibule.user import User

LIVING = (
    SessionRecord.fingerprint == bindparam("fingerprint"),
    SessionRecord.ends_at > bindparam("now"),
    User.is_active,
)


def look_up(*columns: Any) -> Select[Any]:
    """Find a living session and what is wanted of its owner."""
    owned = User.id == SessionRecord.user_id
    found = select(SessionRecord.seen_at, *columns).join(User, owned)
    return found.where(*LIVING)


USER = tuple(User.__table__.columns)
USER_NAMES = tuple(column.name for column in USER)


TERM: Any = select(
    SessionRecord.created_at,
    SessionRecord.seen_at,
    SessionRecord.idle_for,
    SessionRecord.ends_at,
    SessionRecord.dies_at,
).where(*LIVING[:2])


class Bearer(NamedTuple):
    """Who somebody with a session is, for whoever asks nothing else."""

    seen_at: int
    id: int
    username: str
    email: str
    email_verified_at: int | None
    is_admin: bool


@dataclass(frozen=True)
class Term:
    """How long a session goes on: unused, and at the most."""

    created_at: int
    ends_at: int
    dies_at: int
