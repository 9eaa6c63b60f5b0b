"""No form acts that its visitor was not shown, at any page there is.

The pages come from the application's own map, and what each of them needs
to work from tests/deeds.py. So a new page is tried from its first day.
"""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from flask import Flask

from askers import Asker
from conftest import TurnableClock
from deeds import Deed, deeds
from hostility import FORM, JSON, Answer, Knock, asked
from policy_stage import Stage, staged
from vestibule.auth import Auth
from vestibule.policy import Act

pytestmark = [
    pytest.mark.settings(
        attempts_per_account=1_000_000,
        attempts_per_address=1_000_000,
        mailed_sign_in="true",
    ),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
# It stands on pages that all strangers are shown, and without a secret;
# only what browsers say of where it was sent from guards it.
OPEN = "/language"
# Headers that some have taken for a proof of where a request comes from.
BELIEVED = (
    ("X-Requested-With", "XMLHttpRequest"),
    ("X-CSRF-Protection", "1"),
    ("Referer", "http://localhost:5000/login"),
)


@pytest.fixture
def stage(app: Flask, auth: Auth, clock: TurnableClock) -> Iterator[Stage]:
    """Set the stage."""
    with staged(app, auth, clock) as made:
        yield made


def page_deeds(stage: Stage) -> list[tuple[Deed, Asker]]:
    """List what pages do, each with somebody who may do it."""
    found = [
        (deed, stage.who_may(deed))
        for deed in deeds(stage.app)
        if deed.is_page and not deed.looks and deed.rule != OPEN
    ]
    assert len(found) >= 20
    return found


def again(stage: Stage, asker: Asker, *, session: str | None = None) -> Asker:
    """Let somebody open a form in another visit, perhaps in a session."""
    token = asker.token if session is None else session
    other = replace(asker, token=token, visit="", form="")
    stage.open_form(other)
    return other


def forgeries(
    stage: Stage, asker: Asker
) -> Iterator[tuple[str, list[tuple[str, str]], str]]:
    """List secrets that are no good: what is wrong, fields, and the visit.

    The visit is what a neighbour could plant beside the secret; the session
    stays the asker's own.
    """
    own, field = asker.form, "csrf_token"
    bob, carol = stage.askers["other"], stage.people["carol"]
    for what, forms in {
        "missing": [],
        "empty": [(field, "")],
        "twice": [(field, own), (field, own)],
        "own and foreign": [(field, bob.form), (field, own)],
        "an array": [("csrf_token[]", own)],
        "an object": [("csrf_token[0]", own), ("csrf_token[a]", own)],
        "another name": [("_csrf_token", own), ("csrf-token", own)],
        "cut off": [(field, own[:-1])],
        "without a seal": [(field, own.partition(".")[0])],
        "longer": [(field, f"{own}A")],
        "in capitals": [(field, own.upper())],
        "a space around": [(field, f" {own} ")],
        "null": [(field, "null")],
        "the visit": [(field, asker.visit)],
    }.items():
        yield what, forms, asker.visit
    yield "without a visit", [(field, own)], ""
    visit = again(stage, asker)
    yield "another visit's", [(field, visit.form)], asker.visit
    yield "of a planted visit", [(field, own)], visit.visit
    stranger = again(stage, asker, session="")
    signed_in = again(stage, asker, session=stage.auth.sessions.open(carol.id))
    others = {"somebody else's": bob, "another session's": signed_in}
    if asker.user:
        same = stage.auth.sessions.open(asker.user.id)
        others["another session's of the same person"] = again(
            stage, asker, session=same
        )
        others["from before the sign-in"] = stranger
    for what, other in others.items():
        yield what, [(field, other.form)], asker.visit
        yield f"{what}, visit and all", [(field, other.form)], other.visit


def assert_did_nothing(stage: Stage, told: object, answer: Answer) -> None:
    """See that not a row was written, and nobody signed in or out."""
    assert 300 <= answer.status < 500, (told, answer)
    assert not stage.writes, (told, answer)
    assert not [c for c in answer.cookies() if "session_id" in c], told


@pytest.mark.attack(75, 76, 77, "A25")
@pytest.mark.asvs("3.5.1", "N23")
def test_no_page_acts_by_a_form_that_it_has_not_shown(stage: Stage) -> None:
    for deed, asker in page_deeds(stage):
        tricks = list(forgeries(stage, asker))
        stage.settle()
        stage.writes.clear()
        for what, forms, visit in tricks:
            forged = replace(asker, visit=visit)
            answer = stage.ask(forged, deed, forms=forms, headers=BELIEVED)
            assert_did_nothing(stage, (str(deed), what), answer)
        # And by the one that it has shown, it does act.
        answer = stage.ask(asker, deed)
        assert answer.status in (deed.works, 303), (str(deed), answer)
        assert stage.writes or not deed.changes, str(deed)
        stage.put_back()


@pytest.mark.attack(75, 77, "A25")
def test_the_secret_counts_in_the_body_of_a_form_alone(stage: Stage) -> None:
    for deed, asker in page_deeds(stage):
        facts, own = stage.about(asker, deed), asker.form
        sent = {
            name: value.format(**facts) if isinstance(value, str) else value
            for name, value in deed.line.body.items()
        }
        cookies = f"vestibule_visit={asker.visit}; session_id={asker.token}"
        for kind, query, body in (
            (FORM, {"csrf_token": own}, urlencode(sent)),
            (FORM, {**sent, "csrf_token": own}, ""),
            ("text/plain", {}, urlencode({**sent, "csrf_token": own})),
            (JSON, {}, f'{{"csrf_token": "{own}"}}'),
            ("", {}, urlencode({**sent, "csrf_token": own})),
        ):
            headers = (
                *(("Cookie", cookies), ("Accept", "text/html")),
                *(("Content-Type", kind), ("X-CSRF-Token", own)),
                *(("X-CSRFToken", own), *BELIEVED),
            )
            path, text = deed.path(facts), urlencode(query)
            knock = Knock("POST", path, text, headers, body.encode())
            answer = asked(stage.app, knock)
            assert_did_nothing(stage, (str(deed), kind, query), answer)


@pytest.mark.asvs("3.5.3")
@pytest.mark.attack(78, "A27")
def test_whoever_only_looks_writes_nothing_at_all(stage: Stage) -> None:
    for asker in stage.askers.values():
        for deed in deeds(stage.app):
            if not deed.looks:
                continue
            for method in ("GET", "HEAD"):
                answer = stage.ask(asker, deed, method=method)
                told = (asker.name, method, str(deed), answer)
                # What is denied, and what is taken along, stands in the
                # history; and the latter no other site may ask for.
                is_noted = answer.status >= 400 or deed.act is Act.EXPORT
                assert stage.writes <= ({False} if is_noted else set()), told
                stage.put_back()


@pytest.mark.asvs("3.5.3")
@pytest.mark.attack(78, "A25", "A27")
def test_what_only_looks_does_not_act_by_a_body_either(stage: Stage) -> None:
    alice = stage.askers["owner"]
    for deed, asker in page_deeds(stage):
        for method in ("GET", "HEAD"):
            answer = stage.ask(asker, deed, method=method)
            told = (method, str(deed), answer)
            assert not stage.writes, told
            assert answer.status in (200, 302, 303, 405), told
    assert stage.auth.sessions.owner(alice.token)
