"""Signals: what a host hears of, when, and what a bad receiver can do."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from blinker import NamedSignal, Signal

from conftest import PASSWORD, Browser, Postbox
from paintings import painted
from vestibule import signals
from vestibule.auth import Auth
from vestibule.errors import NotProven
from vestibule.policy import OPERATOR
from vestibule.signals import Happening
from vestibule.user import User

NEW = "four quite other words"


@contextmanager
def heard(signal: Signal, sender: Auth) -> Iterator[list[Happening]]:
    """Note what a signal tells while the block runs."""
    notes: list[Happening] = []

    def note(told_by: Auth, happening: Happening) -> None:
        """Note one happening."""
        assert told_by is sender
        notes.append(happening)

    with signal.connected_to(note, sender):
        yield notes


def test_a_host_hears_of_every_step_of_an_account(
    auth: Auth, admin: User, browser: Browser, postbox: Postbox
) -> None:
    with (
        heard(signals.happened, auth) as all_,
        heard(signals.user_registered, auth) as registered,
    ):
        browser.send(
            "/register",
            username="carol",
            email="carol@example.com",
            password1=PASSWORD,
            password2=PASSWORD,
        )
    carol = auth.administration.find("carol")
    assert [h.user_id for h in registered] == [carol.id]
    assert [h.act for h in all_] == ["registration", "email_verification.ask"]
    assert registered[0].is_done
    assert registered[0].door == "page"
    assert registered[0].at == auth.clock.now()

    steps: list[tuple[NamedSignal, Callable[[], object]]] = [
        (signals.sign_in_failed, lambda: browser.sign_in("carol", "wrong")),
        (signals.user_signed_in, lambda: browser.sign_in("carol")),
        (
            signals.email_confirmed,
            lambda: browser.send(postbox.link("/verify-email/")),
        ),
        (
            signals.profile_updated,
            lambda: browser.send(
                "/profile", username="caro", email="carol@example.com"
            ),
        ),
        (
            signals.password_changed,
            lambda: browser.send(
                "/password/change",
                old_password=PASSWORD,
                new_password=NEW,
                new_password2=NEW,
            ),
        ),
        (
            signals.picture_changed,
            lambda: auth.pictures.replace(
                carol, auth.pictures.prepare(painted())
            ),
        ),
        (signals.picture_changed, lambda: auth.pictures.remove(carol)),
        (signals.user_signed_out, lambda: browser.send("/logout")),
        (
            signals.role_changed,
            lambda: auth.administration.set_admin(
                carol, is_admin=True, by=OPERATOR
            ),
        ),
        (
            signals.account_disabled,
            lambda: auth.administration.set_active(
                carol, is_active=False, by=OPERATOR
            ),
        ),
        (
            signals.account_enabled,
            lambda: auth.administration.set_active(
                carol, is_active=True, by=OPERATOR
            ),
        ),
        (
            signals.password_reset,
            lambda: auth.update_password(
                auth.get_reset_password_token("carol@example.com"), PASSWORD
            ),
        ),
        (
            signals.user_deleted,
            lambda: auth.deletion.delete(carol, by=OPERATOR),
        ),
    ]
    for signal, step in steps:
        with heard(signal, auth) as notes:
            step()
        assert [h.user_id for h in notes] == [carol.id], signal.name


def test_a_changed_address_is_told_once_it_is_confirmed(
    auth: Auth, alice: User, browser: Browser, postbox: Postbox
) -> None:
    browser.sign_in("alice")
    with heard(signals.email_changed, auth) as notes:
        browser.send("/profile", username="alice", email="a@example.org")
        assert notes == []
        browser.send(postbox.link("/verify-email/"))
    assert [h.user_id for h in notes] == [alice.id]


def test_a_receiver_finds_what_it_hears_of_committed(
    auth: Auth,
) -> None:
    found: list[str] = []

    def look(sender: Auth, happening: Happening) -> None:
        """Read and write in the database from inside the receiver."""
        assert not sender.db.is_writing
        user = sender.db.find_user_by(id=happening.user_id)
        found.append(user.email)
        sender.db.update_user(user.id, first_name="Told")

    with signals.user_registered.connected_to(look, auth):
        user = auth.register_user("carol@example.com", PASSWORD)

    assert found == ["carol@example.com"]
    assert auth.db.find_user_by(id=user.id).first_name == "Told"


def test_a_refused_sign_in_is_told_after_its_own_commit(
    auth: Auth, alice: User
) -> None:
    writing: list[bool] = []

    def look(sender: Auth, happening: Happening) -> None:
        """Note whether a transaction is open, then do something."""
        writing.append(sender.db.is_writing)
        assert happening.outcome == "credentials.incorrect"
        sender.create_session("alice@example.com")

    with (
        signals.sign_in_failed.connected_to(look, auth),
        pytest.raises(NotProven),
    ):
        auth.login.with_password("alice", "wrong")

    assert writing == [False]


def test_a_receiver_that_fails_neither_undoes_nor_hides_what_is_done(
    auth: Auth,
    alice: User,
    browser: Browser,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: Auth, happening: Happening) -> None:
        """Fail."""
        raise RuntimeError("broken receiver")

    with (
        heard(signals.happened, auth) as notes,
        signals.user_signed_in.connected_to(fail, auth),
        caplog.at_level(logging.ERROR, "vestibule.signals"),
    ):
        answer = browser.sign_in("alice")

    assert answer.status_code == 302
    assert browser.open("/profile").status_code == 200
    assert [h.act for h in notes] == ["login"]
    assert "user-signed-in failed" in caplog.text


def test_what_a_bug_undoes_is_never_told(auth: Auth, alice: User) -> None:
    def stumble() -> None:
        """Sign somebody out, then divide by nothing."""
        with auth.db.unit():
            auth.sessions.end_all(alice.id)
            auth.history.record("login", alice.id)
            raise ZeroDivisionError

    with (
        heard(signals.happened, auth) as notes,
        pytest.raises(ZeroDivisionError),
    ):
        stumble()
    assert notes == []


def test_an_operation_whose_outer_unit_is_refused_tells_only_what_is_kept(
    auth: Auth, alice: User
) -> None:
    def refuse() -> None:
        """Note why, then refuse."""
        with auth.db.unit():
            auth.history.record("login", alice.id, "credentials.incorrect")
            assert notes == []
            raise NotProven

    with heard(signals.happened, auth) as notes, pytest.raises(NotProven):
        refuse()
    assert [h.outcome for h in notes] == ["credentials.incorrect"]


def test_each_vestibule_of_a_process_tells_only_its_own_listeners(
    auth: Auth, alice: User
) -> None:
    with heard(signals.happened, Auth(auth.db)) as of_another:
        auth.login.with_password("alice", PASSWORD)
    assert of_another == []
