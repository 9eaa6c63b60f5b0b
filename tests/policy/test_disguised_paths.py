"""Whatever an address is dressed up as, it gives no more than it does plain.

Attack: a proxy and an application, or a guard and a view, that read one
request in two ways.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask

from askers import Asker
from conftest import TurnableClock
from deeds import THINGS, Deed, deeds
from disguises import disguises
from hostility import Answer
from policy_stage import Stage, staged
from verdicts import face, leads
from vestibule.auth import Auth
from vestibule.policy import Who

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
pytestmark = pytest.mark.settings(
    attempts_per_account=1_000_000,
    attempts_per_address=1_000_000,
    mailed_sign_in="true",
)

# Who means another method than the one they send.
OVERRIDES = (
    *("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"),
    *("X-Original-Method", "X-Forwarded-Method"),
)
# Who means another address or is somebody else, so they say.
CLAIMS = (
    *(("X-Original-URL", "{}"), ("X-Rewrite-URL", "{}")),
    *(("X-Forwarded-Prefix", "/.."), ("Referer", "http://localhost:5000{}")),
    *(("X-Forwarded-User", "alice"), ("Remote-User", "alice")),
    *(("X-User-Id", "1"), ("X-Forwarded-For", "127.0.0.1"), ("From", "root")),
)
REFUSALS = {400, 401, 403, 404, 405, 413, 415, 422}


@pytest.fixture
def stage(app: Flask, auth: Auth, clock: TurnableClock) -> Iterator[Stage]:
    """Set the stage."""
    with staged(app, auth, clock) as made:
        yield made


def guarded(stage: Stage) -> list[Deed]:
    """List the deeds that the table refuses to some who are signed in."""
    found = [deed for deed in deeds(stage.app) if deed.is_guarded]
    return [deed for deed in found if deed.names_a_thing or not deed.is_own]


def one_for_each_view(stage: Stage) -> list[Deed]:
    """List them but once where a page shows a form and takes it."""
    return [*{(deed.rule, deed.act): deed for deed in guarded(stage)}.values()]


def assert_gives_nothing(
    stage: Stage, asker: Asker, told: object, answer: Answer
) -> None:
    """See that an answer tells and does nothing that is not the asker's."""
    allowed = set(REFUSALS)
    if asker.who is Who.ANONYMOUS and answer.status == 302:
        assert leads(answer)[0] == "/login", told
        allowed.add(302)
    assert answer.status in allowed, (told, answer)
    assert_tells_nothing(told, answer)
    assert not stage.changed(), told


def assert_tells_nothing(told: object, answer: Answer) -> None:
    """See that nothing of Alice stands in an answer."""
    for secret in ("secret of alice", "title of alice", "alice@example.com"):
        if secret not in str(told):
            assert secret not in answer.text, (told, answer)


# -- the address ------------------------------------------------------------


@pytest.mark.attack(94)
@pytest.mark.asvs("1.1.1", "8.2.2")
@one_database
@pytest.mark.parametrize("name", ["other", "anonymous"])
def test_a_disguised_address_opens_nothing(stage: Stage, name: str) -> None:
    for deed in one_for_each_view(stage):
        assert_opens_nothing(stage, stage.askers[name], deed)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_disguised_address_finds_nothing_in_the_other_database_either(
    stage: Stage,
) -> None:
    # What is compared there is the name or number alone.
    by_thing = {
        (part, deed.is_api): deed
        for deed in one_for_each_view(stage)
        for part in THINGS
        if part in deed.rule
    }
    # By the page and by the API: a name, feedback, a passkey and a session;
    # by the page alone the number of an account and a trusted device.
    assert len(by_thing) == 10
    for deed in by_thing.values():
        assert_opens_nothing(stage, stage.askers["other"], deed)


def assert_opens_nothing(stage: Stage, asker: Asker, deed: Deed) -> None:
    """Ask at every disguise of an address, and get nothing."""
    for path in disguises(deed, stage.facts["alice"]):
        told = (asker.name, str(deed), path)
        assert_gives_nothing(stage, asker, told, stage.ask(asker, deed, path))


def test_another_spelling_of_a_name_leads_its_owner_home(
    stage: Stage,
) -> None:
    alice = stage.askers["owner"]
    looks = [
        deed
        for deed in guarded(stage)
        if "<username>" in deed.rule and deed.looks and not deed.is_api
    ]
    assert looks
    for name, deed in product(
        ("ALICE", "aLiCe", "%61lice", "ａｌｉｃｅ", "%20alice"), looks
    ):
        path = deed.path({**stage.facts["alice"], "username": name})
        assert stage.ask(alice, deed, path).status == 200, path


def test_another_spelling_of_a_name_is_refused_like_the_plain_one(
    stage: Stage,
) -> None:
    bob = stage.askers["other"]
    facts = stage.facts["alice"]
    for deed in guarded(stage):
        if "<username>" not in deed.rule:
            continue
        plain = deed.path(facts)
        shown = face(stage.ask(bob, deed, plain), plain)
        stage.put_back()
        # One that is there, and one that is not, by their spellings.
        for name in ("ALICE", "ａｌｉｃｅ", "NOBODY", "no%20body", "a" * 999):
            path = deed.path({**facts, "username": name})
            assert face(stage.ask(bob, deed, path), path) == shown, path
            stage.put_back()


# -- the method -------------------------------------------------------------


@pytest.mark.attack(78, "A27")
@one_database
def test_no_header_or_field_turns_a_request_into_another(
    stage: Stage,
) -> None:
    # Even who may do it: a link of another site must not do it for them.
    for name, deed in product(("owner", "admin", "other"), guarded(stage)):
        if deed.looks:
            continue
        asker = stage.askers[name]
        sent = "GET" if deed.is_page else "POST"
        method = deed.method
        ways: list[dict[str, Any]] = [
            {"headers": tuple((header, method) for header in OVERRIDES)},
            {"query": f"_method={method}", "extra": {"_method": method}},
            {"query": f"method={method}&_METHOD={method}"},
        ]
        for way in ways:
            if deed.rule == "/api/v1/users/<username>/feedback":
                # To add is what POST does.
                continue
            answer = stage.ask(asker, deed, method=sent, **way)
            told = (name, str(deed), way, answer)
            assert answer.status < 500, told
            assert not stage.changed(), told
            if name == "other":
                assert answer.status in REFUSALS, told
            stage.put_back()


@pytest.mark.asvs("4.1.4", "13.4.4")
@one_database
def test_methods_that_nobody_wrote_a_view_for_do_nothing(
    stage: Stage,
) -> None:
    odd = ("OPTIONS", "TRACE", "BREW", "patch", "delete", "PATCH", "PUT")
    written = defaultdict(set)
    for deed in deeds(stage.app):
        written[deed.rule].add(deed.method)
    for name, deed in product(("anonymous", "other", "owner"), guarded(stage)):
        for method in odd:
            # HTTP knows cases of methods, and the framework does not.
            if method.upper() in written[deed.rule]:
                continue
            answer = stage.ask(stage.askers[name], deed, method=method)
            told = (name, str(deed), method, answer)
            allowed = {404, 405}
            if method == "OPTIONS":
                allowed |= {200, 204}
            assert answer.status in allowed, told
            assert_tells_nothing(told, answer)
            assert not stage.changed(), told
            stage.put_back()


@one_database
def test_to_ask_for_the_head_gives_no_more_than_to_ask_for_the_whole(
    stage: Stage,
) -> None:
    for asker, deed in product(stage.askers.values(), guarded(stage)):
        if not deed.looks:
            continue
        whole = stage.ask(asker, deed)
        stage.put_back()
        head = stage.ask(asker, deed, method="HEAD")
        stage.put_back()
        told = (asker.name, str(deed), head)
        assert head.status == whole.status, told
        assert head.body == b"", told


# -- what else is said ------------------------------------------------------


@pytest.mark.attack(98)
@pytest.mark.asvs("4.1.3", "8.3.1")
@one_database
def test_who_says_to_be_somebody_else_is_who_they_were(stage: Stage) -> None:
    bob, facts = stage.askers["other"], stage.facts["alice"]
    said = (
        *(("username", "bob"), ("username", "alice"), ("owner", "bob")),
        *(("user_id", "2"), ("id", "2"), ("number", "2"), ("as", "root")),
        *(("is_admin", "true"), ("next", "/users/alice"), ("admin", "1")),
    )
    for deed in one_for_each_view(stage):
        path = deed.path(facts)
        for name, value in said:
            told = (str(deed), name, value)
            query = urlencode({name: value})
            extra = {name: value}
            answer = stage.ask(bob, deed, path, query=query, extra=extra)
            assert_gives_nothing(stage, bob, told, answer)
        claims = tuple((name, value.format(path)) for name, value in CLAIMS)
        answer = stage.ask(bob, deed, path, headers=claims)
        assert_gives_nothing(stage, bob, (str(deed), claims), answer)


@pytest.mark.attack("A31")
@one_database
def test_a_header_that_names_another_address_leads_nowhere(
    stage: Stage,
) -> None:
    bob = stage.askers["other"]
    for deed in guarded(stage):
        if "<username>" not in deed.rule or not deed.looks:
            continue
        own = deed.path(stage.facts["bob"])
        meant = deed.path(stage.facts["alice"])
        for name in ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Path"):
            answer = stage.ask(bob, deed, own, headers=((name, meant),))
            assert answer.status == deed.works, (str(deed), name)
            assert_tells_nothing((str(deed), name), answer)
            stage.put_back()
