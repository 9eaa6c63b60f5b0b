"""Telling of new devices, and shutting out whoever was not the owner."""

from dataclasses import dataclass, field

from sqlalchemy import bindparam, select
from sqlalchemy.exc import NoResultFound

from vestibule.budgets import QUIET, account_key, address_key, straight_key
from vestibule.capabilities.not_me import letters
from vestibule.capability import Capability, operation
from vestibule.errors import Expired, Reason
from vestibule.ground import names
from vestibule.ground.randomness import fingerprint
from vestibule.history import circumstances
from vestibule.mailed_tokens import LASTING, MailedToken, Proof
from vestibule.policy import Act, Actor
from vestibule.user import User

PURPOSE = "not_me"
# Each letter about a new way in has a link of its own, which leaves that of
# the letter about a new device alone, and lasts when the password changes.
PURPOSES = (PURPOSE, *LASTING)
# A letter may lie unread over a weekend away.
LIFE = 7 * 86400
# Attack: burying the first letter under many, by signing in without end.
MOST_A_DAY = 5
# So long its link is not replaced by news from a network that was told of.
SECONDS_BETWEEN = 3600
# Nobody signs in so often; the number of times is all that is asked for.
_UNCLOSED = 10**6

_LAST = select(MailedToken.ends_at).where(
    MailedToken.user_id == bindparam("user_id"),
    MailedToken.purpose == PURPOSE,
)
_PLACES = select(MailedToken.purpose, MailedToken.ends_at).where(
    MailedToken.user_id == bindparam("user_id"),
    MailedToken.purpose.in_(LASTING),
)


class NotMeLinkInvalid(Expired):
    """The link is wrong, used, replaced by a newer one, or too old."""

    reason = Reason(
        "not_me.invalid",
        "This link does not work any more. If you are not sure that nobody "
        "else knows your password, set a new one",
    )


@dataclass(frozen=True)
class Secured:
    """Everybody is out, and the old password opens nothing.

    ``token`` lets whoever has it set the new password.
    """

    email: str
    token: str = field(repr=False)


class NotMe(Capability):
    """One step for an owner who finds a stranger in the account."""

    name = "not_me"

    @operation
    def tell_of_new_device(self, user: User) -> None:
        """Write to an owner that a new device has signed in just now.

        The letter's link leads to the page of ``secure``. There are five
        letters a day, each of which replaces the link of the one before;
        within an hour none about the same network address again. An address
        that nobody has confirmed gets none.

        Source: OWASP ASVS 5.0 6.3.5.
        """
        now = self.auth.clock.now()
        # Attack: flooding the mailbox of a stranger, by an account that was
        # made with that address.
        if user.email_verified_at is None or not self._is_news(user, now):
            return
        address = names.email_address(user.email).canonical
        token = self.auth.mailed_tokens.issue(user.id, PURPOSE, address, LIFE)
        letter = letters.new_device(self.auth.desk, user, token, now + LIFE)
        self.auth.outbox.put(user.id, letter)
        self.history.record("login.new_device", user.id, actor_id=user.id)

    @operation
    def link_for_factor(self, user: User) -> tuple[str, int] | None:
        """Make the link of a letter about a new second factor.

        Attack: whoever has found out the password adds a factor of their
        own, which keeps the owner out after any reset of the password. By
        the link it goes again, also after the reset, and after a letter
        about one more factor. Ten such links live at once.

        Returns:
            The token and the moment until which it works; None where nobody
            has confirmed the address, for there a reset ends all factors.
        """
        if user.email_verified_at is None:
            return None
        address = names.email_address(user.email).canonical
        token = self.auth.mailed_tokens.issue(
            user.id, self._place(user.id), address, LIFE
        )
        return token, self.auth.clock.now() + LIFE

    def _place(self, user_id: int) -> str:
        """Find a place for one more link, if need be of that to end first."""
        self.db.hold(user_id)
        rows = self.db.read(_PLACES, user_id=user_id)
        taken = {row.purpose: row.ends_at for row in rows}
        return min(LASTING, key=lambda place: taken.get(place, 0))

    def _is_news(self, user: User, now: int) -> bool:
        """Count a sign-in with a new device; say if a letter tells of it.

        Attack: a thief who signs in soon after the owner has, so that no
        letter tells of it. What comes from elsewhere is always told of.
        """
        self.db.hold(user.id)
        count = self.auth.throttle.counts.count
        who = straight_key(account_key("new_device", user.id, None))
        today = f"{who}:{now // QUIET}"
        where = address_key(PURPOSE, circumstances().address or "")
        here = f"{today}:{fingerprint(where).hex()[:24]}"
        times = count({here: _UNCLOSED}).get(here, _UNCLOSED)
        last = self.db.first(_LAST, user_id=user.id)
        is_fresh = last and last[0] > now + LIFE - SECONDS_BETWEEN
        if is_fresh and times > 1:
            return False
        return bool(count({today: MOST_A_DAY}))

    def look(self, token: str) -> User:
        """Say whose account a link secures, without using it up.

        Raises:
            NotMeLinkInvalid: nobody's.
        """
        return self._owner(self.auth.mailed_tokens.look(token, *PURPOSES))

    def _owner(self, proof: Proof | None) -> User:
        """Find whose account it is that a link proves something of.

        Raises:
            NotMeLinkInvalid: nobody's.
        """
        if proof is None:
            raise NotMeLinkInvalid
        try:
            user = self.db.find_user_by(id=proof.user_id)
        except NoResultFound as error:
            # Deleted since the token was found.
            raise NotMeLinkInvalid from error
        # A letter to an address that is no longer the account's is void.
        if names.email_address(user.email).canonical != proof.address:
            raise NotMeLinkInvalid
        return user

    @operation
    def secure(self, token: str) -> Secured:
        """Shut everybody out by a mailed token, which is used up.

        All sessions, mailed links and wishes for another address end, no
        device is known any more, and no password opens the account until
        its owner has set one by the token that this gives: the letter has
        proven who reads the mail as a reset link does. Second factors go
        that were set up in the week before the letter, or later.

        Raises:
            NotMeLinkInvalid: wrong, used, replaced or old token.
            TooMany: too many were tried from one network address.

        Source: OWASP ASVS 5.0 7.4.3; NIST SP 800-63B-4 4.2.
        """
        with self.auth.throttle.attempt_from_here(PURPOSE):
            user = self.look(token)
        self.db.hold(user.id)
        proof = self.auth.mailed_tokens.use(token, *PURPOSES)
        if proof is None:
            raise NotMeLinkInvalid
        # Once more, as its address may have changed before it was held.
        user = self._owner(proof)
        self.auth.passwords.lock(user)
        self.auth.sessions.end_all(user.id)
        self.auth.known_devices.forget_all(user.id)
        # What is newer than the letter may be theirs whom it was about, and
        # so may what they set up shortly before.
        self.auth.second_factors.drop(user, proof.ends_at - 2 * LIFE)
        self.auth.mailed_tokens.forget_all(user.id)
        letter = letters.secured(self.auth.desk, user)
        self.auth.outbox.put(user.id, letter)
        self.history.record("not_me", user.id)
        return Secured(user.email, self.auth.password_reset.issue(user))

    @operation
    def shut_out(self, user: User, keep: str | None, *, by: Actor) -> int:
        """Sign somebody out everywhere else; say how many sessions ended.

        A change of the address that waits is cancelled. Whoever is at a
        stolen session can do no more by this than end sessions: the
        password, and every link that was mailed to the owner, stay.

        Args:
            user: whose account it is.
            keep: the token of the session that stays.
            by: who says so, with a fresh proof. Attack: whoever has taken a
                session over, and would shut the owner out.

        Raises:
            NotAllowed, ProofTooOld: not by this actor, or not yet.

        Source: OWASP ASVS 5.0 7.4.3, 7.5.2.
        """
        self.auth.policy.require(by, Act.SHUT_OUT, user.id)
        self.db.hold(user.id)
        ended = self.auth.sessions.end_all(user.id, keep=keep)
        self.auth.second_factors.end_all(user)
        self.auth.email_verification.cancel_change(user)
        self.history.record("not_me.shut_out", user.id)
        return ended
