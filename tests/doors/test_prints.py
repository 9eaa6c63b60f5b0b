"""Pages that are rendered once, and links that are built once."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, before_render_template, request

from conftest import HTML, PASSWORD, Browser, form_token
from deeds import TWICE
from vestibule import Vestibule, testing
from vestibule.doors.prints import MARK
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
NewBrowser = Callable[[], Browser]


def body(browser: Browser, path: str, **headers: str) -> str:
    """Read a page, without the secret of its form."""
    answer = browser.client.get(path, headers={**HTML, **headers})
    assert answer.status_code == 200
    page = answer.text
    assert MARK not in page
    return page.replace(form_token(answer), "") if "csrf" in page else page


@one_database
@pytest.mark.parametrize("path", ["/", "/login"])
@pytest.mark.parametrize("theme", ["", "dark"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_page_that_was_kept_is_the_page_that_is_rendered(
    app: Flask, new_browser: NewBrowser, path: str, theme: str, language: str
) -> None:
    rendered: list[Any] = []
    browser = new_browser()
    # Others were here before, in another language and theme.
    body(new_browser(), path, **{"Accept-Language": "en"})
    browser.client.set_cookie("vestibule_theme", theme)
    wish = {"Accept-Language": language}

    with before_render_template.connected_to(
        lambda _, template, **__: rendered.append(template.name), app
    ):
        first, second = (body(browser, path, **wish) for _ in range(2))
        once = len(rendered)
        app.extensions["vestibule"].shelf.keeps_prints = False
        afresh = body(browser, path, **wish)

    assert once <= 1
    assert len(rendered) == once + 1
    assert first == second == afresh
    assert f'lang="{language}"' in first
    assert ('data-theme="dark"' in first) == bool(theme)


@one_database
def test_every_form_has_its_own_secret_and_is_taken(
    new_browser: NewBrowser, alice: User
) -> None:
    pages = [new_browser().open("/login") for _ in range(3)]
    assert len({form_token(page) for page in pages}) == 3

    assert new_browser().sign_in("alice").status_code == 302
    thief, token = new_browser(), form_token(pages[0])
    typed = {"email": "alice", "password": PASSWORD, "csrf_token": token}
    answer = thief.client.post("/login", data=typed, headers=HTML)
    assert answer.status_code == 422


@pytest.mark.attack(66, 68, 77)
@one_database
def test_nothing_of_one_request_is_kept_for_another(
    app: Flask, new_browser: NewBrowser, alice: User
) -> None:
    guest = new_browser()
    guest.open("/?mine")
    guest.open("/login?mine")
    guest.open("/login?next=/profile%3Fmine")
    new = {"username": "mine", "email": "mine@example.com"}
    guest.send("/register", {**new, **TWICE})
    # The notice is on the page before; what was typed is on both.
    guest.open("/")
    assert "mine@example.com" in guest.open("/login").text
    guest.sign_in("mine@example.com")
    guest.sign_in("alice")
    assert "alice" in guest.open("/").text
    guest.send("/logout")
    assert "You have signed out" in guest.open("/login").text

    kept = [body(new_browser(), path) for path in ("/", "/login")]
    assert app.extensions["vestibule"].shelf.prints
    app.extensions["vestibule"].shelf.keeps_prints = False
    assert kept == [body(new_browser(), path) for path in ("/", "/login")]
    for text in ("mine", "alice", "signed out", "problem"):
        assert text not in "".join(kept)


def shop(folder: Path) -> Flask:
    """Make a host with templates of its own."""
    host = Flask("shop", template_folder=str(folder))
    host.config.from_mapping(testing.config())
    Vestibule(host)
    return host


def test_what_a_host_shows_on_our_pages_is_always_new(tmp_path: Path) -> None:
    (tmp_path / "vestibule").mkdir()
    (tmp_path / "vestibule/base.html").write_text(
        '{% extends "vestibule/frame.html" %}'
        "{% block foot %}visitor {{ visitor() }}{% endblock %}"
    )
    host, visitors = shop(tmp_path), count(1)
    host.context_processor(lambda: {"visitor": lambda: next(visitors)})

    pages = [Browser(host).open("/login").text for _ in range(3)]

    for number, page in enumerate(pages, start=1):
        assert f"visitor {number}" in page
    testing.close(host)


def test_a_host_s_own_way_to_build_addresses_is_used(tmp_path: Path) -> None:
    host = shop(tmp_path)
    usual = host.url_for
    host.jinja_env.globals["url_for"] = lambda *names, **values: (
        usual(*names, **values) + "#ours"
    )

    assert '"/register#ours"' in Browser(host).open("/login").text
    testing.close(host)


def test_what_a_host_puts_into_all_addresses_is_always_new(
    tmp_path: Path,
) -> None:
    host = shop(tmp_path)

    @host.url_defaults
    def pass_on(_: str, values: dict[str, Any]) -> None:
        """Hand on where somebody comes from."""
        values.setdefault("via", request.args.get("via", "nowhere"))

    for via in ("letter", "shelf"):
        page = Browser(host).open(f"/login?via={via}").text
        assert f'"/register?via={via}"' in page
    testing.close(host)


@one_database
def test_links_begin_where_the_application_is_mounted(app: Flask) -> None:
    for root in ("", "/one", "/two"):
        answer = app.test_client().get(
            "/login", headers=HTML, environ_overrides={"SCRIPT_NAME": root}
        )
        assert f'href="{root}/register"' in answer.text
        assert f'src="{root}/static/vestibule/vestibule.js?v=' in answer.text
