"""A challenge is told at each door, and only its own solution is taken."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import altcha
import pytest
from flask import Flask

from conftest import PASSWORD, Browser, TurnableClock, notices
from programs import Program, told
from proofs import (
    asked_by_api,
    asked_by_page,
    asked_in_the_head,
    solution,
)
from vestibule.auth import Auth
from vestibule.proof_of_work import ProofOfWork
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
SECOND = "192.0.2.77"


def spend_all(auth: Auth, name: str = "alice") -> None:
    """Spend the budget of an account, from nowhere."""
    for _ in range(10):
        auth.valid_login(name, "a guess")


# -- the doors --------------------------------------------------------------


def test_the_page_asks_for_work_and_takes_it_with_the_form(
    auth: Auth, browser: Browser, alice: User
) -> None:
    assert asked_by_page(browser.open("/login")) is None
    assert asked_by_page(browser.sign_in("alice", "a guess")) is None
    spend_all(auth)

    refused = browser.sign_in("alice")

    assert refused.status_code == 429
    assert 'value="alice"' in refused.text
    assert PASSWORD not in refused.text
    assert "Try again in 1 minute" in refused.text
    work = solution(asked_by_page(refused))
    typed = {"email": "alice", "password": PASSWORD, "proof_of_work": work}
    answer = browser.send("/login", typed)
    assert (answer.status_code, answer.location) == (302, "/profile")


def test_the_api_asks_in_the_problem_and_takes_it_in_the_head(
    auth: Auth, app: Flask, alice: User
) -> None:
    spend_all(auth)
    api, typed = Program(app), {"name": "alice", "password": PASSWORD}

    refused = api.call("POST", "/sessions", typed)

    assert told(refused) == (429, "rate.wait")
    assert refused.headers["Retry-After"] == "60"
    head = {"Vestibule-Proof": solution(asked_by_api(refused))}
    answer = api.call("POST", "/sessions", typed, headers=head)
    assert answer.status_code == 201
    assert api.whoami() == "alice"


def test_the_classic_door_asks_in_the_head_and_its_body_stays_as_it_is(
    auth: Auth, app: Flask, alice: User
) -> None:
    spend_all(auth)
    client = app.test_client()
    typed = {"email": "alice@example.com", "password": PASSWORD}

    refused = client.post("/sessions", data=typed)

    assert refused.status_code == 429
    assert {*(refused.json or {})} == {"message"}
    head = {"Vestibule-Proof": solution(asked_in_the_head(refused))}
    answer = client.post("/sessions", data=typed, headers=head)
    assert answer.status_code == 200


@one_database
def test_every_page_that_counts_attempts_asks_for_work(
    auth: Auth, browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")
    for path, typed in {
        "/confirm": {"password": "a guess"},
        "/password/change": {
            "old_password": "a guess",
            "new_password": "a new one of mine",
            "new_password2": "a new one of mine",
        },
    }.items():
        for _ in range(11):
            answer = browser.send(path, typed)
        assert answer.status_code == 429, path
        assert asked_by_page(answer), path


@one_database
@pytest.mark.settings(attempts_per_address=1)
@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/password_reset", {"email": "zoe@example.com"}),
        (
            "/register",
            {
                "email": "zoe@example.com",
                "username": "zoe",
                "password1": PASSWORD,
                "password2": PASSWORD,
            },
        ),
    ],
)
def test_asking_and_registering_from_one_place_can_be_worked_for(
    browser: Browser, alice: User, path: str, typed: dict[str, str]
) -> None:
    first = {**typed, "email": "yan@example.com"}
    if "username" in typed:
        first["username"] = "yan"
    assert browser.send(path, first).status_code in (200, 302, 303)

    refused = browser.send(path, typed)

    assert refused.status_code == 429
    work = solution(asked_by_page(refused))
    answer = browser.send(path, {**typed, "proof_of_work": work})
    assert answer.status_code in (200, 302, 303)


@one_database
def test_the_field_is_no_field_of_any_form(
    browser: Browser, alice: User
) -> None:
    typed = {"email": "alice", "password": PASSWORD, "proof_of_work": "x"}

    answer = browser.send("/login", typed)

    assert (answer.status_code, notices(answer)) == (302, [])


# -- what is no solution ----------------------------------------------------


def changed(work: str, change: Callable[[Any], object]) -> str:
    """Unpack a solution, change something in it, and pack it again."""
    payload = json.loads(b64decode(work))
    change(payload)
    return b64encode(json.dumps(payload).encode()).decode()


def parameters(**new: object) -> Callable[[Any], object]:
    """Change something that the challenge says."""
    return lambda payload: payload["challenge"]["parameters"].update(new)


def found(**new: object) -> Callable[[Any], object]:
    """Change something that was found."""
    return lambda payload: payload["solution"].update(new)


def easier(payload: Any) -> None:
    """Ask for less, and solve that."""
    asked = payload["challenge"]
    asked["parameters"]["keyPrefix"] = "0"
    solved = altcha.solve_challenge(altcha.Challenge.from_dict(asked))
    assert solved is not None
    payload["solution"] = solved.to_dict()


def signed_by_another(payload: Any) -> None:
    """Sign the challenge with another key."""
    made = altcha.create_challenge(
        "PBKDF2/SHA-256",
        1,
        key_prefix="0",
        data=payload["challenge"]["parameters"]["data"],
        expires_at=payload["challenge"]["parameters"]["expiresAt"],
        hmac_secret="another key",
    )
    solved = altcha.solve_challenge(made)
    assert solved is not None
    payload.update(altcha.Payload(made, solved).to_dict())


def unsigned(payload: Any) -> None:
    """Leave the signature out."""
    payload["challenge"].pop("signature")


CHANGES: dict[str, Callable[[Any], object]] = {
    "easier prefix": easier,
    "cost of nothing": parameters(cost=0),
    "longer life": parameters(expiresAt=2**40),
    "no end": parameters(expiresAt=None),
    "end of text": parameters(expiresAt="soon"),
    "end of infinity": parameters(expiresAt=float("inf")),
    "another algorithm": parameters(algorithm="SHA-256"),
    "no data": parameters(data=None),
    "data of a list": parameters(data=["number", "for"]),
    "data of others": parameters(data={"number": 7, "for": 7}),
    "half a character": parameters(data={"number": "\ud800", "for": "\ud800"}),
    "a key of JavaScript": parameters(data={"__proto__": 1, "for": "x"}),
    "no hexadecimal": parameters(nonce="zz", salt="zz"),
    "another signature": lambda payload: payload["challenge"].update(
        signature="0" * 64
    ),
    "no signature": unsigned,
    "a signature of numbers": lambda payload: payload["challenge"].update(
        signature=7
    ),
    "signed by another": signed_by_another,
    "another counter": found(counter=1),
    "a counter below zero": found(counter=-1),
    "a counter of text": found(counter="1"),
    "a counter of yes": found(counter=True),
    "a huge counter": found(counter=2**80),
    "another key": found(derivedKey="000" + "1" * 61),
    "a key of nothing": found(derivedKey=None),
    "no solution": lambda payload: payload.pop("solution"),
    "a solution of a list": lambda payload: payload.update(solution=[1]),
    "a challenge of text": lambda payload: payload.update(challenge="x"),
}
TEXTS = {
    "nothing": "",
    "no Base64": "%%%",
    "no JSON": b64encode(b"solved").decode(),
    "a number": b64encode(b"7").decode(),
    "a list": b64encode(b"[]").decode(),
    "bytes": b64encode(b"\xff\xfe").decode(),
    "nested": b64encode(b"[" * 2500).decode(),
    "a long number": b64encode(b'{"challenge":' + b"9" * 2900).decode(),
    "other letters": "Доказательство",
    "long": "A" * 60_000,
}


@one_database
@pytest.mark.attack("A38")
def test_what_is_no_solution_is_as_if_there_were_none(
    auth: Auth, app: Flask, alice: User
) -> None:
    spend_all(auth)
    browser, api = Browser(app), Program(app)
    right = solution(asked_by_page(browser.sign_in("alice")))
    hashes = auth.passwords.hasher.count
    bad = {what: changed(right, act) for what, act in CHANGES.items()}
    typed = {"name": "alice", "password": PASSWORD}

    for what, text in {**bad, **TEXTS}.items():
        page = browser.send(
            "/login", email="alice", password=PASSWORD, proof_of_work=text
        )
        assert page.status_code == 429, what
        assert asked_by_page(page), what
        if not text.isascii():
            continue
        head = {"Vestibule-Proof": text}
        answer = api.call("POST", "/sessions", typed, headers=head)
        assert told(answer) == (429, "rate.wait"), what
        assert asked_by_api(answer), what
    assert auth.passwords.hasher.count == hashes

    typed = {"email": "alice", "password": PASSWORD, "proof_of_work": right}
    assert browser.send("/login", typed).status_code == 302


@one_database
@pytest.mark.attack("A38")
def test_a_solution_of_a_megabyte_is_refused_like_any_such_body(
    browser: Browser, alice: User
) -> None:
    huge = "A" * (1 << 20)
    answer = browser.send("/login", email="alice", proof_of_work=huge)

    assert answer.status_code == 413


@one_database
@pytest.mark.attack("A38")
def test_a_solution_of_more_than_4096_characters_is_not_read(
    auth: Auth,
) -> None:
    proofs = auth.throttle.worked.proofs
    right = solution(proofs.challenge("login", ["one"]))

    def of_length(characters: int) -> str:
        """Add what means nothing, up to a length."""
        bare = changed(right, lambda payload: payload.update(more=""))
        room = characters * 3 // 4 - len(b64decode(bare))
        more = "x" * room
        return changed(right, lambda payload: payload.update(more=more))

    for characters, is_read in ((4096, True), (4100, False)):
        text = of_length(characters)
        assert len(text) == characters
        assert bool(proofs.solved(text, "login", ["one"])) is is_read


@one_database
@pytest.mark.parametrize(
    ("thousands", "cost"), [(1, 1), (4, 1), (5, 2), (4096, 1000)]
)
def test_what_is_to_be_computed_is_what_the_setting_says(
    auth: Auth, thousands: int, cost: int
) -> None:
    asked = auth.settings.having("test", PROOF_OF_WORK=str(thousands))
    made = ProofOfWork(asked, auth.clock, auth.randomness)

    challenge = made.challenge("login", ["one"])
    assert challenge
    # Of 4096 tries, each of so many rounds, one succeeds.
    assert challenge["parameters"]["cost"] == cost


@one_database
@pytest.mark.attack("A22")
@pytest.mark.asvs("9.2.2")
def test_a_solution_is_for_its_own_act_name_and_place(
    auth: Auth, app: Flask, alice: User, bob: User
) -> None:
    spend_all(auth)
    spend_all(auth, "bob")
    api = Program(app)
    typed = {"name": "alice", "password": PASSWORD}
    work = solution(asked_by_api(api.call("POST", "/sessions", typed)))
    head = {"Vestibule-Proof": work}

    of_bob = {**typed, "name": "bob"}
    answer = api.call("POST", "/sessions", of_bob, headers=head)
    assert told(answer) == (429, "rate.wait")
    answer = api.call(
        "POST",
        "/sessions",
        typed,
        headers=head,
        environ_base={"REMOTE_ADDR": SECOND},
    )
    assert told(answer) == (429, "rate.wait")
    for _ in range(31):
        answer = api.call(
            "POST", "/password-reset", {"email": "x@example.com"}, headers=head
        )
    assert told(answer) == (429, "rate.wait")

    assert (
        api.call("POST", "/sessions", typed, headers=head).status_code == 201
    )


@pytest.mark.asvs("9.2.1")
@one_database
def test_a_solution_that_is_ten_minutes_old_comes_too_late(
    auth: Auth, app: Flask, alice: User, clock: TurnableClock
) -> None:
    def late(seconds: int) -> int:
        """Solve at once, and send it when the time is over, or nearly."""
        spend_all(auth)
        api, typed = Program(app), {"name": "alice", "password": PASSWORD}
        asked = asked_by_api(api.call("POST", "/sessions", typed))
        clock.turn(seconds=seconds)
        auth.valid_login("alice", "a guess")
        head = {"Vestibule-Proof": solution(asked)}
        answer = api.call("POST", "/sessions", typed, headers=head)
        return int(answer.status_code)

    assert late(600) == 429
    clock.turn(days=2)
    assert late(599) == 201


@one_database
def test_a_harder_setting_makes_older_challenges_worthless(
    auth: Auth, alice: User
) -> None:
    harder = auth.settings.having("test", PROOF_OF_WORK="9")
    made = [
        ProofOfWork(settings, auth.clock, auth.randomness)
        for settings in (auth.settings, harder)
    ]
    work = solution(made[0].challenge("login", ["one"]))

    assert made[0].solved(work, "login", ["one"])
    assert made[0].solved(work, "login", ["other"]) is None
    assert made[0].solved(work, "registration", ["one"]) is None
    assert made[1].solved(work, "login", ["one"]) is None
