"""Whoever solves a challenge gets one more attempt, and nobody else does."""

import pytest
from sqlalchemy import select

from conftest import PASSWORD, Postbox, TurnableClock
from proofs import HERE, bringing, refused, solution
from racing import FEWER, Track, move, put_count
from vestibule import proof_of_work
from vestibule.attempts import Attempts
from vestibule.auth import Auth
from vestibule.budgets import account_key
from vestibule.capabilities.login.operations import CredentialsIncorrect
from vestibule.capabilities.passwords.operations import OldPasswordIncorrect
from vestibule.errors import Refusal
from vestibule.ground.clock import Clock
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


def guess(auth: Auth, name: str = "alice", work: str = "") -> str:
    """Try a wrong password; say with which code it is refused."""
    with bringing(work), pytest.raises(Refusal) as told:
        auth.login.prove(name, "a guess")
    return told.value.code


def spend_all(auth: Auth, name: str = "alice") -> None:
    """Spend the budget of an account."""
    for _ in range(10):
        assert guess(auth, name) == "credentials.incorrect"


def solve(auth: Auth, name: str = "alice", address: str = HERE) -> str:
    """Be refused, and solve the challenge that comes with it."""
    with bringing(address=address), refused() as told:
        auth.login.prove(name, PASSWORD)
    assert told.value.challenge
    return solution(told.value.challenge)


@pytest.mark.attack("A22")
def test_a_solution_lets_the_owner_in_and_clears_the_count(
    auth: Auth, alice: User
) -> None:
    spend_all(auth)

    with bringing(solve(auth)):
        assert auth.login.prove("alice", PASSWORD).id == alice.id

    assert guess(auth) == "credentials.incorrect"


@pytest.mark.attack(32, "A21")
def test_a_solution_buys_one_guess_and_no_second(
    auth: Auth, alice: User
) -> None:
    spend_all(auth)
    work = solve(auth)
    hashes = auth.passwords.hasher.count

    told = [guess(auth, work=work) for _ in range(5)]

    assert told == ["credentials.incorrect", *["rate.wait"] * 4]
    assert auth.passwords.hasher.count == hashes + 1


@pytest.mark.attack(32, "A21")
def test_two_processes_that_bring_one_solution_get_one_guess(
    auth: Auth, alice: User, track: Track, clock: TurnableClock
) -> None:
    key = account_key("login", alice.id, None)
    with track.race(auth, attempts_per_account=10) as race:
        for _ in range(FEWER):
            # The processes have the real one.
            clock.moment = Clock().now()
            auth.throttle.forgive("login", alice.id)
            put_count(auth, key, 10, wait=600)
            given = {"name": "alice", "work": solve(auth)}
            guesses = race.round(move("work", **given), move("work", **given))
            codes = sorted(done.code for done in guesses)
            assert codes == ["credentials.incorrect", "rate.wait"]


@pytest.mark.attack(32, "A21")
def test_a_spent_solution_is_kept_for_as_long_as_it_could_be_brought_again(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    def kept() -> int:
        """Clear away what is over; count the solutions that are left."""
        auth.throttle.sweep(clock.now())
        keys = auth.db.read(select(Attempts.key))
        return sum(row[0].startswith("work:") for row in keys)

    spend_all(auth)
    work = solve(auth)
    assert guess(auth, work=work) == "credentials.incorrect"

    assert kept() == 1
    assert guess(auth, work=work) == "rate.wait"
    clock.turn(seconds=2 * proof_of_work.LIFE - 1)
    assert kept() == 1
    clock.turn(seconds=1)
    assert kept() == 0


@pytest.mark.attack(32, "A21")
def test_a_budget_that_is_spent_in_that_very_moment_refuses_without_work(
    auth: Auth, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend_all(auth)
    # As if the others had come between the look and the count.
    monkeypatch.setattr(auth.throttle.counts, "is_any_shut", lambda _: False)

    with bringing(), refused() as told:
        auth.login.prove("alice", PASSWORD)
    assert told.value.retry_after == 60
    assert told.value.challenge


def test_an_attempt_that_was_worked_for_lengthens_nobodys_wait(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    spend_all(auth)
    for _ in range(3):
        guess(auth, work=solve(auth))
    with bringing(), refused() as told:
        auth.login.prove("alice", PASSWORD)
    assert told.value.retry_after == 60

    clock.turn(seconds=60)
    with bringing():
        auth.login.prove("alice", PASSWORD)


def test_a_solution_is_kept_where_no_budget_is_spent(
    auth: Auth, alice: User
) -> None:
    spend_all(auth)
    work = solve(auth)
    auth.throttle.forgive("login", alice.id)
    for _ in range(10):
        assert guess(auth, work=work) == "credentials.incorrect"

    assert guess(auth, work=work) == "credentials.incorrect"
    assert guess(auth, work=work) == "rate.wait"


@pytest.mark.attack("A22")
@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_no_work_leads_past_a_hundred_straight_failures(
    auth: Auth, alice: User, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof_of_work, "BEGINNING", "0")
    spend_all(auth, name)
    spare = solve(auth, name)
    hashes = auth.passwords.hasher.count
    for _ in range(90):
        assert guess(auth, name, solve(auth, name)) == "credentials.incorrect"

    with bringing(), refused() as told:
        auth.login.prove(name, PASSWORD)
    assert told.value.challenge is None
    assert guess(auth, name, spare) == "rate.wait"
    assert auth.passwords.hasher.count == hashes + 90


@one_database
@pytest.mark.settings(attempts_per_address=2)
def test_a_place_gets_four_budgets_by_work_and_no_more(
    auth: Auth, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof_of_work, "BEGINNING", "0")
    for number in range(2):
        guess(auth, f"name{number}")
    for number in range(2, 8):
        name = f"name{number}"
        assert guess(auth, name, solve(auth, name)) == "credentials.incorrect"

    assert guess(auth, "name8", solve(auth, "name8")) == "rate.wait"
    with bringing(address="192.0.2.2"):
        auth.login.prove("alice", PASSWORD)


def test_asking_for_a_reset_from_one_place_is_worked_for_alike(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    def ask(number: int, work: str = "") -> None:
        """Ask for somebody, known or not."""
        with bringing(work):
            auth.password_reset.ask(f"name{number}@example.com")

    for number in range(30):
        ask(number)
    with refused() as told:
        ask(30)
    work = solution(told.value.challenge)

    with bringing(work):
        auth.password_reset.ask("alice@example.com")
    assert len(postbox.empty()) == 1
    with refused():
        ask(31, work)


@pytest.mark.asvs("2.4.1")
@pytest.mark.attack("A22")
def test_accounts_from_one_place_are_counted_before_the_hash(
    auth: Auth,
) -> None:
    def sign_up(number: int, work: str = "") -> None:
        """Create an account, or find the address taken."""
        with bringing(work):
            auth.registration.sign_up(f"n{number}@example.com", PASSWORD)

    for number in range(30):
        sign_up(number)
    hashes = auth.passwords.hasher.count
    with refused() as told:
        sign_up(30)
    assert auth.passwords.hasher.count == hashes

    sign_up(30, solution(told.value.challenge))
    with refused():
        sign_up(31)
    with bringing(address="192.0.2.2"):
        auth.registration.sign_up("n32@example.com", PASSWORD)


@one_database
def test_accounts_that_an_operator_makes_are_not_counted(auth: Auth) -> None:
    for number in range(31):
        with bringing():
            auth.registration.register(
                f"n{number}@example.com", PASSWORD, by_operator=True
            )


@one_database
def test_a_new_password_and_a_confirmation_can_be_worked_for(
    auth: Auth, alice: User
) -> None:
    spend_all(auth)

    with bringing(solve(auth)), pytest.raises(OldPasswordIncorrect):
        auth.passwords.change(alice, "a guess", "a new one of mine")
    token = auth.create_session(alice.email)
    assert token
    with bringing(solve(auth)):
        auth.recent_proof.confirm(alice, PASSWORD, token)


@one_database
def test_letters_and_bundles_cannot_be_worked_for(
    auth: Auth, alice: User
) -> None:
    with bringing(), refused() as told:
        for _ in range(6):
            auth.throttle.write_to("zoe@example.com")
    assert told.value.challenge is None

    with bringing(), refused() as told:
        for _ in range(31):
            auth.throttle.count_here("picture")
    assert told.value.challenge is None


@one_database
@pytest.mark.settings(proof_of_work=0)
def test_where_it_is_off_there_is_no_challenge_and_no_way_around(
    auth: Auth, alice: User
) -> None:
    spend_all(auth)
    with bringing(), refused() as told:
        auth.login.prove("alice", PASSWORD)
    assert told.value.challenge is None

    other = proof_of_work.ProofOfWork(
        auth.settings.having("test", PROOF_OF_WORK="1"),
        auth.clock,
        auth.randomness,
    )
    keys = [f"login:user:{alice.id}", f"login:straight:user:{alice.id}"]
    for limits in (keys, [*keys, f"login:from:{HERE}"]):
        work = solution(other.challenge("login", limits))
        assert guess(auth, work=work) == "rate.wait"


@one_database
@pytest.mark.attack("A4")
def test_two_names_of_one_account_get_challenges_that_do_not_match(
    auth: Auth, alice: User
) -> None:
    spend_all(auth)
    spend_all(auth, "nobody")
    told = []
    for name in ("alice", "alice@example.com", "alice", "nobody"):
        with bringing(), refused() as wait:
            auth.login.prove(name, PASSWORD)
        assert wait.value.challenge
        told.append(wait.value.challenge["parameters"])

    assert len({asked["data"]["for"] for asked in told}) == 4
    for asked in told:
        del asked["data"], asked["nonce"], asked["salt"]
    assert told == told[:1] * 4


@pytest.mark.parametrize("who", ["alice", "nobody"])
def test_the_guess_of_a_solution_costs_a_hash_like_any_other(
    auth: Auth, alice: User, who: str
) -> None:
    spend_all(auth, who)
    work, hashes = solve(auth, who), auth.passwords.hasher.count

    with bringing(work), pytest.raises(CredentialsIncorrect):
        auth.login.prove(who, "a guess")

    assert auth.passwords.hasher.count == hashes + 1
