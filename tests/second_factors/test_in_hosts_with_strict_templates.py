"""In a host whose templates may not ask for what is not there."""

import pytest
from flask import Flask
from jinja2 import StrictUndefined

from conftest import Browser, TurnableClock
from passkeyring import Ring
from phones import press, with_app
from vestibule import Vestibule
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User

BY_CODE = "/login/verify?way=totp"


@pytest.fixture
def host(auth: Auth) -> Flask:
    """Mount in a host that is strict with templates."""
    app = Flask("shop")
    app.jinja_env.undefined = StrictUndefined
    Vestibule().init_app(app, auth)
    return app


def pages(app: Flask) -> list[str]:
    """List our pages whose addresses hold no names."""
    return [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and not rule.arguments
        and rule.endpoint.startswith("vestibule.")
        and not rule.endpoint.startswith("vestibule.api")
    ]


def broken(browser: Browser, app: Flask) -> list[str]:
    """Look at every page, and list those that broke."""
    asked = [
        f"{path}{rest}"
        for path in pages(app)
        for rest in ("", "?next=/&way=totp")
    ]
    assert len(asked) > 60
    return [path for path in asked if browser.open(path).status_code >= 500]


@pytest.mark.settings(mailed_sign_in="true")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_page_is_shown_to_whoever_is_there(
    host: Flask, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    browser = Browser(host)
    assert broken(browser, host) == []
    phone = with_app(auth, alice)
    Ring(auth).added(alice)
    auth.recovery_codes.make(alice, by=OPERATOR)

    browser.sign_in(alice.username)

    assert broken(browser, host) == []
    wrong = press(browser, BY_CODE, code=phone.wrong())
    assert wrong.status_code == 401
    right = press(browser, BY_CODE, code=phone.code())
    assert right.location == "/profile"
    assert broken(browser, host) == []
    clock.turn(hours=1)
    assert broken(browser, host) == []
