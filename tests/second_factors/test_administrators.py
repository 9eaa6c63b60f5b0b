"""Administrators who must have a second factor, and those who reset one."""

import pytest
from flask import Flask

from conftest import Browser, Postbox
from phones import second_step, with_app
from programs import Program
from vestibule.auth import Auth
from vestibule.errors import NotAllowed, ProofTooOld
from vestibule.policy import OPERATOR, Act, Actor
from vestibule.user import User

wanted = pytest.mark.settings(second_factor="admins")


@wanted
@pytest.mark.asvs("6.3.3", "8.4.2")
def test_without_one_an_administrator_acts_as_anybody_does(
    browser: Browser, admin: User, auth: Auth
) -> None:
    landed = browser.sign_in(admin.username).location

    assert landed == "/account/security"
    profile = browser.open("/profile")
    assert profile.status_code == 200
    assert ">Admin<" not in profile.text
    refused = browser.open("/admin/users")
    assert refused.status_code == 403
    assert "Set up a second step for your account first" in refused.text
    shown = browser.open("/account/security")
    assert "need a second factor" in shown.text

    phone = with_app(auth, admin)
    browser.send("/logout")
    browser.sign_in(admin.username)
    assert second_step(browser, phone.code()).location == "/profile"
    assert ">Admin<" in browser.open("/profile").text
    assert browser.open("/admin/users").status_code == 200


@wanted
def test_views_of_a_host_see_the_role_and_whether_it_counts(
    auth: Auth, admin: User, alice: User
) -> None:
    def seen(user: User) -> tuple[bool, bool]:
        """Read what ``current_user`` is in a session."""
        owner = auth.sessions.owner(auth.sessions.open(user.id))
        assert owner
        return owner.is_admin, owner.acts_as_admin

    assert seen(admin) == (True, False)
    assert seen(alice) == (False, False)
    with_app(auth, admin)
    assert seen(admin) == (True, True)


@wanted
def test_a_program_is_told_that_a_second_factor_is_wanted(
    app: Flask, admin: User, alice: User
) -> None:
    told = Program(app).sign_in(admin.username).json
    assert told["warnings"] == ["second_factor.wanted"]
    assert Program(app).sign_in(alice.username).json["warnings"] == []


@wanted
def test_others_need_none(browser: Browser, alice: User) -> None:
    browser.sign_in(alice.username)

    assert "need a second factor" not in browser.open("/account/security").text


def test_nobody_needs_one_unless_the_site_says_so(
    browser: Browser, admin: User
) -> None:
    browser.sign_in(admin.username)

    assert browser.open("/admin/users").status_code == 200


@pytest.mark.asvs("6.4.4")
def test_an_administrator_removes_what_somebody_has_lost(
    browser: Browser,
    auth: Auth,
    alice: User,
    admin: User,
    postbox: Postbox,
) -> None:
    with_app(auth, alice)
    postbox.empty()
    browser.sign_in(admin.username)
    account = f"/admin/users/{alice.id}"
    assert f"{account}/reset-2fa" in browser.open(account).text

    done = browser.send(f"{account}/reset-2fa")

    assert done.location == account
    assert auth.second_factors.ways(alice) == []
    (letter,) = postbox.empty()
    assert "second step" in letter.subject
    assert letter.to == alice.email


@pytest.mark.asvs("7.5.1")
def test_an_administrator_proves_first_who_they_are(
    auth: Auth, alice: User, admin: User
) -> None:
    with_app(auth, alice)
    actor = Actor(admin, proven_at=auth.clock.now() - 3600)

    with pytest.raises(ProofTooOld):
        auth.second_factors.reset(alice, by=actor)

    assert auth.second_factors.ways(alice)


def test_nobody_else_removes_it(auth: Auth, alice: User, bob: User) -> None:
    with_app(auth, alice)
    actor = Actor(bob, proven_at=auth.clock.now())

    with pytest.raises(NotAllowed):
        auth.second_factors.reset(alice, by=actor)

    assert auth.second_factors.ways(alice)


@wanted
@pytest.mark.asvs("6.4.4")
def test_the_last_administrator_comes_back_by_one_command(
    auth: Auth, admin: User, browser: Browser
) -> None:
    with_app(auth, admin)

    auth.second_factors.reset(admin, by=OPERATOR)

    landed = browser.sign_in(admin.username).location
    assert landed == "/account/security"


def test_the_reset_of_a_stranger_is_refused_before_the_question(
    browser: Browser, alice: User
) -> None:
    browser.sign_in(alice.username)

    assert browser.open("/admin/users/1/reset-2fa").status_code == 403
    assert Act.RESET_FACTORS.fresh


@wanted
def test_other_servers_are_told_of_no_administrator_without_one(
    browser: Browser, admin: User, auth: Auth
) -> None:
    browser.sign_in(admin.username)

    told = browser.client.get("/check")
    assert told.headers["X-Vestibule-Admin"] == "false"
    assert told.json
    assert told.json["is_admin"] is False
    with_app(auth, admin)
    assert browser.client.get("/check").headers["X-Vestibule-Admin"] == "true"
