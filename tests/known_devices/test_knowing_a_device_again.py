"""Where somebody has signed in before, they are known again."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from conftest import PASSWORD, Browser, Postbox, TurnableClock
from hosts import one_database
from phones import with_app
from programs import Program, told
from stagecraft import counts, tables_holding, watched
from vestibule.attempts import Attempts
from vestibule.auth import Auth
from vestibule.capabilities.known_devices.operations import (
    MOST_DEVICES,
    MOST_TOKENS,
)
from vestibule.capabilities.known_devices.records import KnownDeviceRecord
from vestibule.doors.devices import LONGEST, carried
from vestibule.ground.randomness import fingerprint
from vestibule.policy import OPERATOR
from vestibule.user import User

COOKIE = "vestibule_device"
NEW = "seven purple llamas"


def closed(auth: Auth, name: str = "alice") -> None:
    """Spend what an account has for devices that are not known."""
    for number in range(10):
        assert not auth.valid_login(name, f"a guess {number}")


def stop(auth: Auth, clock: TurnableClock) -> None:
    """Have strangers fail so often that unknown devices wait for a day."""
    clock.turn(days=1)
    assert not auth.valid_login("alice", "a guess")
    auth.db.write(update(Attempts).values(count=99))
    clock.turn(minutes=16)
    assert not auth.valid_login("alice", "a guess")


def devices(auth: Auth) -> int:
    """Say how many devices are known."""
    return counts(auth)["vestibule_known_devices"]


def tokens(app: Flask, browser: Browser) -> list[tuple[int, str]]:
    """Read what the cookie of a browser holds."""
    cookie = browser.client.get_cookie(COOKIE)
    assert cookie is not None
    place = app.extensions["vestibule"]
    return carried(place, f"{COOKIE}={cookie.value}")


def planted(app: Flask, value: str) -> Browser:
    """Make a browser that brings a device's cookie."""
    browser = Browser(app)
    browser.client.set_cookie(COOKIE, value)
    return browser


def seal(app: Flask, what: Any) -> str:
    """Seal a cookie as Vestibule does."""
    sealed: str = app.extensions["vestibule"].device_seal.close(what)
    return sealed


# -- who is known -----------------------------------------------------------


@pytest.mark.attack(42, "A21", "A22")
@pytest.mark.asvs("8.2.4", "X34")
def test_an_owner_signs_in_at_once_while_strangers_guess(
    app: Flask, auth: Auth, alice: User
) -> None:
    page, program, stranger = Browser(app), Program(app), Program(app)
    page.sign_in("alice")
    program.sign_in("alice")
    classic = app.test_client()
    typed = {"email": "alice@example.com", "password": PASSWORD}
    classic.post("/sessions", json=typed)
    page.send("/logout")

    for _ in range(10):
        assert stranger.sign_in("alice", "a guess").status_code == 401

    assert told(stranger.sign_in("alice")) == (429, "rate.wait")
    for _ in range(3):
        assert page.sign_in("alice").status_code == 302
        page.send("/logout")
        assert program.sign_in("alice").status_code == 201
        assert classic.post("/sessions", json=typed).status_code == 200
    # And the strangers have won nothing by that.
    assert told(stranger.sign_in("alice")) == (429, "rate.wait")


@pytest.mark.settings(attempts_per_address="5")
@pytest.mark.attack(36, "A22")
def test_a_closed_network_address_does_not_hold_up_a_known_device(
    app: Flask, alice: User, bob: User
) -> None:
    browser = Browser(app)
    browser.sign_in("alice")
    browser.send("/logout")
    for number in range(5):
        assert Browser(app).sign_in(f"u{number}", "x").status_code == 401
    assert Browser(app).sign_in("bob").status_code == 429

    assert browser.sign_in("alice").status_code == 302
    # Nor has that opened the address to others.
    assert Browser(app).sign_in("bob").status_code == 429


@pytest.mark.attack("A22")
def test_ten_wrong_guesses_from_a_stolen_cookie_close_that_device_alone(
    app: Flask, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    other, victim = Browser(app), Browser(app)
    for browser in (other, victim):
        browser.sign_in("alice")
        browser.send("/logout")
    cookie = victim.client.get_cookie(COOKIE)
    assert cookie is not None
    thief = planted(app, cookie.value)
    hashes = auth.passwords.hasher.count
    for _ in range(10):
        assert thief.sign_in("alice", "a guess").status_code == 401

    refused = thief.sign_in("alice")

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "60"
    assert auth.passwords.hasher.count == hashes + 10
    assert other.sign_in("alice").status_code == 302
    assert Browser(app).sign_in("alice").status_code == 302
    # Lock, expire, lock again.
    clock.turn(seconds=60)
    assert thief.sign_in("alice", "a guess").status_code == 401
    assert thief.sign_in("alice").headers["Retry-After"] == "120"
    clock.turn(seconds=120)
    assert thief.sign_in("alice").status_code == 302


@pytest.mark.attack("A22")
def test_a_known_device_proves_and_changes_while_strangers_guess(
    app: Flask, auth: Auth, alice: User
) -> None:
    browser = Browser(app)
    browser.sign_in("alice")
    closed(auth)

    assert browser.send("/confirm", password=PASSWORD).status_code == 302
    typed = {"new_password": NEW, "new_password2": NEW}
    changed = browser.send(
        "/password/change", {"old_password": PASSWORD, **typed}
    )
    assert changed.location == "/password/change/done"


def test_a_program_without_cookies_keeps_its_device_itself(
    app: Flask, auth: Auth, alice: User
) -> None:
    typed = {"name": "alice", "password": PASSWORD, "bearer": True}
    first = Program(app).call("POST", "/sessions", typed).get_json()
    closed(auth)

    assert Program(app).call("POST", "/sessions", typed).status_code == 429
    again = Program(app).call(
        "POST", "/sessions", {**typed, "device": first["device"]}
    )
    assert again.status_code == 201
    assert again.get_json()["device"] == first["device"]
    assert again.get_json()["token"] != first["token"]
    wrong = {**typed, "device": first["token"]}
    assert Program(app).call("POST", "/sessions", wrong).status_code == 429


@pytest.mark.attack(42, "A22")
def test_a_bearer_proves_and_changes_while_strangers_guess(
    app: Flask, auth: Auth, alice: User
) -> None:
    program, elsewhere = Program(app), Program(app)
    kept = {"device": program.bear("alice").get_json()["device"]}
    elsewhere.bear("alice")
    closed(auth)
    proof, path = {"password": PASSWORD}, "/sessions/current/proof"
    change = {"old_password": PASSWORD, "new_password": NEW}

    for unknown in ({}, {"device": "a stranger's"}, {"device": ""}):
        refused = program.call("POST", path, {**proof, **unknown})
        assert told(refused) == (429, "rate.wait")
        refused = program.call("PUT", "/password", {**change, **unknown})
        assert told(refused) == (429, "rate.wait")
    proven = program.call("POST", path, {**proof, **kept})
    assert proven.status_code == 200
    program.token = proven.get_json()["token"]
    changed = program.call("PUT", "/password", {**change, **kept})

    assert changed.status_code == 204
    assert program.whoami() == "alice"
    # And it is the one device that stays known.
    assert devices(auth) == 1
    known = auth.known_devices.recognise(alice.id, [kept["device"]])
    assert known == kept["device"]


@one_database
@pytest.mark.attack(42)
def test_wrong_passwords_of_a_bearer_are_counted_for_its_device(
    app: Flask, auth: Auth, alice: User
) -> None:
    program = Program(app)
    wrong = {
        "password": "a guess",
        "device": program.bear("alice").get_json()["device"],
    }
    path = "/sessions/current/proof"
    for _ in range(10):
        refused = program.call("POST", path, wrong)
        assert told(refused) == (401, "password.incorrect")

    right = {**wrong, "password": PASSWORD}
    assert program.call("POST", path, right).status_code == 429
    assert Browser(app).sign_in("alice").status_code == 302


# -- where a password was set by a mailed link ------------------------------


def by_page(app: Flask, client: Any, token: str) -> None:
    """Set a password on the page behind the link."""
    browser = Browser(app)
    browser.client = client
    typed = {"password": NEW, "confirm_password": NEW}
    done = browser.send(f"/password_reset/{token}", typed)
    assert done.location == "/login"


def by_api(app: Flask, client: Any, token: str) -> None:
    """Set a password by the API, with a cookie jar."""
    typed = {"token": token, "new_password": NEW}
    done = client.put("/api/v1/password-reset", json=typed)
    assert done.get_json() == {"device": None}


@pytest.mark.attack(36, 42, "A22")
@pytest.mark.parametrize("way", [by_page, by_api])
def test_guessing_on_does_not_shut_out_who_has_just_reset(  # noqa: PLR0917
    app: Flask,
    auth: Auth,
    alice: User,
    clock: TurnableClock,
    postbox: Postbox,
    way: Callable[[Flask, Any, str], None],
) -> None:
    here, there = Browser(app), Browser(app)
    for browser in (here, there):
        browser.sign_in("alice")
        browser.send("/logout")
    stop(auth, clock)
    before = tokens(app, here)

    way(app, here.client, auth.password_reset.issue(alice))
    stop(auth, clock)
    clock.turn(minutes=16)
    postbox.empty()

    # It is known by a new token, which opens nothing by itself.
    [(number, token)] = tokens(app, here)
    assert number == alice.id
    assert [(number, token)] != before
    assert "/login" in str(here.open("/profile").location)
    assert devices(auth) == 1
    assert there.sign_in("alice", NEW).status_code == 429
    assert here.sign_in("alice", NEW).status_code == 302
    assert postbox.empty() == []


@pytest.mark.attack("A22")
def test_a_program_that_resets_is_told_by_what_it_is_known(
    app: Flask, auth: Auth, alice: User
) -> None:
    typed = {"token": auth.password_reset.issue(alice), "new_password": NEW}
    done = app.test_client().put(
        "/api/v1/password-reset", json={**typed, "bearer": True}
    )
    assert done.status_code == 200
    assert "Set-Cookie" not in done.headers
    device = done.get_json()["device"]
    assert auth.get_user_from_session_id(device) is None
    assert tables_holding(auth, device) == set()
    closed(auth)

    again = {"name": "alice", "password": NEW, "bearer": True}
    assert Program(app).call("POST", "/sessions", again).status_code == 429
    known = Program(app).call("POST", "/sessions", {**again, "device": device})
    assert known.status_code == 201
    assert known.get_json()["device"] == device


@pytest.mark.attack(38, "A22")
@pytest.mark.parametrize("way", [by_page, by_api])
def test_a_reset_makes_no_device_known_where_there_is_a_second_factor(
    app: Flask,
    auth: Auth,
    alice: User,
    way: Callable[[Flask, Any, str], None],
) -> None:
    with_app(auth, alice)
    here = Browser(app)

    way(app, here.client, auth.password_reset.issue(alice))

    assert devices(auth) == 0
    assert here.client.get_cookie(COOKIE) is None
    typed = {"token": auth.password_reset.issue(alice), "new_password": NEW}
    program = app.test_client(use_cookies=False)
    done = program.put(
        "/api/v1/password-reset", json={**typed, "bearer": True}
    )
    assert done.get_json() == {"device": None}


@pytest.mark.attack(9, "A22")
def test_a_reset_that_is_refused_makes_no_device_known(
    app: Flask, auth: Auth, alice: User
) -> None:
    good = auth.password_reset.issue(alice)
    client = app.test_client()
    for token, new in (("nonsense", NEW), (good, "password")):
        typed = {"token": token, "new_password": new}
        refused = client.put("/api/v1/password-reset", json=typed)
        assert refused.status_code in (410, 422)
        assert "Set-Cookie" not in refused.headers

    assert devices(auth) == 0


# -- who is not -------------------------------------------------------------


@pytest.mark.attack("A22")
def test_a_planted_cookie_is_known_for_its_own_account_alone(
    app: Flask, auth: Auth, alice: User, bob: User
) -> None:
    mallory = Browser(app)
    mallory.sign_in("bob")
    cookie = mallory.client.get_cookie(COOKIE)
    assert cookie is not None
    closed(auth)

    victim = planted(app, cookie.value)

    assert victim.sign_in("alice").status_code == 429
    [(number, token)] = tokens(app, mallory)
    assert number == bob.id
    # Nor by sealing the number of another: the token decides.
    forged = planted(app, seal(app, [(alice.id, token)]))
    assert forged.sign_in("alice").status_code == 429
    assert victim.sign_in("bob").status_code == 302


@one_database
@pytest.mark.attack("A22")
@pytest.mark.asvs("9.1.1")
@pytest.mark.parametrize(
    "value",
    [
        "",
        "nonsense",
        "W10.aSD2Vw.AAAA",
        "a" * 4000,
        "a.b" * 1300,
        '"quoted; and"',
        "\xff",
    ],
)
def test_a_forged_cookie_is_as_good_as_none(
    app: Flask, auth: Auth, alice: User, value: str
) -> None:
    browser = planted(app, value)

    assert browser.sign_in("alice", "a guess").status_code == 401
    assert browser.sign_in("alice").status_code == 302
    browser.send("/logout")
    closed(auth)
    assert planted(app, value).sign_in("alice").status_code == 429


@pytest.mark.asvs("9.2.2")
@one_database
def test_what_is_sealed_for_another_use_is_no_device(
    app: Flask, auth: Auth, alice: User
) -> None:
    place = app.extensions["vestibule"]
    known = auth.known_devices.remember(alice.id, None).token
    pairs = [(alice.id, known)]
    for other in (place.visit_seal, place.form_seal):
        value = other.close(pairs)
        assert carried(place, f"{COOKIE}={value}") == []
    good = seal(app, pairs)
    assert carried(place, f"{COOKIE}={good}") == pairs
    assert carried(place, f"{COOKIE}={good}x") == []
    # What is longer than ours is not even read.
    random = auth.randomness.token
    long = seal(app, [(number, random()) for number in range(30)])
    assert len(long) > LONGEST
    assert carried(place, f"{COOKIE}={long}") == []


@pytest.mark.asvs("9.2.1")
@one_database
def test_a_cookie_is_worth_nothing_after_a_year(
    app: Flask, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    browser = Browser(app)
    browser.sign_in("alice")
    clock.turn(days=364)
    browser.send("/logout")
    browser.sign_in("alice")
    clock.turn(days=364)
    closed(auth)
    assert browser.sign_in("alice").status_code == 302

    clock.turn(days=366)
    closed(auth)

    assert browser.sign_in("alice").status_code == 429
    assert auth.known_devices.sweep(clock.now()) == 1
    assert devices(auth) == 0


@pytest.mark.attack("A4")
def test_recognising_costs_one_query_for_every_account(
    auth: Auth, alice: User, bob: User
) -> None:
    known = auth.known_devices.remember(alice.id, None).token
    seen = []
    for who in (alice.id, bob.id, 10**12, None):
        with watched(auth) as statements:
            found = auth.known_devices.recognise(who, ["unknown", known])
        seen.append(statements)
        assert found == (known if who == alice.id else None)

    assert len(seen[0]) == 1
    assert all(one == seen[0] for one in seen)


# -- what is kept -----------------------------------------------------------


def test_a_device_keeps_its_token_and_the_table_holds_no_token(
    app: Flask, auth: Auth, alice: User
) -> None:
    browser = Browser(app)
    browser.sign_in("alice")
    first = tokens(app, browser)
    browser.send("/logout")
    browser.sign_in("alice")

    assert tokens(app, browser) == first
    assert devices(auth) == 1
    [(_, token)] = first
    assert tables_holding(auth, token) == set()
    assert auth.get_user_from_session_id(token) is None


@pytest.mark.asvs("3.3.5")
def test_one_browser_remembers_five_accounts_the_last_one_first(
    app: Flask, auth: Auth
) -> None:
    browser = Browser(app)
    users = []
    for number in range(MOST_TOKENS + 1):
        name = f"person{number}"
        users.append(
            auth.registration.register(
                f"{name}@example.com", PASSWORD, name, by_operator=True
            )
        )
        browser.sign_in(name)
        browser.send("/logout")

    held = [number for number, _ in tokens(app, browser)]

    assert held == [user.id for user in reversed(users[1:])]
    closed(auth, "person0")
    closed(auth, "person1")
    assert browser.sign_in("person0").status_code == 429
    assert browser.sign_in("person1").status_code == 302
    cookie = browser.client.get_cookie(COOKIE)
    assert cookie is not None
    assert len(cookie.value) < LONGEST
    longest = [(2**63 - 1, "t" * 43)] * MOST_TOKENS
    assert len(seal(app, longest)) < LONGEST


def test_of_one_account_the_device_used_longest_ago_goes(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    know = auth.known_devices
    made = []
    for _ in range(MOST_DEVICES):
        made.append(know.remember(alice.id, None).token)
        clock.turn(minutes=1)
    know.remember(alice.id, made[0])
    clock.turn(minutes=1)

    for _ in range(3):
        know.remember(alice.id, None)

    assert devices(auth) == MOST_DEVICES
    left = [t for t in made if know.recognise(alice.id, [t])]
    assert left == [made[0], *made[4:]]


@pytest.mark.asvs("X13")
@one_database
@pytest.mark.settings(base_url="https://id.example.com")
def test_the_cookie_is_bound_to_this_host_and_hidden_from_scripts(
    app: Flask, alice: User
) -> None:
    answer = app.test_client().post(
        "https://id.example.com/sessions",
        json={"email": "alice@example.com", "password": PASSWORD},
    )

    [cookie] = [
        one
        for one in answer.headers.getlist("Set-Cookie")
        if one.startswith("__Host-vestibule_device=")
    ]
    parts = {part.strip() for part in cookie.split(";")}
    wanted = {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"}
    assert {*wanted, f"Max-Age={365 * 86400}"} <= parts
    assert not [part for part in parts if part.startswith("Domain")]


def test_it_is_noted_from_where_a_device_was_used_last(
    auth: Auth, app: Flask, alice: User, clock: TurnableClock
) -> None:
    browser = Browser(app)
    agents = ("Mozilla/5.0 Old", "Mozilla/5.0 New")
    for agent in agents:
        browser.client.environ_base["HTTP_USER_AGENT"] = agent
        browser.sign_in("alice")
        browser.send("/logout")
        clock.turn(days=1)

    [row] = auth.db.read(select(*KnownDeviceRecord.__table__.columns))

    assert row.agent == agents[1]
    assert row.address == "127.0.0.1"
    assert row.seen_at - row.created_at == 86400
    assert row.ends_at == row.seen_at + 365 * 86400
    facts: Any = auth.known_devices.export(alice).facts
    [told_of] = facts
    assert told_of["agent"] == agents[1]
    assert "fingerprint" not in told_of


# -- what makes it forget ---------------------------------------------------


def reset(auth: Auth, alice: User) -> None:
    """Reset the password by mail."""
    token = auth.password_reset.issue(alice)
    auth.password_reset.finish(token, NEW)


def disable(auth: Auth, alice: User) -> None:
    """Disable the account."""
    auth.administration.set_active(alice, is_active=False, by=OPERATOR)


def set_password(auth: Auth, alice: User) -> None:
    """Have the operator set a password."""
    auth.administration.set_password(alice, NEW)


def delete(auth: Auth, alice: User) -> None:
    """Delete the account."""
    auth.deletion.delete(alice, by=OPERATOR)


def change(auth: Auth, alice: User) -> None:
    """Change the password, by a program that says no device."""
    auth.passwords.change(alice, PASSWORD, NEW)


@pytest.mark.parametrize("act", [reset, disable, set_password, delete, change])
def test_no_device_is_known_after(
    auth: Auth, alice: User, bob: User, act: Callable[[Auth, User], None]
) -> None:
    known = [
        auth.login.with_password(name, PASSWORD).device
        for name in ("alice", "alice", "bob")
    ]

    act(auth, alice)

    assert devices(auth) == 1
    assert auth.known_devices.recognise(alice.id, known) is None
    assert auth.known_devices.recognise(bob.id, known) == known[2]


def test_a_new_password_keeps_the_device_on_which_it_was_chosen(
    app: Flask, auth: Auth, alice: User
) -> None:
    here, there = Browser(app), Browser(app)
    for browser in (here, there):
        browser.sign_in("alice")
    typed = {"new_password": NEW, "new_password2": NEW}
    here.send("/password/change", {"old_password": PASSWORD, **typed})
    here.send("/logout")
    closed(auth)

    assert here.sign_in("alice", NEW).status_code == 302
    assert there.sign_in("alice", NEW).status_code == 429


def test_a_device_that_was_forgotten_meanwhile_gets_a_new_token(
    auth: Auth, alice: User
) -> None:
    known = auth.known_devices.remember(alice.id, None).token
    auth.known_devices.forget_all(alice.id)

    again = auth.known_devices.remember(alice.id, known)

    assert again.token != known
    assert not again.is_new
    assert auth.known_devices.recognise(alice.id, [again.token])


# -- telling of new devices -------------------------------------------------


@pytest.fixture
def subjects(postbox: Postbox) -> Callable[[], list[str]]:
    """Give the test what the newest letters are about."""
    return lambda: [letter.subject for letter in postbox.empty()]


@pytest.mark.asvs("6.3.5", "8.2.4")
def test_the_owner_is_told_of_a_second_device_and_not_of_the_first(
    app: Flask, alice: User, subjects: Callable[[], list[str]]
) -> None:
    first, second = Browser(app), Browser(app)
    first.sign_in("alice")
    assert subjects() == []
    first.send("/logout")
    first.sign_in("alice")
    assert subjects() == []

    second.sign_in("alice")

    [subject] = subjects()
    assert subject.startswith("New sign-in")


def test_the_first_sign_in_after_a_reset_is_not_told(
    app: Flask,
    auth: Auth,
    alice: User,
    subjects: Callable[[], list[str]],
) -> None:
    browser = Browser(app)
    browser.sign_in("alice")
    reset(auth, alice)
    subjects()

    Browser(app).sign_in("alice", NEW)
    assert subjects() == []
    Browser(app).sign_in("alice", NEW)
    assert len(subjects()) == 1


def test_an_outcome_says_whether_its_device_is_new(
    auth: Auth, alice: User
) -> None:
    sign_in = auth.login.with_password
    first = sign_in("alice", PASSWORD)
    same = sign_in("alice", PASSWORD, device=[first.device])
    other = sign_in("alice", PASSWORD, device=["no such device"])

    assert [one.is_new_device for one in (first, same, other)] == [
        False,
        False,
        True,
    ]
    assert same.device == first.device
    assert first.device not in repr(first)
    assert len({fingerprint(one.device) for one in (first, other)}) == 2
