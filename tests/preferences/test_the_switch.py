"""The switch of the language stands on every page, for everybody."""

import re
from typing import Any

import pytest
from flask import Flask

from conftest import HTML, Browser
from vestibule.auth import Auth
from vestibule.doors.caller import signed_in
from vestibule.doors.words import language
from vestibule.prepared import Prepared
from vestibule.store import Store
from vestibule.user import User

# The switch asks no more of a database than any other page.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def switched(browser: Browser, **sent: str) -> Any:
    """Send what the switch sends."""
    return browser.client.post("/language", data=sent, headers=HTML)


def test_the_switch_names_the_other_language_in_its_own_words(
    browser: Browser,
) -> None:
    page = browser.open("/login?next=/profile")

    found = re.search(r'<form[^>]*action="/language".*?</form>', page.text, 16)
    assert found, page.text
    form = found[0]
    assert 'name="language" value="ru" lang="ru">Русский</button>' in form
    assert 'name="next" value="/login?next=/profile"' in form
    assert 'value="en"' not in form


def test_it_leads_back_to_the_page_in_the_other_language(
    browser: Browser,
) -> None:
    back = switched(browser, language="ru", next="/login?next=/profile")

    assert (back.status_code, back.location) == (303, "/login?next=/profile")
    page = browser.open(back.location)
    assert '<html lang="ru"' in page.text
    assert 'value="en" lang="en"' in page.text


def test_a_form_that_failed_leads_back_to_itself(browser: Browser) -> None:
    page = browser.send("/login", email="nobody", password="a guess")

    assert 'name="next" value="/login"' in page.text


def test_where_nothing_can_be_seen_it_leads_home(browser: Browser) -> None:
    page = browser.client.post(
        "/profile/picture/delete", data={}, headers=HTML
    )

    assert page.status_code == 401
    assert 'name="next" value="/"' in page.text


@pytest.mark.attack(22, 84, "A28")
@pytest.mark.parametrize(
    "evil",
    ["//evil.example", "https://evil.example", "/\\evil", "", "x" * 999],
)
def test_it_leads_to_no_other_site(browser: Browser, evil: str) -> None:
    assert switched(browser, language="ru", next=evil).location == "/"


@pytest.mark.parametrize("wrong", [{}, {"language": ""}, {"language": "xx"}])
def test_another_language_is_refused(
    browser: Browser, wrong: dict[str, str]
) -> None:
    page = switched(browser, **wrong)

    assert page.status_code == 422
    assert browser.client.get_cookie("vestibule_language") is None


@pytest.mark.attack(75, "A25")
def test_another_site_cannot_switch(browser: Browser) -> None:
    page = browser.client.post(
        "/language",
        data={"language": "ru"},
        headers={**HTML, "Origin": "https://evil.example"},
    )

    assert page.status_code == 403
    assert "Set-Cookie" not in page.headers


@pytest.mark.asvs("X13")
def test_the_cookie_lives_a_year_and_no_script_reads_it(
    browser: Browser,
) -> None:
    cookie = switched(browser, language="ru").headers["Set-Cookie"]

    assert cookie.startswith("vestibule_language=ru;")
    for part in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"):
        assert part in cookie


@pytest.mark.settings(base_url="https://id.example.com")
def test_with_https_the_browser_guards_its_name(browser: Browser) -> None:
    cookie = switched(browser, language="ru").headers["Set-Cookie"]

    assert cookie.startswith("__Host-vestibule_language=ru;")
    assert "Secure" in cookie


def test_whoever_is_signed_in_finds_it_in_the_account(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")

    switched(browser, language="ru")

    assert auth.db.find_user_by(id=alice.id).language == "ru"


@pytest.mark.parametrize("junk", ["xx", "", "ru;", "%00", "ы", "ru" * 2000])
def test_a_cookie_that_is_none_of_ours_counts_for_nothing(
    browser: Browser, junk: str
) -> None:
    browser.client.set_cookie("vestibule_language", junk)

    assert '<html lang="en"' in browser.open("/").text


def test_a_page_of_a_broken_database_is_in_the_language_of_the_cookie(
    app: Flask, auth: Auth, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(app)
    switched(browser, language="ru")
    browser.sign_in("alice")

    def broken(*_: object, **__: object) -> None:
        """Be as broken as no database should be."""
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(Store, "first", broken)
    page = browser.open("/profile")

    assert page.status_code == 500
    assert '<html lang="ru"' in page.text


def test_a_reader_who_cannot_be_known_is_answered_and_still_not_let_in(
    app: Flask, auth: Auth, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(app)
    browser.sign_in("alice")

    def broken(*_: object, **__: object) -> None:
        """Be as broken as no database should be."""
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(Prepared, "__call__", broken)
    refused = browser.client.post("/api/v1/sessions", json="no object")
    assert refused.status_code == 422
    session = browser.client.get_cookie("session_id")
    assert session
    cookie = {"Cookie": f"session_id={session.value}"}
    with app.test_request_context("/", headers=cookie):
        assert language() == "en"
        with pytest.raises(RuntimeError):
            signed_in()


def test_the_language_costs_no_query_of_its_own(
    app: Flask, auth: Auth, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(app)
    asked: list[object] = []
    usual = Store.first

    def counted(self: Store, *given: Any, **more: Any) -> Any:
        """Count a question to the database."""
        asked.append(given)
        return usual(self, *given, **more)

    monkeypatch.setattr(Store, "first", counted)
    browser.open("/")
    assert asked == []
    browser.sign_in("alice")
    asked.clear()
    browser.open("/")

    # Who is there, and their picture.
    assert len(asked) <= 2
