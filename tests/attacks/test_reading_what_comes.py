"""What comes in is read in one way, and is never a program or a statement."""

import ast
import random
import re
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, default

import pytest
from flask import Flask

from conftest import HTML, PASSWORD, Browser, form_token
from hostility import LONG
from processes import SOURCE
from stagecraft import watched
from vestibule.auth import Auth
from vestibule.ground import names
from vestibule.user import User

ADDRESSES = 200_000 if LONG else 10_000
PIECES = [
    *("a", "alice", "@", "＠", "example.com", "xn--bcher-kva.de", "bücher.de"),
    *(".", "..", "+", "-", "_", " ", "\t", "\r", "\n", "\r\n", "\0", "\x1b"),
    *(",", ";", ":", "<", ">", '"', "\\", "(", ")", "[", "]", "%", "!"),
    *("\u202e", "\u200b", "é", "ß", "K", "ı", "ﬁ", "😀", "\ud800", "%0a"),
    *("[127.0.0.1]", "localhost", "\r\nBcc: eve@example.com", "a" * 64),
    *("RCPT TO:<eve@example.com>", "=?utf-8?q?a?=", "'", "|", "`", "/"),
]
# What reads programs out of data.
RUNNING = {"pickle", "marshal", "shelve", "yaml", "eval", "exec", "compile"}
MARK = "zq'\"--marker"
one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


@pytest.mark.asvs("1.3.11")
@pytest.mark.attack(6, 8, 129, 130)
def test_no_address_can_say_more_to_a_mail_server_than_itself() -> None:
    chance = random.Random(4711)
    good = 0
    for _ in range(ADDRESSES):
        text = "".join(chance.choices(PIECES, k=chance.randint(1, 5)))
        if chance.random() < 0.5:
            text += chance.choice(["@example.com", "@bücher.de"])
        try:
            name = names.email_address(text)
        except names.BadName:
            continue
        good += 1
        for form in (name.shown, name.canonical):
            assert not re.search(r'[\s\x00-\x1f,;:<>()\[\]\\"]', form), text
            assert form.count("@") == 1, text
            assert len(form) <= 254, text

    assert good > ADDRESSES / 50


@pytest.mark.asvs("1.3.11")
@pytest.mark.attack(129, 130)
def test_an_address_stays_one_recipient_on_its_way() -> None:
    for text in ("alice+a'b@example.com", "o=?utf-8?q?a?=@example.com"):
        mail = EmailMessage(SMTP)
        local, _, domain = names.email_address(text).shown.rpartition("@")
        mail["To"] = Address(username=local, domain=domain)

        read = message_from_bytes(mail.as_bytes(), policy=default)

        assert [a.addr_spec for a in read["To"].addresses] == [text]


@pytest.mark.attack(12, 16, 95)
@one_database
@pytest.mark.parametrize(
    "token", ["", " ", "\0", "9" * 60_000, "zzz" * 20_000]
)
def test_a_token_is_looked_up_once_and_never_worked_on(
    app: Flask, auth: Auth, alice: User, token: str
) -> None:
    auth.password_reset.issue(alice)
    typed = {"token": token, "password": "seven purple llamas"}
    with watched(auth) as statements:
        answer = app.test_client().put("/api/v1/password-reset", json=typed)

    assert answer.status_code in (400, 410, 422)
    looks = [text for text in statements if "mailed_tokens" in text]
    assert len(looks) <= 1
    assert auth.valid_login("alice@example.com", PASSWORD)


@pytest.mark.asvs("1.3.2", "1.5.2")
@pytest.mark.attack(136)
def test_nothing_that_comes_in_is_ever_run() -> None:
    found = []
    for path in sorted((SOURCE / "vestibule").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            used: list[str] = []
            if isinstance(node, ast.Import):
                used = [alias.name.partition(".")[0] for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                used = [(node.module or "").partition(".")[0]]
            elif isinstance(node, ast.Call):
                used = [ast.unparse(node.func)]
            found += [(path.name, name) for name in used if name in RUNNING]

    assert found == []


@pytest.mark.asvs("1.5.3")
@pytest.mark.attack(137, "A26")
@one_database
@pytest.mark.parametrize(
    "charset", ["utf-7", "utf-16", "utf-16-be", "utf-32", "utf-8-sig", "cp037"]
)
def test_json_in_another_alphabet_is_refused(
    app: Flask, alice: User, charset: str
) -> None:
    body = f'{{"name": "alice+é", "password": "{PASSWORD}"}}'
    for kind in ("application/json", f"application/json; charset={charset}"):
        answer = app.test_client().post(
            "/api/v1/sessions", data=body.encode(charset), content_type=kind
        )

        assert answer.status_code in (400, 401, 415, 422)
        assert "Set-Cookie" not in answer.headers


@pytest.mark.attack(141)
@one_database
def test_a_semicolon_separates_nothing(app: Flask, alice: User) -> None:
    browser = Browser(app)
    typed = f"email=alice@example.com;password={PASSWORD}".replace(" ", "+")
    kind = "application/x-www-form-urlencoded"
    form = browser.client.post("/sessions", data=typed, content_type=kind)
    browser.open("/login?x=1;next=/account")

    answer = browser.sign_in("alice")

    assert form.status_code == 400
    assert answer.location == "/profile"


@pytest.mark.attack("A36")
@pytest.mark.asvs("15.3.7")
@one_database
def test_what_comes_twice_in_an_address_is_refused(
    app: Flask, admin: User, alice: User
) -> None:
    browser = Browser(app)
    browser.sign_in("admin")

    for path in (
        "/admin/users?search=alice&search=nobody",
        "/admin/users?search=nobody&search=alice",
        "/admin/users?role=admin&role=admin",
        "/api/v1/users/alice/feedback?limit=1&limit=2",
    ):
        page = browser.open(path)
        assert page.status_code == 422, path
        assert "alice@example.com" not in page.text

    # Where to go on is read once, and the first counts.
    for query, to in (
        ("next=/account/sessions&next=//evil.example", "/account/sessions"),
        ("next=//evil.example&next=/account/sessions", "/profile"),
    ):
        other = Browser(app)
        token = form_token(other.open(f"/login?{query}"))
        typed = {"email": "alice", "password": PASSWORD, "csrf_token": token}
        answer = other.client.post(f"/login?{query}", data=typed, headers=HTML)
        assert answer.location == to, query


@pytest.mark.asvs("1.1.2", "1.2.4")
@pytest.mark.attack(140)
def test_what_is_typed_is_a_value_and_never_part_of_a_statement(
    app: Flask, auth: Auth, admin: User
) -> None:
    browser = Browser(app)
    browser.sign_in("admin")
    stranger = Browser(app)

    with watched(auth) as statements:
        for key in ("q", "sort", "order_by", "state", "role", "after"):
            browser.client.get("/admin/users", query_string={key: MARK})
            browser.client.get("/api/v1/feedback", query_string={key: MARK})
        stranger.sign_in(MARK, MARK)
        stranger.send("/password_reset", email=f"{MARK}@example.com")
        stranger.client.get(f"/users/{MARK}/feedback")
        stranger.client.post("/users", json={"email": MARK, "password": MARK})

    assert statements
    assert not [text for text in statements if "marker" in text]
