"""Secrets in the table go with the key of the site, old and new."""

from typing import Any

import pytest
from sqlalchemy import update

from conftest import PASSWORD, TurnableClock
from phones import Phone, with_app
from stagecraft import rows
from vestibule.auth import Auth
from vestibule.capabilities.totp.records import AuthenticatorApp
from vestibule.db import DB
from vestibule.errors import NotProven
from vestibule.settings import Settings
from vestibule.user import User

NEW = "fedcba9876543210fedcba9876543210"


def restarted(auth: Auth, clock: TurnableClock, *, is_known: bool) -> Auth:
    """Start the site anew by another key, which may know the old one."""
    old = auth.settings.site.secret_key
    options: dict[str, Any] = {
        "database_url": auth.settings.site.database_url,
        "data": auth.settings.site.data,
        "secret_key": NEW,
        "hash_memory": "8",
        "hash_passes": "1",
    }
    if is_known:
        options["old_secret_keys"] = old
    return Auth(DB(Settings.load({}, **options), clock))


def opens(auth: Auth, phone: Phone, user: User) -> bool:
    """Tell whether the code of now is taken."""
    with auth.db.unit():
        try:
            auth.totp.prove_factor(user, phone.code())
        except NotProven:
            return False
        return True


@pytest.mark.asvs("11.2.2", "13.3.4")
@pytest.mark.attack("A42")
def test_a_new_key_of_the_site_leaves_all_apps_working(
    auth: Auth, alice: User, bob: User, clock: TurnableClock
) -> None:
    phone, theirs = with_app(auth, alice), with_app(auth, bob)
    before = [row["secret"] for row in rows(auth)["vestibule_totp"]]

    over = restarted(auth, clock, is_known=True)
    try:
        assert opens(over, phone, alice)
        # Then the worker closes them by the new key,
        assert over.totp.sweep(clock.now()) == 2
        assert over.totp.sweep(clock.now()) == 0
    finally:
        over.db.close()
    after = [row["secret"] for row in rows(auth)["vestibule_totp"]]
    assert not {*before} & {*after}

    # so that the old one is needed no more.
    clock.turn(minutes=1)
    alone = restarted(auth, clock, is_known=False)
    try:
        assert opens(alone, phone, alice)
        assert opens(alone, theirs, bob)
    finally:
        alone.db.close()


@pytest.mark.asvs("13.3.4")
def test_without_the_key_no_code_is_right_and_nothing_breaks(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    phone = with_app(auth, alice)

    alone = restarted(auth, clock, is_known=False)
    try:
        assert not opens(alone, phone, alice)
        assert alone.totp.sweep(clock.now()) == 0
        # The password alone opens as little as before.
        held_up = alone.login.with_password("alice", PASSWORD)
        assert list(held_up.ways) == ["totp"]
    finally:
        alone.db.close()


@pytest.mark.asvs("11.3.4")
@pytest.mark.attack("A42")
def test_a_secret_that_was_put_into_another_row_opens_nothing(
    auth: Auth, alice: User, bob: User
) -> None:
    with_app(auth, alice)
    own = with_app(auth, bob)
    secrets = {
        row["user_id"]: row["secret"] for row in rows(auth)["vestibule_totp"]
    }

    # Attack: whoever can write to the table puts an own secret there.
    auth.db.write(
        update(AuthenticatorApp)
        .where(AuthenticatorApp.user_id == alice.id)
        .values(secret=secrets[bob.id])
    )

    assert not opens(auth, own, alice)
    assert opens(auth, own, bob)
