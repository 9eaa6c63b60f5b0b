"""What ends sessions, whose, and which not: the table of session death."""

from collections.abc import Callable

import pytest

from conftest import PASSWORD, account
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User

NEW = "another good password"
Act = Callable[[Auth, User, str], object]


def by_reset(auth: Auth, user: User, _: str) -> None:
    """Reset the password by a mailed link."""
    auth.update_password(auth.get_reset_password_token(user.email), NEW)


def refused(auth: Auth, user: User, own: str) -> None:
    """Try to change the password without knowing it."""
    with pytest.raises(Exception, match="not correct"):
        auth.passwords.change(user, "a wrong guess", NEW, keep=own)


ACTS: dict[str, tuple[Act, set[str]]] = {
    "signing out": (
        lambda auth, _, own: auth.login.out(own),
        {"other"},
    ),
    "password change": (
        lambda auth, user, own: auth.passwords.change(
            user, PASSWORD, NEW, keep=own
        ),
        {"own"},
    ),
    "password reset": (by_reset, set()),
    "password set by the operator": (
        lambda auth, user, _: auth.administration.set_password(user, NEW),
        set(),
    ),
    "promotion": (
        lambda auth, user, _: auth.administration.set_admin(
            user, is_admin=True, by=OPERATOR
        ),
        set(),
    ),
    "demotion": (
        lambda auth, user, _: auth.administration.set_admin(
            user, is_admin=False, by=OPERATOR
        ),
        set(),
    ),
    "disabling": (
        lambda auth, user, _: auth.administration.set_active(
            user, is_active=False, by=OPERATOR
        ),
        set(),
    ),
    "deletion": (
        lambda auth, user, _: auth.deletion.delete(user, by=OPERATOR),
        set(),
    ),
    "a contract call": (
        lambda auth, user, _: auth.destroy_session(user.id),
        set(),
    ),
    "profile change": (
        lambda auth, user, _: auth.profile.update(
            user, "alice2", "alice@example.com", by=OPERATOR
        ),
        {"own", "other"},
    ),
    "a wish for a reset": (
        lambda auth, user, _: auth.password_reset.ask(user.email),
        {"own", "other"},
    ),
    "a failed password change": (
        refused,
        {"own", "other"},
    ),
}


def test_every_act_ends_exactly_the_sessions_it_should(
    auth: Auth, bob: User
) -> None:
    auth.db.update_user(bob.id, is_admin=True)
    bobs = auth.sessions.open(bob.id)
    for act, (do, spared) in ACTS.items():
        alice = account(auth, "alice")
        sessions = {
            "own": auth.sessions.open(alice.id),
            "other": auth.sessions.open(alice.id, remember=True),
        }

        do(auth, alice, sessions["own"])

        alive = {
            name
            for name, token in sessions.items()
            if auth.get_user_from_session_id(token) is not None
        }
        assert alive == spared, act
        assert auth.get_user_from_session_id(bobs) is not None, act
        auth.deletion.delete(alice, by=OPERATOR)
