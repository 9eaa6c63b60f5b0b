"""Policy: who may do what to which thing, in one table.

What the table does not allow is refused. Every route and call of the API
names its act, or the application does not start; every operation on what
belongs to somebody asks ``require`` with the actor, so that no door can
forget. Only two things decide: the actor's standing towards the thing, and
for some acts how long ago the actor has proven who they are.
Source: OWASP ASVS 5.0 8.1.1, 8.2.1, 8.2.2, 8.3.1; NIST SP 800-63B-4 2.2.3.
"""

from dataclasses import dataclass, field
from enum import Enum, Flag

from sqlalchemy.exc import NoResultFound

from vestibule.db import DB
from vestibule.errors import (
    FactorMissing,
    Missing,
    NotAllowed,
    NotProven,
    ProofTooOld,
)
from vestibule.history import History
from vestibule.throttle import Throttle
from vestibule.user import User


class Who(Flag):
    """How somebody stands towards a thing; an owner may be an admin, too.

    A disabled account is ``ANONYMOUS`` everywhere.
    """

    ANONYMOUS = 1
    OTHER = 2
    OWNER = 4
    ADMIN = 8


NOBODY = Who(0)
OWNER, ADMIN = Who.OWNER, Who.ADMIN
SIGNED_IN = Who.OTHER | Who.OWNER | Who.ADMIN
ANYBODY = Who.ANONYMOUS | SIGNED_IN


# Where the third column says SIGNED_IN or ANYBODY, the thing is always the
# actor's own, or nobody's.
# fmt: off
class Act(Enum):
    """An act: its name, the thing it is done to, who may do it to that.

    The last column says who needs a fresh proof besides: to have signed
    in, or confirmed the password, a few minutes ago.
    """

    ENTER = ("site.enter",               "site",     ANYBODY,       NOBODY)
    REGISTER = ("site.register",         "site",     ANYBODY,       NOBODY)
    SIGN_IN = ("session.open",           "session",  ANYBODY,       NOBODY)
    VERIFY = ("session.verify",          "session",  ANYBODY,       NOBODY)
    SIGN_OUT = ("session.leave",         "session",  ANYBODY,       NOBODY)
    END_SESSION = ("session.end",        "session",  SIGNED_IN,     NOBODY)
    SEE_SESSION = ("session.see",        "session",  SIGNED_IN,     NOBODY)
    END_DEVICE = ("session.end_one",     "device",   OWNER,         OWNER)
    END_OTHERS = ("session.end_others",  "session",  OWNER,         OWNER)
    SEE_FACTORS = ("factors.see",        "account",  SIGNED_IN,     NOBODY)
    CHANGE_FACTORS = ("factors.change",  "factors",  OWNER,         OWNER)
    CHANGE_PASSKEY = ("passkeys.change", "passkey",  OWNER,         OWNER)
    DISTRUST = ("factors.distrust",      "device",   OWNER,         NOBODY)
    PROVE = ("session.prove",            "session",  SIGNED_IN,     NOBODY)
    RESET = ("password.reset",           "password", ANYBODY,       NOBODY)
    # The form itself asks for the old password.
    CHANGE_PASSWORD = ("password.change", "password", SIGNED_IN,    NOBODY)
    CONFIRM_EMAIL = ("email.confirm",    "address",  ANYBODY,       NOBODY)
    UNDO_EMAIL = ("email.undo",          "address",  ANYBODY,       NOBODY)
    ASK_CONFIRM = ("email.ask",          "address",  SIGNED_IN,     NOBODY)
    CHANGE_EMAIL = ("email.change",      "address",  OWNER,         OWNER)
    SEE_PROFILE = ("profile.see",        "account",  SIGNED_IN,     NOBODY)
    CHANGE_PROFILE = ("profile.change",  "account",  SIGNED_IN,     NOBODY)
    SEE_PICTURE = ("picture.see",        "picture",  SIGNED_IN,     NOBODY)
    CHANGE_PICTURE = ("picture.change",  "picture",  SIGNED_IN,     NOBODY)
    SEE_PREFERENCES = ("preferences.see", "account", SIGNED_IN,     NOBODY)
    CHANGE_PREFERENCES = ("preferences.change", "account", SIGNED_IN, NOBODY)
    SPEAK = ("language.choose",          "site",     ANYBODY,       NOBODY)
    SHUT_OUT = ("account.shut_out",      "session",  OWNER,         OWNER)
    SECURE = ("account.secure",          "account",  ANYBODY,       NOBODY)
    SEE_ACTIVITY = ("activity.see",      "account",  SIGNED_IN,     NOBODY)
    SEE_ACCOUNT = ("account.see",        "account",  OWNER | ADMIN, NOBODY)
    EXPORT = ("account.export",          "account",  OWNER,         OWNER)
    DELETE = ("account.delete",          "account",  OWNER | ADMIN,
              OWNER | ADMIN)
    LIST_FEEDBACK = ("feedback.list",    "account",  OWNER | ADMIN, NOBODY)
    ADD_FEEDBACK = ("feedback.add",      "account",  OWNER | ADMIN, ADMIN)
    SEE_FEEDBACK = ("feedback.see",      "feedback", OWNER | ADMIN, NOBODY)
    CHANGE_FEEDBACK = ("feedback.change", "feedback", OWNER | ADMIN, ADMIN)
    DELETE_FEEDBACK = ("feedback.delete", "feedback", OWNER | ADMIN, ADMIN)
    SEARCH_FEEDBACK = ("feedback.search", "site",    ADMIN,         NOBODY)
    LIST_USERS = ("users.list",          "site",     ADMIN,         NOBODY)
    INSPECT = ("users.inspect",          "account",  ADMIN,         NOBODY)
    DISABLE = ("users.disable",          "account",  ADMIN,         ADMIN)
    ENABLE = ("users.enable",            "account",  ADMIN,         ADMIN)
    PROMOTE = ("users.promote",          "account",  ADMIN,         ADMIN)
    DEMOTE = ("users.demote",            "account",  ADMIN,         ADMIN)
    SEND_RESET = ("users.send_reset",    "account",  ADMIN,         ADMIN)
    RESET_FACTORS = ("users.reset_factors", "account", ADMIN,       ADMIN)
    SEARCH_HISTORY = ("history.search",  "site",     ADMIN,         NOBODY)
    EXPORT_HISTORY = ("history.export",  "site",     ADMIN,         ADMIN)
    END_SESSIONS = ("users.end_sessions", "account", ADMIN,         ADMIN)
    # fmt: on

    def __init__(self, code: str, thing: str, allowed: Who, fresh: Who):
        """Read a row of the table."""
        self.code = code
        self.thing = thing
        self.allowed = allowed
        self.fresh = fresh

    @property
    def is_public(self) -> bool:
        """Whether one need not be signed in."""
        return Who.ANONYMOUS in self.allowed

    @property
    def is_for_all(self) -> bool:
        """Whether everybody who is signed in may, whosever the thing is."""
        return SIGNED_IN in self.allowed


@dataclass(frozen=True)
class Actor:
    """Who acts: somebody, or nobody, and when they last proved it.

    ``proven_at`` is in seconds since 1970 UTC. ``session`` is the fingerprint
    of the session they act by, if it is one. The operator is whoever runs
    commands or Python on the server, and may do everything.
    """

    user: User | None = None
    proven_at: int = 0
    is_operator: bool = False
    session: bytes = field(default=b"", repr=False)

    def standing(self, owner_id: int | None) -> Who:
        """Say how the actor stands towards a thing of some account.

        Args:
            owner_id: whose it is; None if there is no such thing.
        """
        if self.user is None or not self.user.is_active:
            return Who.ANONYMOUS
        who = Who.OWNER if self.user.id == owner_id else Who.OTHER
        return who | Who.ADMIN if self.user.is_admin else who

    @property
    def standings(self) -> Who:
        """Say all that the actor can be, towards one thing or another."""
        who = self.standing(None)
        return who if who is Who.ANONYMOUS else who | Who.OWNER


STRANGER = Actor()
OPERATOR = Actor(is_operator=True)


class Policy:
    """Asks the table, and notes in the history what it refused."""

    def __init__(self, db: DB, history: History, throttle: Throttle) -> None:
        self.db = db
        self.history = history
        self.throttle = throttle

    def require(self, by: Actor, act: Act, owner_id: int | None) -> None:
        """Refuse an act unless the table allows it to the actor.

        Args:
            by: who acts.
            act: what they are about to do.
            owner_id: whose thing it is; None if there is no such thing,
                which is refused like a thing of somebody else.

        Raises:
            NotProven: the actor is nobody.
            NotAllowed: it is not for this actor to do.
            FactorMissing: it is for administrators with a second factor.
            ProofTooOld: the actor must confirm who they are first.
        """
        self._decide(by, act, by.standing(owner_id), owner_id)

    def admit(self, by: Actor, act: Act) -> None:
        """Refuse an act that the actor may do to nothing at all.

        Raises:
            NotProven: the actor is nobody.
            NotAllowed: nothing of this kind is theirs.
        """
        self._decide(by, act, by.standings, None, is_door=True)

    def _decide(
        self,
        by: Actor,
        act: Act,
        who: Who,
        owner_id: int | None,
        *,
        is_door: bool = False,
    ) -> None:
        """Compare a standing with the row of the act."""
        if by.is_operator:
            return
        granted = act.allowed & who
        if not granted:
            if who is Who.ANONYMOUS or self._is_gone(by):
                raise NotProven
            self._note(by, act, owner_id)
            raise NotAllowed
        if by.user and by.user.is_short and granted is Who.ADMIN:
            raise FactorMissing
        # Who may without a fresh proof by any standing needs none.
        if granted & ~act.fresh or is_door or self._is_fresh(by):
            return
        raise ProofTooOld

    def _is_gone(self, by: Actor) -> bool:
        """Tell whether the actor was deleted since the request began."""
        return by.user is None or self._found(id=by.user.id) is None

    def _note(self, by: Actor, act: Act, owner_id: int | None) -> None:
        """Note who asked for what is not theirs, but not without end.

        Source: OWASP ASVS 5.0 16.3.2.
        """
        if by.user and self.throttle.may_note("forbidden", by.user.id):
            self.history.record(act.code, owner_id, NotAllowed.reason.code)

    def _is_fresh(self, by: Actor) -> bool:
        """Tell whether the last proof is young enough."""
        age = self.db.clock.now() - by.proven_at
        return 0 <= age <= self.db.settings.sessions.proof

    def account(self, act: Act, by: Actor, **wanted: int | str) -> User:
        """Find the account that an act is done to, for whom may do it.

        Args:
            act: what is to be done.
            by: who acts.
            wanted: the column to find it by, such as ``username``.

        Raises:
            NotProven, NotAllowed, ProofTooOld: as ``require``, and alike
                for accounts that there are and that there are not.
            Missing: there is none, told to those who may know.
        """
        user = self._found(**wanted)
        self.require(by, act, None if user is None else user.id)
        if user is None:
            raise Missing
        return user

    def _found(self, **wanted: int | str) -> User | None:
        """Find an account or nobody."""
        try:
            return self.db.find_user_by(**wanted)
        except NoResultFound:
            return None
