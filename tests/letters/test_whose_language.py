"""A letter speaks the language of whoever gets it, whoever caused it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import update

from conftest import Browser, Postbox
from lettercraft import Reader
from mailroom import Mailroom
from vestibule.auth import Auth
from vestibule.ground.letters import Letter
from vestibule.history import Circumstances, under
from vestibule.policy import OPERATOR
from vestibule.user import User

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def anna(auth: Auth, alice: User) -> User:
    """Give the test Alice, who reads Russian."""
    auth.db.write(
        update(User).where(User.id == alice.id).values(language="ru")
    )
    return auth.administration.find("alice")


@contextmanager
def the_admin(admin: User) -> Iterator[None]:
    """Act as an administrator at an English page."""
    here = Circumstances("page", "198.51.100.9", actor_id=admin.id)
    with under(here):
        yield


def only(postbox: Postbox) -> Letter:
    """Take the one letter that was sent."""
    [letter] = postbox.empty()
    return letter


def close(auth: Auth, anna: User) -> None:
    """Disable the account."""
    auth.administration.set_active(anna, is_active=False, by=OPERATOR)


def send_reset(auth: Auth, anna: User) -> None:
    """Mail a link to set a new password."""
    auth.administration.send_reset(anna, by=OPERATOR)


def set_password(auth: Auth, anna: User) -> None:
    """Set another password."""
    auth.administration.set_password(anna, "seven purple llamas")


@pytest.mark.parametrize("act", [close, send_reset, set_password])
def test_whom_an_administrator_concerns_reads_their_own_language(
    auth: Auth,
    anna: User,
    admin: User,
    postbox: Postbox,
    act: Callable[[Auth, User], None],
) -> None:
    with the_admin(admin):
        act(auth, anna)

    letter = only(postbox)
    assert letter.text.startswith("Здравствуйте, alice!")
    assert '<html lang="ru">' in letter.html
    # From where the administrator works is nobody's business.
    assert "198.51.100.9" not in letter.text + letter.html
    assert "администрация Vestibule" in letter.text


def test_a_stranger_who_reads_english_causes_a_russian_letter(
    app: Flask, anna: User, postbox: Postbox
) -> None:
    Browser(app).send("/password_reset", email="alice@example.com")

    letter = only(postbox)
    assert letter.subject == "Запрос на сброс пароля"
    assert "127.0.0.1" in letter.text


@pytest.mark.settings(language="ru")
def test_whoever_chose_none_gets_the_language_of_the_site(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.password_reset.ask(alice.email)

    assert only(postbox).text.startswith("Здравствуйте")


def test_an_unknown_language_is_english(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    alice.language = "xx"
    auth.password_reset.send(alice)

    assert only(postbox).text.startswith("Hello alice,")


@pytest.mark.settings(email_change_immediate="false")
def test_a_new_address_is_written_to_in_the_accounts_language(
    auth: Auth, anna: User, postbox: Postbox
) -> None:
    auth.email_changes.start(anna, "anna@new.example.com")

    letters = {letter.to: letter for letter in postbox.empty()}
    assert set(letters) == {"alice@example.com", "anna@new.example.com"}
    new = letters["anna@new.example.com"]
    assert new.subject == "Подтвердите новый адрес для Vestibule"
    assert all("Здравствуйте" in one.text for one in letters.values())


def test_a_letter_arrives_in_both_forms_the_text_first(
    auth: Auth, anna: User, mailroom: Mailroom
) -> None:
    sink = mailroom.serve()
    auth.password_reset.ask(anna.email)
    [kept] = auth.outbox.latest()

    assert auth.outbox.deliver(mailroom.post(sink)) == 1

    [arrived] = sink.arrived
    mail = arrived.mail
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    text, html = (part.get_content() for part in mail.iter_parts())
    assert text.replace("\r\n", "\n") == kept.text
    assert html.replace("\r\n", "\n").rstrip() == kept.html.rstrip()
    assert "/password_reset/" in Reader(html).links[0]
    assert arrived.content.isascii()
    assert mail["Auto-Submitted"] == "auto-generated"
    assert not {"List-Unsubscribe", "Bcc", "Cc"} & set(mail.keys())
    # The link is a secret: neither form is kept once it is over.
    [gone] = auth.outbox.latest()
    assert (gone.state, gone.text, gone.html) == ("sent", "", "")
