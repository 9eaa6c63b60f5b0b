"""Any text at every reader of names, headers, numbers and seals."""

import unicodedata
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st

from hostility import (
    NUMBERS,
    Knock,
    latin,
    odd_texts,
    odd_values,
    tries,
)
from vestibule.budgets import account_key, address_key
from vestibule.capabilities.passwords import policy
from vestibule.doors.caller import client_address, is_browser
from vestibule.doors.guards import is_from_here
from vestibule.doors.words import language, say
from vestibule.errors import Malformed, Reason
from vestibule.ground import names, words
from vestibule.ground.clock import Clock, written
from vestibule.ground.keys import Keys
from vestibule.ground.knobs import PREFIX, SettingsError, read_text
from vestibule.ground.randomness import fingerprint
from vestibule.ground.signing import Seal
from vestibule.sections import all_knobs
from vestibule.settings import Settings

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
texts = odd_texts() | st.sampled_from(NUMBERS)
HEADER = st.text(
    st.characters(max_codepoint=255, exclude_characters="\r\n\x00"),
    max_size=60,
)
SEAL = Seal(Keys("9e2f61c07ab84d35f1d6083b7ca49e52"), "test", Clock())


class Counted:
    """Counts what is asked of ``unicodedata`` while something is read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.work: Counter[str] = Counter()
        for name in ("category", "normalize", "name"):
            monkeypatch.setattr(
                unicodedata, name, self.counting(getattr(unicodedata, name))
            )

    def counting(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        """Make a function count the characters it is given."""

        def counted(*given: Any) -> Any:
            """Count, and do it."""
            self.work[inner.__name__] += len(given[-1])
            return inner(*given)

        return counted


@pytest.mark.asvs("1.3.3")
@pytest.mark.attack(131, 132, 133)
@pytest.mark.parametrize(
    "text",
    ["a" * 10**6, "@" * 10**6, "ﷺ" * 10**6, "\ud800" * 10**6, "a@" * 10**5],
    ids=lambda text: text[:2].encode("ascii", "backslashreplace").decode(),
)
def test_a_megabyte_is_work_for_nobody(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)

    assert names.canonical(text) is None
    for read in (names.email_address, names.username):
        with pytest.raises(names.BadName):
            read(text)
    assert not policy.is_hashable(text)
    for own in (text, "alice"):
        with pytest.raises(Malformed):
            policy.check(text, 8, blocklist=True, own_names=[own])
    policy.check("seven llamas", 8, blocklist=True, own_names=[text])
    assert len(account_key("login", None, text)) <= 100
    assert counted.work.total() < 100


@tries(300)
@given(odd_values() | texts | st.binary())
@example(text=None)
@example(text=10**30)
@example(text=b"alice@example.com")
@example(text=["alice@example.com"])
def test_no_value_at_all_breaks_a_reader_of_names(text: Any) -> None:
    faults = {"characters"}
    for read in (names.email_address, names.username):
        try:
            name = read(text)
        except names.BadName as bad:
            faults.add(bad.fault)
            continue
        assert "@" not in name.canonical or read is names.email_address
        assert read(name.shown) == name
        assert names.canonical(text) == name.canonical
        assert names.canonical(name.shown) == name.canonical
    assert faults <= {"long", "short", "characters", "format", "mixed"}


@tries(200)
@given(st.emails())
@example(text="x" * 64 + "@example.com")
@example(text="user@example.com")
@example(text="-_-.x@example.com")
def test_a_derived_username_is_one_and_no_address(text: str) -> None:
    try:
        email = names.email_address(text)
    except names.BadName:
        return
    made = names.derived_username(email.shown)
    assert names.username(made) == (made, made)
    assert names.username(f"{made}12345").canonical == f"{made}12345"


@tries(300)
@given(texts)
@example(address="fe80::1%" + "x" * 300)
@example(address="fe80::1%\x00")
@example(address="::ffff:1.2.3.4%9")
@example(address="1.2.3.4 ")
def test_a_count_has_a_short_name_wherever_it_comes_from(
    address: str,
) -> None:
    key = address_key("password_reset.ask", address)

    assert len(key) <= 100
    assert key.isascii()
    assert key.isprintable()


@pytest.mark.attack(92)
@pytest.mark.asvs("1.5.2", "9.1.1", "11.2.5")
@tries(200)
@given(texts)
@example(text="\ud800")
@example(text="a.b.c")
def test_no_text_opens_a_seal(text: str) -> None:
    assert SEAL.open(text, 60) is None
    assert SEAL.open(f"{text or 'x'}{SEAL.close([1])}", 60) is None
    assert len(fingerprint(text)) == 32


@tries(200)
@given(st.integers() | st.integers(-(2**63), 2**63 - 1))
@example(moment=2**63 - 1)
@example(moment=-(2**63))
@example(moment=253402300800)
def test_any_moment_can_be_written(moment: int) -> None:
    assert len(written(moment)) == len("1970-01-01T00:00:00Z")


@tries(60)
@given(st.integers(-(2**63), 2**63))
def test_any_span_can_be_said_in_any_language(seconds: int) -> None:
    for amount in (words.waiting(seconds), words.lasting(seconds)):
        for tongue in words.LANGUAGES:
            assert amount.said_in(tongue)


@tries(300)
@given(st.sampled_from(sorted(all_knobs())), texts)
@example(key="SECRET_KEY", text="\x00")
@example(key="SECRET_KEY", text="\ud800")
@example(key="DATA", text="\x00")
@example(key="BASE_URL", text="http://[")
@example(key="BASE_URL", text="https://\u2100.example")
def test_any_text_is_a_setting_or_refused_in_words(
    key: str, text: str
) -> None:
    what = all_knobs()[key]
    said: list[str] = []
    for load in (
        lambda: read_text(what, text),
        lambda: Settings.load({PREFIX + key: text}),
        lambda: Settings.load({PREFIX + key + "_FILE": text}),
        lambda: Settings.load({PREFIX + text: "x"}),
    ):
        try:
            load()
        except SettingsError as error:
            said.append(str(error))
    assert all(said)
    if what.secret and len(text) > 5:
        assert not [words for words in said if f"{key}: {text}" in words]


@one_database
@pytest.mark.settings(trusted_proxies="127.0.0.0/8,10.0.0.0/8,::1")
def test_any_header_leaves_caller_and_language_known(app: Flask) -> None:
    header = st.sampled_from(
        ["Accept", "Accept-Language", "X-Forwarded-For", "Host", "Forwarded"]
    )
    odd = HEADER | texts.map(latin).filter(lambda t: "\n" not in t)

    @tries(300)
    @given(st.lists(st.tuples(header, odd), max_size=4))
    @example([("X-Forwarded-For", "fe80::1%" + "x" * 300)])
    @example([("X-Forwarded-For", "10.0.0.1," * 900)])
    @example([("Accept", "text/html;q=1e400, */*;q=-inf")])
    @example([("Accept-Language", "ru" + "-ru" * 3000 + ";q=nan")])
    @example([("Host", "[::1")])
    def read(headers: list[tuple[str, str]]) -> None:
        """Read one set of headers."""
        environ = Knock("GET", "/", headers=tuple(headers)).environ()
        with app.request_context(environ):
            assert is_browser() in (True, False)
            assert is_from_here() in (True, False)
            assert language() in words.LANGUAGES
            assert say("Sign in")
            address = client_address()
        assert len(address) <= 45
        assert address.isprintable()

    read()


def test_every_fault_can_be_said_with_any_values() -> None:
    for reason in Reason.known.values():
        assert reason.code
        assert reason.text
