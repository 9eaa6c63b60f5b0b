"""Fields that a host adds are members of the profile at the API."""

import dataclasses

import pytest
from flask import Flask

from programs import Program, spots, told
from vestibule import ProfileFields, Vestibule, switch, text
from vestibule.auth import Auth
from vestibule.errors import Reason
from vestibule.user import User

NO_CITY = Reason("test.api.city.required", "Enter your city")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Resident(ProfileFields):
    """What a host asks of its people."""

    city: str = text("City", longest=80, missing=NO_CITY)
    note: str = text("Note", longest=200, missing=None)
    newsletter: bool = switch("Send me the newsletter")


@pytest.fixture
def api(auth: Auth, alice: User) -> Program:
    """Give the test a program that is signed in at a host."""
    host = Flask("town")
    Vestibule(profile_fields=Resident).init_app(host, auth)
    program = Program(host)
    program.bear("alice")
    return program


def test_a_host_s_fields_are_read_and_changed_one_by_one(
    api: Program,
) -> None:
    before = api.call("GET", "/profile").json
    assert before["city"] == before["note"] == ""
    assert before["newsletter"] is False
    # What was never asked for holds nobody up.
    named = api.call("PATCH", "/profile", {"username": "alicia"})
    assert named.status_code == 200

    api.call("PATCH", "/profile", {"city": "Rome", "newsletter": True})
    after = api.call("PATCH", "/profile", {"note": "Ring twice"}).json

    assert after == {
        **before,
        "username": "alicia",
        "city": "Rome",
        "note": "Ring twice",
        "newsletter": True,
    }
    assert api.call("GET", "/profile").json == after


def test_what_is_wrong_with_a_host_s_field_stands_there(api: Program) -> None:
    empty = api.call("PATCH", "/profile", {"city": ""})
    spelled = api.call("PATCH", "/profile", {"newsletter": "true"})
    long = api.call("PATCH", "/profile", {"note": "x" * 201})

    assert told(empty) == (422, "test.api.city.required")
    assert spots(spelled) == {"newsletter": "field.switch"}
    assert spots(long) == {"note": "field.too_long"}
    assert api.call("GET", "/profile").json["note"] == ""


def test_the_document_has_them_too(api: Program) -> None:
    found = api.client.get("/api/openapi.json").get_json()
    schemas = found["components"]["schemas"]
    told_there = schemas["ProfileAndResident"]["properties"]
    taken_there = schemas["ProfileChangeAndResident"]["properties"]

    assert told_there["newsletter"]["type"] == "boolean"
    assert taken_there["city"]["maxLength"] == 80
    assert "pending_email" in told_there
