"""What somebody has stored is text wherever it is shown, and never markup.

Attack: script in a name, in feedback or in a field of a host, that runs
for the administrator who reads it (CWE-79), or speaks to their terminal
(CWE-150).
"""

import dataclasses
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from conftest import PASSWORD, Browser, account, notices
from deeds import deeds
from hostility import BROWSER, JSON, MARK, Answer, Knock, asked
from paintings import painted
from vestibule import ProfileFields, Vestibule, text
from vestibule.auth import Auth
from vestibule.doors.cli import main
from vestibule.policy import OPERATOR
from vestibule.settings import Settings
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
# Each ends what markup it might stand in, and then does something.
MARKS = [
    MARK,
    "</title></textarea><i data-hostile>",
    "--><i data-hostile><!--",
    "<svg/data-hostile/onload=alert(1)>",
    "javascript:alert('data-hostile')",
    "{{7*7}}{% raw %}<i data-hostile>",
    "&lt;i data-hostile&gt;<i data-hostile>",
    '=HYPERLINK("//evil")<i data-hostile>',
]
ADDRESS = "o'<>".replace("<>", "&`{{7*7}}`") + "=+x@example.com"
AGENT = f"Mozilla/5.0 {MARK} \x1b[2J\u202e"
named = pytest.mark.settings(name_fields=True, development=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Marked(ProfileFields):
    """What a host asks for, as freely as it can."""

    motto: str = text("Motto", longest=500)
    about: str = text("About <you>", longest=500, missing=None)


class Markup(HTMLParser):
    """A page that must hold no element and no handler of a stranger's."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.feed(markup)
        self.close()

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """See that an element is one of ours."""
        for name, value in attrs:
            told = (tag, name, value)
            assert name != "data-hostile", told
            assert not name.startswith("on"), told
            if name in ("href", "src", "action", "formaction"):
                start = (value or "").strip().lower()
                assert not start.startswith(("javascript:", "data:")), told


@pytest.fixture
def host(auth: Auth) -> Flask:
    """Give a host with free fields of its own."""
    app = Flask("host")
    Vestibule(profile_fields=Marked).init_app(app, auth)
    return app


@pytest.fixture
def mallory(host: Flask, auth: Auth) -> User:
    """Give somebody who has stored a mark wherever it is taken."""
    made = auth.registration.register(
        ADDRESS, PASSWORD, "mallory", by_operator=True
    )
    for mark in MARKS:
        auth.feedback.add(made, mark[:100], mark * 3, by=OPERATOR)
    auth.pictures.replace(made, auth.pictures.prepare(painted()))
    browser = Browser(host)
    browser.client.environ_base["HTTP_USER_AGENT"] = AGENT.encode().decode(
        "latin-1"
    )
    assert browser.sign_in("mallory").status_code == 302
    kept = browser.send(
        "/profile",
        username="mallory",
        email=ADDRESS,
        motto=MARKS[0],
        about=MARKS[1],
        first_name="O'Mal—ley",
        last_name="d'“Arc”",
    )
    assert kept.status_code == 302
    assert notices(browser.open("/profile")) == [
        "Profile updated successfully"
    ]
    auth.email_verification.ask(made, f"new{ADDRESS}")
    return auth.administration.find("mallory")


def looked_at(
    app: Flask, auth: Auth, reader: User, shown: User
) -> Iterator[tuple[str, Answer]]:
    """Look at all there is about somebody, as a reader."""
    token = auth.sessions.open(reader.id)
    written = auth.feedback.of(shown, by=OPERATOR).items
    numbers = [item.id for item in written]
    for deed in deeds(app):
        if not deed.looks:
            continue
        number = shown.id if "/admin/" in deed.rule else numbers[0]
        places = [deed.rule]
        if "/feedback/<number>" in deed.rule:
            places *= len(numbers)
        for at, rule in enumerate(places):
            which = numbers[at] if len(places) > 1 else number
            path = (
                rule.replace("<username>", shown.username)
                .replace("<number>", str(which))
                .replace("<", "")
                .replace(">", "")
            )
            for accept in (BROWSER, (("Accept", JSON),)):
                cookie = ("Cookie", f"session_id={token}")
                knock = Knock("GET", path, "", (*accept, cookie))
                yield path, asked(app, knock)


@pytest.mark.asvs("1.1.2", "1.2.1", "1.2.3")
@named
@one_database
@pytest.mark.attack(86, 106, 112)
@pytest.mark.parametrize("reader", ["mallory", "admin"])
def test_what_is_stored_is_shown_as_text(
    host: Flask, auth: Auth, mallory: User, admin: User, reader: str
) -> None:
    shown = 0
    who = mallory if reader == "mallory" else admin
    for path, answer in looked_at(host, auth, who, mallory):
        kind = answer.get("content-type").partition(";")[0]
        assert answer.status < 500, path
        shown += "hostile" in answer.text
        if kind == "text/html":
            Markup(answer.text)
            assert "49{%" not in answer.text, path
        elif kind.endswith("json"):
            json.loads(answer.text)
            assert answer.get("x-content-type-options") == "nosniff"
        else:
            assert "hostile" not in answer.text or kind == "text/plain", path
    # Nothing is proven by pages that show nothing of it.
    assert shown > 10


@pytest.mark.asvs("1.2.1")
@named
@one_database
@pytest.mark.attack(86)
def test_letters_hold_it_as_text(auth: Auth, mallory: User) -> None:
    letters = auth.outbox.latest(20)
    assert letters
    for letter in letters:
        Markup(letter.html)
        assert "\x1b" not in letter.text + letter.subject


@pytest.mark.asvs("1.2.1", "1.3.3")
@named
@one_database
@pytest.mark.attack(139)
def test_nobodys_name_speaks_to_a_terminal(
    settings: Settings, auth: Auth, mallory: User, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.jsonl"
    told = [
        {"email": "a\x1b[2J@example.com", "password_hash": "\x1b]0;x\x07"},
        {"email": "b@example.com", "password_hash": "x", "\x1b[31m\x9b": 1},
        {"email": "b@example.com", "password_hash": "x", "username": "\u202e"},
    ]
    rows.write_text("".join(json.dumps(row) + "\n" for row in told))
    env = {
        "VESTIBULE_DATABASE_URL": settings.database_url,
        "VESTIBULE_DATA": str(tmp_path),
        "VESTIBULE_SECRET_KEY": "9e2f61c07ab84d35f1d6083b7ca49e52",
    }
    odd = "x\x1b[2J\x9b31m\u202e\u2066"
    for words in (
        ["user", "list"],
        ["user", "list", "--search", odd],
        ["user", "show", "mallory"],
        ["user", "show", "mallory", "--json"],
        ["user", "show", odd],
        ["user", "promote", odd],
        ["user", "import", "--dry-run", str(rows)],
        ["user", "disable", "mallory"],
    ):
        done = CliRunner().invoke(main, words, env=env)
        said = done.output.replace(odd, "")
        assert not set(said) & set("\x1b\x9b\x07\x08\u202e\u2066"), words
        assert "Traceback" not in said, words


# -- who looks at a picture -------------------------------------------------


@pytest.mark.attack(66, "A40", "A41")
def test_the_address_of_a_picture_is_nothing_without_a_session(
    app: Flask, auth: Auth, alice: User
) -> None:
    bob = account(auth, "bob")
    browser, stranger = Browser(app), Browser(app)
    browser.sign_in("bob")
    first = auth.pictures.replace(alice, auth.pictures.prepare(painted()))
    old = f"/pictures/{first.name}"
    assert browser.open(old).data.startswith(b"\x89PNG")
    assert stranger.open(old).status_code == 302

    # Nothing of it is told by who it is of, when, or what it shows.
    again = auth.pictures.replace(alice, auth.pictures.prepare(painted()))
    assert len(first.name) == len(again.name) == 43 + len(".png")
    assert first.name[:4] != again.name[:4]
    new = f"/pictures/{again.name}"
    assert browser.open(old).status_code == 404
    for twist in ("{}/x.css", "{};.css", "{}%2f", "{}.css", "{}/", "/{}"):
        answer = browser.open(twist.format(new))
        assert answer.status_code in (404, 308), twist
        assert b"PNG" not in answer.data

    # A copy that a browser asks about anew is refused after the sign-out.
    browser.send("/logout")
    answer = browser.client.get(
        new, headers={"If-None-Match": "*", "Range": "bytes=0-9"}
    )
    assert answer.status_code == 401
    assert answer.headers["Cache-Control"] == "no-store"
    browser.sign_in(bob.username)
    auth.deletion.delete(alice, by=OPERATOR)
    assert browser.open(new).status_code == 404
