"""Every page speaks the language that its reader asks for."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    Postbox,
    TurnableClock,
    field_errors,
    notices,
)
from deeds import deeds
from passkeyring import Ring
from vestibule.auth import Auth
from vestibule.ground.words import characters, waiting
from vestibule.policy import OPERATOR
from vestibule.user import User

pytest_plugins = ["passkeyring_fixtures"]
# Words do not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
# Elements without an end (HTML, 13.1.2).
VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}
# What stays in Latin letters on a Russian page.
LATIN = (
    r"\S+@\S+|https?://\S+|Vestibule|alice|admin|mystery|JPG|PNG|SVG|UTC|zip"
    # How an account is looked for by its number, what a browser is called,
    # and what it keeps.
    r"|id:7|CSV|JSON(?: Lines)?|vestibule audit verify|Werkzeug\S*|IP-|cookie"
    # What an app says of itself in a store, and what browsers run.
    r"|TOTP|JavaScript"
    # Network addresses of version 6.
    r"|(?:[0-9a-f]{1,4}:){3,}[0-9a-f:]+"
)


class VisibleText(HTMLParser):
    """Collects what people see of a page, or have read out to them.

    What is marked as being in another language is left out.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.languages: list[str] = []
        self.feed(page)

    @property
    def is_foreign(self) -> bool:
        """Whether this part is in another language than the page."""
        return len({*filter(None, self.languages)}) > 1

    def handle_data(self, data: str) -> None:
        """Take a piece of text."""
        if not self.is_foreign:
            self.words.append(data)

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Take the attributes that are texts."""
        if tag not in VOID:
            self.languages.append(dict(attrs).get("lang") or "")
        shown = ("aria-label", "title", "alt", "placeholder")
        if not self.is_foreign:
            self.words += [v for k, v in attrs if k in shown and v]

    def handle_endtag(self, tag: str) -> None:
        """Leave the part that this ends."""
        if tag not in VOID:
            self.languages.pop()


def english_on(page: TestResponse) -> list[str]:
    """List the words in Latin letters that people see on a page."""
    text = re.sub(LATIN, "", " ".join(VisibleText(page.text).words))
    return re.findall(r"[A-Za-z]+", text)


@pytest.fixture
def russian(app: Flask) -> Browser:
    """Give the test a browser whose owner reads Russian."""
    browser = Browser(app)
    languages = "ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7"
    browser.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = languages
    return browser


def assert_russian(page: TestResponse) -> None:
    """See that a page says it is in Russian, and is."""
    assert '<html lang="ru"' in page.text
    assert english_on(page) == [], page.request.path


@pytest.mark.settings(name_fields="true", development="true")
def test_no_english_is_left_on_pages_for_visitors(
    russian: Browser, auth: Auth, alice: User
) -> None:
    token = auth.get_reset_password_token("alice@example.com")
    for path in (
        "/",
        "/register",
        "/login",
        "/logout",
        "/password_reset",
        f"/password_reset/{token}",
        "/nothing/here",
        "/dev/mail",
    ):
        assert_russian(russian.follow(path))


def test_a_heading_names_what_its_button_commands(russian: Browser) -> None:
    page = russian.open("/login").text

    assert "<h1>Вход</h1>" in page
    assert "<title>Вход — Vestibule</title>" in page
    assert re.search(r"<button[^>]*>Войти</button>", page)


@pytest.mark.settings(name_fields="true")
def test_no_english_is_left_on_forms_that_failed(
    russian: Browser, auth: Auth, alice: User
) -> None:
    token = auth.get_reset_password_token("alice@example.com")
    wrong = {
        "/register": [
            {"username": "a", "email": "x", "password1": "x"},
            {
                "username": "alice",
                "email": "alice@example.com",
                "password1": "short",
                "password2": "short",
                "first_name": "x" * 31,
            },
            {"mystery": "1", "email": "x" * 2000},
        ],
        "/login": [{}, {"email": "alice", "password": "a guess"}],
        "/password_reset": [{}, {"email": "alice at home"}],
        f"/password_reset/{token}": [
            {},
            {"password": "password1", "confirm_password": "password1"},
        ],
    }
    for path, attempts in wrong.items():
        for typed in attempts:
            page = russian.send(path, typed)
            assert page.status_code >= 400
            assert "Ошибка: " in page.text
            text = page.text.replace("mystery", "")
            page.set_data(text)
            assert_russian(page)


def test_no_english_is_left_on_pages_for_people_signed_in(
    russian: Browser, alice: User, postbox: Postbox
) -> None:
    assert russian.sign_in("alice").status_code == 302

    assert_russian(russian.open("/"))
    russian.send("/profile", username="alice", email="new@example.com")
    profile = russian.open("/profile")
    assert notices(profile)[0] == "Профиль обновлён"
    assert_russian(profile)
    link = postbox.link("/verify-email/")
    assert_russian(russian.follow(link))
    russian.send(link)
    assert_russian(russian.open("/profile"))
    wrong = russian.send("/password/change", old_password="a guess")
    assert_russian(wrong)
    changed = russian.send(
        "/password/change",
        old_password=PASSWORD,
        new_password="another good password",
        new_password2="another good password",
    )
    assert changed.location == "/password/change/done"
    assert_russian(russian.open("/password/change/done"))
    assert_russian(russian.open("/logout"))


# Its texts are those of the API, in English, and marked so.
IN_ENGLISH = {"GET /api/docs"}


def test_no_english_is_left_on_any_page_there_is(
    russian: Browser, app: Flask, auth: Auth, admin: User, ring: Ring
) -> None:
    number = auth.feedback.add(admin, "Тема", "Слова", by=OPERATOR)
    auth.email_verification.ask(admin, "new@example.com")
    passkey = ring.added(admin, quiet=True)
    # As whoever has one would call it here.
    auth.passkeys.rename(passkey.id, "Телефон", by=OPERATOR)
    facts = {
        "username": admin.username,
        "id": admin.id,
        "feedback": number,
        "picture": "none",
        "reset": auth.get_reset_password_token(admin.email),
        "verify": "nothing",
        "undo": "nothing",
        "not_me": "nothing",
        "passkey": passkey.id,
    }
    strangers = Browser(app)
    strangers.client.environ_base = russian.client.environ_base
    russian.sign_in("admin")
    left: dict[str, list[str]] = {}
    looked = 0
    for deed in deeds(app):
        name = f"{deed.method} {deed.rule}"
        if not deed.is_page or not deed.looks or name in IN_ENGLISH:
            continue
        for browser in (russian, strangers):
            page = browser.open(deed.path(facts), follow_redirects=True)
            if page.mimetype == "text/html":
                assert '<html lang="ru"' in page.text, name
                left[name] = left.get(name, []) + english_on(page)
                looked += 1
    assert {name: words for name, words in left.items() if words} == {}
    assert looked >= 40


def test_an_error_kept_over_a_redirect_is_said_in_russian(
    russian: Browser, alice: User
) -> None:
    russian.sign_in("alice")
    russian.send("/profile", username="x", email="nowhere")

    page = russian.open("/profile")

    assert notices(page) == ["Не удалось обновить профиль"]
    assert field_errors(page)["username"].startswith("Имя пользователя — от 3")
    assert_russian(page)


def test_the_words_of_the_contract_stand_in_english_without_a_wish(
    browser: Browser, alice: User
) -> None:
    page = browser.sign_in("alice", "a guess")

    assert '<html lang="en"' in page.text
    assert notices(page) == ["Invalid credentials. Try again"]
    assert "At least 8 characters. Three" in browser.open("/register").text


@pytest.mark.settings(preset="classroom")
@pytest.mark.parametrize(
    ("wish", "hint"),
    [("en", "At least 1 character. "), ("ru", "Не короче 1\xa0символа. ")],
)
def test_one_character_is_not_called_characters(
    browser: Browser, wish: str, hint: str
) -> None:
    page = browser.client.get(
        "/register", headers={**HTML, "Accept-Language": wish}
    )

    assert hint in page.text


def test_a_wait_is_told_in_russian(
    russian: Browser, alice: User, clock: TurnableClock
) -> None:
    for _ in range(10):
        russian.sign_in("alice", "a guess")
    assert "через 1\xa0минуту" in russian.sign_in("alice").text

    clock.turn(minutes=1)
    russian.sign_in("alice", "a guess")
    page = russian.sign_in("alice")

    assert page.status_code == 429
    assert "Повторите через 2\xa0минуты" in page.text
    assert_russian(page)


@pytest.mark.parametrize(
    ("seconds", "english", "russian_words"),
    [
        (1, "1 second", "1 секунду"),
        (59, "59 seconds", "59 секунд"),
        (60, "1 minute", "1 минуту"),
        (61, "2 minutes", "2 минуты"),
        (300, "5 minutes", "5 минут"),
        (11 * 60, "11 minutes", "11 минут"),
        (21 * 60, "21 minutes", "21 минуту"),
        (3600, "1 hour", "1 час"),
        (3601, "2 hours", "2 часа"),
    ],
)
def test_a_wait_has_the_plural_of_its_language(
    seconds: int, english: str, russian_words: str, database_url: str
) -> None:
    wait = waiting(seconds)

    assert str(wait) == wait.said_in("en") == english
    assert wait.said_in("ru") == russian_words.replace(" ", "\xa0")


def test_a_length_has_the_plural_of_its_language(database_url: str) -> None:
    said = [characters(count).said_in("ru") for count in (1, 2, 8, 15, 21)]

    assert [text.partition("\xa0")[2] for text in said] == [
        "символа",
        "символов",
        "символов",
        "символов",
        "символа",
    ]


@pytest.mark.parametrize(
    ("wish", "language"),
    [
        ("ru", "ru"),
        ("RU_ru", "ru"),
        ("ru-RU,en;q=0.5", "ru"),
        ("en-GB,ru;q=0.9", "en"),
        ("de-DE,ru;q=0.3", "ru"),
        ("de,fr;q=0.5", "en"),
        ("ru;q=0", "en"),
        ("ru;q=0,*;q=0.5", "en"),
        ("*", "en"),
        ("", "en"),
        (",;=,,q=9;;ru;q=nan", "en"),
        ("rum,rune", "en"),
        ("ru;q=0.1," * 2000, "ru"),
        # Nobody means so many; the whole header would be read for nothing.
        ("de," * 400 + "ru", "en"),
    ],
)
def test_the_reader_gets_the_language_they_like_best(
    browser: Browser, wish: str, language: str
) -> None:
    page = browser.client.get("/", headers={**HTML, "Accept-Language": wish})

    assert page.status_code == 200
    assert f'<html lang="{language}"' in page.text


@given(wish=st.text(st.characters(min_codepoint=32, max_codepoint=255)))
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_wish_is_too_strange_to_be_answered(
    browser: Browser, wish: str
) -> None:
    page = browser.client.get("/", headers={**HTML, "Accept-Language": wish})

    assert page.status_code == 200
    assert re.search('<html lang="(en|ru)"', page.text)


@pytest.mark.settings(verified_email_required="true", development="true")
def test_mails_waiting_in_the_local_inbox_are_marked_in_russian(
    russian: Browser, new_browser: Callable[[], Browser]
) -> None:
    sent = russian.send(
        "/register",
        username="alice",
        email="alice@example.com",
        password1=PASSWORD,
        password2=PASSWORD,
    )
    assert sent.status_code == 302
    assert notices(russian.open("/login"))[0].startswith("Мы отправили письмо")

    assert "ждёт отправки" in russian.open("/dev/mail").text
    assert "waiting" in new_browser().open("/dev/mail").text
