"""Mistakes that developers make at the first try, and what they are told."""

import dataclasses
import logging
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from conftest import CHEAP
from vestibule import ProfileFields, Vestibule, current_user, text
from vestibule.auth import Auth
from vestibule.errors import Reason
from vestibule.ground.knobs import SettingsError
from vestibule.ground.saved_key import saved_key
from vestibule.user import User


def test_handlers_of_single_statuses_never_answer_for_the_api(
    auth: Auth,
) -> None:
    app = Flask("shop")
    Vestibule().init_app(app, auth)
    for status in (404, 405, 413, 415):
        app.register_error_handler(
            status, lambda error: Response("shop", error.code)
        )
    client = app.test_client()
    large = b"x" * 100_000
    answers = [
        client.get("/api/v1/nope"),
        client.put("/api/v1/users"),
        client.post("/api/v1/users", data="x"),
        client.post(
            "/api/v1/users", data=large, content_type="application/json"
        ),
    ]
    kinds = [(answer.status_code, answer.mimetype) for answer in answers]
    assert kinds == [
        (status, "application/problem+json") for status in (404, 405, 415, 413)
    ]
    assert client.get("/nope").text == "shop"


def test_a_user_handed_to_a_session_of_the_host_is_not_inserted_again(
    auth: Auth, alice: User, database_url: str
) -> None:
    token = auth.create_session(alice.email)
    engine = create_engine(database_url)
    for user in (
        auth.db.find_user_by(id=alice.id),
        auth.get_user_from_session_id(token),
        auth.administration.page()[0],
    ):
        with Session(engine) as session:
            session.add(user)
            session.commit()
            count = select(func.count()).select_from(User)
            assert session.scalar(count) == 1
    engine.dispose()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused_in_words(
    url: str, tmp_path: Path
) -> None:
    app = Flask("shop")
    app.config["VESTIBULE_DATABASE_URL"] = url
    app.config["VESTIBULE_DATA"] = str(tmp_path)
    with pytest.raises(SettingsError, match="database in memory"):
        Vestibule(app)


def test_who_forgot_to_mount_is_told_so() -> None:
    app = Flask("shop")
    with (
        app.test_request_context("/"),
        pytest.raises(LookupError, match="not mounted in 'shop'"),
    ):
        bool(current_user)


class Undecorated(ProfileFields):
    """Fields whose class is no dataclass."""

    town: str = text("Town", longest=80)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plain(ProfileFields):
    """A field that is not declared."""

    town: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Braces(ProfileFields):
    """A label that would be filled in."""

    town: str = text(
        "Town {x}", longest=80, missing=Reason("test.town", "Enter a town")
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (Undecorated, "lacks @dataclass"),
        (Plain, "declare 'town' by"),
        (Braces, "no braces"),
        (dict, "made from ProfileFields"),
    ],
)
def test_fields_that_are_none_are_refused_at_the_start(
    auth: Auth, fields: Any, said: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        Vestibule(profile_fields=fields).init_app(Flask("shop"), auth)


def test_a_prefix_in_the_place_of_the_settings_is_refused() -> None:
    wrong: Any = "/account"
    with pytest.raises(TypeError, match=r"Settings\.load"):
        Vestibule(Flask("shop"), wrong)


def test_links_that_lead_elsewhere_are_told_in_debug_mode(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = Flask("shop")
    app.debug = True
    for key, value in {"data": str(tmp_path), **CHEAP}.items():
        app.config[f"VESTIBULE_{key.upper()}"] = value
    Vestibule(app)
    with caplog.at_level(logging.WARNING, "vestibule"):
        app.test_client().get("/", base_url="http://localhost:5391")
    beside = app.extensions["vestibule"].beside
    beside.stop()
    app.extensions["vestibule"].auth.db.close()
    assert "this is http://localhost:5391" in caplog.text


@pytest.mark.asvs("13.3.2")
def test_a_key_that_everybody_can_read_is_not_used(tmp_path: Path) -> None:
    assert saved_key(tmp_path) == saved_key(tmp_path)
    (tmp_path / "secret-key").chmod(0o604)
    with pytest.raises(SettingsError, match="read by everybody"):
        saved_key(tmp_path)
