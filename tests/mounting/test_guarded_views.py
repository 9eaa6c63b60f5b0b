"""A host's own views: who may see them, who is there, and who acted."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import copy_context
from typing import Any, ClassVar

import pytest
from flask import (
    Blueprint,
    Flask,
    Response,
    g,
    jsonify,
    render_template_string,
    request,
    stream_with_context,
)
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask.views import MethodView, View
from sqlalchemy import select

from conftest import HTML, PASSWORD, Browser
from hosts import one_database
from vestibule import (
    Settings,
    User,
    Vestibule,
    current_user,
    errors,
    login_required,
    testing,
)
from vestibule.history import Event, circumstances

Views = dict[str, Callable[[], ResponseReturnValue]]


def text() -> str:
    """Answer with a text."""
    return f"for {current_user.username}"


def pair() -> tuple[str, int]:
    """Answer with a text and a status."""
    return text(), 201


def response() -> Response:
    """Answer with a whole response."""
    return Response(text())


def document() -> Response:
    """Answer with JSON."""
    return jsonify(name=text())


def stream() -> Response:
    """Answer bit by bit, and look at the user late."""

    def bits() -> Iterator[str]:
        """Give the bits."""
        yield "for "
        yield current_user.username

    return Response(stream_with_context(bits()))


def generator() -> Iterator[str]:
    """Answer with a generator, as Flask lets one do."""
    yield from ("for ", "anna")


async def slowly() -> str:
    """Answer from a coroutine."""
    return text()


class Page(View):
    """A view that is a class."""

    decorators: ClassVar[list[Any]] = [login_required]

    def dispatch_request(self) -> str:
        """Answer with a text."""
        return text()


class Methods(MethodView):
    """A view that is a class, with its methods."""

    decorators: ClassVar[list[Any]] = [login_required]

    def get(self) -> str:
        """Answer with a text."""
        return text()


@pytest.fixture
def host(settings: Settings) -> Iterator[Flask]:
    """Give the test a host with views of every kind."""
    app = Flask("shop")
    app.testing = True
    Vestibule(app, settings)
    views: dict[str, Any] = {
        "text": login_required(text),
        "pair": login_required(pair),
        "response": login_required(response),
        "document": login_required(document),
        "stream": login_required(stream),
        "generator": login_required(generator),
        "slowly": login_required(slowly),
        "class": Page.as_view("class"),
        "methods": Methods.as_view("methods"),
    }
    for name, view in views.items():
        app.add_url_rule(f"/{name}", name, view)
    inner = Blueprint("inner", __name__, url_prefix="/inner")
    inner.before_request(login_required(lambda: None))
    inner.add_url_rule("/text", "text", text)
    app.register_blueprint(inner)
    yield app
    testing.close(app)


KINDS = (
    "text",
    "pair",
    "response",
    "document",
    "stream",
    "generator",
    "slowly",
    "class",
    "methods",
    "inner/text",
)
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def anna(host: Flask) -> FlaskClient:
    """Give the test a client in which Anna is signed in."""
    return testing.sign_in(host, testing.user(host, "anna"))


# -- who may see them -------------------------------------------------------


@every_kind
@one_database
def test_who_is_signed_in_sees_a_view_and_no_cache_keeps_it(
    anna: FlaskClient, kind: str
) -> None:
    seen = anna.get(f"/{kind}", headers=HTML)

    assert seen.status_code == (201 if kind == "pair" else 200)
    assert "for anna" in seen.text
    assert seen.headers["Cache-Control"] == "no-store"
    assert "Cookie" in seen.vary


@every_kind
@one_database
def test_who_is_signed_out_is_sent_to_sign_in_or_told_401(
    host: Flask, kind: str
) -> None:
    client = host.test_client()

    looked = client.get(f"/{kind}?page=2", headers=HTML)
    program = client.get(f"/{kind}")

    assert looked.status_code == 302
    assert looked.location == f"/login?next=/{kind}?page%3D2"
    assert program.status_code == 401
    assert program.mimetype == "application/problem+json"
    assert program.json
    assert program.json["code"] == "auth.required"
    for refused in (looked, program):
        assert refused.headers["Cache-Control"] == "no-store"
        assert "Cookie" in refused.vary
        assert "anna" not in refused.text


@one_database
def test_an_act_of_somebody_signed_out_is_401_and_never_redirected(
    host: Flask,
) -> None:
    host.add_url_rule(
        "/act", "act", login_required(text), methods=["POST", "PUT", "HEAD"]
    )
    client = host.test_client()

    assert client.post("/act", headers=HTML).status_code == 401
    assert client.put("/act", headers=HTML).status_code == 401
    assert client.head("/act", headers=HTML).status_code == 302


@one_database
@pytest.mark.settings(anonymous_status=401)
def test_the_setting_for_pages_counts_for_a_host_s_views_as_well(
    host: Flask,
) -> None:
    refused = host.test_client().get("/text", headers=HTML)

    assert refused.status_code == 401
    assert "Sign in to continue" in refused.text


@one_database
@pytest.mark.parametrize(
    ("asked", "next_"),
    [
        ("/caf%C3%A9/a%20b", "/caf%C3%A9/a%20b"),
        ("/x?q=a%26b&c=%D1%8F", "/x?q=a%26b&c=%D1%8F"),
        ("/x?", "/x"),
    ],
)
def test_people_come_back_to_exactly_where_they_were(
    host: Flask, asked: str, next_: str
) -> None:
    @host.get("/<path:rest>")
    @login_required
    def rest(rest: str) -> str:
        """Say where somebody is."""
        return rest

    testing.user(host, "anna")
    browser = Browser(host)

    sent = browser.open(asked)
    back = browser.send(sent.location, email="anna", password=PASSWORD)

    assert back.location == next_


@one_database
def test_a_view_may_say_itself_how_long_it_is_kept(
    host: Flask, anna: FlaskClient
) -> None:
    def kept() -> Response:
        """Answer with something that may be kept for an hour."""
        made = Response("x", headers={"Vary": "Accept"})
        made.cache_control.private = True
        made.cache_control.max_age = 3600
        return made

    host.add_url_rule("/kept", "kept", login_required(kept))
    seen = anna.get("/kept")

    assert seen.headers["Cache-Control"] == "private, max-age=3600"
    assert {*seen.vary} == {"Accept", "Authorization", "Cookie"}


@one_database
def test_views_that_are_not_guarded_are_left_as_they_are(host: Flask) -> None:
    host.add_url_rule("/open", "open", lambda: "open to all")
    seen = host.test_client().get("/open", headers=HTML)

    assert "Cache-Control" not in seen.headers
    assert "Vary" not in seen.headers


@one_database
@pytest.mark.attack(66, "A30")
def test_a_page_for_everybody_that_looks_who_is_there_says_so_to_caches(
    host: Flask, anna: FlaskClient
) -> None:
    def greeting() -> str:
        """Greet whoever is there, by name."""
        return f"Hello {current_user.username if current_user else 'you'}"

    host.add_url_rule("/hello", "hello", greeting)
    for client, said in ((anna, "anna"), (host.test_client(), "you")):
        seen = client.get("/hello")

        assert seen.text == f"Hello {said}"
        assert {*seen.vary} == {"Authorization", "Cookie"}


@one_database
def test_the_words_of_the_host_for_somebody_signed_out_win(
    settings: Settings,
) -> None:
    early, late = Flask("early"), Flask("late")
    for app in (early, late):
        app.testing = True
        if app is late:
            Vestibule(app, settings)
        app.register_error_handler(
            errors.NotProven, lambda _: ("shop: sign in", 401)
        )
        if app is early:
            Vestibule(app, settings)
        app.add_url_rule("/text", "text", login_required(text))

        assert app.test_client().get("/text").text == "shop: sign in"
        ours = app.test_client().post("/profile", headers=HTML)
        assert "shop" not in ours.text
        testing.close(app)


@one_database
def test_a_host_s_handler_of_all_refusals_is_not_replaced(
    settings: Settings,
) -> None:
    app = Flask("shop")
    app.register_error_handler(errors.Refusal, lambda _: ("shop", 400))
    Vestibule(app, settings)
    app.testing = True
    app.add_url_rule("/text", "text", login_required(text))

    assert app.test_client().get("/text").text == "shop"
    testing.close(app)


@one_database
def test_whatever_an_operation_refuses_a_host_is_answered_in_our_words(
    host: Flask,
) -> None:
    def make() -> str:
        """Make an account that cannot be made."""
        testing.auth(host).registration.register("nobody", "short")
        return "made"

    host.add_url_rule("/make", "make", make)
    refused = host.test_client().get("/make")

    assert refused.status_code == 422
    assert refused.json
    assert {"email", "password"} <= {
        e["field"] for e in refused.json["errors"]
    }


# -- who is there -----------------------------------------------------------


@one_database
def test_the_current_user_is_nobody_when_signed_out(
    host: Flask, anna: FlaskClient
) -> None:
    def who() -> str:
        """Say who is there, as a host writes it."""
        return current_user.username if current_user else "nobody"

    host.add_url_rule("/who", "who", who)
    host.add_url_rule(
        "/page",
        "page",
        lambda: render_template_string(
            "{% if user %}{{ user.username }}{% else %}nobody{% endif %}",
            user=current_user,
        ),
    )

    for path in ("/who", "/page"):
        assert host.test_client().get(path).text == "nobody"
        assert anna.get(path).text == "anna"


@one_database
def test_nobody_s_attributes_are_an_error_and_no_empty_text(
    host: Flask,
) -> None:
    with host.test_request_context("/"), pytest.raises(AttributeError):
        _ = current_user.username


@one_database
def test_requests_inside_one_application_context_have_their_own_users(
    host: Flask, anna: FlaskClient
) -> None:
    bob = testing.sign_in(host, testing.user(host, "bob"))
    # As many a host's tests do, for its database.
    with host.app_context():
        seen = [
            client.get("/text").text
            for client in (anna, bob, host.test_client(), anna)
        ]

        assert [name for name in g if name.startswith("vestibule")] == []
    assert [seen[0], seen[1], seen[3]] == ["for anna", "for bob", "for anna"]
    assert "auth.required" in seen[2]


# -- who acted --------------------------------------------------------------


def acts(host: Flask) -> list[tuple[Any, ...]]:
    """List what the host noted: who acted, from where, by which door."""
    rows = testing.auth(host).db.read(
        select(Event.actor_id, Event.address, Event.door, Event.agent)
        .where(Event.act == "host")
        .order_by(Event.id)
    )
    return [tuple(row) for row in rows]


def note(host: Flask, *, looks: bool) -> str:
    """Note an event in a view of the host."""
    if looks:
        assert bool(current_user) in (True, False)
    testing.auth(host).history.record("host", None)
    return str(circumstances().actor_id)


def test_what_a_host_s_view_does_is_the_act_of_its_user(
    host: Flask, anna: FlaskClient
) -> None:
    host.add_url_rule("/note", "note", lambda: note(host, looks=True))
    host.add_url_rule("/quiet", "quiet", lambda: note(host, looks=False))
    user: User = testing.auth(host).administration.find("anna")

    said = [
        client.get(path, headers={**HTML, "User-Agent": "Test"}).text
        for client, path in (
            (anna, "/note"),
            (host.test_client(), "/quiet"),
            (host.test_client(), "/note"),
            (anna, "/note"),
        )
    ]

    assert said == [str(user.id), "None", "None", str(user.id)]
    where = ("127.0.0.1", "page", "Test")
    assert acts(host) == [
        (user.id, *where),
        (None, *where),
        (None, *where),
        (user.id, *where),
    ]
    assert circumstances().actor_id is None
    assert circumstances().address == ""


@one_database
def test_who_acted_is_forgotten_also_after_a_bug_or_a_coroutine(
    host: Flask, anna: FlaskClient
) -> None:
    def bug() -> str:
        """Look who is there, then fail."""
        assert current_user
        raise ZeroDivisionError

    def after_all() -> str:
        """Use all of these, and ask who acts in the next request."""
        for path in ("/slowly", "/stream", "/bug"):
            with suppress(ZeroDivisionError), anna.get(path) as answer:
                assert answer.status_code == 200
        return host.test_client().get("/actor").text

    # A hook of the host that fails keeps the others from running.
    failing = {""}

    @host.teardown_request
    def fail(_: BaseException | None) -> None:
        """Fail after some requests."""
        if request.path in failing:
            raise ZeroDivisionError

    host.add_url_rule("/bug", "bug", bug)
    host.add_url_rule(
        "/actor",
        "actor",
        lambda: f"{bool(current_user)} {note(host, looks=False)}",
    )

    assert after_all() == "False None"
    assert circumstances().actor_id is None
    failing.add("/bug")
    with host.app_context():
        assert copy_context().run(after_all) == "False None"
