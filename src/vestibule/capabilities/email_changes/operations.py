"""Changing an address, and undoing the change from the old one."""

from dataclasses import dataclass, field

from sqlalchemy import delete, select
from sqlalchemy.exc import NoResultFound

from vestibule.capabilities.email_changes import letters
from vestibule.capabilities.email_changes.records import EmailUndoRecord
from vestibule.capability import Capability, Exported, operation
from vestibule.errors import Expired, Reason
from vestibule.ground import names
from vestibule.ground.randomness import fingerprint
from vestibule.policy import OPERATOR
from vestibule.user import EmailTaken, User

PURPOSE = "email_verification"
ACT = "email.undo"
# A letter may lie unread over a week away.
LIFE = 7 * 86400


class UndoLinkInvalid(Expired):
    """The link is wrong, used or too old, or an older one was used."""

    reason = Reason(
        "undo.invalid",
        "This link has been used or is too old. If your account is not "
        "yours any more, ask the people who run this site for help",
    )


@dataclass(frozen=True)
class Undoable:
    """A change that can be undone: whose, what comes back, until when."""

    number: int
    user: User
    address: str
    ends_at: int


@dataclass(frozen=True)
class Undone:
    """The old address is back, and no password opens the account.

    ``token`` lets whoever has it set the new password.
    """

    email: str
    token: str = field(repr=False)


class EmailChanges(Capability):
    """A new address for an account, which the old one can take back."""

    name = "email_changes"

    @operation
    def start(self, user: User, address: str) -> bool:
        """Change an address at once, or ask its reader first.

        Returns:
            True when the address waits to be confirmed.

        Raises:
            EmailTaken: it belongs to somebody, and that may be told.
            Malformed: it cannot be an address.
            TooMany: the new address got many letters already.
        """
        name = self.auth.registration.check_email(address)
        if names.same_mailbox(user.email, address):
            # Only the spelling changes; it is the same mailbox. Whoever
            # goes back to it wants no other any more.
            self.auth.email_verification.cancel_change(user)
            self.db.update_user(user.id, email=name.shown)
            return False
        if self.settings.email.change_immediate:
            self.make(user, name.shown)
            return False
        may_tell = not self.settings.email.verified_required
        # Attack: spending the letters of somebody who gets none of these.
        if may_tell and self._holder(name.canonical) is not None:
            raise EmailTaken
        # Attack: a signed-in person who floods a stranger's mailbox.
        self.auth.throttle.write_to(name.canonical)
        self._tell_old_address(user)
        is_free = self.ask_reader(user, name)
        if may_tell and not is_free:
            raise EmailTaken
        return True

    @operation
    def ask_reader(self, user: User, name: names.Name) -> bool:
        """Ask whoever reads a new address; say whether it is nobody's."""
        is_free = self._holder(name.canonical) is None
        if is_free:
            self.auth.email_verification.ask(user, name.shown)
        else:
            self._feign(user, name.shown)
        return is_free

    @operation
    def _feign(self, user: User, address: str) -> None:
        """Do all that is done for a free address, but write it is taken.

        Attack: telling a taken address by whether the profile says that it
        waits, by the export's list of letters, or by the time it takes. The
        secrets of this wait are in no letter.
        """
        self.auth.mailed_tokens.issue_with_code(user.id, PURPOSE, address)
        self.history.record("email_verification.ask", user.id)
        letter = letters.address_wanted(self.auth.desk, user, address)
        self.auth.outbox.put(user.id, letter)

    def _holder(self, canonical: str) -> User | None:
        """Find whose address it is at this moment."""
        try:
            return self.db.find_user_called(canonical)
        except NoResultFound:
            return None

    def _tell_old_address(self, user: User) -> None:
        """Tell the old address that a new one is asked for."""
        self.history.record("email.change.ask", user.id)
        self.db.hold(user.id)
        if not self._may_write_to(user):
            return
        letter = letters.address_changing(self.auth.desk, user)
        self.auth.outbox.put(user.id, letter)

    def _may_write_to(self, user: User) -> bool:
        """Tell whether one more letter may go to an account's own address.

        Attack: flooding an address that somebody else has signed up with.
        """
        address = names.email_address(user.email).canonical
        return (
            user.email_verified_at is not None
            or self.auth.throttle.may_write_along(address)
        )

    @operation
    def make(self, user: User, address: str) -> None:
        """Put a new address in place of the old one, and tell that one.

        Raises:
            EmailTaken: it belongs to somebody.
        """
        self.db.update_user(user.id, email=address, email_verified_at=None)
        # Letters to the old address must not open the account any more.
        self.auth.mailed_tokens.forget(user.id)
        self.history.record("email.change", user.id)
        self._offer_undo(user)

    def _offer_undo(self, user: User) -> None:
        """Mail the old address that it was given up, and the way back.

        There is none where nobody has confirmed it. Attack: somebody who
        mistypes an address corrects it, and the stranger who reads that
        mail undoes the correction.
        """
        desk = self.auth.desk
        if user.email_verified_at is None:
            if not self._may_write_to(user):
                return
            letter = letters.address_corrected(desk, user)
        else:
            ends_at = self.auth.clock.now() + LIFE
            token = self.db.randomness.token()
            self.db.add(
                EmailUndoRecord(
                    user_id=user.id,
                    fingerprint=fingerprint(token),
                    address=user.email,
                    ends_at=ends_at,
                )
            )
            letter = letters.address_changed(desk, user, token, ends_at)
        self.auth.outbox.put(user.id, letter)

    def look(self, token: str) -> Undoable:
        """Say which change a token undoes, without using it up.

        Raises:
            UndoLinkInvalid: none.
        """
        record = EmailUndoRecord.__table__.columns
        row = self.db.first(
            select(*record).where(
                record.fingerprint == fingerprint(token),
                record.ends_at > self.auth.clock.now(),
            )
        )
        if row is None:
            raise UndoLinkInvalid
        try:
            user = self.db.find_user_by(id=row.user_id)
        except NoResultFound as error:
            # Deleted since the token was found.
            raise UndoLinkInvalid from error
        return Undoable(row.id, user, row.address, row.ends_at)

    @operation
    def undo(self, token: str) -> Undone:
        """Give an account back to the reader of its old address.

        Whoever changed the address had the password: so that opens nothing
        any more, all sessions and mailed links end, no device is known, and
        later changes can no longer be undone themselves. Changes before
        this one can: of two people the first was there first. A letter
        with a link to set the new password goes to the old address.

        Raises:
            UndoLinkInvalid: wrong, used or old token.
            EmailTaken: somebody has confirmed the old address as theirs
                meanwhile.
            TooMany: too many were tried from one network address.
        """
        with self.auth.throttle.attempt_from_here(ACT):
            found = self.look(token)
        self._free(found)
        self.db.hold(found.user.id)
        self._use_up(found)
        self.db.update_user(
            found.user.id,
            email=found.address,
            email_verified_at=self.auth.clock.now(),
        )
        user = self.db.find_user_by(id=found.user.id)
        self.auth.passwords.lock(user)
        self.auth.sessions.end_all(user.id)
        self.auth.known_devices.forget_all(user.id)
        # From the week before the change: theirs who made it, perhaps.
        self.auth.second_factors.drop(user, found.ends_at - 2 * LIFE)
        self.auth.mailed_tokens.forget_all(user.id)
        self.history.record(ACT, user.id)
        return Undone(user.email, self.auth.password_reset.send(user))

    def _use_up(self, found: Undoable) -> None:
        """Use up this way back, and with it those of later changes.

        Raises:
            UndoLinkInvalid: it is used up already.
        """
        used = delete(EmailUndoRecord).where(
            EmailUndoRecord.id == found.number
        )
        if not self.db.write(used):
            raise UndoLinkInvalid
        self.db.write(
            delete(EmailUndoRecord).where(
                EmailUndoRecord.user_id == found.user.id,
                EmailUndoRecord.id > found.number,
            )
        )

    def _free(self, found: Undoable) -> None:
        """Remove an account that has taken the old address unconfirmed.

        Attack: a thief who changes the address signs up with the old one
        at once, so that the owner cannot have it back. Whoever undoes the
        change reads that mailbox; whoever took it has not shown to.
        """
        name = names.email_address(found.address).canonical
        holder = self._holder(name)
        if holder is None or holder.id == found.user.id:
            return
        if holder.email_verified_at is not None or holder.is_admin:
            raise EmailTaken
        # In one order, so that two who undo never wait for each other.
        for user_id in sorted((holder.id, found.user.id)):
            self.db.hold(user_id)
        self.auth.deletion.delete(holder, by=OPERATOR)

    def forget(self, user: User) -> None:
        """Remove the ways back of an account that goes."""
        self.db.write(
            delete(EmailUndoRecord).where(EmailUndoRecord.user_id == user.id)
        )

    def export(self, user: User) -> Exported:
        """Tell which old addresses can take the account back, and when."""
        record = EmailUndoRecord.__table__.columns
        rows = self.db.read(
            select(record.address, record.ends_at)
            .where(
                record.user_id == user.id,
                record.ends_at > self.auth.clock.now(),
            )
            .order_by(record.id)
        )
        return Exported([dict(row._mapping) for row in rows] or None)

    def sweep(self, now: int) -> int:
        """Remove ways back whose time is over."""
        return self.db.write(
            delete(EmailUndoRecord).where(EmailUndoRecord.ends_at <= now)
        )
