"""A mailed code: eight digits, five tries, an hour, one account, one use."""

import pytest
from sqlalchemy import select, update

from conftest import TurnableClock
from vestibule.auth import Auth
from vestibule.errors import Missing
from vestibule.ground.signing import keyed_hash
from vestibule.mailed_tokens import Mailed, MailedToken, MailedTokens, Proof
from vestibule.user import User

CONFIRM, OTHER = "email_verification", "email_change"
ADDRESS = "alice@example.com"
NEW_KEY, OLD_KEY = "0123456789abcdef" * 2, "fedcba9876543210" * 2


@pytest.fixture
def tokens(auth: Auth) -> MailedTokens:
    """Give the test what makes and uses up mailed tokens."""
    return auth.mailed_tokens


@pytest.fixture
def mailed(tokens: MailedTokens, alice: User) -> Mailed:
    """Give the test what Alice is sent."""
    return tokens.issue_with_code(alice.id, CONFIRM, ADDRESS)


def wrong(mailed: Mailed) -> str:
    """Make a code that is not the one that was mailed."""
    return "00000000" if mailed.code != "00000000" else "11111111"


def kept(auth: Auth) -> bytes:
    """Read what the table keeps of the one code there is."""
    [row] = auth.db.read(select(MailedToken.code))
    return bytes(row[0])


@pytest.mark.asvs("6.6.2", "6.6.3")
def test_a_code_proves_what_its_letter_proves(
    tokens: MailedTokens, alice: User, mailed: Mailed
) -> None:
    proof = Proof(alice.id, ADDRESS)

    assert len(mailed.code) == 8
    assert mailed.code.isdecimal()
    assert tokens.try_code(alice.id, CONFIRM, mailed.code) == proof
    assert tokens.look(mailed.token, CONFIRM) == proof
    assert tokens.use_code(proof, CONFIRM, mailed.code)
    assert tokens.look(mailed.token, CONFIRM) is None
    assert not tokens.use_code(proof, CONFIRM, mailed.code)


@pytest.mark.asvs("6.6.3")
def test_the_fifth_try_may_be_the_right_one_and_the_sixth_may_not(
    tokens: MailedTokens, alice: User, mailed: Mailed
) -> None:
    for _ in range(4):
        assert tokens.try_code(alice.id, CONFIRM, wrong(mailed)) is None
    assert tokens.try_code(alice.id, CONFIRM, mailed.code)
    assert tokens.try_code(alice.id, CONFIRM, mailed.code) is None


def test_a_new_letter_brings_five_new_tries_and_another_code(
    tokens: MailedTokens, alice: User, mailed: Mailed
) -> None:
    for _ in range(6):
        assert tokens.try_code(alice.id, CONFIRM, wrong(mailed)) is None
    again = tokens.issue_with_code(alice.id, CONFIRM, ADDRESS)

    assert tokens.try_code(alice.id, CONFIRM, again.code)
    assert tokens.look(mailed.token, CONFIRM) is None
    if again.code != mailed.code:
        assert not tokens.try_code(alice.id, CONFIRM, mailed.code)


def test_a_code_is_for_one_account_purpose_and_address(
    auth: Auth, tokens: MailedTokens, alice: User, bob: User, mailed: Mailed
) -> None:
    proof, code = Proof(alice.id, ADDRESS), mailed.code

    assert tokens.try_code(bob.id, CONFIRM, code) is None
    assert tokens.try_code(alice.id, OTHER, code) is None
    assert tokens.try_code(0, CONFIRM, code) is None
    assert not tokens.use_code(Proof(bob.id, ADDRESS), CONFIRM, code)
    assert not tokens.use_code(proof, OTHER, code)
    assert not tokens.use_code(proof, CONFIRM, wrong(mailed))
    assert not tokens.use_code(Proof(alice.id, "a@b.example"), CONFIRM, code)
    # Nor for an address that came to the row by another way.
    auth.db.write(update(MailedToken).values(address="a@b.example"))
    assert tokens.try_code(alice.id, CONFIRM, code) is None
    assert tokens.look(mailed.token, CONFIRM)


@pytest.mark.parametrize(
    "life",
    [
        pytest.param(600, marks=pytest.mark.settings(link_life="10m")),
        pytest.param(3600, marks=pytest.mark.settings(link_life="1d")),
    ],
)
def test_a_code_lives_as_long_as_the_link_but_an_hour_at_most(
    tokens: MailedTokens,
    alice: User,
    mailed: Mailed,
    clock: TurnableClock,
    life: int,
) -> None:
    proof = Proof(alice.id, ADDRESS)
    clock.turn(seconds=life - 1)
    assert tokens.try_code(alice.id, CONFIRM, mailed.code) == proof

    clock.turn(seconds=1)
    assert tokens.try_code(alice.id, CONFIRM, mailed.code) is None
    assert not tokens.use_code(proof, CONFIRM, mailed.code)
    assert bool(tokens.look(mailed.token, CONFIRM)) is (life == 3600)


def test_a_link_alone_brings_no_code(
    tokens: MailedTokens, alice: User
) -> None:
    tokens.issue(alice.id, CONFIRM, ADDRESS)

    for code in ("", "None", "00000000"):
        assert tokens.try_code(alice.id, CONFIRM, code) is None


@pytest.mark.parametrize("life", [0, 60, 7 * 86400])
def test_a_letter_may_have_a_life_of_its_own(
    tokens: MailedTokens, alice: User, clock: TurnableClock, life: int
) -> None:
    token = tokens.issue(alice.id, CONFIRM, ADDRESS, life)
    clock.turn(seconds=life - 1)
    assert tokens.look(token, CONFIRM)
    clock.turn(seconds=1)
    assert tokens.look(token, CONFIRM) is None


def test_nothing_is_mailed_for_an_account_that_is_gone(
    tokens: MailedTokens, alice: User
) -> None:
    for issue in (tokens.issue, tokens.issue_with_code):
        with pytest.raises(Missing):
            issue(alice.id + 1, CONFIRM, ADDRESS)
    assert tokens.pending(alice.id + 1, CONFIRM) is None


@pytest.mark.asvs("11.4.2")
@pytest.mark.settings(secret_key=NEW_KEY, old_secret_keys=OLD_KEY)
def test_of_a_code_a_hash_is_kept_that_only_the_site_s_key_can_make(
    auth: Auth, tokens: MailedTokens, alice: User, mailed: Mailed
) -> None:
    bound = (str(alice.id), CONFIRM, ADDRESS, mailed.code)
    assert kept(auth) == keyed_hash(NEW_KEY, "mailed_code", *bound)

    # What was mailed before the key was changed is still good.
    older = keyed_hash(OLD_KEY, "mailed_code", *bound)
    auth.db.write(update(MailedToken).values(code=older))
    proof = tokens.try_code(alice.id, CONFIRM, mailed.code)
    assert proof
    assert tokens.use_code(proof, CONFIRM, mailed.code)


def test_tries_are_never_counted_where_they_could_be_undone(
    auth: Auth, tokens: MailedTokens, alice: User, mailed: Mailed
) -> None:
    with auth.db.unit():
        tokens.issue(alice.id, OTHER, ADDRESS)
        with pytest.raises(RuntimeError, match="before any transaction"):
            tokens.try_code(alice.id, CONFIRM, mailed.code)


@pytest.mark.asvs("6.6.3")
def test_nobody_spends_the_tries_of_another_account_or_purpose(
    tokens: MailedTokens, alice: User, bob: User, mailed: Mailed
) -> None:
    his = tokens.issue_with_code(bob.id, CONFIRM, "bob@example.com")
    other = tokens.issue_with_code(alice.id, OTHER, ADDRESS)
    for _ in range(6):
        assert tokens.try_code(bob.id, CONFIRM, wrong(his)) is None
        assert tokens.try_code(alice.id, OTHER, wrong(other)) is None

    assert tokens.try_code(alice.id, CONFIRM, mailed.code)
    assert tokens.try_code(bob.id, CONFIRM, his.code) is None
