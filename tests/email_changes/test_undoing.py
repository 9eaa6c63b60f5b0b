"""The old address takes the account back from whoever changed it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    Postbox,
    TurnableClock,
    field_errors,
    form_token,
    hidden,
    notices,
)
from stagecraft import at_once, counts, tables_holding
from vestibule.auth import Auth
from vestibule.capabilities.email_changes.operations import (
    UndoLinkInvalid,
    Undone,
)
from vestibule.policy import OPERATOR
from vestibule.user import User

OWN, THEIRS = "alice@example.com", "thief@example.com"
NEW = "another good password"
UNDO = "/verify-email/undo/"


def steal(auth: Auth, user: User, email: str, postbox: Postbox) -> str:
    """Change the address as a thief with the password; give the undo."""
    auth.email_changes.start(auth.db.find_user_by(id=user.id), email)
    token = postbox.link("/verify-email/").rpartition("/")[2]
    auth.email_verification.confirm(token, by=OPERATOR)
    return postbox.link(UNDO).rpartition("/")[2]


def address(auth: Auth, user: User) -> str:
    """Read the address that an account has at the moment."""
    return auth.db.find_user_by(id=user.id).email


@pytest.mark.asvs("6.3.7")
@pytest.mark.attack(101, "A15")
def test_the_old_address_is_told_twice_and_has_the_way_back(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.email_changes.start(alice, THEIRS)
    started = {letter.to: letter for letter in postbox.empty()}
    token = started[THEIRS].text.partition("/verify-email/")[2].split()[0]
    auth.email_verification.confirm(token, by=OPERATOR)
    (done,) = postbox.empty()

    assert started[OWN].subject == "Your Vestibule email is being changed"
    assert done.to == OWN
    assert done.subject == "Your Vestibule email was changed"
    assert UNDO in done.text
    assert UNDO not in started[OWN].text
    secret = done.text.partition(UNDO)[2].split()[0]
    assert tables_holding(auth, secret) == set()


@pytest.mark.attack(78, 100, 101, "A12", "A13", "A15")
def test_undoing_gives_the_account_back_and_shuts_the_thief_out(
    app: Flask, auth: Auth, alice: User, postbox: Postbox
) -> None:
    thief, owner = Browser(app), Browser(app)
    thief.sign_in("alice")
    bearer = auth.sessions.open(alice.id)
    link = UNDO + steal(auth, alice, THEIRS, postbox)
    reset = auth.get_reset_password_token(THEIRS)

    # Looking, also as a scanner does, changes nothing.
    before = counts(auth)
    assert owner.client.head(link, headers=HTML).status_code == 303
    page = owner.follow(link)
    assert "a•••@example.com" in page.text
    assert link.rpartition("/")[2] not in page.text
    assert counts(auth) == before
    assert address(auth, alice) == THEIRS

    done = owner.send(link)

    assert done.location == "/password_reset/new"
    form = owner.open(done.location)
    assert notices(form) == ["The change is undone. Now choose a new password"]
    back = auth.db.find_user_by(id=alice.id)
    assert (back.email, back.email_verified_at is not None) == (OWN, True)
    assert thief.open("/profile").status_code == 302
    assert auth.get_user_from_session_id(bearer) is None
    assert not auth.valid_login("alice", PASSWORD)
    with pytest.raises(ValueError, match="invalid or expired"):
        auth.update_password(reset, NEW)
    assert counts(auth)["vestibule_known_devices"] == 0
    # Whoever closes the window has the way on by mail.
    letters = [letter for letter in postbox.empty() if letter.to == OWN]
    assert "/password_reset/" in letters[-1].text

    typed = {"password": NEW, "confirm_password": NEW}
    assert owner.send("/password_reset/new", typed).location == "/login"
    assert auth.valid_login(OWN, NEW)
    again = owner.open(link)
    assert again.location == "/password_reset"
    assert (
        "has been used or is too old"
        in notices(owner.open(again.location))[-1]
    )


@pytest.mark.attack(15, 101, "A15")
def test_a_thief_who_changes_once_more_takes_nothing_from_the_owner(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    owners = steal(auth, alice, THEIRS, postbox)
    second = steal(auth, alice, "thief2@example.com", postbox)
    third = steal(auth, alice, "thief3@example.com", postbox)

    # The thief undoes the last change, which brings back a thief's address.
    auth.email_changes.undo(third)
    assert address(auth, alice) == "thief2@example.com"
    token = auth.get_reset_password_token("thief2@example.com")
    auth.update_password(token, "the thief's own password")
    assert isinstance(auth.email_changes.undo(owners), Undone)

    assert address(auth, alice) == OWN
    assert not auth.valid_login("alice", "the thief's own password")
    for dead in (owners, second, third):
        with pytest.raises(UndoLinkInvalid):
            auth.email_changes.undo(dead)
    assert counts(auth)["vestibule_email_undos"] == 0


@pytest.mark.attack(99, 101, "A5")
def test_a_thief_who_signs_up_with_the_old_address_blocks_nobody(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    owners = steal(auth, alice, THEIRS, postbox)
    auth.registration.register(OWN, "a thief's password", "blocker")

    auth.email_changes.undo(owners)

    assert address(auth, alice) == OWN
    assert auth.db.find_user_by(email=OWN).id == alice.id
    with pytest.raises(Exception, match="no such user"):
        auth.db.find_user_by(username="blocker")


def test_an_old_address_that_somebody_confirmed_stays_theirs(
    app: Flask, auth: Auth, alice: User, postbox: Postbox
) -> None:
    link = UNDO + steal(auth, alice, THEIRS, postbox)
    auth.registration.register(OWN, PASSWORD, "again", by_operator=True)
    browser = Browser(app)

    refused = browser.send(link)

    assert refused.status_code == 409
    assert "already an account with this email" in refused.text
    assert address(auth, alice) == THEIRS
    # The link is not used up by that.
    auth.deletion.delete(auth.db.find_user_by(username="again"), by=OPERATOR)
    assert browser.send(link).location == "/password_reset/new"


def test_a_way_back_is_open_for_seven_days(
    auth: Auth, alice: User, postbox: Postbox, clock: TurnableClock
) -> None:
    token = steal(auth, alice, THEIRS, postbox)
    clock.turn(days=6, hours=23)
    assert auth.email_changes.look(token).address == OWN

    clock.turn(hours=1)

    with pytest.raises(UndoLinkInvalid):
        auth.email_changes.undo(token)
    assert auth.email_changes.sweep(clock.now()) == 1
    assert counts(auth)["vestibule_email_undos"] == 0


@pytest.mark.attack(101, "A15")
def test_a_mistyped_address_that_is_corrected_gets_no_way_back(
    auth: Auth, postbox: Postbox
) -> None:
    made = auth.registration.register("typo@example.com", PASSWORD, "alice")
    postbox.empty()
    auth.email_changes.start(made, OWN)
    token = postbox.link("/verify-email/").rpartition("/")[2]
    auth.email_verification.confirm(token, by=OPERATOR)

    (letter,) = postbox.empty()
    assert letter.to == "typo@example.com"
    assert letter.subject == "Your Vestibule email was changed"
    assert "http" not in letter.text
    assert counts(auth)["vestibule_email_undos"] == 0


@pytest.mark.attack(10, 11, 12, 16, "A11")
def test_only_the_token_itself_undoes(
    program: FlaskClient,
    auth: Auth,
    alice: User,
    bob: User,
    postbox: Postbox,
) -> None:
    token = steal(auth, alice, THEIRS, postbox)
    reset = auth.password_reset.issue(bob)
    for bad in ("", "x", token[:-1], token + "A", reset, "a" * 200, " "):
        answer = program.put(
            "/api/v1/email-verification/undo", json={"token": bad}
        )
        assert answer.status_code in (410, 422), bad
    for odd in (None, 0, [token], {"$ne": ""}):
        answer = program.put(
            "/api/v1/email-verification/undo", json={"token": odd}
        )
        assert answer.status_code == 422
    assert address(auth, alice) == THEIRS

    done = program.put(
        "/api/v1/email-verification/undo", json={"token": token}
    )

    assert (done.status_code, done.get_json()) == (200, {"email": OWN})
    assert "Set-Cookie" not in done.headers
    assert not auth.valid_login("alice", PASSWORD)


def test_of_several_undos_at_once_one_happens(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    token = steal(auth, alice, THEIRS, postbox)

    results = at_once([lambda: auth.email_changes.undo(token)] * 4)

    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["UndoLinkInvalid"] * 3 + ["Undone"]
    assert address(auth, alice) == OWN


def test_undoing_and_taking_the_old_address_at_once_leave_one_owner(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    token = steal(auth, alice, THEIRS, postbox)

    at_once(
        [
            lambda: auth.email_changes.undo(token),
            lambda: auth.registration.register(OWN, PASSWORD, "quick"),
        ]
    )

    owner = auth.db.find_user_by(email=OWN)
    assert owner.email == OWN
    if owner.id != alice.id:
        # Whoever was quicker has not confirmed it, and gives way.
        auth.email_changes.undo(token)
    assert address(auth, alice) == OWN


def test_another_window_does_not_undo_by_the_wrong_link(
    app: Flask, auth: Auth, alice: User, bob: User, postbox: Postbox
) -> None:
    browser = Browser(app)
    first = browser.follow(UNDO + steal(auth, alice, THEIRS, postbox))
    browser.follow(UNDO + steal(auth, bob, "thief2@example.com", postbox))
    typed = {**hidden(first), "csrf_token": form_token(first)}
    answer = browser.client.post(
        "/verify-email/undo", data=typed, headers=HTML
    )

    assert answer.status_code == 409
    assert "You have opened another link since" in answer.text
    assert "b•••@example.com" in answer.text
    assert field_errors(answer) == {}
    assert (address(auth, alice), address(auth, bob)) == (
        THEIRS,
        "thief2@example.com",
    )


@pytest.mark.attack(102, "A5")
@pytest.mark.settings(email_change_immediate="true")
def test_a_stranger_who_gave_an_account_my_address_cannot_take_it_back(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.email_verification.mark(alice)
    auth.email_changes.start(
        auth.db.find_user_by(id=alice.id), "me@example.com"
    )
    undo = postbox.link(UNDO).rpartition("/")[2]

    mine = auth.get_reset_password_token("me@example.com")
    auth.update_password(mine, NEW)

    with pytest.raises(UndoLinkInvalid):
        auth.email_changes.undo(undo)
    assert address(auth, alice) == "me@example.com"
