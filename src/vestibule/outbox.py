"""Outbox: letters wait in a table until the post has taken them.

A letter is put there in the transaction that causes it, so it exists
exactly when its cause does, and no request waits for a mail server.
"""

import threading
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Index,
    String,
    Text,
    Uuid,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.db import DB
from vestibule.ground.letters import Letter, Post, Undelivered
from vestibule.ground.tally import count
from vestibule.records import PREFIX, Record

LEASE = 120
LONGEST_PAUSE = 60
WHOLE_DAY = 86400


class OutboxLetter(Record):
    """A letter on its way; its text is wiped once it is over."""

    __tablename__ = PREFIX + "outbox"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'sent', 'failed')", "state"),
        Index(None, "state", "due_at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(index=True)
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    tries: Mapped[int]
    due_at: Mapped[int]
    created_at: Mapped[int]
    ends_at: Mapped[int]
    trouble: Mapped[str] = mapped_column(String(200))
    html: Mapped[str] = mapped_column(Text, server_default="")


_WAITING = select(func.count(), func.min(OutboxLetter.created_at)).where(
    OutboxLetter.state == "waiting"
)


def _kind(letter: OutboxLetter) -> str:
    """Tell a letter whose link somebody waits for from all others.

    Such a link dies, and the letter with it; others are good for a day.
    """
    life = letter.ends_at - letter.created_at
    return "link" if life < WHOLE_DAY else "notice"


class Outbox:
    """Takes letters in, and hands them to the post."""

    def __init__(self, db: DB) -> None:
        self.db = db
        self.stirred = threading.Event()

    def put(self, user_id: int | None, letter: Letter) -> None:
        """Lay a letter into the outbox with the unit of work around."""
        now = self.db.clock.now()
        self.db.add(
            OutboxLetter(
                id=self.db.randomness.row_id(),
                user_id=user_id,
                recipient=letter.to,
                subject=letter.subject,
                text=letter.text,
                html=letter.html,
                state="waiting",
                tries=0,
                due_at=now,
                created_at=now,
                ends_at=now + letter.good_for,
                trouble="",
            )
        )
        self.db.afterwards(self.stirred.set)

    def deliver(self, post: Post, most: int = 20) -> int:
        """Send letters that are due; say how many left the house.

        A claimed letter is leased, not removed: if this process dies, the
        letter is sent again when the lease is over, never lost.
        """
        sent = 0
        for _ in range(most):
            claimed = self._claim()
            if claimed is None:
                break
            sent += self._send(claimed, post)
        return sent

    def _claim(self) -> OutboxLetter | None:
        """Take the next due letter, so that no other worker takes it."""
        now = self.db.clock.now()
        waiting = (
            select(OutboxLetter.id)
            .where(OutboxLetter.state == "waiting", OutboxLetter.due_at <= now)
            .order_by(OutboxLetter.due_at)
            .limit(1)
        )
        # An idle worker must not open a write transaction every second.
        if not self.db.read(waiting):
            return None
        due = waiting.with_for_update(skip_locked=True)
        row = self.db.write_returning(
            update(OutboxLetter)
            .where(OutboxLetter.id.in_(due.scalar_subquery()))
            .values(due_at=now + LEASE, tries=OutboxLetter.tries + 1)
            .returning(*OutboxLetter.__table__.columns)
        )
        return OutboxLetter(**row._mapping) if row else None

    def _send(self, claimed: OutboxLetter, post: Post) -> bool:
        """Hand one letter to the post and note how it went."""
        kind = _kind(claimed)
        if self.db.clock.now() >= claimed.ends_at:
            count("mails", kind=kind, result="failed")
            self._note(claimed, "failed", claimed.trouble or "too late")
            return False
        letter = Letter(
            claimed.recipient,
            claimed.subject,
            claimed.text,
            html=claimed.html,
            key=str(claimed.id),
            moment=claimed.created_at,
        )
        try:
            post.send(letter)
        except Undelivered as trouble:
            state = "failed" if trouble.for_good else "waiting"
            result = "failed" if trouble.for_good else "tried"
            count("mails", kind=kind, result=result)
            self._note(claimed, state, str(trouble))
            return False
        except Exception as bug:
            self._note(claimed, "waiting", type(bug).__name__)
            raise
        self._note(claimed, "sent", "")
        count("mails", kind=kind, result="sent")
        return True

    def _note(self, letter: OutboxLetter, state: str, trouble: str) -> None:
        """Write down how a letter went; wait longer after each failure."""
        pause = min(5 * 2 ** min(letter.tries, 10), LONGEST_PAUSE)
        changes: dict[str, object] = {
            "state": state,
            "trouble": trouble[:200],
            "due_at": self.db.clock.now() + pause,
        }
        # A link in a letter is a secret: in production it is kept no
        # longer than the letter needs it.
        if state != "waiting" and not self.db.settings.site.development:
            changes |= {"text": "", "html": ""}
        self.db.write(
            update(OutboxLetter)
            .where(OutboxLetter.id == letter.id)
            .values(**changes)
        )

    def waiting(self) -> tuple[int, int]:
        """Say how many letters wait, and for how many seconds the oldest."""
        row = self.db.first(_WAITING)
        number, oldest = (0, None) if row is None else row
        age = 0 if oldest is None else self.db.clock.now() - oldest
        return number, max(0, age)

    def latest(self, most: int = 50) -> list[OutboxLetter]:
        """List the newest letters, for the local inbox page."""
        rows = self.db.read(
            select(*OutboxLetter.__table__.columns)
            .order_by(OutboxLetter.id.desc())
            .limit(most)
        )
        return [OutboxLetter(**row._mapping) for row in rows]

    def find(self, letter_id: UUID) -> OutboxLetter | None:
        """Find one letter, for the local inbox page."""
        row = self.db.first(
            select(*OutboxLetter.__table__.columns).where(
                OutboxLetter.id == letter_id
            )
        )
        return OutboxLetter(**row._mapping) if row else None

    def of(self, user_id: int) -> list[dict[str, object]]:
        """Tell which letters an account got lately, without their text.

        That holds links which open the account.
        """
        rows = self.db.read(
            select(
                OutboxLetter.recipient,
                OutboxLetter.subject,
                OutboxLetter.state,
                OutboxLetter.created_at,
            )
            .where(OutboxLetter.user_id == user_id)
            .order_by(OutboxLetter.id)
        )
        return [dict(row._mapping) for row in rows]

    def forget(self, user_id: int) -> None:
        """Remove the letters of an account."""
        self.db.write(
            delete(OutboxLetter).where(OutboxLetter.user_id == user_id)
        )

    def sweep(self, now: int) -> int:
        """Remove letters that were over a week ago; say how many."""
        return self.db.write(
            delete(OutboxLetter).where(
                OutboxLetter.state != "waiting",
                OutboxLetter.created_at < now - 7 * 86400,
            )
        )
