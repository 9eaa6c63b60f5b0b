"""Samples: every kind of letter, filled in, to be looked at.

A test finds any kind that is missing here.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from vestibule.capabilities.administration import letters as administration
from vestibule.capabilities.email_changes import letters as email_changes
from vestibule.capabilities.email_verification import letters as verification
from vestibule.capabilities.login import letters as login
from vestibule.capabilities.not_me import letters as not_me
from vestibule.capabilities.password_reset import letters as password_reset
from vestibule.capabilities.passwords import letters as passwords
from vestibule.capabilities.registration import letters as registration
from vestibule.correspondence import Desk
from vestibule.ground.letters import Letter
from vestibule.history import Circumstances, under
from vestibule.mailed_tokens import Mailed
from vestibule.user import User

TOKEN = "a-sample-that-opens-nothing-at-all-00000000"  # noqa: S105
SOON = 1_767_971_100
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


KINDS: dict[str, Kind] = {
    "confirm_address": partial(verification.confirm_address, mailed=MAILED),
    "confirm_new_address": partial(
        verification.confirm_new_address,
        mailed=MAILED,
        address="anna@new.example.com",
    ),
    "address_changing": email_changes.address_changing,
    "address_changed": partial(
        email_changes.address_changed, token=TOKEN, ends_at=SOON
    ),
    "address_corrected": email_changes.address_corrected,
    "address_wanted": partial(
        email_changes.address_wanted, address="anna@new.example.com"
    ),
    "already_registered": registration.already_registered,
    "registered_unconfirmed": registration.registered_unconfirmed,
    "reset": partial(password_reset.reset, token=TOKEN),
    "reset_by_operator": partial(
        password_reset.reset, token=TOKEN, by_operator=True
    ),
    "closed_to_strangers": login.closed_to_strangers,
    "new_device": partial(not_me.new_device, token=TOKEN, ends_at=SOON),
    "secured": not_me.secured,
    "password_changed": passwords.password_changed,
    "password_changed_by_operator": partial(
        passwords.password_changed, by_operator=True
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
