"""What password managers need is in the HTML that the server sends.

Sources: Chromium, "Password Form Styles that Chromium Understands"; Apple,
"Customizing Password AutoFill rules"; WCAG 2.2, 3.3.8.
"""

from html.parser import HTMLParser

import pytest
from flask import Flask

from conftest import Browser, TurnableClock, field_errors
from vestibule.auth import Auth
from vestibule.settings import Settings
from vestibule.user import User

# Forms do not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Attributes = dict[str, str]
# As Safari suggests them.
SUGGESTED = "qufhyx-jokxo1-Bazdyr"


class Forms(HTMLParser):
    """Reads the forms of a page that hold a password."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[Attributes, list[Attributes]]] = []
        self.labels: set[str] = set()
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Take a form, a field or a label."""
        found = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        if tag == "form":
            self.forms.append((found, []))
        elif tag == "input" and found.get("type") != "hidden":
            self.forms[-1][1].append(found)
        elif tag == "label":
            self.labels.add(found["for"])

    @property
    def fields(self) -> list[Attributes]:
        """Give the fields of the only form with a password."""
        (one,) = [
            (form, fields)
            for form, fields in self.forms
            if any(field["type"] == "password" for field in fields)
        ]
        assert one[0]["method"] == "post"
        return one[1]


@pytest.fixture
def paths(auth: Auth, browser: Browser, alice: User) -> dict[str, str]:
    """Make what is behind the pages on which a password is typed."""
    token = auth.get_reset_password_token("alice@example.com")
    browser.sign_in("alice")
    return {
        "sign in": "/login",
        "register": "/register",
        "reset": f"/password_reset/{token}",
        "change": "/password/change",
        "confirm": "/confirm",
    }


@pytest.fixture
def pages(
    app: Flask, browser: Browser, paths: dict[str, str], clock: TurnableClock
) -> dict[str, Forms]:
    """Read them, as a visitor or as alice."""
    # Whoever proved it just now is not asked again.
    clock.turn(minutes=10)
    found = {}
    for name, path in paths.items():
        is_hers = name in ("change", "confirm")
        reader = browser if is_hers else Browser(app)
        found[name] = Forms(reader.follow(path).text)
    return found


@pytest.mark.asvs("6.2.7")
def test_every_field_says_what_belongs_into_it(
    pages: dict[str, Forms],
) -> None:
    # Without passkeys nothing waits for "webauthn".
    assert {
        name: [
            field["autocomplete"]
            for field in page.fields
            if field["type"] != "checkbox"
        ]
        for name, page in pages.items()
    } == {
        "sign in": ["username webauthn", "current-password"],
        "register": ["username", "email", "new-password", "new-password"],
        "reset": ["username", "new-password", "new-password"],
        "change": [
            "username",
            "current-password",
            "new-password",
            "new-password",
        ],
        "confirm": ["username", "current-password"],
    }


def test_forms_for_one_account_carry_its_name_unseen(
    pages: dict[str, Forms],
) -> None:
    for name in ("reset", "change", "confirm"):
        owner = pages[name].fields[0]

        assert owner["value"] == "alice@example.com"
        assert owner["type"] == "text"
        assert owner["class"] == "unseen"
        assert "readonly" in owner
        # Nor is it sent, nor come by.
        assert "name" not in owner
        assert owner["tabindex"] == "-1"


def test_every_field_has_a_label_a_name_and_an_id_in_plain_html(
    pages: dict[str, Forms],
) -> None:
    for page in pages.values():
        for field in page.fields:
            if "name" in field:
                assert field["id"] == field["name"]
                assert field["id"] in page.labels
        assert not [tag for tag in page.tags if "-" in tag]


def test_the_name_to_sign_in_with_is_typed_as_it_is(
    pages: dict[str, Forms],
) -> None:
    name = pages["sign in"].fields[0]

    assert name["type"] == "text"
    assert name["inputmode"] == "email"
    assert name["autocapitalize"] == "none"
    assert name["autocorrect"] == "off"
    assert name["spellcheck"] == "false"


@pytest.mark.asvs("6.2.7", "N8")
@pytest.mark.attack("A10")
def test_nothing_keeps_a_password_from_being_filled_in_or_pasted(
    pages: dict[str, Forms],
) -> None:
    for page in pages.values():
        for field in page.fields:
            assert field.get("autocomplete") != "off"
            assert not [key for key in field if key.startswith("on")]
            if field["type"] == "password":
                assert not {"maxlength", "pattern", "readonly"} & set(field)
        assert all("autocomplete" not in form for form, _ in page.forms)


@pytest.mark.parametrize(
    "least",
    [
        pytest.param(8, marks=pytest.mark.settings(preset="default")),
        pytest.param(15, marks=pytest.mark.settings(preset="nist")),
    ],
)
def test_the_rule_for_new_passwords_is_that_of_the_server(
    app: Flask, settings: Settings, least: int
) -> None:
    new = Forms(Browser(app).open("/register").text).fields[2:]
    sent = Browser(app).send(
        "/register",
        username="saf",
        email="saf@example.com",
        password1=SUGGESTED,
        password2=SUGGESTED,
    )

    assert settings.passwords.minimum_length == least
    assert [field["passwordrules"] for field in new] == [
        f"minlength: {least}; allowed: unicode;"
    ] * 2
    assert sent.status_code == 302


@pytest.mark.asvs("6.2.8", "6.2.9", "N4")
def test_a_very_long_password_is_refused_in_words_and_not_cut(
    app: Flask,
) -> None:
    def register(password: str) -> dict[str, str]:
        """Try a password, and read what is wrong with it."""
        page = Browser(app).send(
            "/register",
            username="long",
            email="long@example.com",
            password1=password,
            password2=password,
        )
        return field_errors(page) if page.status_code != 302 else {}

    assert "too long" in register("ab cd " * 900)["password1"]
    assert register("ab cd " * 12) == {}
    cut = Browser(app).sign_in("long", ("ab cd " * 12)[:64])
    assert cut.status_code == 401
