"""What hosts test with: people, letters, time, and cheap databases."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from conftest import PASSWORD, Browser
from hosts import hosting, one_database
from processes import PATIENCE, environment
from vestibule import Settings, Vestibule, testing
from vestibule.ground.knobs import SettingsError


@pytest.fixture
def host(settings: Settings) -> Iterator[Flask]:
    """Give the test a host."""
    with hosting(settings) as app:
        yield app


# -- settings ---------------------------------------------------------------


def test_every_test_gets_an_empty_database_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VESTIBULE_SITE_NAME", "environment")
    (tmp_path / ".env").write_text("VESTIBULE_NONSENSE=1")
    one, two = testing.settings(), testing.settings(site_name="Shop")

    assert one.database_url != two.database_url
    assert (one.site.name, two.site.name) == ("Vestibule", "Shop")
    assert one.passwords.hash_memory == 8
    for settings in (one, two):
        app = Flask("shop")
        Vestibule(app, settings)
        testing.user(app, "anna")
        testing.close(app)
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_the_same_may_go_into_app_config() -> None:
    config = testing.config(site_name="Shop", password_min_length=12)
    app = Flask("shop")
    app.config.update(config)
    Vestibule(app)

    found = testing.auth(app).settings
    assert app.testing
    assert (found.site.name, found.passwords.minimum_length) == ("Shop", 12)
    assert found.passwords.hash_memory == 8
    assert found.origins["DATABASE_URL"] == "app.config"
    testing.close(app)


def test_a_setting_that_there_is_not_is_an_error() -> None:
    with pytest.raises(SettingsError, match="Did you mean"):
        testing.settings(sitename="Shop")


def test_a_database_that_is_named_is_the_one_used(
    database_url: str,
) -> None:
    found = testing.settings(database_url=database_url)

    assert found.database_url == database_url


def test_nothing_is_left_when_the_tests_are_over(tmp_path: Path) -> None:
    code = (
        "from flask import Flask; from vestibule import Vestibule, testing\n"
        "app = Flask('shop'); Vestibule(app, testing.settings())\n"
        "testing.user(app)\n"
        "import sys; assert 'pytest' not in sys.modules\n"
        "print(testing.auth(app).settings.data_folder)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path, TMPDIR=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )

    assert done.stdout.startswith(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


# -- people -----------------------------------------------------------------


def test_people_are_new_unless_they_are_named(host: Flask) -> None:
    one, two = testing.user(host), testing.user(host)
    anna = testing.user(host, "anna", email="a@example.com", admin=True)

    assert one.username != two.username
    assert one.email == f"{one.username}@example.com"
    assert not one.is_admin
    assert (anna.username, anna.email, anna.is_admin) == (
        "anna",
        "a@example.com",
        True,
    )
    assert Browser(host).sign_in("anna").status_code == 302
    other = testing.user(host, password="a password of their own")
    opened = Browser(host).sign_in(other.email, "a password of their own")
    assert opened.status_code == 302


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"SERVER_NAME": "shop.example:8080"},
        {"APPLICATION_ROOT": "/shop"},
    ],
    ids=lambda config: next(iter(config), "plain"),
)
@pytest.mark.parametrize("base", ["", "https://shop.example"])
def test_somebody_is_signed_in_by_a_real_session(
    config: dict[str, str], base: str
) -> None:
    app = Flask("shop")
    app.config.update(testing.config(base_url=base), **config)
    Vestibule(app)
    anna, bob = testing.user(app, "anna"), testing.user(app, "bob")
    client = testing.sign_in(app, anna)

    def whoami() -> object:
        """Ask who is signed in."""
        return client.get("/profile").get_json().get("email")

    assert whoami() == "anna@example.com"
    assert testing.sign_in(app, bob, client) is client
    assert whoami() == "bob@example.com"
    testing.auth(app).sessions.end_all(bob.id)
    assert client.get("/profile").status_code == 403
    testing.close(app)


# -- letters and time -------------------------------------------------------


@pytest.mark.settings(
    base_url="https://shop.example/beta", url_prefix="/account"
)
def test_letters_and_their_links_are_at_hand(host: Flask) -> None:
    outbox = testing.Outbox(host)
    assert outbox.letters == []
    with pytest.raises(AssertionError, match="no link to /password_reset"):
        outbox.link("/password_reset/")
    auth = testing.auth(host)
    auth.register_user("anna@example.com", PASSWORD)
    auth.password_reset.ask("anna@example.com")

    assert [letter.to for letter in outbox.letters] == [
        "anna@example.com",
        "anna@example.com",
    ]
    link = outbox.link("/password_reset/")
    assert link.startswith("/beta/account/password_reset/")
    assert len(outbox.links()) == len(outbox.links("/verify-email/")) + 1
    answer = Browser(host).send(
        link.removeprefix("/beta"),
        password="a new long password",
        confirm_password="a new long password",
    )
    assert answer.status_code == 302
    assert auth.valid_login("anna", "a new long password")


@one_database
def test_time_stands_still_until_it_is_turned(host: Flask) -> None:
    clock = testing.StoppedClock(host)
    client = testing.sign_in(host, testing.user(host, "anna"))

    clock.turn(hours=11, minutes=59, seconds=59)
    assert client.get("/orders").status_code == 200
    clock.turn(hours=12)
    assert client.get("/orders").status_code == 401
    before = clock.moment
    clock.turn(days=2)
    assert testing.auth(host).clock.now() == before + 2 * 86400


# -- with pytest ------------------------------------------------------------


def test_the_fixtures_are_there_for_who_asks(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import pytest\n"
        "from flask import Flask\n"
        "from vestibule import Vestibule, testing\n"
        "pytest_plugins = ['vestibule.testing.fixtures']\n\n\n"
        "@pytest.fixture\n"
        "def app():\n"
        "    app = Flask('shop')\n"
        "    app.config.update(testing.config())\n"
        "    Vestibule(app)\n"
        "    yield app\n"
        "    testing.close(app)\n"
    )
    (tmp_path / "test_shop.py").write_text(
        "def test_all(make_user, sign_in, outbox, clock, app):\n"
        "    client = sign_in(make_user('anna', admin=True))\n"
        "    assert client.get('/profile').json['email'][:5] == 'anna@'\n"
        "    clock.turn(days=8)\n"
        "    assert client.get('/profile').status_code == 403\n"
        "    client.post('/reset_password', data={'email':"
        " 'anna@example.com'})\n"
        "    assert outbox.link('/password_reset/')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert "1 passed" in done.stdout, done.stdout + done.stderr
