"""A language and a look belong to the account, and are found everywhere."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from conftest import HTML, PASSWORD, Browser, notices
from vestibule.auth import Auth
from vestibule.errors import Malformed, NotProven
from vestibule.policy import OPERATOR
from vestibule.user import User


def language_of(page: TestResponse) -> str:
    """Read in which language a page says that it is."""
    found = re.search(r'<html lang="(\w+)"', page.text)
    assert found, page.text
    return found[1]


def choices(auth: Auth, user: User) -> tuple[str | None, str | None]:
    """Read what an account has chosen."""
    found = auth.db.find_user_by(id=user.id)
    return found.language, found.theme


def test_a_language_chosen_on_one_device_is_used_on_the_other(
    new_browser: Callable[[], Browser], alice: User
) -> None:
    desk, phone = new_browser(), new_browser()
    desk.sign_in("alice")
    saved = desk.send("/preferences", language="ru", theme="dark")
    assert saved.location == "/preferences"
    page = desk.open("/preferences")
    assert notices(page) == ["Настройки сохранены"]
    assert language_of(phone.open("/login")) == "en"

    phone.sign_in("alice")

    assert language_of(phone.open("/profile")) == "ru"
    page = phone.open("/preferences")
    assert re.findall(r'value="(\w+)"[^>]* selected', page.text) == [
        "ru",
        "dark",
    ]
    assert 'data-theme="dark"' in phone.open("/profile").text


def test_the_account_decides_then_the_switch_then_the_browser(
    browser: Browser, auth: Auth, alice: User
) -> None:
    asks = {**HTML, "Accept-Language": "ru"}

    def now() -> str:
        """Say in which language the entrance is."""
        return language_of(browser.client.get("/", headers=asks))

    assert now() == "ru"
    browser.client.post("/language", data={"language": "en"}, headers=HTML)
    assert now() == "en"
    auth.preferences.choose(alice, language="ru")
    browser.sign_in("alice")
    assert now() == "ru"


@pytest.mark.settings(language="ru")
def test_the_setting_decides_where_nobody_has_a_wish(app: Flask) -> None:
    def asking(wish: str) -> str:
        """Say in which language a stranger is answered."""
        headers = {**HTML, "Accept-Language": wish}
        return language_of(app.test_client().get("/", headers=headers))

    assert (asking("fr"), asking("fr,en;q=0.1")) == ("ru", "en")


def test_a_language_is_kept_through_the_sign_out(
    browser: Browser, auth: Auth, alice: User
) -> None:
    auth.preferences.choose(alice, language="ru")
    browser.sign_in("alice")

    browser.send("/logout")

    assert language_of(browser.open("/login")) == "ru"


def theme_of(page: TestResponse) -> str:
    """Read which theme a page has been given, if any."""
    found = re.search(r'<html[^>]* data-theme="([^"]*)"', page.text)
    return found[1] if found else ""


def test_a_theme_is_kept_through_the_sign_out(
    browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")
    browser.send("/preferences", language="", theme="dark")

    browser.send("/logout")

    assert theme_of(browser.open("/login")) == "dark"


def test_a_theme_chosen_elsewhere_is_kept_from_the_sign_in_on(
    browser: Browser, auth: Auth, alice: User
) -> None:
    auth.preferences.choose(alice, theme="dark")
    browser.sign_in("alice")

    auth.sessions.end_all(alice.id)

    assert theme_of(browser.open("/login")) == "dark"
    auth.preferences.choose(auth.db.find_user_by(id=alice.id), theme="light")
    browser.sign_in("alice")
    assert theme_of(browser.open("/profile")) == "light"


def test_a_theme_that_one_chose_no_more_is_forgotten(
    browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")
    browser.send("/preferences", language="", theme="dark")
    browser.send("/preferences", language="", theme="")

    browser.send("/logout")

    assert theme_of(browser.open("/login")) == ""
    assert browser.client.get_cookie("vestibule_theme") is None


@pytest.mark.parametrize("junk", ["pink", "", '"><b', "dark" * 200])
def test_a_kept_theme_that_is_none_of_ours_counts_for_nothing(
    browser: Browser, junk: str
) -> None:
    browser.client.set_cookie("vestibule_theme", junk)

    assert theme_of(browser.open("/login")) == ""


@pytest.mark.settings(base_url="https://id.example.com")
def test_the_cookie_of_the_theme_is_guarded_like_that_of_the_language(
    browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")

    sent = browser.send("/preferences", language="ru", theme="dark")

    cookies = {
        cookie.partition(";")[0]: cookie.partition(";")[2]
        for cookie in sent.headers.getlist("Set-Cookie")
    }
    said = cookies["__Host-vestibule_theme=dark"]
    assert said == cookies["__Host-vestibule_language=ru"]
    assert "HttpOnly" in said


def test_choosing_nothing_leaves_it_to_the_browser_again(
    browser: Browser, auth: Auth, alice: User
) -> None:
    auth.preferences.choose(alice, language="ru", theme="light")
    browser.sign_in("alice")
    browser.client.set_cookie("vestibule_language", "ru")

    browser.send("/preferences", language="", theme="")

    assert choices(auth, alice) == (None, None)
    assert language_of(browser.open("/preferences")) == "en"
    assert "data-theme" not in browser.open("/preferences").text


def test_what_is_none_of_the_choices_is_said_at_its_field(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")

    page = browser.send("/preferences", language="xx", theme="pink")

    assert page.status_code == 422
    assert page.text.count("Choose one of the answers given") == 4
    assert choices(auth, alice) == (None, None)


def test_python_is_refused_what_there_is_not(auth: Auth, alice: User) -> None:
    with pytest.raises(Malformed) as wrong:
        auth.preferences.choose(alice, language="xx", theme="pink")

    faults = wrong.value.faults
    assert [(f.field, f.reason.code) for f in faults] == [
        ("language", "field.choice"),
        ("theme", "field.choice"),
    ]


def test_what_is_left_out_stays(auth: Auth, alice: User) -> None:
    auth.preferences.choose(alice, theme="dark")
    person = auth.db.find_user_by(id=alice.id)
    auth.preferences.choose(person, language="ru")

    assert choices(auth, alice) == ("ru", "dark")


def test_an_account_deleted_meanwhile_chooses_nothing(
    auth: Auth, alice: User
) -> None:
    auth.deletion.delete(alice, by=OPERATOR)

    with pytest.raises(NotProven):
        auth.preferences.choose(alice, language="ru")


def test_a_language_that_is_gone_counts_for_nothing(
    browser: Browser, auth: Auth, alice: User
) -> None:
    auth.db.update_user(alice.id, language="eo")
    browser.sign_in("alice")

    assert language_of(browser.open("/profile")) == "en"


def test_over_the_api_only_what_is_sent_changes(
    program: FlaskClient, auth: Auth, alice: User
) -> None:
    given = auth.sessions.open(alice.id)
    bearer = {"Authorization": f"Bearer {given}"}
    path = "/api/v1/preferences"

    def change(**sent: object) -> TestResponse:
        """Send some members."""
        return program.patch(path, json=sent, headers=bearer)

    assert program.get(path, headers=bearer).json == {
        "language": None,
        "theme": None,
    }
    assert change(language="ru").json == {"language": "ru", "theme": None}
    assert change(theme="dark").json == {"language": "ru", "theme": "dark"}
    refused = change(theme="pink")
    assert refused.status_code == 422
    # The account speaks Russian now, whatever the program asks for.
    assert refused.json is not None
    assert refused.json["title"] == "Выберите один из предложенных вариантов"
    assert change(language=None, theme="").json == {
        "language": None,
        "theme": None,
    }


def test_the_data_that_one_takes_along_tells_both(
    auth: Auth, alice: User
) -> None:
    auth.preferences.choose(alice, language="ru", theme="dark")
    person = auth.db.find_user_by(id=alice.id)

    told = auth.profile.export(person).facts

    assert isinstance(told, dict)
    assert (told["language"], told["theme"]) == ("ru", "dark")


@pytest.mark.parametrize("wish", ["ru", "en", None])
def test_a_new_account_is_spoken_to_as_it_was_when_it_was_made(
    app: Flask, auth: Auth, wish: str | None
) -> None:
    page, program, classic = (Browser(app) for _ in range(3))
    asks = {} if wish is None else {"Accept-Language": f"{wish}-XX,fr;q=0.5"}
    for browser in (program, classic):
        browser.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "fr"
        browser.client.environ_base.update(
            {"HTTP_ACCEPT_LANGUAGE": asks.get("Accept-Language", "fr")}
        )
    if wish is not None:
        # The switch comes before the header.
        page.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "fr"
        sent = {"language": wish, "next": "/register"}
        page.client.post("/language", data=sent, headers=HTML)
    page.send(
        "/register",
        username="carol",
        email="carol@example.com",
        password1=PASSWORD,
        password2=PASSWORD,
    )
    made = {"email": "dan@example.com", "password": PASSWORD}
    program.client.post("/api/v1/users", json=made)
    made = {"email": "eve@example.com", "password": PASSWORD}
    classic.client.post("/users", json=made)

    for name in ("carol", "dan", "eve"):
        found = auth.db.find_user_by(email=f"{name}@example.com")
        assert found.language == wish, name
