"""Showing passkeys: what is taken for one, and of whom."""

from dataclasses import dataclass, field

from sqlalchemy.exc import NoResultFound

from vestibule.budgets import QUIET, account_key, straight_key
from vestibule.capabilities.passkeys import letters
from vestibule.capabilities.passkeys.answers import (
    Answer,
    Occasion,
    Unreadable,
)
from vestibule.capabilities.passkeys.keeping import KeptPasskeys
from vestibule.capabilities.passkeys.keys import Passkey
from vestibule.capabilities.passkeys.refusals import (
    PasskeyCopied,
    PasskeyIncorrect,
    PasskeyUnknown,
)
from vestibule.user import User


@dataclass(frozen=True)
class Shown:
    """A passkey that was shown, and at which occasion it must have been."""

    credential: str = field(repr=False)
    occasion: Occasion


class ShownPasskeys(KeptPasskeys):
    """Passkeys that are shown, each taken once."""

    def _take(self, shown: Shown) -> User:
        """Take a passkey at its occasion, and say whose it is.

        Raises:
            PasskeyIncorrect: it proves nothing.
            PasskeyUnverified: the device has not checked its owner.
            PasskeyUnknown: it belongs to no account, or to another one.
            PasskeyCopied: it has counted backwards.
        """
        occasion = shown.occasion
        try:
            answer = self._ceremonies.read(shown.credential, occasion)
            key = self._key(answer, occasion)
            seen = self._ceremonies.shown(answer, occasion, key)
        except Unreadable as refusal:
            raise PasskeyIncorrect from refusal
        # Attack: both of two at once, and once more what was refused later.
        # Apart, since those who hold sign-ins up count before they write.
        with self.db.apart(), self.db.unit():
            if not self.use_up(answer.challenge):
                raise PasskeyIncorrect
            is_newer = self._keys.turn(
                key.id,
                seen.new_sign_count,
                backed_up=seen.credential_backed_up,
                verified=seen.user_verified,
            )
        owner = self._owner(key)
        if not is_newer:
            self._warn(owner, key)
            raise PasskeyCopied
        return owner

    def _owner(self, key: Passkey) -> User:
        """Find whose a passkey is, unless it was just removed.

        Raises:
            PasskeyUnknown: it was.
        """
        try:
            owner = self.db.find_user_by(id=key.user_id)
        except NoResultFound as gone:
            raise PasskeyUnknown from gone
        if self._keys.one(key.id) is None:
            raise PasskeyUnknown
        return owner

    def _key(self, answer: Answer, occasion: Occasion) -> Passkey:
        """Find the passkey that answers, if it may do so here.

        Attack: a passkey of somebody else, in one's own session or in a
        sign-in that waits. Source: Web Authentication Level 2, 7.2, step 6.

        Raises:
            PasskeyUnknown: it may not.
            Unreadable: it names another account than its own.
        """
        key = self._keys.find(answer.credential_id)
        if key is None:
            told = {
                "rpId": self._ceremonies.rp_id,
                "credentialId": str(answer.parsed["id"]),
            }
            raise PasskeyUnknown(told)
        if occasion.user_id not in (None, key.user_id):
            raise PasskeyUnknown
        told_handle = answer.user_handle
        # Who names no account before must name it now.
        if told_handle or occasion.user_id is None:
            known = self._keys.known_by(key.user_id)
            if known is None or known[0] != told_handle:
                raise Unreadable
        return key

    def _warn(self, user: User, key: Passkey) -> None:
        """Tell an owner that a copy of their passkey may exist.

        One letter a day says it; the history has each time.

        Source: Web Authentication Level 2, 6.1.1; NIST SP 800-63B-4 4.4.
        """
        with self.db.apart(), self.db.unit():
            if self._is_news(user):
                letter = letters.passkey_copied(self.auth.desk, user, key.name)
                self.auth.second_factors.tell(user, letter)
            self.history.record("passkeys.copied", user.id)

    def _is_news(self, user: User) -> bool:
        """Count a copy; say whether it is the first that day.

        Attack: flooding a mailbox by a device that counts backwards.
        """
        self.db.hold(user.id)
        who = straight_key(account_key("passkeys.copied", user.id, None))
        today = f"{who}:{self.db.clock.now() // QUIET}"
        times = self.auth.throttle.counts.count({today: 1})
        return times.get(today) == 1
