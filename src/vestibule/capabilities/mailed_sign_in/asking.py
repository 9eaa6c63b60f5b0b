"""Who has asked for a letter, and what is written when nobody is there."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vestibule.capabilities.mailed_sign_in import letters
from vestibule.ground.randomness import fingerprint
from vestibule.ground.signing import is_one_of
from vestibule.mailed_tokens import DIGITS, Mailed
from vestibule.user import User

if TYPE_CHECKING:
    from vestibule.auth import Auth

PURPOSE = "mailed_sign_in"
# Of so many questions in one browser the newest letter's code is taken.
MOST_TICKETS = 5
NOBODY = User(id=0, username="nobody", email="nobody@localhost")


class _TakenBack(Exception):
    """What was written shall not stay."""


class Asking:
    """Tells who has asked for a letter from everybody else.

    Whoever asks gets a ticket, by which the letter's code is theirs. It is
    kept nowhere: it is made of the letter's fingerprint, and tells nothing
    of what the letter says.
    """

    def __init__(self, auth: "Auth") -> None:
        self.auth = auth

    def ticket(self, user_id: int, print_: bytes) -> str:
        """Make the ticket of a letter, by the fingerprint of its token."""
        return self._made(user_id, print_)[0].decode()

    def _made(self, user_id: int, print_: bytes) -> list[bytes]:
        """Make it with each key of the site, the newest first."""
        hashes = self.auth.mailed_tokens.keyed_hashes
        made = hashes("mailed_sign_in.ticket", str(user_id), print_.hex())
        return [one.hex().encode() for one in made]

    def was_here(
        self, user_id: int, print_: bytes, held: Sequence[str]
    ) -> bool:
        """Tell whether one of the tickets that are held is of a letter."""
        made = self._made(user_id, print_)
        found = [
            is_one_of(ticket.encode(errors="replace"), made)
            for ticket in held[:MOST_TICKETS]
        ]
        return any(found) and bool(print_)

    def write_to_nobody(self) -> None:
        """Write a letter like any other, and take it back.

        Attack: telling by the time, or by a failing outbox, whether there
        is somebody to write to.
        """
        random, db = self.auth.randomness, self.auth.db
        mailed = Mailed(random.token(), random.digits(DIGITS))
        letter = letters.login_code(self.auth.desk, NOBODY, mailed)
        db.hold(NOBODY.id)
        self.auth.mailed_tokens.forget(NOBODY.id, PURPOSE)
        self.ticket(NOBODY.id, fingerprint(mailed.token))
        try:
            with db.unit():
                self.auth.outbox.put(None, letter)
                raise _TakenBack
        except _TakenBack:
            return
