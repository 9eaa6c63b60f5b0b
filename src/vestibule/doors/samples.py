"""Samples: every kind of letter, filled in, to be looked at.

A test finds any kind that is missing here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from vestibule.capabilities.administration import letters as administration
from vestibule.capabilities.email_changes import letters as email_changes
from vestibule.capabilities.email_verification import letters as verification
from vestibule.capabilities.login import letters as login
from vestibule.capabilities.mailed_sign_in import letters as mailed_sign_in
from vestibule.capabilities.not_me import letters as not_me
from vestibule.capabilities.passkeys import letters as passkeys
from vestibule.capabilities.password_reset import letters as password_reset
from vestibule.capabilities.passwords import letters as passwords
from vestibule.capabilities.profile import letters as profile
from vestibule.capabilities.recovery_codes import letters as recovery_codes
from vestibule.capabilities.registration import letters as registration
from vestibule.capabilities.second_factors import letters as second_factors
from vestibule.correspondence import Desk
from vestibule.ground.letters import Letter
from vestibule.history import Circumstances, under
from vestibule.mailed_tokens import Mailed
from vestibule.user import User

TOKEN = "a-sample-that-opens-nothing-at-all-00000000"  # noqa: S105
WEEK = 7 * 86400
MAILED = Mailed(TOKEN, "12345678")
ANNA = {"id": 1, "username": "anna", "email": "anna@example.com"}
# Somebody at a page; the address is one of RFC 5737.
AT_A_PAGE = Circumstances(
    door="page",
    address="203.0.113.7",
    agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0",
)
Kind: TypeAlias = Callable[[Desk, User], Letter]


def trial(desk: Desk, user: User) -> Letter:
    """Write the letter of ``vestibule mail test``."""
    sheet = desk.sheet(user)
    say = sheet.say
    return sheet.sealed(
        say("A test message from {site}", site=sheet.brief),
        say("If you read this, {site} can send mail."),
        sheet.link(say("Open the site"), "/"),
        sheet.facts(by_operator=True),
        why=say(
            "You get this message because the people who run {site} tried "
            "out its mail with the address {address}.",
            address=user.email,
        ),
    )


@dataclass(frozen=True)
class Lasting:
    """A kind of letter that names the day until which its link works."""

    func: Callable[..., Letter]

    def __call__(self, desk: Desk, user: User) -> Letter:
        """Write it as if the link had been made now, for a week."""
        ends_at = desk.clock.now() + WEEK
        return self.func(desk, user, token=TOKEN, ends_at=ends_at)


@dataclass(frozen=True)
class Undoable:
    """A kind of letter about a new way in, whose link removes it again."""

    func: Callable[..., Letter]
    what: str

    def __call__(self, desk: Desk, user: User) -> Letter:
        """Write it as if the link had been made now, for a week."""
        link = TOKEN, desk.clock.now() + WEEK
        return self.func(desk, user, what=self.what, link=link)


KINDS: dict[str, Kind] = {
    "confirm_address": partial(verification.confirm_address, mailed=MAILED),
    "confirm_new_address": partial(
        verification.confirm_new_address,
        mailed=MAILED,
        address="anna@new.example.com",
    ),
    "address_changing": email_changes.address_changing,
    "address_changed": Lasting(email_changes.address_changed),
    "address_corrected": email_changes.address_corrected,
    "address_wanted": partial(
        email_changes.address_wanted, address="anna@new.example.com"
    ),
    "already_registered": registration.already_registered,
    "registered_unconfirmed": registration.registered_unconfirmed,
    "recovery_code_used": partial(recovery_codes.recovery_code_used, left=2),
    "recovery_codes_made": recovery_codes.recovery_codes_made,
    "reset": partial(password_reset.reset, token=TOKEN),
    "reset_by_operator": partial(
        password_reset.reset, token=TOKEN, by_operator=True
    ),
    "closed_to_strangers": login.closed_to_strangers,
    "login_code": partial(mailed_sign_in.login_code, mailed=MAILED),
    "claimed": mailed_sign_in.claimed,
    "new_device": Lasting(not_me.new_device),
    "secured": not_me.secured,
    "factor_added": Undoable(second_factors.factor_added, "Authenticator app"),
    "factor_removed": partial(
        second_factors.factor_removed, what="Authenticator app"
    ),
    "factors_removed": second_factors.factors_removed,
    "second_step_guessed": second_factors.second_step_guessed,
    "passkey_copied": partial(
        passkeys.passkey_copied, passkey="Google Password Manager"
    ),
    "password_changed": passwords.password_changed,
    "password_changed_by_operator": partial(
        passwords.password_changed, by_operator=True
    ),
    "password_changed_by_first_reader": partial(
        passwords.password_changed, is_bare=True
    ),
    "username_changed": partial(profile.username_changed, username="anni"),
    "username_changed_by_operator": partial(
        profile.username_changed, username="anni", by_operator=True
    ),
    "sign_in_closed": administration.sign_in_closed,
    "sign_in_opened": administration.sign_in_opened,
    "trial": trial,
}


def sample(kind: str, language: str, desk: Desk) -> Letter:
    """Write one letter of a kind to somebody who reads a language.

    Raises:
        KeyError: there is no such kind.
    """
    write = KINDS[kind]
    with under(AT_A_PAGE):
        return write(desk, User(**ANNA, language=language))
