"""A request has the rights of the moment when all of it is there."""

import io
import json
from collections.abc import Callable

import pytest
from flask import Flask

from conftest import HTML, Browser, form_token
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User


class HeldBack(io.BytesIO):
    """A body during which something happens."""

    def __init__(self, content: bytes, act: Callable[[], object]) -> None:
        super().__init__(content)
        self.act: Callable[[], object] | None = act

    def _happen(self) -> None:
        """Let it happen, once."""
        act, self.act = self.act, None
        if act is not None:
            act()

    def read(self, size: int | None = -1, /) -> bytes:
        """Read on once it has happened."""
        self._happen()
        return super().read(size)

    def readinto(self, buffer: object, /) -> int:
        """Read on once it has happened."""
        self._happen()
        return super().readinto(buffer)  # type: ignore[arg-type]


@pytest.mark.attack(64)
@pytest.mark.asvs("7.4.2", "8.3.2", "15.4.2")
def test_an_account_that_is_disabled_meanwhile_does_nothing_by_the_api(
    app: Flask, auth: Auth, alice: User
) -> None:
    token = auth.sessions.open(alice.id)
    body = json.dumps({"title": "A door", "content": "Heavy"}).encode()

    answer = app.test_client().post(
        "/api/v1/users/alice/feedback",
        input_stream=HeldBack(
            body,
            lambda: auth.administration.set_active(
                alice, is_active=False, by=OPERATOR
            ),
        ),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        },
    )

    assert answer.status_code == 401
    assert auth.feedback.of(alice, by=OPERATOR).items == []


@pytest.mark.asvs("8.3.2", "15.4.2")
def test_an_administrator_who_is_demoted_meanwhile_promotes_nobody(
    browser: Browser, auth: Auth, admin: User, alice: User, bob: User
) -> None:
    auth.administration.set_admin(bob, is_admin=True, by=OPERATOR)
    browser.sign_in("admin")
    path = f"/admin/users/{alice.id}/promote"
    body = f"csrf_token={form_token(browser.open(path))}".encode()

    answer = browser.client.post(
        path,
        input_stream=HeldBack(
            body,
            lambda: auth.administration.set_admin(
                admin, is_admin=False, by=OPERATOR
            ),
        ),
        headers={
            **HTML,
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
        },
    )

    assert answer.status_code == 401
    assert not auth.db.find_user_by(id=alice.id).is_admin
