"""A mailed token works once, for one purpose, one account and one hour."""

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from conftest import TurnableClock
from vestibule.auth import Auth
from vestibule.db import DB
from vestibule.errors import Conflict
from vestibule.mailed_tokens import (
    LASTING,
    MailedToken,
    MailedTokens,
    Proof,
)
from vestibule.policy import OPERATOR
from vestibule.user import User

RESET, CONFIRM = "password_reset", "email_verification"
ADDRESS = "alice@example.com"


@pytest.fixture
def tokens(auth: Auth) -> MailedTokens:
    """Give the test what makes and uses up mailed tokens."""
    return auth.mailed_tokens


@pytest.fixture
def elsewhere(auth: Auth) -> Iterator[MailedTokens]:
    """Give the test the same tokens as another process sees them."""
    db = DB(auth.settings, auth.clock)
    yield MailedTokens(db)
    db.close()


def how_many(auth: Auth) -> int:
    """Count the live and dead tokens there are."""
    row = auth.db.first(select(func.count()).select_from(MailedToken))
    assert row is not None
    return int(row[0])


@pytest.mark.attack(10, 14)
def test_a_token_proves_whose_it_is_and_where_it_went(
    tokens: MailedTokens, alice: User
) -> None:
    token = tokens.issue(alice.id, RESET, ADDRESS)

    assert tokens.look(token, RESET) == Proof(alice.id, ADDRESS)
    assert tokens.use(token, RESET) == Proof(alice.id, ADDRESS)


@pytest.mark.attack("A11")
def test_the_token_itself_is_stored_nowhere(
    auth: Auth, tokens: MailedTokens, alice: User
) -> None:
    token = tokens.issue(alice.id, RESET, ADDRESS)

    assert len(token) == 43
    (row,) = auth.db.read(select(*MailedToken.__table__.columns))
    assert row.fingerprint == hashlib.sha256(token.encode()).digest()
    assert token not in str(row)


@pytest.mark.asvs("6.4.1")
@pytest.mark.attack("A11")
def test_a_token_works_once(tokens: MailedTokens, alice: User) -> None:
    token = tokens.issue(alice.id, RESET, ADDRESS)

    assert tokens.look(token, RESET)
    assert tokens.look(token, RESET)
    assert tokens.use(token, RESET)
    assert tokens.use(token, RESET) is None
    assert tokens.look(token, RESET) is None


@pytest.mark.asvs("6.6.2")
@pytest.mark.attack("A11")
def test_only_the_newest_token_of_a_purpose_works(
    auth: Auth, tokens: MailedTokens, alice: User
) -> None:
    first = tokens.issue(alice.id, RESET, ADDRESS)
    second = tokens.issue(alice.id, RESET, "new@example.com")

    assert tokens.use(first, RESET) is None
    assert tokens.look(second, RESET) == Proof(alice.id, "new@example.com")
    assert how_many(auth) == 1


@pytest.mark.asvs("2.3.1", "6.6.2")
@pytest.mark.attack(11)
def test_a_token_is_worthless_for_another_purpose(
    tokens: MailedTokens, alice: User
) -> None:
    token = tokens.issue(alice.id, RESET, ADDRESS)

    assert tokens.look(token, CONFIRM) is None
    assert tokens.use(token, CONFIRM) is None
    assert tokens.use(token, RESET)


def test_tokens_of_other_purposes_and_accounts_stay(
    tokens: MailedTokens, alice: User, bob: User
) -> None:
    hers = tokens.issue(alice.id, RESET, ADDRESS)
    other = tokens.issue(alice.id, CONFIRM, ADDRESS)
    his = tokens.issue(bob.id, RESET, "bob@example.com")
    tokens.issue(alice.id, RESET, ADDRESS)

    assert tokens.use(hers, RESET) is None
    assert tokens.use(other, CONFIRM) == Proof(alice.id, ADDRESS)
    assert tokens.use(his, RESET) == Proof(bob.id, "bob@example.com")


@pytest.mark.asvs("6.4.1")
def test_a_token_dies_after_one_hour(
    tokens: MailedTokens, alice: User, clock: TurnableClock
) -> None:
    token = tokens.issue(alice.id, RESET, ADDRESS)
    clock.turn(seconds=3599)
    assert tokens.look(token, RESET)
    assert tokens.pending(alice.id, RESET) == ADDRESS

    clock.turn(seconds=1)
    assert tokens.look(token, RESET) is None
    assert tokens.use(token, RESET) is None
    assert tokens.pending(alice.id, RESET) is None


@pytest.mark.settings(link_life="10m")
def test_the_life_of_a_token_is_a_setting(
    tokens: MailedTokens, alice: User, clock: TurnableClock
) -> None:
    token = tokens.issue(alice.id, RESET, ADDRESS)
    clock.turn(seconds=599)
    assert tokens.look(token, RESET)
    clock.turn(seconds=1)
    assert tokens.look(token, RESET) is None


@pytest.mark.attack(12, 16)
@pytest.mark.parametrize(
    "garbage", ["", "x", "\x00", "\ud800", "é", "'--", "x" * 100_000]
)
def test_garbage_is_no_token(
    tokens: MailedTokens, alice: User, garbage: str
) -> None:
    token = tokens.issue(alice.id, RESET, ADDRESS)

    assert tokens.look(garbage, RESET) is None
    assert tokens.use(garbage, RESET) is None
    assert tokens.use(token + garbage, RESET) is None or garbage == ""


def test_a_refusal_afterwards_does_not_use_the_token_up(
    auth: Auth, tokens: MailedTokens, alice: User
) -> None:
    token = tokens.issue(alice.id, RESET, ADDRESS)

    def work() -> None:
        with auth.db.unit():
            assert tokens.use(token, RESET)
            raise Conflict

    with pytest.raises(Conflict):
        work()
    assert tokens.use(token, RESET)


@pytest.mark.attack("A11")
@pytest.mark.asvs("2.3.4", "15.4.2", "X7")
def test_of_many_uses_at_once_exactly_one_gets_the_proof(
    tokens: MailedTokens, elsewhere: MailedTokens, alice: User
) -> None:
    for _ in range(5):
        token = tokens.issue(alice.id, RESET, ADDRESS)
        start = threading.Barrier(8)

        def use(
            number: int,
            start: threading.Barrier = start,
            token: str = token,
        ) -> Proof | None:
            start.wait()
            return (tokens, elsewhere)[number % 2].use(token, RESET)

        with ThreadPoolExecutor(8) as threads:
            proofs = [p for p in threads.map(use, range(8)) if p]
        assert proofs == [Proof(alice.id, ADDRESS)]


def test_of_many_tokens_made_at_once_exactly_one_works(
    tokens: MailedTokens, elsewhere: MailedTokens, alice: User
) -> None:
    start = threading.Barrier(8)

    def issue(number: int) -> str:
        start.wait()
        maker = (tokens, elsewhere)[number % 2]
        return maker.issue(alice.id, RESET, ADDRESS)

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(issue, range(8)))

    assert len([token for token in made if tokens.look(token, RESET)]) == 1


def test_forgetting_takes_all_tokens_or_those_of_a_purpose(
    tokens: MailedTokens, alice: User, bob: User
) -> None:
    def issue() -> list[str]:
        return [tokens.issue(alice.id, p, ADDRESS) for p in (RESET, CONFIRM)]

    his = tokens.issue(bob.id, RESET, "bob@example.com")

    reset, confirm = issue()
    tokens.forget(alice.id, CONFIRM)
    assert tokens.look(reset, RESET)
    assert tokens.look(confirm, CONFIRM) is None

    reset, confirm = issue()
    tokens.forget(alice.id)
    assert tokens.look(reset, RESET) is None
    assert tokens.look(confirm, CONFIRM) is None
    assert tokens.look(his, RESET)


def test_lasting_tokens_are_forgotten_by_name_or_with_all_others(
    tokens: MailedTokens, alice: User
) -> None:
    first, second, *_ = LASTING
    one = tokens.issue(alice.id, first, ADDRESS)
    two = tokens.issue(alice.id, second, ADDRESS)

    tokens.forget(alice.id)
    assert tokens.look(one, *LASTING)
    tokens.forget(alice.id, first)
    assert tokens.look(one, *LASTING) is None
    assert tokens.look(two, *LASTING)
    tokens.forget_all(alice.id)
    assert tokens.look(two, *LASTING) is None


def test_what_a_token_proves_tells_when_its_link_ends(
    tokens: MailedTokens, alice: User, clock: TurnableClock
) -> None:
    token = tokens.issue(alice.id, RESET, ADDRESS, 60)
    ends_at = clock.now() + 60
    clock.turn(seconds=30)

    for ask in (tokens.look, tokens.use):
        proof = ask(token, RESET)
        assert proof
        assert proof.ends_at == ends_at


def test_an_account_takes_its_tokens_along(
    auth: Auth, tokens: MailedTokens, alice: User
) -> None:
    token = tokens.issue(alice.id, RESET, ADDRESS)
    auth.deletion.delete(alice, by=OPERATOR)

    assert tokens.look(token, RESET) is None
    assert how_many(auth) == 0


def test_the_sweep_takes_dead_tokens_only(
    auth: Auth,
    tokens: MailedTokens,
    alice: User,
    bob: User,
    clock: TurnableClock,
) -> None:
    tokens.issue(alice.id, RESET, ADDRESS)
    clock.turn(minutes=30)
    live = tokens.issue(bob.id, RESET, "bob@example.com")
    clock.turn(minutes=30)

    assert tokens.sweep(clock.now()) == 1
    assert tokens.look(live, RESET)
    assert how_many(auth) == 1
