"""The three presets, lived through the doors: every row of their table."""

import pytest
from flask import Flask

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    Postbox,
    TurnableClock,
    account,
    field_errors,
)
from stagecraft import JsonDoor, PageDoor, next_page
from vestibule.auth import Auth
from vestibule.doors.caller import login_required
from vestibule.doors.server import check_address
from vestibule.errors import NotAllowed
from vestibule.ground.knobs import SettingsError
from vestibule.settings import Settings
from vestibule.user import User

SECRET = "zK7#vq!mW2-hT9xRb"
NEW = "another good password"


def in_each_preset(**expected: object) -> pytest.MarkDecorator:
    """Run a test in each preset, with what is expected there."""
    assert set(expected) == {"default", "nist", "classroom"}
    return pytest.mark.parametrize(
        "expected",
        [
            pytest.param(
                value, id=preset, marks=pytest.mark.settings(preset=preset)
            )
            for preset, value in expected.items()
        ],
    )


@pytest.mark.asvs("6.2.1")
@in_each_preset(default=8, nist=15, classroom=1)
def test_the_shortest_password(app: Flask, expected: int) -> None:
    for name, door in (("anna", PageDoor(app)), ("boris", JsonDoor(app))):
        email = f"{name}@example.com"
        short = door.sign_up(email, SECRET[: expected - 1])
        enough = door.sign_up(email, SECRET[:expected])

        assert short.status_code in (400, 422)
        assert enough.status_code == door.works


@pytest.mark.asvs("6.2.4", "6.2.11", "N6")
@in_each_preset(default=True, nist=True, classroom=False)
def test_common_and_personal_passwords_are_refused(
    app: Flask, expected: bool
) -> None:
    for name, door in (("anna", PageDoor(app)), ("boris", JsonDoor(app))):
        for number, password in enumerate(
            ("passwordpassword", "qwertyuiop12345", f"{name}2@example.com")
        ):
            answer = door.sign_up(f"{name}{number}@example.com", password)
            assert (answer.status_code in (400, 422)) is expected, password


@in_each_preset(default=True, nist=False, classroom=True)
def test_a_sign_in_before_the_address_is_confirmed(
    app: Flask, postbox: Postbox, expected: bool
) -> None:
    for name, door in (("anna", PageDoor(app)), ("boris", JsonDoor(app))):
        email = f"{name}@example.com"
        assert door.sign_up(email).status_code == door.works
        link = postbox.link("/verify-email/")

        first = door.sign_in(email)
        assert (first.status_code == door.works) is expected
        assert (door.whoami() == email) is expected

        if not expected:
            # The one that waits gets a fresh letter.
            link = postbox.link("/verify-email/")
        elsewhere = Browser(app).send(link, password=PASSWORD)
        assert elsewhere.status_code == 302
        again = type(door)(app)
        assert again.sign_in(email).status_code == door.works


@pytest.mark.asvs("6.3.8")
@in_each_preset(default=True, nist=False, classroom=True)
def test_signing_up_with_a_taken_address_is_told(
    app: Flask, alice: User, postbox: Postbox, expected: bool
) -> None:
    page = PageDoor(app).sign_up("ALICE@example.com", username="newcomer")
    answer = JsonDoor(app).sign_up("ALICE@example.com")

    if expected:
        assert page.status_code == 409
        assert "There is already an account" in field_errors(page)["email"]
        assert answer.status_code == 400
        assert answer.get_data() == b'{"message":"email already registered"}'
        assert postbox.empty() == []
    else:
        assert (page.status_code, page.location) == (302, "/login")
        assert answer.get_data() == (
            b'{"email":"ALICE@example.com","message":"user created"}'
        )
        told = [letter.to for letter in postbox.empty()]
        assert told == ["alice@example.com"] * 2


@in_each_preset(
    default="alice@example.com",
    nist="alice@example.com",
    classroom="new@example.com",
)
def test_the_address_right_after_it_was_changed(
    browser: Browser, auth: Auth, alice: User, expected: str
) -> None:
    browser.sign_in("alice")

    page = next_page(
        browser,
        browser.send("/profile", username="alice", email="new@example.com"),
    )

    assert "Profile updated successfully" in page.text
    waits = "Confirm new@example.com:" in page.text
    assert waits is (expected == "alice@example.com")
    assert auth.db.find_user_by(id=alice.id).email == expected


@in_each_preset(default=False, nist=False, classroom=True)
def test_a_reset_for_an_unknown_address_is_told(
    app: Flask, alice: User, expected: bool
) -> None:
    page = PageDoor(app).ask_reset("nobody@example.com")
    answer = JsonDoor(app).ask_reset("nobody@example.com")

    told = "There is no account with that email. Try to register."
    assert (told in page.text) is expected
    assert (page.location == "/login") is not expected
    assert answer.status_code == (403 if expected else 200)


@in_each_preset(default=False, nist=False, classroom=True)
def test_the_reset_token_in_the_answer(
    app: Flask, auth: Auth, alice: User, postbox: Postbox, expected: bool
) -> None:
    door = JsonDoor(app)

    answer = door.ask_reset("alice@example.com")

    assert answer.status_code == 200
    mailed = postbox.link("/password_reset/").rpartition("/")[2]
    assert (mailed in answer.text) is expected
    if expected:
        assert answer.json == {
            "email": "alice@example.com",
            "reset_token": mailed,
        }
    else:
        assert list(answer.json or {}) == ["message"]
    assert door.finish_reset(mailed, NEW).status_code == 200
    assert auth.valid_login("alice", NEW)


@in_each_preset(default=403, nist=403, classroom=401)
def test_somebody_signed_in_who_may_not(
    app: Flask, auth: Auth, alice: User, expected: int
) -> None:
    @login_required
    def private() -> str:
        """Refuse whoever comes, as a page of somebody else's does."""
        raise NotAllowed

    app.add_url_rule("/private", "private", private)
    stranger, browser = Browser(app), Browser(app)
    browser.sign_in("alice")

    assert stranger.open("/private").status_code == 302
    assert browser.open("/private").status_code == expected
    assert browser.client.get("/private").status_code == expected
    assert "You can" in browser.open("/private").text


@in_each_preset(default=10, nist=10, classroom=None)
def test_how_many_guesses_there_are_before_the_wait(
    app: Flask, alice: User, bob: User, expected: int | None
) -> None:
    for name, door in (("alice", PageDoor(app)), ("bob", JsonDoor(app))):
        email = f"{name}@example.com"
        statuses = [
            door.sign_in(email, "a wrong guess").status_code
            for _ in range(12 if expected else 20)
        ]

        if expected is None:
            assert set(statuses) == {401}
            assert door.sign_in(email).status_code == door.works
        else:
            assert statuses == [401] * expected + [429] * (12 - expected)


@in_each_preset(default=10, nist=10, classroom=None)
def test_the_doors_share_one_count_of_guesses(
    app: Flask, alice: User, expected: int | None
) -> None:
    doors = [PageDoor(app), JsonDoor(app)]
    for number in range(10):
        doors[number % 2].sign_in("alice@example.com", "a wrong guess")

    for door in doors:
        status = door.sign_in("alice@example.com").status_code
        assert status == (429 if expected else door.works)


@in_each_preset(default=(12, 7 * 24), nist=(1, 24), classroom=(12, 7 * 24))
def test_how_long_a_session_lasts(
    auth: Auth, alice: User, clock: TurnableClock, expected: tuple[int, int]
) -> None:
    idle, absolute = expected
    unused, used = (auth.sessions.open(alice.id) for _ in range(2))

    for half in range(1, absolute * 2 // idle):
        clock.turn(minutes=idle * 30)
        assert auth.get_user_from_session_id(used) is not None, half
        if half == 2:
            assert auth.get_user_from_session_id(unused) is None
    clock.turn(minutes=idle * 30)
    assert auth.get_user_from_session_id(used) is None


@in_each_preset(default=30 * 24, nist=24, classroom=30 * 24)
def test_how_long_a_session_is_remembered(
    browser: Browser, auth: Auth, alice: User, expected: int
) -> None:
    response = browser.send(
        "/login", email="alice", password=PASSWORD, remember="true"
    )

    [cookie] = [
        header
        for header in response.headers.getlist("Set-Cookie")
        if header.startswith("session_id=")
    ]
    assert f"Max-Age={expected * 3600};" in cookie


REMOTE: list[tuple[dict[str, str], dict[str, str]]] = [
    ({"REMOTE_ADDR": "192.0.2.7"}, {}),
    ({"REMOTE_ADDR": "10.0.0.1"}, {}),
    ({"REMOTE_ADDR": "2001:db8::1"}, {}),
    ({"REMOTE_ADDR": "::ffff:192.0.2.7"}, {}),
    ({"REMOTE_ADDR": ""}, {}),
    ({}, {"Host": "rebound.example"}),
    ({}, {"Host": "rebound.example:5000"}),
    ({}, {"Host": "127.0.0.1.rebound.example"}),
    ({}, {"Host": "localhost.rebound.example"}),
    ({}, {"Host": "localhost@rebound.example"}),
    ({}, {"X-Forwarded-For": "127.0.0.1"}),
    ({}, {"X-Real-IP": "127.0.0.1"}),
    ({}, {"Forwarded": "for=127.0.0.1"}),
    ({}, {"X-Forwarded-Host": "localhost"}),
    ({}, {"Via": "1.1 proxy"}),
]
LOCAL: list[tuple[dict[str, str], dict[str, str]]] = [
    ({}, {}),
    ({}, {"Host": "localhost:5000"}),
    ({}, {"Host": "127.0.0.1:5000"}),
    ({}, {"Host": "[::1]:5000"}),
    ({}, {"Host": "0.0.0.0:5000"}),
    ({"REMOTE_ADDR": "127.0.0.9"}, {}),
    ({"REMOTE_ADDR": "::1"}, {}),
]


@in_each_preset(default=200, nist=200, classroom=403)
def test_who_is_served(app: Flask, expected: int) -> None:
    client = app.test_client()

    for environ, headers in LOCAL:
        for path in ("/", "/login"):
            answer = client.get(
                path, headers=HTML | headers, environ_base=environ
            )
            assert answer.status_code == 200, (environ, headers)
    for environ, headers in REMOTE:
        for accept in (HTML, {}):
            answer = client.get(
                "/", headers=accept | headers, environ_base=environ
            )
            assert answer.status_code == expected, (environ, headers)
        answer = client.post(
            "/users",
            json={"email": "not an address", "password": "x"},
            headers=headers,
            environ_base=environ,
        )
        assert answer.status_code == (400 if expected == 200 else 403)


def test_the_classroom_is_not_opened_to_a_network() -> None:
    for host in ("0.0.0.0", "192.0.2.7", "::", "example.com"):
        settings = Settings.load({}, preset="classroom", host=host)
        with pytest.raises(SettingsError, match="this machine alone"):
            check_address(settings)


@pytest.mark.settings(preset="nist", password_min_length="10")
def test_a_preset_is_only_where_settings_start(app: Flask, auth: Auth) -> None:
    door = JsonDoor(app)

    assert door.sign_up("a@example.com", SECRET[:9]).status_code == 400
    assert door.sign_up("a@example.com", SECRET[:10]).status_code == 200
    assert account(auth, "operator").email_verified_at
    assert door.sign_in("a@example.com", SECRET[:10]).status_code == 401
