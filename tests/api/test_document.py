"""The OpenAPI document and its page tell what the API does, and all of it."""

import json
import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app

from conftest import HTML, Browser
from programs import HERE, Program
from vestibule import Vestibule
from vestibule.auth import Auth
from vestibule.doors.plan import WITH_API
from vestibule.doors.problems import status_of_code
from vestibule.errors import Reason
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
pytestmark = one_database


def document(app: Flask, path: str = "/api/openapi.json") -> dict[str, Any]:
    """Fetch the document."""
    answer = app.test_client().get(path)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def routes(app: Flask) -> set[tuple[str, str]]:
    """List the routes below the API, but for the one that catches all."""
    return {
        (method, re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(f"{HERE}/")
        and rule.endpoint != "vestibule.api.nowhere"
        for method in (rule.methods or set()) - {"HEAD"}
    }


def operations(found: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """List what the document describes, by method and path."""
    return {
        (method.upper(), path): operation
        for path, methods in found["paths"].items()
        for method, operation in methods.items()
    }


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(
            each, marks=pytest.mark.settings(name_fields=each), id=each
        )
        for each in ("true", "false")
    ],
)
def test_the_document_is_valid_openapi(app: Flask, names: str) -> None:
    found = document(app)

    validate(found, cls=OpenAPIV31SpecValidator)
    assert found["openapi"] == "3.1.0"
    new_user = found["components"]["schemas"]
    assert ("NamedNewUser" in new_user) == (names == "true")


def test_every_route_is_in_the_document_and_the_other_way_round(
    app: Flask,
) -> None:
    described = operations(document(app))

    assert described.keys() == routes(app)
    assert len(described) >= 13
    names = [operation["operationId"] for operation in described.values()]
    assert len({*names}) == len(names)


def test_every_code_that_is_told_exists_under_its_status(app: Flask) -> None:
    for call, operation in operations(document(app)).items():
        for status, answer in operation["responses"].items():
            if int(status) < 400:
                assert "x-codes" not in answer
                continue
            assert answer["x-codes"], call
            for code in answer["x-codes"]:
                assert Reason.known[code]
                assert str(status_of_code(code)) == status
        assert operation["summary"]
        assert operation["description"].endswith(".")


def test_each_capability_of_the_api_has_its_chapter_in_order(
    app: Flask,
) -> None:
    tags = [op["tags"][0] for op in operations(document(app)).values()]

    assert {*tags} == {name.replace("_", " ") for name in WITH_API}
    assert tags[0] == "registration"


def test_what_is_asked_for_is_said_as_the_settings_have_it(
    app: Flask,
) -> None:
    schemas = document(app)["components"]["schemas"]

    assert schemas["NewUser"]["required"] == ["email", "password"]
    assert schemas["NewUser"]["additionalProperties"] is False
    assert schemas["NewUser"]["properties"]["password"]["minLength"] == 8
    assert schemas["NewUser"]["properties"]["username"]["maxLength"] == 20
    assert "required" not in schemas["ProfileChange"]
    remember = schemas["NewSession"]["properties"]["remember"]
    assert remember["description"] == "Remember me for 30 days on this device"
    assert "hashed_password" not in json.dumps(schemas)
    texts = [
        member.get("description", "")
        for schema in schemas.values()
        for member in schema["properties"].values()
    ]
    assert "{" not in "".join(texts)


@pytest.mark.settings(password_min_length=15)
def test_a_longer_password_is_asked_for_in_the_document_too(
    app: Flask,
) -> None:
    schemas = document(app)["components"]["schemas"]

    assert schemas["NewUser"]["properties"]["password"]["minLength"] == 15
    assert schemas["NewSession"]["properties"]["password"]["minLength"] == 1


@pytest.mark.settings(base_url="https://id.example.com")
def test_the_cookie_is_named_as_it_is(app: Flask) -> None:
    schemes = document(app)["components"]["securitySchemes"]

    assert schemes["cookie"]["name"] == "__Host-session_id"
    assert schemes["bearer"]["scheme"] == "bearer"


def test_caches_may_keep_the_document_for_a_while(
    app: Flask, alice: User
) -> None:
    client = app.test_client()
    first = client.get("/api/openapi.json")
    etag = first.headers["ETag"]

    same = client.get("/api/openapi.json", headers={"If-None-Match": etag})
    signed_in = Program(app)
    signed_in.sign_in("alice")
    again = signed_in.client.get(
        "/api/openapi.json", headers={**HTML, "Accept-Language": "ru"}
    )

    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert first.mimetype == "application/json"
    assert same.status_code == 304
    assert same.data == b""
    assert again.data == first.data
    assert "Set-Cookie" not in again.headers
    assert client.post("/api/openapi.json").status_code == 405


@pytest.mark.settings(url_prefix="/account")
def test_under_a_prefix_the_document_says_where_the_server_is(
    auth: Auth,
) -> None:
    host = Flask("shop")
    Vestibule().init_app(host, auth)

    found = document(host, "/account/api/openapi.json")

    assert found["servers"] == [{"url": "/account"}]
    assert ("POST", f"{HERE}/users") in operations(found)
    assert host.test_client().get("/api/openapi.json").status_code == 404


def test_below_a_script_name_the_document_says_so_as_well(
    app: Flask,
) -> None:
    builder = EnvironBuilder(
        path="/api/openapi.json", base_url="http://localhost/inner"
    )
    body, _, _ = run_wsgi_app(app, builder.get_environ())
    inner = json.loads(b"".join(body))

    assert inner["servers"] == [{"url": "/inner"}]
    assert document(app)["servers"] == [{"url": "/"}]
    assert inner["paths"] == document(app)["paths"]
    assert Client(app).get("/api/openapi.json").status_code == 200


def test_the_page_shows_every_call_with_an_example(app: Flask) -> None:
    page = Browser(app).open("/api/docs")

    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "Set-Cookie" not in page.headers
    for (method, path), operation in operations(document(app)).items():
        assert f'id="{operation["operationId"]}"' in page.text
        assert f"{method} {path}" in page.text
        assert operation["summary"] in unescape(page.text)
        filled = path.format(
            username="anna",
            number=7,
            handle="5f1d3c0e9a7b48626c0d2e4f8a1b3c5d",
        )
        assert f"curl http://localhost:5000{filled} " in page.text
    for code in ("email.taken", "rate.wait", "request.foreign"):
        assert f"{code}</code>" in page.text
    assert "8–4096 characters" in page.text
    unfilled = {*re.findall(r"{\w+}", page.text)}
    assert unfilled == {"{handle}", "{number}", "{username}"}
    links = re.findall(r'href="#(\w+)"', page.text)
    assert {*links} - {"main"} == {
        operation["operationId"]
        for operation in operations(document(app)).values()
    }


def test_the_frame_of_the_page_speaks_russian(app: Flask) -> None:
    browser = Browser(app)
    browser.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "ru"

    page = browser.open("/api/docs")

    assert '<html lang="ru">' in page.text
    assert "Что принимает" in page.text
    assert "8–4096 символов" in page.text.replace("\xa0", " ")
    assert '<span lang="en">' in page.text


def test_the_commands_on_the_page_are_ready_to_be_typed(app: Flask) -> None:
    page = Browser(app).open("/api/docs")
    shown = re.findall(r'<pre class="code"><code>(curl[^<]*)<', page.text)
    commands = [unescape(command) for command in shown]

    assert (
        "curl http://localhost:5000/api/v1/users "
        "-H 'Content-Type: application/json' "
        '-d \'{"email": "anna@example.com", "password": '
        '"three random words"}\''
    ) in commands
    assert (
        "curl http://localhost:5000/api/v1/sessions/current -X DELETE "
        "-H 'Authorization: Bearer TOKEN'"
    ) in commands


@pytest.mark.asvs("1.2.3")
@pytest.mark.settings(site_name="<b>Shop</b>")
def test_a_name_is_no_markup(app: Flask) -> None:
    page = Browser(app).open("/api/docs")

    assert "<b>Shop" not in page.text
    assert document(app)["info"]["title"] == "<b>Shop</b> accounts"
