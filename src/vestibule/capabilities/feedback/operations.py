"""Writing, finding, changing and deleting feedback."""

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import normalize

from sqlalchemy import ColumnElement, Select, delete, select, update

from vestibule.budgets import account_key
from vestibule.capabilities.feedback.records import (
    LONGEST_CONTENT,
    LONGEST_TITLE,
    FeedbackRecord,
)
from vestibule.capability import Capability, Exported, operation
from vestibule.errors import Missing
from vestibule.policy import Act, Actor
from vestibule.user import User

AT_ONCE = 20
# Of one account, in the window of the throttle.
MOST_WRITTEN = 30


@dataclass(frozen=True)
class Item:
    """A piece of feedback, and whose it is."""

    id: int
    user_id: int
    username: str
    title: str
    content: str
    created_at: int
    updated_at: int

    @property
    def is_changed(self) -> bool:
        """Whether it was changed after it was written."""
        return self.updated_at != self.created_at


@dataclass(frozen=True)
class Page:
    """Some feedback, the newest first; ``before`` leads to the next."""

    items: Sequence[Item]
    before: int | None


class Feedback(Capability):
    """What people say, which they and administrators can see and change."""

    name = "feedback"

    def of(
        self,
        owner: User,
        *,
        by: Actor,
        before: int | None = None,
        most: int = AT_ONCE,
    ) -> Page:
        """List what somebody has written, the newest first.

        Args:
            owner: who.
            by: who wants to see it.
            before: the number that the last page named.
            most: how many at most.

        Raises:
            NotAllowed: it is not for this actor to see.
        """
        self.auth.policy.require(by, Act.LIST_FEEDBACK, owner.id)
        return self._page([FeedbackRecord.user_id == owner.id], before, most)

    def search(
        self,
        text: str = "",
        owner: User | None = None,
        *,
        by: Actor,
        before: int | None = None,
        most: int = AT_ONCE,
    ) -> Page:
        """Search in everybody's feedback, the newest first.

        Args:
            text: must be in the title or the content, in any case of
                letters; everything if empty.
            owner: whose; everybody's if left out.
            by: who searches.
            before: the number that the last page named.
            most: how many at most.

        Raises:
            NotAllowed: the actor is no administrator.
        """
        self.auth.policy.require(by, Act.SEARCH_FEEDBACK, None)
        where: list[ColumnElement[bool]] = []
        if text:
            found = FeedbackRecord.folded.contains(
                _folded(text), autoescape=True
            )
            where.append(found)
        if owner is not None:
            where.append(FeedbackRecord.user_id == owner.id)
        return self._page(where, before, most)

    def _page(
        self,
        where: list[ColumnElement[bool]],
        before: int | None,
        most: int,
    ) -> Page:
        """Read one page and look whether there is another.

        By the last number and not by counting, so that no page gets slow
        and none repeats what was written meanwhile.
        """
        if before is not None:
            where = [*where, FeedbackRecord.id < before]
        rows = self.db.read(
            _items()
            .where(*where)
            .order_by(FeedbackRecord.id.desc())
            .limit(most + 1)
        )
        items = [Item(*row) for row in rows[:most]]
        return Page(items, items[-1].id if len(rows) > most else None)

    def one(self, number: int, act: Act, *, by: Actor) -> Item:
        """Find a piece of feedback for whom may do an act to it.

        Args:
            number: of the feedback; 0 is nobody's.
            act: what is to be done.
            by: who acts.

        Raises:
            NotAllowed, ProofTooOld: alike whether it is there or not.
            Missing: it is not there, told to those who may know.
        """
        row = self.db.first(_items().where(FeedbackRecord.id == number))
        item = None if row is None else Item(*row)
        owner_id = None if item is None else item.user_id
        self.auth.policy.require(by, act, owner_id)
        if item is None:
            raise Missing
        return item

    @operation
    def add(self, owner: User, title: str, content: str, *, by: Actor) -> int:
        """Write feedback that belongs to an account; give its number.

        Args:
            owner: whose it is.
            title: 1 to 100 code points.
            content: 1 to 10,000 code points.
            by: who writes it.

        Raises:
            NotAllowed, ProofTooOld: not by this actor, or not yet.
            TooMany: this account wrote a lot just now.
            Missing: the account is gone.
            ValueError: a text is too long or empty.

        Source: OWASP ASVS 5.0 2.4.1.
        """
        self.auth.policy.require(by, Act.ADD_FEEDBACK, owner.id)
        _refuse_misfits(title, content)
        key = account_key("feedback", owner.id, None)
        self.auth.throttle.spend("feedback.add", owner.id, {key: MOST_WRITTEN})
        now = self.auth.clock.now()
        record = FeedbackRecord(
            user_id=owner.id,
            title=title,
            content=content,
            folded=_folded(title, content),
            created_at=now,
            updated_at=now,
        )
        # Whoever deletes the account waits, or has done so.
        if not self.db.hold(owner.id):
            raise Missing
        number = self.db.add(record).id
        self.history.record("feedback.add", owner.id)
        return number

    @operation
    def change(
        self, number: int, title: str, content: str, *, by: Actor
    ) -> Item:
        """Put other words in place of those there were.

        Raises:
            NotAllowed, ProofTooOld: not by this actor, or not yet.
            Missing: somebody deleted it.
            ValueError: a text is too long or empty.
        """
        item = self.one(number, Act.CHANGE_FEEDBACK, by=by)
        _refuse_misfits(title, content)
        changed = self.db.write(
            update(FeedbackRecord)
            .where(FeedbackRecord.id == number)
            .values(
                title=title,
                content=content,
                folded=_folded(title, content),
                updated_at=self.auth.clock.now(),
            )
        )
        if not changed:
            raise Missing
        self.history.record("feedback.change", item.user_id)
        return item

    @operation
    def delete(self, number: int, *, by: Actor) -> Item:
        """Delete feedback, and give what it was.

        Raises:
            NotAllowed, ProofTooOld: not by this actor, or not yet.
            Missing: somebody deleted it already.
        """
        item = self.one(number, Act.DELETE_FEEDBACK, by=by)
        gone = self.db.write(
            delete(FeedbackRecord).where(FeedbackRecord.id == number)
        )
        if not gone:
            raise Missing
        self.history.record("feedback.delete", item.user_id)
        return item

    def forget(self, user: User) -> None:
        """Remove all feedback of an account that goes."""
        self.db.write(
            delete(FeedbackRecord).where(FeedbackRecord.user_id == user.id)
        )

    def export(self, user: User) -> Exported:
        """Tell an account all that it has written."""
        rows = self.db.read(
            select(
                FeedbackRecord.id,
                FeedbackRecord.title,
                FeedbackRecord.content,
                FeedbackRecord.created_at,
                FeedbackRecord.updated_at,
            )
            .where(FeedbackRecord.user_id == user.id)
            .order_by(FeedbackRecord.id)
        )
        return Exported([dict(row._mapping) for row in rows])


def _refuse_misfits(title: str, content: str) -> None:
    """Refuse texts that their columns cannot hold, alike on both engines.

    The forms have told people in words before.
    """
    for text, longest in ((title, LONGEST_TITLE), (content, LONGEST_CONTENT)):
        if not 1 <= len(text) <= longest:
            raise ValueError(f"a text has 1 to {longest} characters")


def _folded(*texts: str) -> str:
    """Bring texts to the form in which a search compares them."""
    return normalize("NFKC", "\n".join(texts)).casefold()


def _items() -> Select[int, int, str, str, str, int, int]:
    """Express in SQL what an item is made of."""
    return select(
        FeedbackRecord.id,
        FeedbackRecord.user_id,
        User.username,
        FeedbackRecord.title,
        FeedbackRecord.content,
        FeedbackRecord.created_at,
        FeedbackRecord.updated_at,
    ).join(User, User.id == FeedbackRecord.user_id)
