"""Creating accounts, and saying which names can be had."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.exc import NoResultFound

from vestibule.capabilities.registration import letters
from vestibule.capability import Capability, operation
from vestibule.errors import Gathered
from vestibule.ground import names
from vestibule.reasons import email_faults, refuse, username_faults
from vestibule.user import EmailTaken, User, UsernameTaken


@dataclass(frozen=True)
class Registered:
    """There is an account with this address now, or there was already.

    ``ticket`` shows later who has chosen its password; for an account that
    there was already it shows nothing, and looks the same.
    """

    email: str
    ticket: str = field(repr=False)


class Registration(Capability):
    """How somebody gets an account."""

    name = "registration"

    def check_email(self, text: str) -> names.Name:
        """Read an address or refuse it with a clear fault."""
        refuse(email_faults(text))
        return names.email_address(text)

    def check_username(
        self, text: str, *, reserved: bool = False
    ) -> names.Name:
        """Read a username or refuse it with a clear fault."""
        refuse(username_faults(text, reserved=reserved))
        return names.username(text)

    @operation
    def register(
        self,
        email: str,
        password: str,
        username: str | None = None,
        *,
        by_operator: bool = False,
        full_name: names.FullName = names.NO_NAME,
        language: str | None = None,
    ) -> User:
        """Create an account and return it.

        Args:
            email: the address.
            password: the password, as typed.
            username: the name; derived from the address if left out.
            by_operator: reserved names are allowed, and the address needs
                no proof.
            full_name: first and last name.
            language: in which its owner is spoken to; None if unknown.

        Raises:
            EmailTaken, UsernameTaken: it belongs to somebody.
            Malformed: a name or the password cannot be one.
        """
        email, username = self._checked(
            email, password, username, full_name, reserved=by_operator
        )
        if not by_operator:
            self.auth.throttle.count_here("registration")
        hashed = self.auth.passwords.hasher.hash(password)
        verified_at = self.auth.clock.now() if by_operator else None
        with self.advising(username):
            user = self.db.add_user(
                email,
                hashed,
                username,
                email_verified_at=verified_at,
                first_name=full_name.first,
                last_name=full_name.last,
                language=language,
            )
        self.history.record("registration", user.id)
        if not by_operator:
            self.auth.email_verification.ask(user)
        return user

    def _checked(
        self,
        email: str,
        password: str,
        username: str | None,
        full_name: names.FullName,
        *,
        reserved: bool = False,
    ) -> tuple[str, str | None]:
        """Give address and username as they are kept, or say all faults.

        Raises:
            Malformed: a name or the password cannot be one.
        """
        gathered = Gathered()
        with gathered:
            if username is not None:
                username = self.check_username(
                    username, reserved=reserved
                ).shown
        with gathered:
            email = self.check_email(email).shown
        with gathered:
            own = [email, username or "", *(part or "" for part in full_name)]
            self.auth.passwords.check(password, own)
        gathered.tell()
        return email, username

    @operation
    def sign_up(
        self,
        email: str,
        password: str,
        username: str | None = None,
        full_name: names.FullName = names.NO_NAME,
        language: str | None = None,
    ) -> Registered:
        """Register through a door that may not tell who has an account.

        Where addresses must be verified, a taken address gets the same
        answer, and its owner is told by mail (attack: enumeration). The
        letter is counted before anybody knows to whom it goes, so that
        both cost the same commits.
        """
        may_write = True
        if self.settings.email.verified_required:
            self._checked(email, password, username, full_name)
            canonical = self.check_email(email).canonical
            may_write = self.auth.throttle.may_write_to(canonical)
        try:
            user = self.register(
                email,
                password,
                username,
                full_name=full_name,
                language=language,
            )
        except EmailTaken:
            if not self.settings.email.verified_required:
                raise
            if username is not None and self._is_taken(username):
                # Attack: a username known to be taken turns the answer
                # into a test of the address.
                with self.advising(username):
                    raise UsernameTaken from None
            address = self.check_email(email)
            if not may_write:
                return self._taken(address)
            with self.db.apart():
                if self._tell_owner(address.shown):
                    return self._taken(address)
            # Deleted since: now the address is free.
            return self.sign_up(email, password, username, full_name, language)
        ticket = self.auth.email_verification.ticket(user)
        return Registered(user.email, ticket)

    def _taken(self, address: names.Name) -> Registered:
        """Answer as for a new account."""
        ticket = self.auth.email_verification.ticket(None)
        return Registered(address.shown, ticket)

    @contextmanager
    def advising(self, username: str | None) -> Iterator[None]:
        """Say three free usernames like one that turns out to be taken.

        They tell nothing that asking for them would not. They are not held
        for anybody.
        """
        try:
            yield
        except UsernameTaken:
            if username is None:
                raise
            raise UsernameTaken(self._free_like(username)) from None

    def _free_like(self, username: str) -> list[str]:
        """Look by one query which usernames like another can be had."""
        near = names.like_username(username, self.db.randomness.digits(6))
        taken = self.db.taken_of(near)
        return [name for name in near if name not in taken][:3]

    def _is_taken(self, username: str) -> bool:
        """Tell whether a username is somebody's at this moment."""
        try:
            self.db.find_user_by(username=username)
        except NoResultFound:
            return False
        return True

    @operation
    def _tell_owner(self, email: str) -> bool:
        """Tell the owner of a taken address, if there is one, of a try."""
        try:
            owner = self.db.find_user_by(email=email)
        except NoResultFound:
            return False
        if not self.db.hold(owner.id):
            return False
        self.history.record("registration", owner.id, EmailTaken.reason.code)
        is_confirmed = owner.email_verified_at is not None
        write = (
            letters.already_registered
            if is_confirmed
            else letters.registered_unconfirmed
        )
        self.auth.outbox.put(owner.id, write(self.auth.desk, owner))
        return True
