"""Hashes that other systems made open accounts, and are replaced then."""

import hashlib
import re
import unicodedata
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import bcrypt
import pytest
from argon2 import Type
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from conftest import CHEAP as CHEAP_SETTINGS
from conftest import PASSWORD
from foreign_systems import (
    CHEAP,
    PHPASS,
    PUBLISHED,
    REAL,
    Make,
    with_argon2,
    with_bcrypt,
    with_phpass,
    with_wordpress,
)
from stagecraft import Opened, at_once, both_doors, rows
from vestibule.auth import Auth
from vestibule.capabilities.passwords import foreign
from vestibule.capabilities.passwords.derivations import (
    HashTooCostly,
    HashUnknown,
    Limits,
)
from vestibule.capabilities.passwords.hasher import Hasher
from vestibule.errors import Malformed
from vestibule.outcomes import LoggedIn
from vestibule.sections import PasswordSettings
from vestibule.user import User

OURS = "$argon2id$v=19$m=8,t=1,p=1$"
DECOMPOSED = "Zoe\u0308 und der Ka\u0308se"
every_kind = pytest.mark.parametrize(
    "make", [pytest.param(make, id=name) for name, make in CHEAP.items()]
)


def cheap_hasher() -> Hasher:
    """Make a hasher of our own, as cheap as in the other tests."""
    costs: Any = {name: int(text) for name, text in CHEAP_SETTINGS.items()}
    return Hasher(replace(PasswordSettings(), **costs), lambda: False)


def stored(auth: Auth, user: User) -> str:
    """Read the hash that the table holds."""
    return auth.db.find_user_by(id=user.id).hashed_password


def upgrades(auth: Auth) -> int:
    """Count how often the history tells of a hash that was replaced."""
    events = rows(auth)["vestibule_events"]
    return sum(event["act"] == "password.rehash" for event in events)


@every_kind
def test_a_foreign_hash_opens_the_account_and_is_replaced_once(
    auth: Auth, make: Make
) -> None:
    user = auth.db.add_user("alice@example.com", make(PASSWORD), "alice")
    old = stored(auth, user)
    hasher = auth.passwords.hasher
    hasher.warm_up()

    for wrong in ("a wrong guess", PASSWORD + " ", PASSWORD.title(), old):
        assert not auth.valid_login("alice@example.com", wrong)
    assert stored(auth, user) == old
    assert upgrades(auth) == 0

    before = hasher.count
    assert auth.valid_login("alice@example.com", PASSWORD)
    assert hasher.count == before + 2
    new = stored(auth, user)
    assert new.startswith(OURS)
    assert upgrades(auth) == 1

    assert auth.valid_login("alice", PASSWORD)
    assert hasher.count == before + 3
    assert stored(auth, user) == new
    assert upgrades(auth) == 1


@pytest.mark.parametrize("name", PUBLISHED)
def test_hashes_that_others_publish_are_read_as_they_are_meant(
    name: str,
) -> None:
    password, encoded = PUBLISHED[name]
    hasher = cheap_hasher()

    assert hasher.verify(encoded, password)
    assert not hasher.verify(encoded, password[:-40] + "!")
    assert hasher.is_outdated(encoded)


def test_what_is_computed_here_is_what_others_publish() -> None:
    for password, encoded in PUBLISHED.values():
        if encoded.startswith(("$P$", "$H$")):
            rounds = PHPASS.index(encoded[3])
            salt = encoded[4:12]
            made = with_phpass(password, rounds, encoded[1], salt)
            assert made == encoded


@pytest.mark.parametrize("make", REAL.values(), ids=REAL)
def test_the_costs_that_systems_choose_themselves_are_not_too_high(
    make: Make,
) -> None:
    hasher = cheap_hasher()
    encoded = make(PASSWORD)

    hasher.check(encoded)
    assert hasher.verify(encoded, PASSWORD)
    assert hasher.is_outdated(encoded)


@every_kind
@pytest.mark.parametrize(
    "password",
    [
        "ü" * 40,
        "пароль из нескольких слов",
        "🐎🔋📎 correct",
        " spaces around ",
        "a" * 71,
        "a" * 72,
        "$2b$04$looks like a hash",
        "x" * 1000,
        "\N{LATIN SMALL LETTER E WITH ACUTE}" * 36,
    ],
    ids=lambda text: ascii(text[:12]).replace("\\", "/"),
)
def test_passwords_in_all_writings_and_lengths_open_their_hash(
    make: Make, password: str
) -> None:
    hasher = cheap_hasher()

    assert hasher.verify(make(password), password)


@pytest.mark.parametrize("kind", ["2a", "2b", "2y"])
def test_bcrypt_reads_72_bytes_as_it_did_where_the_hash_was_made(
    kind: str,
) -> None:
    hasher = cheap_hasher()
    long = "".join(chr(97 + number % 26) for number in range(200))
    encoded = with_bcrypt(long, kind=kind)

    assert hasher.verify(encoded, long)
    assert hasher.verify(encoded, long[:72] + "whatever")
    assert not hasher.verify(encoded, long[:71])
    assert not hasher.verify(encoded, "!" + long[1:])


@pytest.mark.attack(74)
def test_after_the_upgrade_every_byte_of_a_long_password_counts(
    auth: Auth,
) -> None:
    long = "".join(chr(97 + number % 26) for number in range(200))
    auth.db.add_user("alice@example.com", with_bcrypt(long))

    assert auth.valid_login("alice@example.com", long)
    assert not auth.valid_login("alice@example.com", long[:72] + "whatever")
    assert auth.valid_login("alice@example.com", long)


def test_a_kind_that_digests_first_reads_the_whole_password() -> None:
    hasher = cheap_hasher()
    long = "ab" * 300
    for make in (with_wordpress, CHEAP["django bcrypt_sha256"]):
        encoded = make(long)
        assert hasher.verify(encoded, long)
        assert not hasher.verify(encoded, long[:-1])


def test_a_byte_of_zero_neither_opens_bcrypt_nor_breaks_it() -> None:
    encoded = with_bcrypt("short")

    assert not foreign.read(encoded)(b"short\0more")
    assert not foreign.read(encoded)(b"\0")


def test_bcrypt_with_bits_that_mean_nothing_is_read_all_the_same() -> None:
    made = bcrypt.hashpw(PASSWORD.encode(), b"$2b$04$" + b"." * 22).decode()
    odd = made[:28] + "/" + made[29:]

    assert odd != made
    assert cheap_hasher().verify(odd, PASSWORD)
    assert not cheap_hasher().verify(odd, PASSWORD + "!")


@every_kind
def test_a_password_kept_in_the_spelling_of_one_keyboard_opens(
    make: Make,
) -> None:
    hasher = cheap_hasher()
    usual = unicodedata.normalize("NFC", DECOMPOSED)
    assert usual != DECOMPOSED

    assert hasher.verify(make(DECOMPOSED), DECOMPOSED)
    assert hasher.verify(make(usual), DECOMPOSED)
    assert hasher.verify(make(usual), usual)
    assert not hasher.verify(make(DECOMPOSED), usual)


@both_doors
def test_after_the_upgrade_every_keyboard_types_the_same(
    app: Flask, auth: Auth, opened: Opened
) -> None:
    auth.db.add_user("alice@example.com", with_bcrypt(DECOMPOSED))
    usual = unicodedata.normalize("NFC", DECOMPOSED)
    assert opened(app).sign_in("alice", usual).status_code == 401

    for spelling in (DECOMPOSED, usual, DECOMPOSED):
        answer = opened(app).sign_in("alice", spelling)
        assert answer.status_code == opened.works


def test_the_old_password_goes_on_working_whatever_todays_rules_say(
    auth: Auth,
) -> None:
    for password in ("123", "password", "alice"):
        user = auth.db.add_user(
            f"a{password}@example.com", with_bcrypt(password)
        )
        assert auth.valid_login(user.email, password)
        assert stored(auth, user).startswith(OURS)
        assert auth.valid_login(user.email, password)


def test_people_who_sign_in_at_once_replace_the_hash_once(auth: Auth) -> None:
    for number, (name, make) in enumerate(sorted(CHEAP.items())):
        email = f"person{number}@example.com"
        user = auth.db.add_user(email, make(PASSWORD))
        before = upgrades(auth)

        results = at_once(
            [partial(auth.login.with_password, email, PASSWORD)] * 4
        )

        assert [type(r) for r in results] == [LoggedIn] * 4, name
        assert stored(auth, user).startswith(OURS)
        assert upgrades(auth) == before + 1


def test_a_foreign_hash_lets_the_password_be_changed(auth: Auth) -> None:
    user = auth.db.add_user("alice@example.com", with_phpass(PASSWORD))

    auth.passwords.change(user, PASSWORD, "another good password")

    assert auth.valid_login("alice@example.com", "another good password")
    assert not auth.valid_login("alice@example.com", PASSWORD)


@pytest.mark.attack(23)
def test_a_wrong_password_costs_one_of_our_hashes_at_least(
    auth: Auth,
) -> None:
    hasher = auth.passwords.hasher
    hasher.warm_up()
    auth.db.add_user("cheap@example.com", with_phpass(PASSWORD))
    auth.db.add_user("none@example.com", foreign.NONE_YET)
    auth.db.add_user("bomb@example.com", with_bcrypt("x").replace("04", "31"))
    auth.db.add_user("dear@example.com", CHEAP["django argon2"](PASSWORD))
    costs = {}
    for name in ("nobody", "none", "bomb", "cheap", "dear"):
        before = hasher.count
        assert not auth.valid_login(f"{name}@example.com", "a wrong guess")
        costs[name] = hasher.count - before

    once = dict.fromkeys(("nobody", "none", "bomb", "dear"), 1)
    assert costs == {**once, "cheap": 2}


@pytest.mark.attack(23)
@pytest.mark.parametrize(
    ("memory", "passes", "hashes"), [(8, 1, 2), (15, 1, 2), (16, 1, 1)]
)
def test_memory_times_passes_says_whether_a_hash_is_cheaper_than_ours(
    memory: int, passes: int, hashes: int
) -> None:
    ours: Any = {"hash_memory": 8, "hash_passes": 2}
    hasher = Hasher(replace(PasswordSettings(), **ours), lambda: False)
    hasher.warm_up()
    costs = {"time_cost": passes, "memory_cost": memory, "parallelism": 1}
    encoded = with_argon2(Type.ID, **costs)(PASSWORD)

    before = hasher.count
    assert not hasher.verify(encoded, "a wrong guess")
    assert hasher.count == before + hashes


BOMBS = {
    "bcrypt": "$2b$15$" + "." * 53,
    "bcrypt at its most": "$2y$31$" + "." * 53,
    "bcrypt of Django": "bcrypt_sha256$$2b$31$" + "." * 53,
    "bcrypt of WordPress": "$wp$2y$31$" + "." * 53,
    "pbkdf2 of Werkzeug": "pbkdf2:sha256:1000000000$salt$" + "0" * 64,
    "pbkdf2 just above": "pbkdf2:sha512:5000001$salt$" + "0" * 128,
    "pbkdf2 of Django": "pbkdf2_sha256$1000000000$salt$" + "A" * 43 + "=",
    "scrypt in memory": f"scrypt:{2**30}:8:1$salt$" + "0" * 128,
    "scrypt in blocks": "scrypt:16384:99999:1$salt$" + "0" * 128,
    "scrypt in lanes": "scrypt:262144:8:2$salt$" + "0" * 128,
    "scrypt of Django": f"scrypt${2**30}$salt$8$1$" + "A" * 86 + "==",
    "phpass": "$P$" + PUBLISHED["phpass of passlib"][1][3:].replace("8", "S"),
    "argon2 in memory": "$argon2id$v=19$m=4194304,t=1,p=1$"
    + "A" * 22
    + "$"
    + "A" * 43,
    "argon2 in passes": "$argon2id$v=19$m=65536,t=33,p=1$"
    + "A" * 22
    + "$"
    + "A" * 43,
    "argon2 in lanes": "$argon2i$v=19$m=65536,t=1,p=17$"
    + "A" * 22
    + "$"
    + "A" * 43,
    "argon2 of Django": "argon2$argon2id$v=19$m=9999999,t=1,p=1$"
    + "A" * 22
    + "$"
    + "A" * 43,
}


@pytest.mark.parametrize("encoded", BOMBS.values(), ids=BOMBS)
def test_a_hash_that_costs_too_much_is_refused_and_never_computed(
    encoded: str,
) -> None:
    hasher = cheap_hasher()
    hasher.warm_up()
    before = hasher.count

    with pytest.raises(Malformed) as refused:
        hasher.check(encoded)
    assert refused.value.code == "password_hash.too_costly"
    assert re.search(r"may be at most \d+$", str(refused.value))
    # One hash is made: the one that is spent for nobody.
    assert not hasher.verify(encoded, PASSWORD)
    assert hasher.count == before + 1


@pytest.mark.parametrize(
    ("encoded", "most"),
    [
        (BOMBS["bcrypt"], "bcrypt cost may be at most 14"),
        (
            BOMBS["pbkdf2 just above"],
            "pbkdf2 iterations may be at most 5000000",
        ),
        (
            BOMBS["phpass"],
            "phpass rounds (as a power of 2) may be at most 19",
        ),
        (
            BOMBS["scrypt in memory"],
            "scrypt memory in bytes may be at most 268435456",
        ),
        (
            "scrypt:65536:8:5$salt$" + "0" * 128,
            "scrypt lanes may be at most 4",
        ),
        (
            "scrypt:65536:1:17$salt$" + "0" * 128,
            "scrypt lanes may be at most 16",
        ),
        (
            BOMBS["argon2 in memory"],
            "argon2 memory in KiB may be at most 524288",
        ),
        (BOMBS["argon2 in passes"], "argon2 passes may be at most 32"),
        (BOMBS["argon2 in lanes"], "argon2 lanes may be at most 16"),
    ],
    ids=lambda text: text.partition(" may")[0][:20],
)
def test_the_refusal_of_a_costly_hash_says_what_costs_too_much(
    encoded: str, most: str
) -> None:
    with pytest.raises(HashTooCostly) as refused:
        cheap_hasher().check(encoded)
    assert str(refused.value) == (
        f"To check this password hash would cost too much: {most}"
    )


def with_scrypt(password: str, n: int, r: int, p: int) -> str:
    """Hash as Werkzeug does, with costs that it never takes."""
    digest = hashlib.scrypt(
        password.encode(), salt=b"salt", n=n, r=r, p=p, maxmem=2**24
    )
    return f"scrypt:{n}:{r}:{p}$salt${digest.hex()}"


@pytest.mark.parametrize(
    ("n", "r", "p"),
    [
        pytest.param(2, 1, 1, id="the smallest there is"),
        pytest.param(2, 8192, 1, id="blocks that are larger than the table"),
        pytest.param(2, 4096, 3, id="several lanes of such blocks"),
    ],
)
def test_scrypt_of_unusual_costs_gets_the_memory_it_needs(
    n: int, r: int, p: int
) -> None:
    encoded = with_scrypt(PASSWORD, n, r, p)

    assert cheap_hasher().verify(encoded, PASSWORD)
    assert not cheap_hasher().verify(encoded, PASSWORD + "!")


def test_scrypt_of_exactly_the_most_memory_is_read() -> None:
    cheap_hasher().check("scrypt:262144:8:1$salt$" + "0" * 128)


def test_what_our_own_settings_ask_for_is_never_too_costly() -> None:
    dear = replace(PasswordSettings(), hash_memory=1024 * 1024, hash_passes=4)
    encoded = "$argon2id$v=19$m=1048576,t=4,p=1$" + "A" * 22 + "$" + "A" * 43

    Hasher(dear, lambda: False).check(encoded)
    with pytest.raises(Malformed):
        cheap_hasher().check(encoded)


def test_what_our_own_settings_ask_for_opens_whatever_others_may_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As if nobody else's hash were worth computing.
    monkeypatch.setattr(foreign, "Limits", partial(Limits, 1, 1))
    hasher = cheap_hasher()

    assert hasher.verify(hasher.hash(PASSWORD), PASSWORD)


@pytest.mark.parametrize(
    ("encoded", "kind"),
    [
        ("5f4dcc3b5aa765d61d8327deb882cf99", "without salt"),
        ("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8", "without salt"),
        ("0" * 64, "without salt"),
        ("0" * 128, "without salt"),
        ("md5$salt$5f4dcc3b5aa765d61d8327deb882cf99", "one digest"),
        ("sha1$salt$5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "one digest"),
        ("sha256$salt$" + "0" * 64, "one digest"),
        ("unsalted_md5$$5f4dcc3b5aa765d61d8327deb882cf99", "without salt"),
        ("$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", "md5-crypt"),
        ("$apr1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", "md5-crypt"),
        ("$2x$05$" + "." * 53, "2011"),
        ("{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "LDAP"),
        ("{ssha}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "LDAP"),
        ("plain$$password", "no hash"),
    ],
)
def test_kinds_that_protect_no_password_are_refused_by_their_name(
    auth: Auth, encoded: str, kind: str
) -> None:
    with pytest.raises(Malformed) as refused:
        auth.passwords.check_hash(encoded)
    assert refused.value.code == "password_hash.weak"
    assert kind in str(refused.value)
    assert encoded not in str(refused.value)

    auth.db.add_user("alice@example.com", encoded)
    assert not auth.valid_login("alice@example.com", "password")


BROKEN = [
    "",
    "password",
    "$2b$12$",
    "$2b$03$" + "." * 53,
    "$2b$4$" + "." * 53,
    "$2b$10$" + "." * 52,
    "$2b$10$" + "." * 54,
    "$2b$10$" + "!" * 53,
    "$2b$10$" + "." * 53 + "\n",
    "$2z$10$" + "." * 53,
    "scrypt:1:8:1$salt$" + "0" * 128,
    "scrypt:1000:8:1$salt$" + "0" * 128,
    "scrypt:1024:0:1$salt$" + "0" * 128,
    "scrypt:1024:8:0$salt$" + "0" * 128,
    "scrypt:1024:8:1$salt$" + "0" * 126,
    "scrypt:1024:8:1$$" + "0" * 128,
    "scrypt:-1024:8:1$salt$" + "0" * 128,
    "scrypt:٣٢:8:1$salt$" + "0" * 128,
    "scrypt$1024$salt$8$1$" + "A" * 85,
    "pbkdf2:sha256:0$salt$" + "0" * 64,
    "pbkdf2:sha256:10$salt$" + "0" * 40,
    "pbkdf2:md5:10$salt$" + "0" * 32,
    "pbkdf2_sha256$10$salt$" + "A" * 42,
    "pbkdf2_sha256$10$salt$" + "A" * 45,
    "pbkdf2_sha512$10$salt$" + "A" * 86 + "==",
    "$P$" + "." * 31,
    "$P$8short",
    "$argon2id$v=19$m=0,t=1,p=1$" + "A" * 22 + "$" + "A" * 43,
    "$argon2id$v=19$m=8,t=0,p=1$" + "A" * 22 + "$" + "A" * 43,
    "$argon2id$v=19$m=8,t=1$" + "A" * 22 + "$" + "A" * 43,
    "$argon2id$v=19$m=٣٢,t=1,p=1$" + "A" * 22 + "$" + "A" * 43,
    "$argon2xx$v=19$m=8,t=1,p=1$" + "A" * 22 + "$" + "A" * 43,
]


@pytest.mark.asvs("11.2.5")
@pytest.mark.parametrize(
    "encoded", BROKEN, ids=lambda text: ascii(text[:20]).replace("\\", "/")
)
def test_what_is_no_hash_is_refused_and_opens_nothing(encoded: str) -> None:
    hasher = cheap_hasher()

    with pytest.raises(Malformed) as refused:
        hasher.check(encoded)
    assert refused.value.code == "password_hash.unknown"
    assert not hasher.verify(encoded, PASSWORD)
    assert not hasher.verify(encoded, encoded or " ")


@given(
    st.one_of(
        st.text(max_size=80),
        st.from_regex(r"\$2[aby]\$\d\d\$[./0-9A-Za-z]{50,55}"),
        st.from_regex(r"\$[PH]\$[./0-9A-Za-z]{28,34}"),
        st.from_regex(r"(scrypt|pbkdf2):[a-z0-9:]{1,20}\$.{0,9}\$[0-9a-f]*"),
        st.from_regex(r"(argon2)?\$argon2(id|i|d)\$(v=\d+\$)?m=\d+,t=\d+.*"),
        st.sampled_from(sorted(BOMBS.values())).map(lambda text: text[:-1]),
    )
)
def test_whatever_stands_for_a_hash_is_read_or_refused(encoded: str) -> None:
    with suppress(HashUnknown, HashTooCostly, foreign.HashWeak):
        assert callable(foreign.read(encoded))


@pytest.mark.attack(92)
@pytest.mark.parametrize("wanted", ["!", "!hAbLRkQq8vnXWUTZ1", "!$2b$12$"])
def test_an_account_without_a_password_is_opened_by_a_mailed_link_alone(
    auth: Auth, wanted: str
) -> None:
    kept = auth.passwords.check_hash(wanted)
    auth.db.add_user("alice@example.com", kept)
    assert not auth.valid_login("alice@example.com", wanted)
    assert not auth.valid_login("alice@example.com", kept)

    token = auth.get_reset_password_token("alice@example.com")
    auth.update_password(token, "my first password here")

    assert auth.valid_login("alice@example.com", "my first password here")


def test_argon2_of_other_systems_is_replaced_unless_it_is_like_ours() -> None:
    hasher = cheap_hasher()
    costs = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}

    assert not hasher.is_outdated(hasher.hash(PASSWORD))
    for make in (
        with_argon2(Type.I, **costs),
        with_argon2(Type.D, **costs),
        with_argon2(Type.ID, **{**costs, "time_cost": 2}),
    ):
        encoded = make(PASSWORD)
        assert hasher.verify(encoded, PASSWORD)
        assert hasher.is_outdated(encoded)
