"""What may be a password, and how hashing is kept strong and bounded."""

import time
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from argon2 import Type, extract_parameters
from sqlalchemy import select

from conftest import PASSWORD, TurnableClock
from vestibule.attempts import Attempts
from vestibule.auth import Auth
from vestibule.capabilities.login.operations import CredentialsIncorrect
from vestibule.capabilities.passwords import lanes as lane
from vestibule.capabilities.passwords import policy
from vestibule.capabilities.passwords.hasher import Hasher
from vestibule.db import DB
from vestibule.errors import Malformed, Unavailable
from vestibule.history import Event
from vestibule.sections import PasswordSettings
from vestibule.user import User

CHEAP = PasswordSettings(hash_memory=8, hash_passes=1)
ALICE = ["alice", "alice.smith@rosewood.example.com", "Alice", "Zoë"]


def fault(
    password: str,
    least: int = 8,
    *,
    blocklist: bool = True,
    own_names: list[str] | None = None,
) -> str:
    """Say why a password is refused, or nothing."""
    try:
        policy.check(
            password, least, blocklist=blocklist, own_names=own_names or []
        )
    except Malformed as refusal:
        return refusal.code
    return ""


def new_hasher(settings: PasswordSettings = CHEAP) -> Hasher:
    """Make a hasher beside which nobody writes."""
    return Hasher(settings, lambda: False)


# -- length -----------------------------------------------------------------


@pytest.mark.asvs("6.2.9", "N2")
@pytest.mark.attack(131, "A9")
@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "password.too_short"),
        ("s3ven-7", "password.too_short"),
        ("e1ght-8c", ""),
        # One code point is one character, whatever its bytes.
        ("🗝🗝🗝🗝🗝🗝🗝", "password.too_short"),
        ("🗝🗝🗝🗝🗝🗝🗝🚪", ""),
        # Seven letters with accents are fourteen code points before NFC.
        ("e\u0301" * 6 + "x", "password.too_short"),
        ("e\u0301" * 7 + "x", ""),
        ("        ", ""),
        ("x y" * 341, ""),
        ("x y" * 341 + "z", ""),
        ("x y" * 341 + "zz", "password.too_long"),
        ("é" * 512, ""),
        ("é" * 513, "password.too_long"),
        ("e\u0301" * 512, ""),
        ("\U00010348" * 257, "password.too_long"),
        ("x" * 1_000_000, "password.too_long"),
        # These grow in NFC.
        ("\u0958" * 171, "password.too_long"),
    ],
)
def test_length_is_counted_in_characters_and_capped_in_bytes(
    password: str, why: str
) -> None:
    assert fault(password) == why


@pytest.mark.asvs("6.2.1")
@pytest.mark.parametrize("least", [1, 8, 15, 64])
def test_the_shortest_length_is_a_setting(least: int) -> None:
    long_enough = ("ojjpr3ndkw" * 7)[:least]

    assert fault(long_enough, least, blocklist=False) == ""
    assert fault(long_enough[:-1], least) == "password.too_short"


# -- characters -------------------------------------------------------------


@pytest.mark.parametrize(
    "char",
    [
        "\x00",
        "\t",
        "\n",
        "\r",
        "\x1b",
        "\x7f",
        "\x85",
        "\ud800",
        "\ue000",
        "\U0010fffe",
        "\ufffd\ufffd",
    ],
)
@pytest.mark.parametrize("blocklist", [True, False])
def test_what_no_keyboard_types_is_refused(char: str, blocklist: bool) -> None:
    password = f"fine otherwise{char}"

    assert fault(password, blocklist=blocklist) == "password.characters"
    assert not policy.is_hashable(password)


@pytest.mark.asvs("6.2.5", "N2")
@pytest.mark.parametrize(
    "password",
    [
        "no rules of composition",
        "ONLY CAPITALS HERE",
        "пароль из трёх слов",
        "合言葉は秘密です。",
        "👩‍🚀👩‍🚀👩‍🚀👩‍🚀",
        "'; DROP TABLE users; --",
        " leading and trailing ",
    ],
)
def test_any_writable_text_may_be_a_password(password: str) -> None:
    assert fault(password) == ""
    assert policy.is_hashable(password)


# -- common passwords -------------------------------------------------------


@pytest.mark.asvs("6.2.4")
@pytest.mark.attack("A9")
def test_the_list_of_common_passwords_is_long_and_sorted() -> None:
    entries = policy._Entries()
    listed = [entries[number] for number in range(len(entries))]

    assert len(listed) >= 50_000
    assert listed == sorted(set(listed))
    assert {len(entry) for entry in listed} == {policy.ENTRY}


@pytest.mark.asvs("6.2.4", "6.2.12")
@pytest.mark.parametrize(
    "password",
    [
        "password",
        "Password",
        "PASSWORD",
        "pAsSwOrD",
        "Password1",
        "123456789",
        "qwertyuiop",
        "Iloveyou",
        "sunshine1",
        "P@ssw0rd",
        "1Q2W3E4R",
        "11111111",
        "letmein123",
    ],
)
def test_a_common_password_is_refused_in_any_case(password: str) -> None:
    assert fault(password) == "password.common"
    assert fault(password, blocklist=False) == ""


def test_a_password_that_only_contains_a_common_one_is_fine() -> None:
    assert fault("password of the lighthouse") == ""


def test_hardly_any_password_is_taken_for_a_common_one() -> None:
    assert not [n for n in range(5000) if policy.is_common(f"rosewood-{n}-x")]


# -- personal passwords -----------------------------------------------------


@pytest.mark.asvs("2.2.3", "6.2.11")
@pytest.mark.parametrize(
    "password",
    [
        "alicealice",
        "ALICE-2024!",
        "2024.Alice",
        "ecila-2024",
        "alice123456",
        "smith1234",
        "alice.smith@rosewood.example.com",
        "rosewood77",
        "Alice+Rosewood!",
        "alice--------------",
        "zoë12345",
        "ZOË!!!!!",
    ],
)
def test_a_password_made_of_one_s_own_names_is_refused(password: str) -> None:
    normal = unicodedata.normalize("NFD", password)

    assert fault(password, own_names=ALICE) == "password.personal"
    assert fault(normal, own_names=ALICE) == "password.personal"
    assert fault(password, blocklist=False, own_names=ALICE) == ""


@pytest.mark.parametrize(
    "password",
    [
        "alice in the lighthouse",
        "eight more than alice",
        "example-2024",
        "completely else",
        "organ pipes",
    ],
)
def test_names_beside_enough_else_are_fine(password: str) -> None:
    assert fault(password, own_names=ALICE) == ""


def test_names_of_one_or_two_letters_say_nothing() -> None:
    assert (
        fault("jo-jo-jo", own_names=["jo", "j@x.example.com", "", "o"]) == ""
    )


@pytest.mark.asvs("6.2.11")
def test_the_name_of_the_site_is_a_personal_name(auth: Auth) -> None:
    with pytest.raises(policy.PasswordPersonal):
        auth.passwords.check("Vestibule-24", [])


# -- the hash ---------------------------------------------------------------


@pytest.mark.attack("A8")
@pytest.mark.asvs("11.4.2", "N9", "X1")
def test_the_hash_is_argon2id_with_its_parameters_inside() -> None:
    settings = PasswordSettings()
    found = extract_parameters(new_hasher(settings).hash(PASSWORD))

    assert found.type is Type.ID
    assert found.memory_cost == 19_456
    assert found.time_cost == 2
    assert found.parallelism == 1
    assert found.salt_len >= 16
    assert found.hash_len >= 32


def test_one_password_has_another_hash_every_time() -> None:
    hasher = new_hasher()
    assert hasher.hash(PASSWORD) != hasher.hash(PASSWORD)


@pytest.mark.asvs("6.2.8")
@pytest.mark.attack(74)
def test_every_byte_of_a_password_matters() -> None:
    hasher = new_hasher()
    for length in (71, 72, 73, 1023):
        encoded = hasher.hash("x" * length + "a")
        assert hasher.verify(encoded, "x" * length + "a")
        assert not hasher.verify(encoded, "x" * length + "b")
        assert not hasher.verify(encoded, "x" * length)


@pytest.mark.asvs("N5")
def test_a_password_is_the_same_from_every_keyboard() -> None:
    hasher = new_hasher()
    composed, decomposed = "Zo\u00eb's door", "Zoe\u0308's door"

    assert hasher.verify(hasher.hash(composed), decomposed)
    assert hasher.verify(hasher.hash(decomposed), composed)
    # NFC, not NFKC: a different letter stays different.
    assert not hasher.verify(hasher.hash("ﬁnely made"), "finely made")


@pytest.mark.asvs("11.2.5")
@pytest.mark.parametrize(
    "encoded",
    ["", "x", "plain text", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$x$y"],
)
def test_what_is_no_hash_matches_no_password(encoded: str) -> None:
    hasher = new_hasher()

    assert not hasher.verify(encoded, encoded)
    assert hasher.is_outdated(encoded)


# -- at the sign-in ---------------------------------------------------------


def stored(auth: Auth, user: User) -> str:
    """Read the hash that the database holds."""
    return auth.db.find_user_by(id=user.id).hashed_password


@pytest.mark.attack(23, "A8")
@pytest.mark.asvs("N9", "X3")
def test_a_hash_with_old_parameters_is_replaced_at_the_sign_in(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    old = stored(auth, alice)
    stronger = Auth(
        DB(
            replace(auth.settings, passwords=replace(CHEAP, hash_passes=2)),
            clock,
        )
    )

    with pytest.raises(CredentialsIncorrect):
        stronger.login.prove("alice", "a guess")
    assert stored(auth, alice) == old

    assert stronger.valid_login("alice", PASSWORD)
    new = stored(auth, alice)
    assert extract_parameters(new).time_cost == 2
    changed = alice.password_changed_at
    assert auth.db.find_user_by(id=alice.id).password_changed_at == changed
    acts = select(Event.subject_id).where(Event.act == "password.rehash")
    assert auth.db.read(acts) == [(alice.id,)]

    assert stronger.valid_login("alice", PASSWORD)
    assert stored(auth, alice) == new
    stronger.db.close()


@pytest.mark.attack(23, "A8")
def test_a_name_without_account_costs_the_same_hash(
    auth: Auth, alice: User
) -> None:
    hasher = auth.passwords.hasher
    spent = []
    for name in ("alice", "nobody", "nobody@example.com", "not a name"):
        before = hasher.count
        with pytest.raises(CredentialsIncorrect):
            auth.login.prove(name, "a guess")
        spent.append(hasher.count - before)

    assert spent == [1, 1, 1, 1]
    nobody = extract_parameters(hasher._nobody)
    assert nobody == extract_parameters(alice.hashed_password)


@pytest.mark.attack(131)
@pytest.mark.parametrize(
    "password", ["x" * 1025, "é" * 513, "a\x00b", "\ud800"]
)
def test_a_password_that_can_be_none_costs_no_hash_but_an_attempt(
    auth: Auth, alice: User, password: str
) -> None:
    before = auth.passwords.hasher.count

    for name in ("alice", "nobody"):
        with pytest.raises(CredentialsIncorrect):
            auth.login.prove(name, password)

    assert auth.passwords.hasher.count == before
    # For each name one of its own, and one of straight failures.
    assert len(auth.db.read(select(Attempts.key))) == 4


# -- the lane ---------------------------------------------------------------


def hold_up(
    hasher: Hasher, threads: ThreadPoolExecutor, how_many: int
) -> None:
    """Keep the lane busy with slow hashes, and see that it is."""
    before = hasher.count
    for _ in range(how_many):
        threads.submit(hasher.hash, "slow")
    while hasher.count < before + how_many:
        time.sleep(0.001)


def test_when_all_places_are_taken_the_next_is_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lane, "processors", lambda: 1)
    monkeypatch.setattr(lane, "WAITING", 2)
    slow = PasswordSettings(hash_memory=32_768, hash_passes=10)
    hasher = new_hasher(slow)
    # Else the hash for unknown accounts is made while the lane empties.
    hasher.warm_up()
    before = hasher.count
    calls: list[Callable[[], object]] = [
        lambda: hasher.hash("one too many"),
        lambda: hasher.verify("$argon2id$", "one too many"),
    ]

    with ThreadPoolExecutor(3) as threads:
        hold_up(hasher, threads, 3)
        for call in calls:
            with pytest.raises(Unavailable):
                call()
        # They were refused at once, while the first three still waited.
        assert hasher.count == before + 3

    assert hasher.verify(hasher.hash("again"), "again")


def test_a_failing_hash_gives_its_place_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lane, "processors", lambda: 1)
    monkeypatch.setattr(lane, "WAITING", 1)
    hasher = new_hasher()

    for _ in range(5):
        with pytest.raises(UnicodeEncodeError):
            hasher.hash("\ud800")

    assert hasher.hash("still at work")
