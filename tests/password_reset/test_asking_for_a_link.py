"""Asking for a reset link: one answer for everybody, one letter for some."""

import re

import pytest
from flask import Flask

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    Postbox,
    TurnableClock,
    field_errors,
    form_token,
    notices,
)
from stagecraft import (
    JsonDoor,
    Opened,
    both_doors,
    counts,
    face,
    next_page,
    tables_holding,
)
from vestibule.auth import Auth
from vestibule.user import User

SENT = "Password reset token was sent to your email. Check inbox:)"


def test_the_page_says_that_a_token_was_sent(
    browser: Browser, alice: User
) -> None:
    for email in ("alice@example.com", "nobody@example.com"):
        response = browser.send("/password_reset", email=email)

        assert (response.status_code, response.location) == (302, "/login")
        assert notices(next_page(browser, response)) == [
            SENT,
            f"If there is an account for {email}, we have sent a message "
            "with a link. It works for 1 hour. If it does not arrive, check "
            "your spam folder",
        ]


@pytest.mark.attack(18, "A4")
@pytest.mark.asvs("X4")
@both_doors
def test_known_and_unknown_addresses_get_the_same_answer(
    app: Flask, auth: Auth, alice: User, opened: Opened
) -> None:
    auth.registration.register("unproven@example.com", PASSWORD)
    faces = {}
    for email in (
        "alice@example.com",
        "nobody@example.com",
        "unproven@example.com",
        "ALICE@example.com",
    ):
        for _ in range(7):
            door, hashes = opened(app), auth.passwords.hasher.count
            answer = door.ask_reset(email)
            assert answer.status_code == door.works
            seen = [face(answer)]
            if answer.status_code == 302:
                seen.append(face(next_page(door.browser, answer)))
            faces[str(seen).replace(email, "EMAIL")] = email
            assert auth.passwords.hasher.count == hashes

    assert len(faces) == 1, faces


@pytest.mark.attack(6)
@both_doors
def test_what_is_no_address_is_told_so(app: Flask, opened: Opened) -> None:
    for email in ("", "no name", "alice@example.com,eve@example.com"):
        answer = opened(app).ask_reset(email)
        assert answer.status_code in (403, 422)
        assert "mail" in answer.text

    page = Browser(app).send("/password_reset", email="no name")
    assert "correct format" in field_errors(page)["email"]


def test_programs_ask_by_the_address_alone(
    app: Flask, alice: User, postbox: Postbox
) -> None:
    program = app.test_client()

    classic = program.post("/reset_password", json={"email": "alice"})
    modern = program.post("/api/v1/password-reset", json={"email": "alice"})

    assert (classic.status_code, modern.status_code) == (403, 422)
    assert postbox.empty() == []


def test_the_page_takes_a_username_and_writes_to_the_address(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.registration.register("boss@example.com", PASSWORD, "boss")
    postbox.empty()
    seen = {}
    for name in ("alice", "nobody", "ALICE", "admin"):
        hashes = auth.passwords.hasher.count
        answer = browser.send("/password_reset", email=name)
        shown = [face(answer), face(next_page(browser, answer))]
        seen[str(shown).replace(name, "NAME")] = name
        assert auth.passwords.hasher.count == hashes

    assert len(seen) == 1, seen
    assert "alice@example.com" not in str(seen)
    assert [letter.to for letter in postbox.empty()] == [alice.email] * 2


@pytest.mark.attack(18, 23, "A4")
def test_a_username_costs_as_much_whether_it_is_somebodys(
    auth: Auth, alice: User
) -> None:
    added = []
    for name in ("alice", "nobody"):
        before = counts(auth)["vestibule_attempts"]
        auth.password_reset.ask_called(name)
        added.append(counts(auth)["vestibule_attempts"] - before)

    assert added == [1, 1]


@pytest.mark.attack(19, "A22")
def test_both_names_of_an_account_share_its_five_letters(
    browser: Browser, alice: User, postbox: Postbox
) -> None:
    for name in ["alice", "alice@example.com"] * 4:
        assert browser.send("/password_reset", email=name).status_code == 302

    assert len(postbox.empty()) == 5


@pytest.mark.settings(site_name="Acme", base_url="https://id.example.com/a/")
def test_the_letter_says_what_the_requirements_ask_for(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.password_reset.ask("alice@example.com")

    [letter] = postbox.empty()
    assert letter.to == "alice@example.com"
    assert letter.subject == "Password Reset Request E-Mail"
    [link] = re.findall(r"^https?://.*$", letter.text, re.MULTILINE)
    assert re.fullmatch(
        r"https://id\.example\.com/a/password_reset/[\w-]{43}", link
    )
    lines = letter.text.splitlines()
    assert "If you did not make this request - ignore this message." in lines
    assert "Regards, @Acme team!" in lines
    assert "60 minutes" in letter.text


def test_the_letter_is_signed_by_the_host_where_the_site_has_no_name(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.password_reset.ask("alice@example.com")

    [letter] = postbox.empty()
    assert "Regards, @localhost team!" in letter.text.splitlines()


@pytest.mark.attack(5, 6, 7, "A3")
def test_the_letter_goes_to_the_stored_address_and_nowhere_else(
    app: Flask, auth: Auth, postbox: Postbox
) -> None:
    auth.registration.register("Alice@Example.com", PASSWORD, by_operator=True)
    program = app.test_client()
    typed = form_token(program.get("/password_reset", headers=HTML))

    for body in (
        {"email": ["alice@example.com", "eve@example.com"]},
        {"email": "alice@example.com,eve@example.com"},
        {"email": "alice@example.com\neve@example.com"},
        {"email": {"$ne": ""}},
        {"email": "alice@example.com", "to": "eve@example.com"},
    ):
        assert program.post("/reset_password", json=body).status_code == 403
    for form in (
        "email=alice@example.com&email=eve@example.com",
        "email[]=alice@example.com&email[]=eve@example.com",
        "email=alice@example.com%0d%0aBcc:eve@example.com",
    ):
        sent = program.post(
            "/password_reset",
            data=f"{form}&csrf_token={typed}",
            content_type="application/x-www-form-urlencoded",
            headers=HTML,
        )
        assert sent.status_code == 422
    assert postbox.empty() == []

    program.post("/reset_password", json={"email": "ａlice＠EXAMPLE.com"})
    [letter] = postbox.empty()
    assert letter.to == "Alice@Example.com"


@pytest.mark.attack(1, 2, 3, 4, "A1")
@pytest.mark.asvs("X4")
@pytest.mark.parametrize(
    "base",
    [
        pytest.param("http://localhost:5000", id="by default"),
        pytest.param(
            "https://id.example.com",
            id="as configured",
            marks=pytest.mark.settings(base_url="https://id.example.com"),
        ),
    ],
)
def test_no_header_of_a_request_reaches_the_links_of_any_letter(
    app: Flask, auth: Auth, alice: User, postbox: Postbox, base: str
) -> None:
    forged = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Server": "evil.example",
        "X-Forwarded-Proto": "gopher",
        "X-Forwarded-Prefix": "/evil.example",
        "X-Forwarded-Port": "666",
        "X-Original-Host": "evil.example",
        "X-Host": "evil.example",
        "Forwarded": "host=evil.example;proto=gopher",
        "Referer": "https://evil.example/",
    }
    program = app.test_client()
    cookie = "__Host-session_id" if base.startswith("https") else "session_id"
    scheme = base.partition(":")[0]
    reset = program.post(
        "/reset_password", json={"email": "alice@example.com"}, headers=forged
    )
    register = program.post(
        "/users",
        json={"email": "new@example.com", "password": PASSWORD},
        headers=forged,
    )
    assert (reset.status_code, register.status_code) == (200, 200)
    # A browser that was led to a forged name lives through the pages.
    browser = Browser(app)
    where = {"base_url": f"{scheme}://evil.example", "headers": forged | HTML}
    browser.client.set_cookie(
        cookie,
        auth.sessions.open(alice.id),
        domain="evil.example",
        secure=scheme == "https",
    )
    for path, typed in (
        ("/profile", {"username": "alice", "email": "a2@example.com"}),
        (
            "/password/change",
            {
                "old_password": PASSWORD,
                "new_password": "another good password",
                "new_password2": "another good password",
            },
        ),
    ):
        token = form_token(browser.client.get(path, **where))
        sent = browser.client.post(
            path, data={**typed, "csrf_token": token}, **where
        )
        assert sent.status_code == 302

    letters = postbox.empty()
    assert len(letters) == 5
    for letter in letters:
        whole = letter.subject + letter.text
        assert "evil" not in whole
        assert "gopher" not in whole
        for link in re.findall(r"\w+://\S+", whole):
            assert link.startswith(base + "/")


@pytest.mark.attack("A11")
@pytest.mark.asvs("X7")
def test_only_the_fingerprint_of_a_token_is_kept(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.password_reset.ask("alice@example.com")
    token = postbox.link("/password_reset/").rpartition("/")[2]

    assert len(token) == 43
    assert tables_holding(auth, token) == set()
    assert tables_holding(auth, token[:20]) == set()


@pytest.mark.attack("A14")
@pytest.mark.asvs("6.4.3", "X6")
def test_a_request_by_itself_changes_nothing(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    session = auth.sessions.open(alice.id)
    before = auth.db.find_user_by(id=alice.id)

    for _ in range(3):
        auth.password_reset.ask("alice@example.com")

    after = auth.db.find_user_by(id=alice.id)
    assert after.hashed_password == before.hashed_password
    assert auth.get_user_from_session_id(session) is not None
    assert auth.valid_login("alice", PASSWORD)


@pytest.mark.attack(18, 19, "A22")
@pytest.mark.asvs("X4")
@both_doors
def test_after_five_letters_there_is_silence_and_the_same_answer(
    app: Flask,
    alice: User,
    postbox: Postbox,
    clock: TurnableClock,
    opened: Opened,
) -> None:
    door = opened(app)
    faces = set()
    for email in ["alice@example.com", "ALICE@example.com"] * 5:
        answer = door.ask_reset(email)
        faces.add(str(face(answer)).replace(email, "EMAIL"))

    assert len(faces) == 1
    letters = postbox.empty()
    assert len(letters) == 5

    # Silence leaves the newest letter good.
    token = letters[-1].text.partition("/password_reset/")[2].split()[0]
    assert postbox.auth.password_reset.look(token).id == alice.id

    clock.turn(minutes=20)
    door.ask_reset("alice@example.com")
    assert len(postbox.empty()) == 1


def test_nobody_is_written_to_without_an_account(
    app: Flask, auth: Auth, postbox: Postbox
) -> None:
    for _ in range(3):
        JsonDoor(app).ask_reset("nobody@example.com")

    assert postbox.empty() == []
    assert counts(auth)["vestibule_mailed_tokens"] == 0


@pytest.mark.attack(18, "A4")
def test_letters_that_nobody_gets_are_counted_as_well(
    auth: Auth, alice: User
) -> None:
    added = []
    for email in ("alice@example.com", "nobody@example.com"):
        before = counts(auth)["vestibule_attempts"]
        auth.password_reset.ask(email)
        added.append(counts(auth)["vestibule_attempts"] - before)

    assert added == [1, 1]


@pytest.mark.settings(reveal_accounts="true")
def test_the_operator_may_tell_who_has_an_account(
    browser: Browser, app: Flask, alice: User
) -> None:
    page = browser.send("/password_reset", email="nobody@example.com")
    assert notices(page) == [
        "There is no account with that email. Try to register."
    ]
    assert "we have sent" not in browser.open("/login").text

    answer = JsonDoor(app).ask_reset("nobody@example.com")
    assert answer.status_code == 403
    response = browser.send("/password_reset", email="alice@example.com")
    assert response.location == "/login"
