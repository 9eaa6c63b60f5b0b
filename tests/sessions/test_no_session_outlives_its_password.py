"""No session outlives the password or the account it was opened with."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import pytest

from conftest import PASSWORD
from stagecraft import at_once, counts
from vestibule.auth import Auth
from vestibule.capabilities.login.operations import CredentialsIncorrect
from vestibule.capabilities.passwords.operations import OldPasswordIncorrect
from vestibule.capability import Capability
from vestibule.outcomes import Arrival
from vestibule.policy import OPERATOR
from vestibule.user import User

NEW = "another good password"


class Meanwhile(Capability):
    """A gate at which something happens just before the session opens."""

    name: ClassVar[str] = "meanwhile"

    def __init__(self, auth: Auth, act: Callable[[], Any]) -> None:
        super().__init__(auth)
        self.act = act

    def login_gate(self, arrival: Arrival) -> None:
        """Let it happen, in a transaction of its own."""
        del arrival
        with self.db.apart():
            self.act()


@pytest.mark.parametrize(
    "event", ["reset", "change", "set", "deletion", "not me"]
)
def test_a_sign_in_that_was_overtaken_opens_no_session(
    auth: Auth, alice: User, event: str
) -> None:
    token = auth.password_reset.issue(alice)
    letter = auth.mailed_tokens.issue(alice.id, "not_me", alice.email)
    acts: dict[str, Callable[[], Any]] = {
        "not me": lambda: auth.not_me.secure(letter),
        "reset": lambda: auth.update_password(token, NEW),
        "change": lambda: auth.passwords.change(alice, PASSWORD, NEW),
        "set": lambda: auth.administration.set_password(alice, NEW),
        "deletion": lambda: auth.deletion.delete(alice, by=OPERATOR),
    }
    auth.capabilities.append(Meanwhile(auth, acts[event]))

    with pytest.raises(CredentialsIncorrect):
        auth.login.with_password("alice", PASSWORD)

    assert counts(auth)["vestibule_sessions"] == 0


def test_a_reset_ends_the_sessions_that_open_in_the_same_moment(
    auth: Auth, alice: User
) -> None:
    old = PASSWORD
    for turn in range(5):
        new = f"good password {turn}"
        token = auth.get_reset_password_token("alice@example.com")
        sign_in = partial(auth.login.with_password, "alice", old)
        reset = partial(auth.update_password, token, new)
        acts: list[Callable[[], Any]] = [sign_in, sign_in, reset, sign_in]

        at_once(acts)

        assert counts(auth)["vestibule_sessions"] == 0
        assert auth.valid_login("alice", new)
        old = new


def test_a_refused_change_of_the_password_ends_nothing(
    auth: Auth, alice: User
) -> None:
    own, other = auth.sessions.open(alice.id), auth.sessions.open(alice.id)

    with pytest.raises(OldPasswordIncorrect):
        auth.passwords.change(alice, "a wrong guess", NEW, keep=own)

    assert auth.sessions.owner(own)
    assert auth.sessions.owner(other)
