"""What a confirmation comes to: an address that waits, or a refusal."""

from dataclasses import dataclass

from vestibule.errors import Expired, NotAllowed, NotProven, Reason
from vestibule.reasons import (
    CODE_INCORRECT,
    LINK_INVALID,
    PASSWORD_INCORRECT,
)
from vestibule.user import User


class EmailLinkInvalid(Expired):
    """The link is wrong, used, replaced by a newer one, or too old."""

    reason = LINK_INVALID


class CodeIncorrect(NotProven):
    """The code is wrong, used, replaced, too old, or tried too often.

    Which it is, is not said: somebody may type codes for an account that
    there is not.
    """

    reason = CODE_INCORRECT
    field = "code"


class AccountUnproven(NotProven):
    """Who reads the mail has not shown that the account is theirs."""

    reason = Reason(
        "email.password",
        "Enter the password of this account, or sign in to it first",
    )
    field = "password"


class PasswordNotTheirs(NotProven):
    """The password is not that of the account that the link is about."""

    reason = PASSWORD_INCORRECT
    field = "password"


class EmailUnverified(NotAllowed):
    """The password is right, and the address waits to be confirmed.

    ``ticket`` shows later that the password was right.
    """

    reason = Reason(
        "email.unverified",
        "Confirm your email address first: we have sent you a message "
        "with a link and a code",
    )

    def __init__(self, ticket: str = "") -> None:
        self.ticket = ticket
        super().__init__()


@dataclass(frozen=True)
class Awaited:
    """An address that waits to be confirmed, and whose it is to be.

    ``is_new`` says that it is to replace the one the account has.
    """

    user: User
    address: str
    is_new: bool


@dataclass(frozen=True)
class EmailVerified:
    """The address is the account's own now, and proven to be."""

    email: str
