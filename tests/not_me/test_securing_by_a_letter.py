"""A letter tells of a new device, and its link shuts a stranger out."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    Postbox,
    TurnableClock,
    notices,
)
from stagecraft import at_once, counts, next_page
from vestibule.auth import Auth
from vestibule.capabilities.login.operations import CredentialsIncorrect
from vestibule.capabilities.not_me.operations import NotMeLinkInvalid, Secured
from vestibule.errors import Refusal
from vestibule.history import Circumstances, under
from vestibule.policy import OPERATOR
from vestibule.user import User

NEW = "another good password"
PATH = "/security/not-me"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko Firefox/140.0"


def told(auth: Auth, user: User, postbox: Postbox) -> str:
    """Have a new device told of, and give the token of the letter."""
    auth.not_me.tell_of_new_device(user)
    return postbox.link(f"{PATH}/").rpartition("/")[2]


def test_a_new_device_is_told_of_with_when_where_and_what(
    auth: Auth, alice: User, postbox: Postbox, clock: TurnableClock
) -> None:
    auth.db.update_user(alice.id, language="ru")
    alice = auth.administration.find("alice")
    postbox.empty()
    here = Circumstances(door="page", address="203.0.113.7", agent=FIREFOX)

    with under(here):
        auth.not_me.tell_of_new_device(alice)

    (letter,) = postbox.empty()
    assert letter.to == "alice@example.com"
    assert "Firefox" in letter.text
    assert "Windows" in letter.text
    assert "203.0.113.7" in letter.text
    assert "Это были не вы?" in letter.text
    # A flood of sign-ins does not bury it, but tells again an hour later.
    with under(here):
        auth.not_me.tell_of_new_device(alice)
        clock.turn(minutes=59)
        auth.not_me.tell_of_new_device(alice)
        assert postbox.empty() == []
        clock.turn(minutes=2)
        auth.not_me.tell_of_new_device(alice)
    assert len(postbox.empty()) == 1


def test_opening_the_link_does_nothing_and_its_button_all(
    auth: Auth,
    alice: User,
    new_browser: Callable[[], Browser],
    postbox: Postbox,
) -> None:
    thief, owner = new_browser(), new_browser()
    thief.sign_in("alice")
    stolen = thief.client.get_cookie("session_id")
    assert stolen
    auth.profile.update(
        alice,
        "alice",
        "thief@evil.example",
        by=OPERATOR,
    )
    auth.known_devices.remember(alice.id, None)
    token = told(auth, alice, postbox)

    for _ in range(3):
        led = owner.open(f"{PATH}/{token}")
        assert led.location.endswith(PATH)
        seen = owner.open(led.location)
        assert "all devices are signed out" in seen.text
        assert token not in seen.text
        assert seen.headers["Referrer-Policy"] == "no-referrer"
    assert auth.sessions.owner(stolen.value)
    assert auth.valid_login("alice@example.com", PASSWORD)
    assert auth.email_verification.pending(alice) == "thief@evil.example"

    answer = owner.send(PATH)

    page = owner.client.get(answer.location, headers=HTML)
    assert notices(page) == [
        "Everybody is signed out. Now choose a new password"
    ]
    assert 'name="confirm_password"' in page.text
    assert counts(auth)["vestibule_sessions"] == 0
    assert counts(auth)["vestibule_known_devices"] == 0
    assert auth.email_verification.pending(alice) is None
    assert not auth.valid_login("alice@example.com", PASSWORD)
    assert thief.open("/profile").status_code == 302
    (letter,) = postbox.empty()
    assert "the old password does not work any more" in letter.text

    owner.send(answer.location, password=NEW, confirm_password=NEW)

    assert auth.valid_login("alice@example.com", NEW)
    assert not auth.valid_login("alice@example.com", PASSWORD)
    dead = owner.open(f"{PATH}/{token}")
    assert "does not work any more" in notices(next_page(owner, dead))[-1]


def test_a_program_secures_an_account_too(
    auth: Auth, alice: User, program: FlaskClient, postbox: Postbox
) -> None:
    session = auth.sessions.open(alice.id)
    token = told(auth, alice, postbox)

    answer = program.put("/api/v1/not-me", json={"token": token})

    assert answer.status_code == 200
    assert auth.sessions.owner(session) is None
    reset = answer.get_json()["reset_token"]
    typed = {"token": reset, "new_password": NEW}
    assert program.put("/api/v1/password-reset", json=typed).status_code == 200
    assert auth.valid_login("alice@example.com", NEW)
    again = program.put("/api/v1/not-me", json={"token": token})
    assert (again.status_code, again.get_json()["code"]) == (
        410,
        "not_me.invalid",
    )


@pytest.mark.asvs("N11")
def test_until_a_new_password_is_set_nobody_signs_in(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.not_me.secure(told(auth, alice, postbox))

    for guess in (PASSWORD, "", "!", "!!", "guess"):
        with pytest.raises(CredentialsIncorrect):
            auth.login.with_password("alice", guess)
    alice = auth.administration.find("alice")
    with pytest.raises(Refusal):
        auth.recent_proof.confirm(alice, PASSWORD, None)
    with pytest.raises(Refusal):
        auth.passwords.change(alice, PASSWORD, NEW)
    # The owner asks for a link like anybody who forgot the password.
    auth.password_reset.ask_called("alice")
    token = postbox.link("/password_reset/").rpartition("/")[2]
    auth.update_password(token, NEW)
    assert auth.valid_login("alice@example.com", NEW)


def test_a_locked_account_costs_as_many_hashes_as_any(
    auth: Auth, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth.passwords.lock(alice)
    lanes, hashes = auth.passwords.hasher.lanes, []
    work = lanes.work
    # Whatever is hashed goes through the lanes; the first makes the hash
    # that stands for nobody.
    auth.valid_login("nobody@example.com", PASSWORD)

    def counted(act: Callable[[], object]) -> object:
        """Count a hash, and do it."""
        hashes.append(act)
        return work(act)

    monkeypatch.setattr(lanes, "work", counted)
    spent = []
    for name in ("alice", "bob", "nobody"):
        hashes.clear()
        assert not auth.valid_login(f"{name}@example.com", "a wrong guess")
        spent.append(len(hashes))

    assert bob
    assert spent == [1, 1, 1]


def test_the_link_dies_with_its_address_its_week_and_its_account(
    auth: Auth,
    alice: User,
    bob: User,
    postbox: Postbox,
    clock: TurnableClock,
) -> None:
    old = told(auth, alice, postbox)
    clock.turn(minutes=61)
    newest = told(auth, alice, postbox)
    bobs = told(auth, bob, postbox)
    with pytest.raises(NotMeLinkInvalid):
        auth.not_me.secure(old)
    clock.turn(days=6, hours=23)
    assert auth.not_me.look(newest).id == alice.id
    auth.db.update_user(alice.id, email="alice@new.example")
    with pytest.raises(NotMeLinkInvalid):
        auth.not_me.secure(newest)
    clock.turn(hours=2)
    with pytest.raises(NotMeLinkInvalid):
        auth.not_me.secure(bobs)
    fresh = told(auth, bob, postbox)
    auth.deletion.delete(bob, by=OPERATOR)
    for odd in (fresh, "", "x", "a" * 5000, "\x00"):
        with pytest.raises(NotMeLinkInvalid):
            auth.not_me.secure(odd)


def test_links_of_other_letters_do_not_secure_and_this_one_resets_nothing(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    reset = auth.get_reset_password_token("alice@example.com")
    token = told(auth, alice, postbox)

    with pytest.raises(NotMeLinkInvalid):
        auth.not_me.secure(reset)
    with pytest.raises(Refusal):
        auth.update_password(token, NEW)
    assert auth.valid_login("alice@example.com", PASSWORD)


def test_a_thief_who_changes_the_password_does_not_kill_the_link(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    thief = auth.sessions.open(alice.id)
    token = told(auth, alice, postbox)
    auth.passwords.change(alice, PASSWORD, "the password of a thief", thief)
    auth.not_me.shut_out(alice, keep=thief, by=auth.sessions.actor(thief))

    secured = auth.not_me.secure(token)

    auth.update_password(secured.token, NEW)
    assert auth.sessions.owner(thief) is None
    assert auth.valid_login("alice@example.com", NEW)


def test_of_two_presses_at_once_one_secures(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    token = told(auth, alice, postbox)

    came = at_once([lambda: auth.not_me.secure(token)] * 4)

    secured = [one for one in came if isinstance(one, Secured)]
    assert len(secured) == 1
    others = [one for one in came if one is not secured[0]]
    assert all(isinstance(one, NotMeLinkInvalid) for one in others)
    auth.update_password(secured[0].token, NEW)


def test_no_session_opens_beside_the_button(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    token = told(auth, alice, postbox)

    def sign_in() -> object:
        """Sign in with the password that is about to die."""
        return auth.login.with_password("alice", PASSWORD)

    def secure() -> object:
        """Press the button."""
        return auth.not_me.secure(token)

    at_once([sign_in, sign_in, secure, sign_in])

    assert counts(auth)["vestibule_sessions"] == 0


@pytest.mark.parametrize("door", ["page", "api"])
def test_whoever_is_signed_in_shuts_everybody_else_out(
    auth: Auth, alice: User, browser: Browser, door: str
) -> None:
    thief = auth.sessions.open(alice.id)
    auth.profile.update(alice, "alice", "thief@evil.example", by=OPERATOR)
    reset = auth.get_reset_password_token("alice@example.com")
    browser.sign_in("alice")
    own = browser.client.get_cookie("session_id")
    assert own

    if door == "page":
        assert "press the button" in browser.open("/account/not-me").text
        assert auth.sessions.owner(thief)
        answer = browser.send("/account/not-me")
        page = next_page(browser, answer)
        assert 'name="old_password"' in page.text
        assert "Nobody else is signed in any more" in notices(page)[0]
        # Who cannot know the old password has a way on.
        main = page.text.partition("<main")[2]
        assert "Forgot Password?" in main
        assert 'href="/logout"' in main
    else:
        answer = browser.client.post("/api/v1/not-me")
        assert answer.status_code == 204

    assert auth.sessions.owner(thief) is None
    assert auth.sessions.owner(own.value)
    assert auth.email_verification.pending(alice) is None
    # What only the owner's mailbox knows stays good: a thief at a stolen
    # session takes the way back from nobody.
    assert auth.valid_login("alice@example.com", PASSWORD)
    assert auth.password_reset.look(reset).id == alice.id


def test_what_happened_stands_in_the_history(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    session = auth.sessions.open(alice.id)
    auth.not_me.shut_out(alice, keep=session, by=auth.sessions.actor(session))
    auth.not_me.secure(told(auth, alice, postbox))

    acts = [event.act for event in auth.audit.of(alice.id).items]

    assert {"login.new_device", "not_me", "not_me.shut_out"} <= {*acts}
