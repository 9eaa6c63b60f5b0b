"""What a thief has begun ends when an administrator steps in."""

from collections.abc import Callable

import pytest

from conftest import Browser, Postbox
from vestibule.auth import Auth
from vestibule.capabilities.email_verification.outcomes import (
    EmailLinkInvalid,
)
from vestibule.policy import OPERATOR
from vestibule.user import User

THEIRS = "thief@evil.example"
ACTS: dict[str, Callable[[Auth, User], object]] = {
    "disable": lambda auth, user: auth.administration.set_active(
        user, is_active=False, by=OPERATOR
    ),
    "sign out": lambda auth, user: auth.administration.end_sessions(
        user, by=OPERATOR
    ),
    "promote": lambda auth, user: auth.administration.set_admin(
        user, is_admin=True, by=OPERATOR
    ),
}


@pytest.mark.parametrize("act", ACTS)
def test_a_change_of_the_address_does_not_outlive(
    auth: Auth, alice: User, postbox: Postbox, act: str
) -> None:
    auth.email_changes.start(alice, THEIRS)
    token = postbox.link("/verify-email/").rpartition("/")[2]
    reset = auth.get_reset_password_token(alice.email)

    ACTS[act](auth, alice)

    assert auth.email_verification.pending(alice) is None
    with pytest.raises(EmailLinkInvalid):
        auth.email_verification.confirm(token, by=OPERATOR)
    with pytest.raises(ValueError, match="invalid or expired"):
        auth.update_password(reset, "another good password")
    assert auth.db.find_user_by(id=alice.id).email == alice.email


def test_no_address_is_confirmed_while_the_account_is_disabled(
    auth: Auth, alice: User
) -> None:
    auth.administration.set_active(alice, is_active=False, by=OPERATOR)
    # Somebody may have been about to mail it in that very moment.
    token = auth.mailed_tokens.issue(alice.id, "email_verification", THEIRS)

    with pytest.raises(EmailLinkInvalid):
        auth.email_verification.confirm(token, by=OPERATOR)

    assert auth.db.find_user_by(id=alice.id).email == alice.email


def test_an_administrator_sees_the_address_that_waits(
    browser: Browser, auth: Auth, admin: User, alice: User
) -> None:
    auth.email_changes.start(alice, THEIRS)
    browser.sign_in("admin")

    assert THEIRS in browser.open(f"/admin/users/{alice.id}").text
