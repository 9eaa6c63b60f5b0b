"""Beside the extensions, hooks and habits of a host nobody comes to harm."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask_login
import pytest
from flask import Flask, g, request, session
from flask.json.provider import DefaultJSONProvider
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager, UserMixin
from flask_sqlalchemy import SQLAlchemy
from jinja2 import StrictUndefined, Undefined
from sqlalchemy import ForeignKey
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    mapped_column,
    relationship,
)

from conftest import HTML, PASSWORD, Browser
from hosts import one_database
from processes import ROOT
from vestibule import (
    Settings,
    User,
    Vestibule,
    current_user,
    login_required,
    testing,
)
from vestibule.policy import OPERATOR


@pytest.fixture
def mount(settings: Settings) -> Iterator[Callable[..., Flask]]:
    """Mount in a host that is made ready first, and close it at the end."""
    opened: list[Flask] = []

    def mounted(app: Flask | None = None, **given: Any) -> Flask:
        """Mount in a host."""
        app = app or Flask("shop")
        app.testing = True
        Vestibule(app, settings, **given)
        opened.append(app)
        return app

    yield mounted
    for app in opened:
        testing.close(app)


Mount = Callable[..., Flask]


def walk(app: Flask, prefix: str = "") -> None:
    """Live the whole pipeline at the pages and as a program."""
    # Flask's own client puts this before every path that it asks for.
    root = app.config["APPLICATION_ROOT"].rstrip("/")
    browser, program = Browser(app), app.test_client()
    typed = {
        "username": "walker",
        "email": "walker@example.com",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    wrong = browser.send(f"{prefix}/register", {**typed, "email": "x"})
    assert wrong.status_code == 422
    assert "There is a problem" in wrong.text
    made = browser.send(f"{prefix}/register", typed)
    assert made.location == f"{root}{prefix}/login"
    opened = browser.send(f"{prefix}/login", email="walker", password=PASSWORD)
    assert opened.location == f"{root}{prefix}/profile"
    assert "walker@example.com" in browser.open(f"{prefix}/profile").text
    for page in ("/password/change", "/logout", "/", "/verify-email"):
        assert browser.open(prefix + page).status_code == 200, page
    assert browser.send(f"{prefix}/logout").status_code == 302
    assert browser.open(f"{prefix}/password_reset").status_code == 200
    answer = program.post(
        f"{prefix}/sessions",
        data={"email": "walker@example.com", "password": PASSWORD},
    )
    assert answer.json == {
        "email": "walker@example.com",
        "message": "logged in",
    }
    assert program.get(f"{prefix}/profile").status_code == 200
    assert program.delete(f"{prefix}/sessions").status_code == 302


# -- Flask-SQLAlchemy -------------------------------------------------------


class Base(DeclarativeBase):
    """The base of the host's own records."""


def shop_with_orders(uri: str) -> tuple[Flask, SQLAlchemy, Any]:
    """Make a host whose orders belong to our users."""
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = uri
    db = SQLAlchemy(model_class=type("Base", (DeclarativeBase,), {}))
    db.init_app(app)

    class Order(db.Model):  # type: ignore[name-defined,misc]
        """What somebody ordered."""

        id: Mapped[int] = mapped_column(primary_key=True)
        what: Mapped[str]
        user_id: Mapped[int] = mapped_column(
            ForeignKey(User.id, ondelete="CASCADE")
        )
        user: Mapped[User] = relationship(User)

    @app.post("/orders")
    @login_required
    def order() -> dict[str, object]:
        """Order something."""
        made = Order(what=request.form["what"], user_id=current_user.id)
        db.session.add(made)
        db.session.commit()
        return {"id": made.id, "by": made.user.username}

    return app, db, Order


def test_its_models_may_point_to_our_users_in_the_same_database(
    mount: Mount, database_url: str
) -> None:
    app, db, order = shop_with_orders(database_url)
    mount(app)
    with app.app_context():
        db.create_all()
        anna, bob = testing.user(app, "anna"), testing.user(app, "bob")
        for person in (anna, bob, anna):
            made = testing.sign_in(app, person).post(
                "/orders", data={"what": "a lamp"}
            )
            assert made.json
            assert made.json["by"] == person.username
        owners = db.select(order.user_id).order_by(order.id)
        assert db.session.scalars(owners).all() == [anna.id, bob.id, anna.id]
        db.session.commit()

        # Who goes takes along what hangs on them, as the host has said.
        testing.auth(app).deletion.delete(anna, by=OPERATOR)

        assert db.session.scalars(owners).all() == [bob.id]
        db.session.commit()
        walk(app)
        db.drop_all()
        assert testing.auth(app).administration.find("bob").id == bob.id
        db.engine.dispose()


@one_database
def test_its_own_database_stays_its_own(mount: Mount, tmp_path: Path) -> None:
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'shop'}"
    db = SQLAlchemy(app, model_class=Base)
    mount(app)
    walk(app)

    with app.app_context():
        assert db.inspect(db.engine).get_table_names() == []
        db.engine.dispose()


# -- Flask-Login ------------------------------------------------------------


class Guest(UserMixin):  # type: ignore[misc]
    """A user of the host's own accounts."""

    def __init__(self, name: str) -> None:
        self.id = name


@one_database
@pytest.mark.settings(url_prefix="/account")
def test_flask_login_has_its_own_users_beside_ours(mount: Mount) -> None:
    app = Flask("shop")
    app.secret_key = "the key of the shop"
    manager = LoginManager(app)
    manager.user_loader(Guest)
    manager.login_view = "login"

    @app.get("/login")
    def login() -> str:
        """Sign a guest in by the host's own way."""
        flask_login.login_user(Guest("guest"))
        return "the login of the shop"

    @app.get("/both")
    @flask_login.login_required  # type: ignore[untyped-decorator]
    @login_required
    def both() -> str:
        """Say who is signed in at either."""
        theirs = flask_login.current_user.get_id()
        return f"{theirs} and {current_user.username}"

    mount(app)
    walk(app, "/account")
    browser = Browser(app)
    assert browser.open("/both").location.startswith("/login?next=")
    assert browser.open("/login").text == "the login of the shop"
    asked = browser.open("/both")
    assert asked.location == "/account/login?next=/both"
    back = browser.send(asked.location, email="walker", password=PASSWORD)
    assert browser.open(back.location).text == "guest and walker"
    browser.send("/account/logout")
    assert browser.open("/both").location == "/account/login?next=/both"
    assert browser.client.get_cookie("session")


# -- hooks ------------------------------------------------------------------


@one_database
def test_the_hooks_of_a_host_run_and_harm_nothing(mount: Mount) -> None:
    app, seen = Flask("shop"), []
    app.before_request(lambda: seen.append(f"before {request.endpoint}"))
    app.teardown_request(lambda _: seen.append("teardown"))
    app.teardown_appcontext(lambda _: seen.append("teardown app"))
    app.url_value_preprocessor(lambda *_: seen.append("values"))

    @app.after_request
    def mark(response: Any) -> Any:
        """Mark every answer, and set a policy of the host's own."""
        response.headers["X-Shop"] = "yes"
        return response

    mount(app)
    walk(app)
    seen.clear()
    answer = app.test_client().get("/login", headers=HTML)

    assert answer.headers["X-Shop"] == "yes"
    assert "Content-Security-Policy" in answer.headers
    assert seen == [
        "values",
        "before vestibule.login.sign_in",
        "teardown",
        "teardown app",
    ]


@one_database
def test_a_hook_that_demands_a_token_can_leave_our_forms_to_us(
    mount: Mount,
) -> None:
    app = Flask("shop")

    @app.before_request
    def demand_token() -> tuple[str, int] | None:
        """Refuse every post without the token of the host."""
        if "vestibule" in request.blueprints or request.method == "GET":
            return None
        right = request.form.get("token") == "right"
        return None if right else ("no token", 400)

    app.add_url_rule("/act", "act", lambda: "done", methods=["POST"])
    mount(app)
    walk_posts = app.test_client()

    assert walk_posts.post("/act").status_code == 400
    assert walk_posts.post("/act", data={"token": "right"}).text == "done"
    bare = walk_posts.post("/login", data={"email": "a"}, headers=HTML)
    assert bare.status_code == 422
    assert "This page was open too long" in bare.text


@one_database
def test_a_hook_of_the_host_may_shut_its_doors_and_ours(mount: Mount) -> None:
    app = Flask("shop")
    app.before_request(lambda: ("closed", 503))
    mount(app)

    answer = app.test_client().get("/login", headers=HTML)

    assert (answer.status_code, answer.text) == (503, "closed")


# -- templates --------------------------------------------------------------


@one_database
def test_a_host_s_words_and_strictness_do_not_reach_our_pages(
    mount: Mount,
) -> None:
    app = Flask("shop")
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals["_"] = lambda *_: "their word"
    names = ("_", "me", "site", "form", "notices", "lang", "amounts")
    app.context_processor(lambda: dict.fromkeys(names, "their word"))
    mount(app)

    walk(app)
    for path in ("/login", "/register", "/", "/nowhere"):
        assert "their word" not in Browser(app).open(path).text, path


@one_database
def test_a_template_of_the_host_wins_over_ours(
    mount: Mount, tmp_path: Path
) -> None:
    own = tmp_path / "templates/vestibule"
    (own / "login").mkdir(parents=True)
    (own / "login/login.html").write_text(
        '{% extends "vestibule/base.html" %}'
        '{% from "vestibule/parts.html" import summary, field, sent '
        "with context %}"
        "{% block main %}<h1>The shop</h1>{{ summary(form) }}"
        "{% call sent(form, 'Enter') %}{{ field(form.email) }}"
        "{{ field(form.password) }}{% endcall %}{% endblock %}"
    )
    app = mount(Flask("shop", root_path=str(tmp_path)))
    browser = Browser(app)
    testing.user(app, "anna")

    assert "<h1>The shop</h1>" in browser.open("/login").text
    wrong = browser.send("/login", email="anna", password="")
    assert "There is a problem" in wrong.text
    assert browser.sign_in("anna").location == "/profile"
    assert "<h1>Create an account</h1>" in Browser(app).open("/register").text


OWN_BASE = """{% extends "site.html" %}
{% block content %}{% block main %}{% endblock %}{% endblock %}"""


def framed(folder: Path, frame: str) -> Flask:
    """Give a host whose own frame is around our pages."""
    (folder / "templates/vestibule").mkdir(parents=True)
    site = f"<title>{{% block title %}}{{% endblock %}}</title>{frame}"
    content = "{% block content %}{% endblock %}"
    (folder / "templates/site.html").write_text(site + content)
    (folder / "templates/vestibule/base.html").write_text(OWN_BASE)
    return Flask("shop", root_path=str(folder))


@one_database
def test_a_frame_of_the_host_says_what_its_own_translations_say(
    mount: Mount, tmp_path: Path
) -> None:
    app = framed(
        tmp_path,
        "<p>{{ gettext('Sign in') }}, {% trans %}Sign in{% endtrans %}</p>"
        "<p>{{ _('Use {braces} %(now)s {') }}</p>",
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.globals.update(
        gettext=lambda text: f"their {text}",
        _=lambda text: f"their {text}",
    )
    mount(app)

    walk(app)
    for path in ("/login", "/", "/static/vestibule/none"):
        page = Browser(app).open(path).text
        assert "<p>their Sign in, their Sign in</p>" in page, path
        # Here the name is ours, and what we do not know is left as it is.
        assert "<p>Use {braces} %(now)s {</p>" in page, path
    assert ">Sign in</button>" in Browser(app).open("/login").text


@one_database
@pytest.mark.parametrize("undefined", [Undefined, StrictUndefined])
def test_a_broken_frame_of_the_host_is_answered_with_a_document(
    mount: Mount,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    undefined: type[Undefined],
) -> None:
    app = framed(tmp_path, "{{ nobody.name }}")
    app.jinja_env.undefined = undefined
    mount(app)

    for path, status, code in (
        ("/login", 500, "http.internal"),
        ("/static/vestibule/none", 404, "http.not_found"),
    ):
        caplog.clear()
        answer = Browser(app).open(path)

        assert answer.status_code == status
        assert answer.mimetype == "application/problem+json"
        assert answer.json
        assert answer.json["code"] == code
        # In full it is told once, with whatever else there is to say.
        told = [record for record in caplog.records if record.exc_info]
        assert len(told) == 1
        assert "'nobody' is undefined" in caplog.text


@one_database
def test_a_host_is_told_which_addresses_of_ours_it_had_before(
    mount: Mount, caplog: pytest.LogCaptureFixture
) -> None:
    app = Flask("shop")

    def own(**_: str) -> str:
        """Answer with what is the host's."""
        return "the shop"

    app.add_url_rule("/", "root", own)
    app.add_url_rule("/language", "speak", own, methods=["POST"])
    app.add_url_rule("/users/<who>", "person", own, methods=["GET"])
    # These are no address of ours, or not for the same deed.
    app.add_url_rule("/login", "put", own, methods=["PUT"])
    app.add_url_rule("/<path:page>", "rest", own)
    app.add_url_rule("/boats", "boats", own)
    mount(app)

    (told,) = [
        record.getMessage()
        for record in caplog.records
        if "before Vestibule was mounted" in record.getMessage()
    ]
    assert ": GET /, GET /users/<…>, POST /language. " in told
    client = app.test_client()
    assert client.get("/").text == "the shop"
    assert client.get("/users/anna").text == "the shop"
    assert client.post("/language").text == "the shop"
    assert "<h1>Sign in</h1>" in Browser(app).open("/login").text


@one_database
@pytest.mark.parametrize("prefix", ["", "/account"])
def test_a_host_with_addresses_of_its_own_is_told_nothing(
    mount: Mount, caplog: pytest.LogCaptureFixture, prefix: str
) -> None:
    app = Flask("shop")
    own = "/login" if prefix else "/boats"
    app.add_url_rule(own, "own", lambda: "the shop")
    mount(app, url_prefix=prefix)

    assert "before Vestibule was mounted" not in caplog.text


def test_every_address_that_we_take_is_named_for_hosts(
    tmp_path: Path,
) -> None:
    (tmp_path / "logo.svg").write_text("<svg xmlns='x'/>")
    app = Flask("shop")
    own = {"development": True, "brand": str(tmp_path)}
    app.config.from_mapping(testing.config(**own))
    Vestibule(app)
    text = (ROOT / "docs/mounting.md").read_text("utf-8")
    found = re.search(r"Without a\nprefix Vestibule has (.*?)\.\n", text, re.S)
    assert found
    named = set(re.findall("`(.+?)`", found[1]))
    taken = {
        # Below its first part everything of a rule is ours, but for this.
        "/static/vestibule"
        if rule.rule.startswith("/static/vestibule/")
        else f"/{rule.rule.split('/')[1]}"
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("vestibule.")
        and not rule.endpoint.startswith("vestibule.wellknown.")
    }
    taken |= {*app.extensions["vestibule"].front.places}
    testing.close(app)

    assert named == taken


@one_database
def test_nothing_of_ours_is_in_a_host_s_templates(
    mount: Mount, tmp_path: Path
) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/page.html").write_text(
        "{{ me }}{{ site }}{{ _ }}{{ current_user }}{{ lang }}{{ form }}"
    )
    app = mount(Flask("shop", root_path=str(tmp_path)))
    app.add_url_rule(
        "/page",
        "page",
        lambda: app.jinja_env.get_or_select_template("page.html").render(),
    )
    from flask import render_template

    app.add_url_rule("/page2", "page2", lambda: render_template("page.html"))
    client = testing.sign_in(app, testing.user(app))

    assert client.get("/page").text == client.get("/page2").text == ""


# -- configuration and machinery --------------------------------------------


class OddJson(DefaultJSONProvider):
    """A provider of JSON that writes everything another way."""

    def response(self, *args: Any, **kwargs: Any) -> Any:
        """Put every answer inside of another object."""
        del kwargs
        return super().response({"shop": args[0]})


class OddSessions(SecureCookieSessionInterface):
    """Sessions of the host, under another name and path."""

    def get_cookie_name(self, app: Flask) -> str:
        """Name the cookie."""
        del app
        return "odd"

    def get_cookie_path(self, app: Flask) -> str:
        """Say where it is sent."""
        del app
        return "/odd"


@one_database
def test_the_json_and_the_sessions_of_a_host_are_its_own(
    mount: Mount,
) -> None:
    app = Flask("shop")
    app.secret_key = "the key of the shop"
    app.json = OddJson(app)
    app.session_interface = OddSessions()
    app.add_url_rule("/mine", "mine", lambda: {"a": 1})
    app.add_url_rule("/odd/set", "set", lambda: session.update(a=1) or "set")
    app.add_url_rule("/odd/get", "get", lambda: str(session.get("a")))
    mount(app)
    walk(app)

    client = app.test_client()
    assert client.get("/mine").json == {"shop": {"a": 1}}
    refused = client.post("/login", headers=HTML)
    assert "odd" not in refused.headers.get("Set-Cookie", "")
    client.get("/odd/set")
    assert client.get("/odd/get").text == "1"


@one_database
@pytest.mark.parametrize(
    "config",
    [
        {"SERVER_NAME": "shop.example"},
        {"SERVER_NAME": "shop.example:8080", "PREFERRED_URL_SCHEME": "https"},
        {"APPLICATION_ROOT": "/shop"},
        {"PREFERRED_URL_SCHEME": "https"},
        {"MAX_CONTENT_LENGTH": 10_000_000},
        {"TRAP_HTTP_EXCEPTIONS": True},
        {"TRAP_BAD_REQUEST_ERRORS": True},
        {"EXPLAIN_TEMPLATE_LOADING": True},
        {"TEMPLATES_AUTO_RELOAD": True},
        {"SESSION_COOKIE_PATH": "/shop", "SESSION_COOKIE_DOMAIN": "x.example"},
        {"JSON_SORT_KEYS": False},
        {"PROVIDE_AUTOMATIC_OPTIONS": False},
    ],
    ids=lambda config: next(iter(config)),
)
@pytest.mark.parametrize("prefix", ["", "/account"])
def test_the_configuration_of_a_host_does_not_change_ours(
    mount: Mount, config: dict[str, Any], prefix: str
) -> None:
    app = Flask("shop")
    app.config.update(config)
    before = {**app.config, "TESTING": True}
    mount(app, url_prefix=prefix)

    walk(app, prefix)

    assert {**app.config} == before


@one_database
def test_a_host_that_matches_hosts_and_subdomains_has_our_pages(
    settings: Settings,
) -> None:
    app = Flask("shop", subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    app.testing = True
    app.add_url_rule("/api", "api", lambda: "api", subdomain="api")
    Vestibule(app, settings)

    walk(app)
    client = testing.sign_in(app, testing.user(app))
    assert client.get("/profile").status_code == 200
    assert client.get("/api", base_url="http://api.shop.example").text == "api"
    testing.close(app)


@one_database
def test_what_a_host_keeps_in_g_is_left_alone(mount: Mount) -> None:
    app = Flask("shop")
    app.before_request(lambda: setattr(g, "user", "theirs"))
    app.add_url_rule("/user", "user", lambda: f"{g.user} {bool(current_user)}")
    mount(app)
    client = testing.sign_in(app, testing.user(app))

    assert client.get("/user").text == "theirs True"
