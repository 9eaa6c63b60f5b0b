"""Two server processes over one database: every race has one winner."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
import requests

from conftest import PASSWORD
from processes import PATIENCE, Server, Visitor, post, serving
from stagecraft import at_once

ROUNDS = 20


@pytest.fixture
def pair(database_url: str, tmp_path: Path) -> Iterator[list[Server]]:
    """Run two servers that share nothing but the database."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                serving(
                    tmp_path,
                    VESTIBULE_DATABASE_URL=database_url,
                    VESTIBULE_RESET_TOKEN_IN_ANSWER="true",
                    VESTIBULE_ATTEMPTS_PER_ACCOUNT="1000000",
                )
            )
            for _ in range(2)
        ]


def answers(
    acts: Sequence[Callable[[], requests.Response]],
) -> list[requests.Response]:
    """Ask all at once; every answer must be one."""
    found = at_once(acts)
    for answer in found:
        assert isinstance(answer, requests.Response), answer
    return [one for one in found if isinstance(one, requests.Response)]


@pytest.mark.attack(145)
@pytest.mark.asvs("2.3.4", "15.4.2")
def test_every_race_has_one_winner(pair: list[Server]) -> None:
    """One story, because starting two servers takes longer than it."""
    same_address_has_one_winner(pair)
    same_username_has_one_winner(pair)
    same_local_part_gets_two_usernames(pair)
    reset_token_is_used_once(pair)
    what_one_ends_the_other_refuses_at_once(pair)


def same_address_has_one_winner(pair: list[Server]) -> None:
    """Register one address four times at once, in two spellings."""
    for number in range(ROUNDS):
        spellings = (f"one{number}@example.com", f"ONE{number}@Example.com")
        got = answers(
            [
                partial(post, server, "/users", email=email, password=PASSWORD)
                for server in pair
                for email in spellings
            ]
        )
        statuses = Counter(answer.status_code for answer in got)
        assert statuses == {200: 1, 400: 3}, [a.text for a in got]
        assert {a.text for a in got if a.status_code == 400} == {
            '{"message":"email already registered"}'
        }


def same_username_has_one_winner(pair: list[Server]) -> None:
    """Register one username at once, with two addresses, by the page."""
    visitors = [Visitor(server) for server in pair]
    for number in range(ROUNDS):
        got = answers(
            [
                partial(
                    visitor.send,
                    "/register",
                    username=f"{spelling}{number}",
                    email=f"{spelling}-{number}@example.com",
                    password1=PASSWORD,
                    password2=PASSWORD,
                )
                for visitor, spelling in zip(
                    visitors, ("name", "NAME"), strict=True
                )
            ]
        )
        statuses = sorted(answer.status_code for answer in got)
        assert statuses == [302, 409], [a.text for a in got]


def same_local_part_gets_two_usernames(pair: list[Server]) -> None:
    """Derive one username at once for two addresses: both get one."""
    for number in range(ROUNDS):
        emails = (f"twin{number}@example.com", f"twin{number}@example.org")
        got = answers(
            [
                partial(post, server, "/users", email=email, password=PASSWORD)
                for server, email in zip(pair, emails, strict=True)
            ]
        )
        statuses = [answer.status_code for answer in got]
        assert statuses == [200, 200], [a.text for a in got]


def finish_reset(server: Server, **typed: str) -> requests.Response:
    """Set a new password with a token, as a program does."""
    return requests.put(
        f"{server.url}/reset_password", data=typed, timeout=PATIENCE
    )


def reset_token_is_used_once(pair: list[Server]) -> None:
    """Use one token at both servers; the password set is the winner's."""
    for number in range(ROUNDS // 2):
        email = f"one{number}@example.com"
        asked = post(pair[0], "/reset_password", email=email)
        passwords = [f"{PASSWORD} {place}" for place in ("first", "second")]
        got = answers(
            [
                partial(
                    finish_reset,
                    server,
                    email=email,
                    reset_token=asked.json()["reset_token"],
                    new_password=password,
                )
                for server, password in zip(pair, passwords, strict=True)
            ]
        )
        statuses = [answer.status_code for answer in got]
        assert sorted(statuses) == [200, 403], [a.text for a in got]
        for status, password in zip(statuses, passwords, strict=True):
            opened = post(pair[1], "/sessions", email=email, password=password)
            assert opened.status_code == (200 if status == 200 else 401)


def what_one_ends_the_other_refuses_at_once(pair: list[Server]) -> None:
    """Sign in and out at one server, and ask the other after each."""
    first, second = pair
    account = {"email": "ended@example.com", "password": PASSWORD}
    assert post(first, "/users", **account).status_code == 200
    for _ in range(3):
        visitor = requests.Session()
        opened = visitor.post(
            f"{first.url}/sessions", json=account, timeout=PATIENCE
        )
        cookie = {"session_id": opened.cookies["session_id"]}

        def check(server: Server, cookie: dict[str, str] = cookie) -> int:
            """Ask a server with the cookie, and say its status."""
            return requests.get(
                f"{server.url}/check", cookies=cookie, timeout=PATIENCE
            ).status_code

        assert [check(server) for server in pair] == [200, 200]
        requests.delete(
            f"{first.url}/sessions",
            cookies=cookie,
            timeout=PATIENCE,
            allow_redirects=False,
        )
        assert [check(second), check(first)] == [401, 401]
