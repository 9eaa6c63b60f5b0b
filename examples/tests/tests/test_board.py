"""Who may read the board, and who may write."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from vestibule import User
from vestibule.testing import Outbox, StoppedClock

MakeUser = Callable[..., User]
SignIn = Callable[..., FlaskClient]


def test_strangers_are_sent_to_sign_in(app: Flask) -> None:
    answer = app.test_client().get("/board", headers={"Accept": "text/html"})

    assert answer.location == "/account/login?next=/board"


def test_members_read(make_user: MakeUser, sign_in: SignIn) -> None:
    client = sign_in(make_user())

    assert client.get("/board").json == []
    assert client.post("/board", data={"text": "Hello"}).status_code == 403


def test_administrators_write(make_user: MakeUser, sign_in: SignIn) -> None:
    client = sign_in(make_user("anna", admin=True))

    answer = client.post("/board", data={"text": "Hello"})

    assert answer.json == ["anna: Hello"]


def test_sessions_end(
    make_user: MakeUser, sign_in: SignIn, clock: StoppedClock
) -> None:
    client = sign_in(make_user())
    clock.turn(hours=13)

    assert client.get("/board").status_code == 401


def test_who_forgot_the_password_gets_a_link(
    app: Flask, make_user: MakeUser, outbox: Outbox
) -> None:
    client = app.test_client()
    anna = make_user("anna")
    client.post("/account/reset_password", data={"email": anna.email})

    link = outbox.link("/password_reset/")
    page = client.get(link, follow_redirects=True)

    assert page.status_code == 200
    assert outbox.letters[0].to == "anna@example.com"
