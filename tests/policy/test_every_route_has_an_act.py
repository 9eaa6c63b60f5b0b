"""No route without an act, and no act without a route."""

import subprocess
import sys

import pytest
from flask import Flask

from deeds import (
    INSIDE,
    LINES,
    NOWHERE,
    THINGS,
    Deed,
    Line,
    deeds,
    written_rule,
)
from vestibule.doors.caller import allowed
from vestibule.policy import Act

STATIC = "vestibule.static"
# Things that are more than the one of whoever asks.
NAMED = ("account", "feedback", "device", "passkey")
one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
PLANT = """
from vestibule.capabilities.{capability}.{door} import {door}
from vestibule.doors.app import create_app
from vestibule.doors.caller import allowed
from vestibule.policy import Act
from vestibule.settings import Settings


@{door}.get("/planted")
{mark}
def planted():
    return "unguarded"


app = create_app(Settings.load(
    {{}},
    database_url="sqlite:///" + {path!r},
    secret_key="0123456789abcdef" * 2,
))
print(app.test_client().get({where!r}).status_code)
"""


def plant(path: str, door: str, mark: str) -> subprocess.CompletedProcess[str]:
    """Start an application with one more view in a capability."""
    where = "/planted" if door == "pages" else "/api/v1/planted"
    code = PLANT.format(
        capability="login", door=door, mark=mark, path=path, where=where
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.attack(90, "A31")
@pytest.mark.asvs("8.2.1", "X22")
@one_database
def test_every_view_names_an_act(app: Flask) -> None:
    ours = [name for name in app.view_functions if name != STATIC]
    assert len(ours) >= 50
    for name in ours:
        act = vars(app.view_functions[name]).get("vestibule_act")
        assert isinstance(act, Act), name


@pytest.mark.attack(90, "A31")
@pytest.mark.asvs("8.2.1")
@pytest.mark.parametrize("door", ["pages", "api"])
def test_a_view_without_an_act_keeps_the_application_from_starting(
    tmp_path_factory: pytest.TempPathFactory, door: str
) -> None:
    path = str(tmp_path_factory.mktemp("planted") / "vestibule.db")
    bare = plant(path, door, "")
    assert bare.returncode != 0
    assert "names no act of the policy" in bare.stderr
    assert bare.stdout == ""


def test_a_view_with_an_act_is_guarded_by_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = str(tmp_path_factory.mktemp("planted") / "vestibule.db")
    marked = plant(path, "pages", "@allowed(Act.SEE_PROFILE)")
    assert marked.stdout == "401\n", marked.stderr


@pytest.mark.attack(90)
@pytest.mark.asvs("X22")
@one_database
def test_a_new_route_fails_the_suite_until_somebody_says_what_it_needs(
    app: Flask,
) -> None:
    def view(**_: str) -> str:
        """Do something new."""
        return "done"

    app.add_url_rule(
        "/new", "vestibule.new", allowed(Act.ENTER)(view), methods=["POST"]
    )
    with pytest.raises(LookupError, match=r"LINES .* POST /new"):
        deeds(app)


def test_a_new_kind_of_address_fails_the_suite_as_well() -> None:
    deed = Deed("GET", "/x/<y>", Act.SEE_ACCOUNT, Line(), 200, False, True)
    with pytest.raises(LookupError, match="THINGS"):
        deed.path({})


@one_database
def test_every_line_is_about_a_route_that_there_is(app: Flask) -> None:
    found = {f"{deed.method} {deed.rule}" for deed in deeds(app)}
    assert found >= {*LINES}
    assert found >= {*INSIDE}
    for part in THINGS:
        assert any(part in rule for rule in found), part


@one_database
def test_every_method_of_every_route_is_among_the_deeds(app: Flask) -> None:
    found = {(d.method, d.rule) for d in deeds(app)}
    for rule in app.url_map.iter_rules():
        if rule.endpoint in (STATIC, NOWHERE):
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert (method, written_rule(rule)) in found


@one_database
def test_no_row_of_the_table_is_dead(app: Flask) -> None:
    assert {*Act} == {deed.act for deed in deeds(app)}


@one_database
def test_an_address_names_a_thing_where_its_act_depends_on_whose_it_is(
    app: Flask,
) -> None:
    for deed in deeds(app):
        if deed.is_guarded and deed.act.thing in NAMED:
            assert deed.names_a_thing, str(deed)
        if deed.names_a_thing and deed.act.is_for_all:
            if deed.act.is_public:
                # The address holds a secret, which is compared.
                # Only whoever develops sees these, on their own machine.
                is_sample = deed.rule.startswith("/dev/")
                assert "<token>" in deed.rule or is_sample, str(deed)
                continue
            assert deed.act is Act.SEE_PICTURE, str(deed)
