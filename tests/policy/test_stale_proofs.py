"""Acts that cannot be taken back, in a session that was left open."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from urllib.parse import urlencode

import pytest
from flask import Flask

from askers import Asker
from conftest import PASSWORD, TurnableClock
from deeds import Deed, deeds
from hostility import BROWSER, FORM, JSON, Answer, Knock, asked
from policy_stage import Stage, staged
from verdicts import is_as_told, leads, verdict
from vestibule.auth import Auth
from vestibule.policy import Act, Who

pytestmark = pytest.mark.settings(
    attempts_per_account=1_000_000,
    attempts_per_address=1_000_000,
    session_proof=600,
)
PROOF = 600
STEP_UP = f'Bearer error="insufficient_user_authentication", max_age={PROOF}'
NAMES = ("owner", "other", "admin", "admin who is the owner")


@pytest.fixture
def stage(app: Flask, auth: Auth, clock: TurnableClock) -> Iterator[Stage]:
    """Set the stage, one second after all proofs have become too old."""
    with staged(app, auth, clock) as made:
        clock.turn(seconds=PROOF + 1)
        # A session that is used slides on, which changes it.
        for asker in made.askers.values():
            auth.sessions.owner(asker.token)
        auth.sessions.slides.settle()
        made.settle()
        made.writes.clear()
        yield made


def needing_proof(stage: Stage) -> list[Deed]:
    """List the deeds whose row asks somebody for a fresh proof."""
    return [deed for deed in deeds(stage.app) if deed.act.fresh]


@pytest.mark.attack("A20")
@pytest.mark.asvs("2.3.1", "7.5.1", "7.5.3", "8.4.2", "N21", "N26", "X12")
@pytest.mark.parametrize("name", NAMES)
def test_with_a_stale_proof_nothing_is_done_until_it_is_made_fresh(
    stage: Stage, name: str
) -> None:
    asker = stage.askers[name]
    seen = set()
    for deed in needing_proof(stage):
        for by_bearer in (False, True) if deed.is_api else (False,):
            told = asked_too_late(stage, asker, deed, by_bearer=by_bearer)
            seen.add(told)
            if told == "stale":
                anew = confirmed(stage, asker, by_bearer=by_bearer)
                answer = stage.ask(anew, deed, by_bearer=by_bearer)
                assert answer.status == deed.works, (name, str(deed), answer)
            stage.put_back()
    wanted = {
        # Disabling and the like is not for owners.
        "owner": {"done", "stale", "forbidden"},
        "other": {"stale", "forbidden"},
        "admin": {"stale", "forbidden"},
        "admin who is the owner": {"done", "stale"},
    }
    assert seen == wanted[name]


def asked_too_late(
    stage: Stage, asker: Asker, deed: Deed, *, by_bearer: bool
) -> str:
    """Ask with a stale proof, and see that the answer is as told."""
    facts = stage.about(asker, deed)
    path = deed.path(facts)
    who = asker.standing(deed)
    told = verdict(deed.act, who, is_fresh=False)
    answer = stage.ask(asker, deed, path, by_bearer=by_bearer)
    assert is_as_told(deed, told, path, answer), (str(deed), told, answer)
    assert told == "done" or not stage.changed(), str(deed)
    if told == "stale":
        assert_leads_on(stage, deed, path, answer)
    stage.put_back()
    if deed.path(facts, there=False) != path:
        nowhere = deed.path(facts, there=False)
        told_of_none = verdict(deed.act, who, is_there=False, is_fresh=False)
        none = stage.ask(asker, deed, nowhere, by_bearer=by_bearer)
        assert is_as_told(deed, told_of_none, nowhere, none), str(deed)
        assert not stage.changed()
        stage.put_back()
    return told


def assert_leads_on(
    stage: Stage, deed: Deed, path: str, answer: Answer
) -> None:
    """See that an answer says how to make the proof fresh."""
    if not deed.is_page:
        assert answer.get("www-authenticate") == STEP_UP, str(deed)
        return
    pages = {d.rule for d in deeds(stage.app) if d.method == "GET"}
    # The nearest page above what only acts has the button.
    rule, back = deed.rule, path
    while rule not in pages and rule:
        rule, back = rule.rpartition("/")[0], back.rpartition("/")[0]
    assert leads(answer) == ("/confirm", back or "/profile"), str(deed)


def confirmed(stage: Stage, asker: Asker, *, by_bearer: bool) -> Asker:
    """Confirm by the page or the API; say who goes on, and that it is so.

    The old token must be dead.
    """
    if by_bearer:
        token = confirmed_by_call(stage, asker)
    else:
        token = confirmed_by_page(stage, asker)
    assert token != asker.token
    assert stage.auth.sessions.owner(asker.token) is None
    anew = replace(asker, token=token)
    stage.open_form(anew)
    return anew


def confirmed_by_page(stage: Stage, asker: Asker) -> str:
    """Type the password on the page, and take the new cookie."""
    form = {"password": PASSWORD, "csrf_token": asker.form}
    cookies = f"vestibule_visit={asker.visit}; session_id={asker.token}"
    answer = asked(
        stage.app,
        Knock(
            "POST",
            "/confirm",
            urlencode({"next": "/users/alice/delete"}),
            (*BROWSER, ("Cookie", cookies), ("Content-Type", FORM)),
            urlencode(form).encode(),
        ),
    )
    assert answer.status == 302, answer
    assert answer.get("location") == "/users/alice/delete"
    (token,) = (
        found[1]
        for cookie in answer.cookies()
        if (found := re.match(r"session_id=([^;]{43});", cookie))
    )
    return token


def confirmed_by_call(stage: Stage, asker: Asker) -> str:
    """Post the password to the API, and take the new token."""
    answer = asked(
        stage.app,
        Knock(
            "POST",
            "/api/v1/sessions/current/proof",
            "",
            (
                ("Authorization", f"Bearer {asker.token}"),
                ("Content-Type", JSON),
            ),
            json.dumps({"password": PASSWORD}).encode(),
        ),
    )
    assert answer.status == 200, answer
    return str(json.loads(answer.body)["token"])


@pytest.mark.asvs("7.5.3")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_act_that_asks_for_a_proof_is_among_what_is_tried(
    stage: Stage,
) -> None:
    assert {a for a in Act if a.fresh} == {
        deed.act for deed in needing_proof(stage)
    }


def test_at_the_last_second_of_a_proof_everything_still_works(
    stage: Stage, clock: TurnableClock
) -> None:
    clock.turn(seconds=-1)
    stage.settle()
    for name, deed in product(("owner", "admin"), needing_proof(stage)):
        asker = stage.askers[name]
        if verdict(deed.act, asker.standing(deed)) == "done":
            answer = stage.ask(asker, deed)
            assert answer.status == deed.works, (name, str(deed), answer)
            stage.put_back()


def test_a_wrong_password_makes_no_proof_fresh(stage: Stage) -> None:
    asker = stage.askers["owner"]
    wrong = json.dumps({"password": "wrong"}).encode()
    mine = (("Authorization", f"Bearer {asker.token}"), ("Content-Type", JSON))
    for _ in range(2):
        path = "/api/v1/sessions/current/proof"
        answer = asked(stage.app, Knock("POST", path, "", mine, wrong))
        assert answer.status == 401
        assert json.loads(answer.body)["code"] == "password.incorrect"
    assert not stage.changed()
    by = stage.auth.sessions.actor(asker.token)
    assert by.user
    assert by.proven_at == stage.clock.now() - PROOF - 1
    assert by.standing(by.user.id) == Who.OWNER
