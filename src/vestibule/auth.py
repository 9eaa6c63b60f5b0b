"""Auth: the table of contents of what an account can do."""

import threading
from typing import TypeVar

from sqlalchemy.exc import NoResultFound

from vestibule.capabilities.administration.operations import Administration
from vestibule.capabilities.audit.operations import Audit
from vestibule.capabilities.deletion.operations import Deletion
from vestibule.capabilities.email_changes.operations import EmailChanges
from vestibule.capabilities.email_verification.operations import (
    EmailVerification,
)
from vestibule.capabilities.export.operations import Export
from vestibule.capabilities.feedback.operations import Feedback
from vestibule.capabilities.host_fields.operations import HostFields
from vestibule.capabilities.importing.operations import Importing
from vestibule.capabilities.known_devices.operations import KnownDevices
from vestibule.capabilities.login.operations import Login
from vestibule.capabilities.mailed_sign_in.operations import MailedSignIn
from vestibule.capabilities.not_me.operations import NotMe
from vestibule.capabilities.passkeys.operations import Passkeys
from vestibule.capabilities.password_reset.operations import PasswordReset
from vestibule.capabilities.passwords.operations import Passwords
from vestibule.capabilities.pictures.operations import Pictures
from vestibule.capabilities.preferences.operations import Preferences
from vestibule.capabilities.profile.operations import Profile
from vestibule.capabilities.recent_proof.operations import RecentProof
from vestibule.capabilities.recovery_codes.operations import RecoveryCodes
from vestibule.capabilities.registration.operations import Registration
from vestibule.capabilities.second_factors.operations import SecondFactors
from vestibule.capabilities.sessions.operations import Sessions
from vestibule.capabilities.totp.operations import Totp
from vestibule.capability import Capability
from vestibule.correspondence import Desk
from vestibule.db import DB
from vestibule.errors import NotProven, TooMany
from vestibule.history import History
from vestibule.mailed_tokens import MailedTokens
from vestibule.outbox import Outbox
from vestibule.policy import Policy
from vestibule.settings import Settings
from vestibule.throttle import Throttle
from vestibule.user import EmailTaken, User

Listed = TypeVar("Listed", bound=Capability)


class Auth:
    """Everything an account can do, over one database.

    The seven verbs below are the contract; each capability is reached by
    its name, as in ``auth.login.with_password(…)``.
    """

    def __init__(self, db: DB | None = None) -> None:
        """Assemble the capabilities.

        Args:
            db: the database of accounts; the configured one if left out.
        """
        self.db = DB() if db is None else db
        self.settings = self.db.settings
        self.clock = self.db.clock
        self.randomness = self.db.randomness
        self.history = History(self.db, self)
        self.throttle = Throttle(self.db, self.history)
        self.policy = Policy(self.db, self.history, self.throttle)
        self.desk = Desk(self.settings, self.clock)
        self.outbox = Outbox(self.db)
        self.mailed_tokens = MailedTokens(self.db)
        # Held while work beside the requests is done.
        self.at_work = threading.Lock()
        self.capabilities: list[Capability] = []
        self.passwords = self._add(Passwords)
        self.sessions = self._add(Sessions)
        self.known_devices = self._add(KnownDevices)
        self.registration = self._add(Registration)
        self.email_verification = self._add(EmailVerification)
        self.email_changes = self._add(EmailChanges)
        self.login = self._add(Login)
        self.mailed_sign_in = self._add(MailedSignIn)
        self.password_reset = self._add(PasswordReset)
        self.not_me = self._add(NotMe)
        self.pictures = self._add(Pictures)
        self.host_fields = self._add(HostFields)
        self.profile = self._add(Profile)
        self.preferences = self._add(Preferences)
        self.feedback = self._add(Feedback)
        self.recent_proof = self._add(RecentProof)
        self.administration = self._add(Administration)
        self.passkeys = self._add(Passkeys)
        self.totp = self._add(Totp)
        self.recovery_codes = self._add(RecoveryCodes)
        # Behind what else holds a sign-in up: it asks the person for more.
        self.second_factors = self._add(SecondFactors)
        self.importing = self._add(Importing)
        self.audit = self._add(Audit)
        self.export = self._add(Export)
        self.deletion = self._add(Deletion)

    @classmethod
    def opened(cls, settings: Settings) -> "Auth":
        """Open the database of the given settings and assemble all."""
        return cls(DB(settings.with_saved_secret()))

    def after_fork(self) -> None:
        """Share neither connections nor threads with the parent process."""
        self.db.after_fork()
        self.sessions.slides.begin_anew()
        self.passwords.hasher.lanes.open()
        self.pictures.processor.open_lanes()
        self.outbox.stirred = threading.Event()
        self.at_work = threading.Lock()

    def _add(self, capability: type[Listed]) -> Listed:
        """Put a capability in the list that all hooks go through."""
        listed = capability(self)
        self.capabilities.append(listed)
        return listed

    def register_user(self, email: str, password: str) -> User:
        """Create an account; its username is derived from the address.

        Raises:
            ValueError: the address is taken.
            Malformed: the address or password cannot be one.
        """
        try:
            return self.registration.register(email, password)
        except EmailTaken as taken:
            raise ValueError(f"User {email} already exists") from taken

    def valid_login(self, email: str, password: str) -> bool:
        """Tell whether the password opens the account; counts an attempt.

        Alone it opens none that has a second factor.
        """
        if not isinstance(email, str):
            return False
        try:
            user = self.login.prove(email, password)
        except (NotProven, TooMany):
            return False
        # Attack: a host's own sign-in that leaves the second factor out.
        return user.is_active and not self.second_factors.ways(user)

    def create_session(self, email: str) -> str | None:
        """Open a session for the account with this address.

        Returns:
            The session's token for the cookie, or None without an account,
            where it is closed, or where it has a second factor, which
            ``second_factors.finish`` takes.
        """
        try:
            user = self.db.find_user_by(email=email)
        except NoResultFound:
            return None
        with self.db.unit():
            # Attack: signing in while the account is being disabled.
            self.db.hold(user.id)
            if not self.administration.roles.is_active(user):
                return None
            if self.second_factors.ways(user):
                return None
            return self.sessions.open(user.id)

    def get_user_from_session_id(self, session_id: str | None) -> User | None:
        """Say whose session a token opens at this moment, if anybody's."""
        return self.sessions.owner(session_id)

    def destroy_session(self, user_id: int) -> None:
        """End every session of an account, if there is such an account."""
        try:
            user = self.db.find_user_by(id=user_id)
        except NoResultFound:
            return
        self.sessions.end_all(user.id)

    def get_reset_password_token(self, email: str) -> str:
        """Make the token that lets the owner of an address set a password.

        Raises:
            ValueError: the address has no account.
        """
        try:
            user = self.db.find_user_by(email=email)
        except NoResultFound as missing:
            raise ValueError("no account with this address") from missing
        return self.password_reset.issue(user)

    def update_password(self, reset_token: str, password: str) -> None:
        """Set a new password by a reset token, which is used up.

        Raises:
            ValueError: the token is wrong, used or too old.
            Malformed: the password cannot be one.
        """
        if not isinstance(reset_token, str):
            # The contract knows no other error of this verb.
            raise ValueError("a reset token is text")  # noqa: TRY004
        self.password_reset.finish(reset_token, password)
