"""A host says how its Vestibule is to be: in code, or by app.config."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from conftest import PASSWORD, Browser, account, form_token
from hosts import hosting, one_database
from vestibule import Settings, Vestibule, create_app, testing
from vestibule.auth import Auth
from vestibule.ground.knobs import SettingsError

Mount = Callable[..., Flask]


@pytest.fixture
def mount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Flask]]:
    """Mount in hosts of an empty folder, and close what was opened."""
    monkeypatch.chdir(tmp_path)
    hosts: list[Flask] = []

    def mounted(config: dict[str, Any] | None = None, **given: Any) -> Flask:
        """Mount in a new host that has a configuration."""
        app = Flask(f"shop{len(hosts)}")
        app.config.update({**testing.config(), **(config or {})})
        Vestibule(app, **given)
        hosts.append(app)
        return app

    yield mounted
    for app in hosts:
        testing.close(app)


def settings_of(app: Flask) -> Settings:
    """Read the settings of a host's Vestibule."""
    return testing.auth(app).settings


def trouble(mount: Mount, **config: Any) -> str:
    """Mount with a configuration that cannot be used; say why."""
    ours = {f"VESTIBULE_{key}": value for key, value in config.items()}
    with pytest.raises(SettingsError) as refused:
        mount(ours)
    return str(refused.value)


# -- app.config -------------------------------------------------------------


def test_a_host_s_configuration_may_hold_texts_numbers_and_switches(
    mount: Mount, tmp_path: Path
) -> None:
    found = settings_of(
        mount(
            {
                "VESTIBULE_SITE_NAME": "Shop",
                "VESTIBULE_PASSWORD_MIN_LENGTH": 12,
                "VESTIBULE_NAME_FIELDS": True,
                "VESTIBULE_PASSWORD_BLOCKLIST": False,
                "VESTIBULE_SESSION_IDLE": "2h",
                "VESTIBULE_DATA": tmp_path / "own",
                "VESTIBULE_MAIL_SERVER": None,
                "SITE_NAME": "theirs",
                "USER_EMAIL_ADDRESS": "theirs@example.com",
            }
        )
    )

    assert found.site.name == "Shop"
    assert found.passwords.minimum_length == 12
    assert found.pages.name_fields is True
    assert found.passwords.blocklist is False
    assert found.sessions.idle == 7200
    assert found.site.data == str(tmp_path / "own")
    assert found.mail.server == found.mail.username == ""
    assert found.origins["SITE_NAME"] == "app.config"
    assert "MAIL_SERVER" not in found.origins


def test_code_wins_over_configuration_over_environment_over_file(
    mount: Mount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "VESTIBULE_SESSION_IDLE=1h\n"
        "VESTIBULE_SESSION_ABSOLUTE=1h\n"
        "VESTIBULE_SITE_NAME=file\n"
        "VESTIBULE_URL_PREFIX=/file\n"
    )
    monkeypatch.setenv("VESTIBULE_SESSION_ABSOLUTE", "2h")
    monkeypatch.setenv("VESTIBULE_SITE_NAME", "environment")
    monkeypatch.setenv("VESTIBULE_URL_PREFIX", "/environment")

    found = settings_of(
        mount(
            {
                "VESTIBULE_SITE_NAME": "config",
                "VESTIBULE_URL_PREFIX": "/config",
            },
            url_prefix="/code",
        )
    )

    assert (found.sessions.idle, found.sessions.absolute) == (3600, 7200)
    assert (found.site.name, found.site.url_prefix) == ("config", "/code")
    assert [
        found.origins[key]
        for key in (
            "SESSION_IDLE",
            "SESSION_ABSOLUTE",
            "SITE_NAME",
            "URL_PREFIX",
        )
    ] == [".env", "environment", "app.config", "option"]


def test_a_preset_may_be_chosen_in_the_configuration(mount: Mount) -> None:
    found = settings_of(mount({"VESTIBULE_PRESET": "nist"}))

    assert found.passwords.minimum_length == 15


def test_a_secret_s_file_may_be_named_in_the_configuration(
    mount: Mount, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("smtp password\n")
    found = settings_of(
        mount({"VESTIBULE_MAIL_PASSWORD_FILE": str(tmp_path / "password")})
    )

    assert found.mail.password == "smtp password"


def test_a_misspelt_key_is_an_error_that_names_the_nearest(
    mount: Mount,
) -> None:
    assert trouble(mount, SITENAME="Shop") == (
        "VESTIBULE_SITENAME is not a setting. "
        "Did you mean VESTIBULE_SITE_NAME?"
    )


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (timedelta(hours=1), "timedelta"),
        (["10.0.0.0/8"], "list"),
        ({}, "dict"),
        (b"1h", "bytes"),
    ],
)
def test_a_value_of_another_type_is_refused(
    mount: Mount, value: object, kind: str
) -> None:
    said = trouble(mount, SESSION_IDLE=value)

    assert said == (
        f"VESTIBULE_SESSION_IDLE: a text, a number, True or False, not {kind}"
    )


def test_a_value_that_does_not_fit_is_refused_before_anything_is_opened(
    mount: Mount, tmp_path: Path
) -> None:
    assert "'soon' is not a duration" in trouble(mount, SESSION_IDLE="soon")
    assert "'1.5' is not a whole" in trouble(mount, PASSWORD_MIN_LENGTH=1.5)
    assert list(tmp_path.iterdir()) == []


def test_settings_made_in_code_are_all_that_counts(
    mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VESTIBULE_SITE_NAME", "environment")
    made = testing.settings(password_min_length=20)

    found = settings_of(
        mount({"VESTIBULE_SITE_NAME": "config"}, settings=made)
    )

    assert found == made


def test_a_host_in_debug_mode_is_in_development(
    mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")

    shown = mount()
    not_asked = mount({"VESTIBULE_DEVELOPMENT": False})

    assert settings_of(shown).site.development is True
    assert settings_of(shown).origins["DEVELOPMENT"] == "app.debug"
    assert Browser(shown).open("/dev/mail").status_code == 200
    assert settings_of(not_asked).site.development is False
    assert Browser(not_asked).open("/dev/mail").status_code == 404


# -- factories, and more than one -------------------------------------------


def test_an_extension_made_first_is_mounted_by_each_factory_call(
    settings: Settings,
) -> None:
    extension = Vestibule(settings=settings, url_prefix="/account")

    def create() -> Flask:
        """Make the application, as a host's factory does."""
        app = Flask("shop")
        app.testing = True
        extension.init_app(app)
        return app

    one, two = create(), create()
    testing.user(one, "anna")

    for app in (one, two):
        opened = Browser(app).send(
            "/account/login", email="anna", password=PASSWORD
        )
        assert opened.location == "/account/profile"
        testing.close(app)
    assert testing.auth(one) is not testing.auth(two)


def test_mounting_twice_in_one_application_is_an_error(
    settings: Settings,
) -> None:
    app = Flask("shop")
    extension = Vestibule(app, settings)

    with pytest.raises(RuntimeError, match="already mounted in 'shop'"):
        extension.init_app(app, url_prefix="/second")
    with pytest.raises(RuntimeError, match="already mounted in 'shop'"):
        Vestibule(app, settings, url_prefix="/second")

    rules = [str(rule) for rule in app.url_map.iter_rules()]
    assert not any(rule.startswith("/second") for rule in rules)
    testing.close(app)


@one_database
def test_two_applications_share_nothing_but_the_process(
    settings: Settings,
) -> None:
    other = testing.settings(
        secret_key="fedcba9876543210fedcba9876543210",
        site_name="Library",
        session_cookie="library",
    )
    with hosting(settings) as shop, hosting(other, "library") as library:
        anna = testing.user(shop, "anna")
        account(testing.auth(library), "bob")
        inside = testing.sign_in(shop, anna)
        cookie = inside.get_cookie("session_id")
        assert cookie
        stranger = library.test_client()
        for name in ("session_id", "library"):
            stranger.set_cookie(name, cookie.value)

        assert inside.get("/profile").status_code == 200
        assert stranger.get("/profile").status_code == 403
        assert stranger.get("/orders").status_code == 401
        for app, theirs in ((shop, "bob"), (library, "anna")):
            assert Browser(app).sign_in(theirs).status_code == 401
        assert "Welcome to Vestibule" in Browser(shop).open("/").text
        assert "Welcome to Library" in Browser(library).open("/").text
        assert inside.get("/profile").status_code == 200


@one_database
def test_a_form_of_one_application_is_worthless_in_another(
    settings: Settings,
) -> None:
    other = testing.settings(secret_key="fedcba9876543210fedcba9876543210")
    with hosting(settings) as shop, hosting(other, "library") as library:
        theirs = Browser(library)
        token = form_token(theirs.open("/login"))
        visit = theirs.client.get_cookie("vestibule_visit")
        assert visit
        client = shop.test_client()
        client.set_cookie("vestibule_visit", visit.value)
        refused = client.post(
            "/login",
            data={"email": "a", "password": "b", "csrf_token": token},
            headers={"Accept": "text/html"},
        )

    assert refused.status_code == 422


# -- the names of cookies ---------------------------------------------------


@pytest.mark.parametrize(
    ("base", "chosen", "session", "visit"),
    [
        ("", {}, "session_id", "vestibule_visit"),
        ("", {"session_cookie": "shop"}, "shop", "shop_visit"),
        (
            "https://shop.example",
            {"session_cookie": "Shop-1"},
            "__Host-Shop-1",
            "__Host-Shop-1_visit",
        ),
    ],
)
def test_the_session_s_cookie_has_the_name_that_is_set(
    base: str, chosen: dict[str, str], session: str, visit: str
) -> None:
    app = create_app(testing.settings(base_url=base, **chosen))
    app.testing = True
    account(testing.auth(app), "alice")

    browser = Browser(app)
    browser.open("/login")
    assert browser.client.get_cookie(visit)
    browser.sign_in("alice")
    assert browser.client.get_cookie(session)
    assert browser.open("/profile").status_code == 200
    browser.send("/logout")
    assert browser.client.get_cookie(session) is None
    testing.close(app)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "__Host-x",
        "__secure-x",
        "a b",
        "a;b",
        "a=b",
        "a\nb",
        "сессия",
        "x" * 65,
    ],
)
def test_what_no_cookie_may_be_called(name: str) -> None:
    with pytest.raises(SettingsError, match="VESTIBULE_SESSION_COOKIE: "):
        Settings.load({}, session_cookie=name)


@pytest.mark.parametrize("theirs", ["shop", "shop_visit"])
def test_a_cookie_called_like_the_host_s_own_session_is_refused(
    theirs: str,
) -> None:
    app = Flask("shop")
    app.config["SESSION_COOKIE_NAME"] = theirs

    with pytest.raises(SettingsError, match="the host's own session"):
        Vestibule(app, testing.settings(session_cookie="shop"))


def test_the_operations_of_a_host_may_be_its_own(auth: Auth) -> None:
    app = Flask("shop")
    Vestibule().init_app(app, auth)

    assert testing.auth(app) is auth
